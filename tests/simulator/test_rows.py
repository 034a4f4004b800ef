"""Every row of the function table, over each transport, against messages written out."""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest

from macnet_bridge.macnet.protocol.functions import FORMS, FUNCTIONS
from macnet_bridge.simulator import Behaviour, SimulatedCycler
from macnet_bridge.simulator.answers.device import SECOND_FORMS, SERVED
from macnet_bridge.simulator.machine.cell import Cell
from tests.simulator import cases, cases_smart_battery, cases_system
from tests.simulator.cases import CHAN, COMMON_BYTES, DIRECT, OUTPUT, SPECIFICATION, WAIT, Case
from tests.simulator.peers import FakeClock, JsonPeer, binary_peer, datagram_peer, json_peer

CASES = [*cases.CASES, *cases_system.CASES, *cases_smart_battery.CASES]


@pytest.fixture
async def cycler(clock: FakeClock) -> AsyncIterator[SimulatedCycler]:
    cycler = SimulatedCycler(clock=clock, behaviour=Behaviour(smart_batteries=True))
    cycler.tester.power_on(clock(), datetime(2016, 11, 14, 9, 24, 8))  # noqa: DTZ001
    cycler.tester.channel(4).cell = Cell()
    async with cycler:
        yield cycler


async def given(cycler: SimulatedCycler, clock: FakeClock, case: Case) -> None:
    async with json_peer(cycler) as peer:
        for step in case.given:
            if step is WAIT:
                clock.pass_by(1.0)
            else:
                assert (await peer.ask(step[0], step[1], **step[2]))["result"]["Result"] == "OK"


def test_every_row_is_served_and_has_a_case() -> None:
    assert SERVED.keys() == FUNCTIONS.keys()
    assert SECOND_FORMS.keys() == {form.function for form in FORMS.values()}
    assert {(case.fclass, case.fnum) for case in CASES} | {(0, 0)} == FUNCTIONS.keys()


@pytest.mark.parametrize("case", [case for case in CASES if case.result is not None], ids=str)
async def test_row_by_json(case: Case, cycler: SimulatedCycler, clock: FakeClock, peer: JsonPeer) -> None:
    await given(cycler, clock, case)
    assert case.result is not None
    assert await peer.ask(case.fclass, case.fnum, **case.params) == {
        "jsonrpc": "2.0",
        "result": {"FClass": case.fclass, "FNum": case.fnum, **case.result},
        "id": 1987,
    }


def binary_request(case: Case) -> bytes:
    return struct.pack("<4H", case.fclass, case.fnum, case.params.get("Chan", 0), case.length) + case.data


def binary_reply(case: Case) -> bytes:
    return struct.pack("<3H", case.fclass, case.fnum, case.params.get("Chan", 0)) + bytes.fromhex(case.reply)


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_row_by_binary_tcp(case: Case, cycler: SimulatedCycler, clock: FakeClock) -> None:
    await given(cycler, clock, case)
    async with binary_peer(cycler) as peer:
        assert await peer.ask(binary_request(case)) == binary_reply(case)


@pytest.mark.parametrize("case", [case for case in CASES if case.result is None], ids=str)
async def test_what_json_does_not_have(case: Case, peer: JsonPeer) -> None:
    reply = await peer.ask(case.fclass, case.fnum, **case.params)
    assert reply["error"]["message"] == "Invalid FNum"


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_row_by_udp(case: Case, cycler: SimulatedCycler, clock: FakeClock) -> None:
    await given(cycler, clock, case)
    async with datagram_peer(cycler) as peer:
        assert await peer.ask(binary_request(case)) == binary_reply(case)


async def test_echo_repeats_the_request(cycler: SimulatedCycler, peer: JsonPeer) -> None:
    text = b'{"jsonrpc":"2.0","method":"MacNet","params":{"FClass":0,"FNum":9,"x":"y"},"id":"a"}'
    peer.writer.write(text)
    assert await peer.line() == text + b"\r\n"
    message = bytes.fromhex("00 00 09 00 07 00 03 00 61 62 63")
    async with binary_peer(cycler) as binary, datagram_peer(cycler) as datagrams:
        assert await binary.ask(message) == message
        assert await binary.ask(bytes(8)) == bytes(8)
        assert await datagrams.ask(message) == message


async def test_the_second_layout_of_a_start_has_a_regime_and_is_taken(cycler: SimulatedCycler) -> None:
    more = struct.pack("<HHfBBfffh", 0, 0, 1, 0, 0, 0, 0, 0, -1) + b" " * 50
    message = struct.pack("<4H", 6, 2, 3, 211) + b"\x02\x02" + COMMON_BYTES + more
    async with binary_peer(cycler) as peer:
        assert await peer.ask(message) == bytes.fromhex("06 00 02 00 03 00 02 00 00 00")


async def test_binary_specification_answers_each_channel_in_full(cycler: SimulatedCycler) -> None:
    async with binary_peer(cycler) as peer:
        reply = await peer.ask(bytes.fromhex("03 00 01 00 00 00 08 00"))
        assert reply[:8] == bytes.fromhex("03 00 01 00 00 00 A0 02")
        assert reply[8:] == struct.pack("<21f", *SPECIFICATION.values()) * 8


@pytest.mark.parametrize(
    "message",
    [
        "02 00 01 00 00 00 00 00",  # no such class
        "07 00 63 00 00 00 02 00 16 09",  # no such function, with data
        "04 00 07 00 08 00 00 00",  # no such channel
        "04 00 07 00 FF FF 00 00",
        "04 00 02 00 07 00 02 00",  # past the last channel
        "04 00 02 00 00 00 00 00",  # no channels
        "04 00 02 00 00 00 81 00",  # 129 channels
        "03 00 01 00 00 00 00 00",
        "03 00 01 00 00 00 09 00",
        "06 00 03 00 03 00 00 00",  # nothing to suspend
        "06 00 09 00 03 00 05 00 10 00 00 A0 BF",  # VAR16
        "06 00 09 00 03 00 04 00 03 00 00 A0",  # a byte is missing
    ],
)
async def test_binary_refusals_are_a_bare_header(message: str, cycler: SimulatedCycler) -> None:
    asked = bytes.fromhex(message)
    refused = asked[:6] + b"\0\0"
    async with binary_peer(cycler) as peer, datagram_peer(cycler) as datagrams:
        assert await peer.ask(asked) == refused
        assert await datagrams.ask(asked) == refused
        assert (await peer.ask(bytes(8))) == bytes(8)  # in step still


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"FClass": 2, "FNum": 1}, "Invalid FClass"),
        ({"FClass": 7, "FNum": 99}, "Invalid FNum"),
        ({"FNum": 1}, '"FClass" key does not exist or value syntax error'),
        ({"FClass": 4, "FNum": "7"}, '"FNum" key does not exist or value syntax error'),
        ({"FClass": 4, "FNum": 7}, "Missing object"),
        ({"FClass": 6, "FNum": 9, "Chan": 0, "VarNum": 1}, "Missing object"),
        ({"FClass": 4, "FNum": 7, "Chan": 8}, "Illegal value"),
        ({"FClass": 4, "FNum": 7, "Chan": -1}, "Illegal value"),
        ({"FClass": 4, "FNum": 7, "Chan": 65535}, "Illegal value"),
        ({"FClass": 4, "FNum": 1, "Chan": 7, "Len": 2}, "Illegal value"),
        ({"FClass": 4, "FNum": 1, "Chan": 0, "Len": 0}, "Illegal value"),
        ({"FClass": 4, "FNum": 1, "Chan": 0, "Len": 129}, "Illegal value"),
        ({"FClass": 6, "FNum": 9, "Chan": 0, "VarNum": 16, "Value": 0}, "Illegal value"),
        ({"FClass": 6, "FNum": 4, "Chan": 0}, "MacNet error"),
        ({"FClass": 6, "FNum": 8, **CHAN, **OUTPUT, "ChMode": "R"}, "Illegal value"),
    ],
)
async def test_json_refusals_have_the_manuals_texts(
    params: dict[str, Any], error: str, peer: JsonPeer
) -> None:
    fclass, fnum = params.pop("FClass", None), params.pop("FNum", None)
    reply = await peer.ask(fclass, fnum, **params)
    assert reply["error"]["message"] == error
    assert reply["id"] == 1987
    assert (await peer.ask(1, 2))["result"]["TestChannels"] == 8


async def test_rest_by_json_works_where_a_tester_can(clock: FakeClock) -> None:
    async with SimulatedCycler(clock=clock, json_rest_broken=False) as cycler, json_peer(cycler) as peer:
        fclass, fnum, fields = DIRECT
        await peer.ask(fclass, fnum, **fields)
        clock.pass_by(1.0)
        assert (await peer.result(6, 8, **{**CHAN, **OUTPUT, "ChMode": "R"}))["Result"] == "OK"
