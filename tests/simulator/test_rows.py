"""Every row of the function table, over each transport, against messages written out here.

Channel 4 has a cell at rest at 3.73 V; the tester's clock stands at 2016-11-14 09:24:08.
"""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from macnet_bridge.macnet.protocol.functions import FUNCTIONS
from macnet_bridge.simulator import SimulatedCycler
from macnet_bridge.simulator.cell import Cell
from tests.simulator.peers import FakeClock, JsonPeer, binary_peer, datagram_peer, json_peer

VOLT = 3.7300000190734863  # 3.73 in single precision
VOLT_HEX = "52 B8 6E 40"
NAME = b"t1".ljust(25)
RESULT_OK = "00 00"


Asked = tuple[int, int, dict[str, Any]]


@dataclass(frozen=True)
class Case:
    """A request and its reply in both forms. The binary reply is without its first six bytes."""

    fclass: int
    fnum: int
    params: dict[str, Any]
    result: dict[str, Any]
    length: int
    reply: str
    data: bytes = b""
    given: tuple[Asked, ...] = field(default=())

    def __str__(self) -> str:
        return f"{self.fclass},{self.fnum}"


CHAN = {"Chan": 3}
START = {"TestName": "t1", "ProcName": "Rest", "Comment": "", "Crate": 1, "ChamberNum": 0}
START_REST = {
    "StartCycle": 0,
    "TotCycles": 0,
    "Mass": 1,
    "VGain": 0,
    "AbsTRepAlign": 0,
    "ParallelR": 0,
    "VDivHiR": 0,
    "VDivLoR": 0,
    "CANpos": -1,
    "CANprof": "",
    "RegimeName": "",
}
OUTPUT = {"Current": 0, "Voltage": 4.2, "Power": 65536, "Resistance": 0, "CurrentRange": 4, "ChMode": "C"}
RECORDS = {"DataTime": 1, "DataV": 0, "DataI": 0}
SAFETY = {
    "VSafeMax": 4.5,
    "VSafeMin": 2.5,
    "ISafeChg": 4.25,
    "ISafeDis": 2.5,
    "PBatSafeChg": 25,
    "PBatSafeDis": 20,
}
COMMON_BYTES = NAME + b"Rest".ljust(25) + b" " * 80 + struct.pack("<fB", 1.0, 0)
OUTPUT_BYTES = struct.pack("<ffffBB", 0.0, 4.2, 65536.0, 0.0, 4, ord("C"))
STARTED: Asked = (6, 2, {**CHAN, **START, **START_REST})
DIRECT: Asked = (6, 7, {**CHAN, "TestName": "t1", **OUTPUT, **RECORDS})
WAIT: Asked = (0, 0, {})  # lets a second pass
DONE = {**CHAN, "Result": "OK"}
SPECIFICATION = {
    "TickSpeed": 0.009999999776482582,
    "Vmax": 5.0,
    "Vmin": 0.0,
    "VSafeMax": 5.25,
    "VSafeMin": -0.25,
    "IR4Chg": 5.0,
    "IR3Chg": 0.15000000596046448,
    "IR2Chg": 0.004999999888241291,
    "IR1Chg": 0.0001500000071246177,
    "IR4Dis": 5.0,
    "IR3Dis": 0.15000000596046448,
    "IR2Dis": 0.004999999888241291,
    "IR1Dis": 0.0001500000071246177,
    "ISafeChg": 5.25,
    "ISafeDis": 5.25,
    "PBatSafeChg": 30.0,
    "PBatSafeDis": 30.0,
    "PChanSafeChg": 50.0,
    "PChanSafeDis": 50.0,
    "PSVChg": 8.0,
    "PSVDis": 8.0,
}

CASES = [
    Case(
        1,
        1,
        {},
        {
            "APIVersion": 1,
            "MacTest32EXEversionMajor": 2,
            "MacTest32EXEversionMinor": 5,
            "MacTest32EXEversionBuild": 32,
            "MacTest32DLLversionMajor": 2,
            "MacTest32DLLversionMinor": 5,
            "MacTest32DLLversionBuild": 32,
            "MacTest32ExeDT": "2024-04-26T12:00:00",
            "MacTest32DLLDT": "2024-04-26T12:00:00",
        },
        0,
        "1A 00 01 00 20 00 05 02 20 00 05 02" + (1714132800000).to_bytes(8, "little").hex() * 2,
    ),
    Case(
        1,
        2,
        {},
        {
            "SystemID": "Simulated cycler",
            "SystemType": 0,
            "ControllerBoards": 1,
            "TestChannels": 8,
            "AuxBoards": 1,
            "AuxChannels": 16,
            "SMB1Pos": 0,
            "SMB3Pos": 0,
        },
        0,
        "43 00" + b"Simulated cycler".ljust(50).hex() + "00 01 00 08 00 01 00 10 00 00 00 00 00 00 00 00 00",
    ),
    Case(
        3, 1, CHAN, {**CHAN, **SPECIFICATION}, 1, "54 00" + struct.pack("<21f", *SPECIFICATION.values()).hex()
    ),
    Case(
        4,
        1,
        {**CHAN, "Len": 2},
        {**CHAN, "Len": 2, "Status": [{"RF1": 0, "RF2": 128, "Stat": 0}] * 2},
        2,
        "08 00 00 80 00 00 00 80 00 00",
    ),
    Case(4, 2, {**CHAN, "Len": 1}, {**CHAN, "Len": 1, "Voltage": [VOLT]}, 1, "04 00" + VOLT_HEX),
    Case(4, 3, {**CHAN, "Len": 2}, {**CHAN, "Len": 2, "Current": [0.0, 0.0]}, 2, "08 00" + "00" * 8),
    Case(4, 4, CHAN, {**CHAN, "Len": 2, "AuxValues": [25.0, VOLT]}, 0, "08 00 00 00 C8 41" + VOLT_HEX),
    Case(4, 5, CHAN, {**CHAN, "Len": 2, "AuxUnit": ["C", "V"]}, 0, "08 00 43 20 20 20 56 20 20 20"),
    Case(
        4,
        6,
        CHAN,
        {**CHAN, "TestName": "t1", "ProcName": "Rest"},
        0,
        "D2 00" + (NAME + b" " * 80 + b"Rest".ljust(25) + b"Rest for an hour".ljust(80)).hex(),
        given=(STARTED,),
    ),
    Case(
        4,
        7,
        CHAN,
        {
            **CHAN,
            "RF1": 4,
            "RF2": 0,
            "Stat": 2,
            "LastRecNum": 1,
            "Cycle": 0,
            "Step": 1,
            "TestTime": 0.8999999761581421,
            "StepTime": 0.8999999761581421,
            "Capacity": 0.0,
            "Energy": 0.0,
            "Current": 0.0,
            "Voltage": VOLT,
            "TesterTime": "2016-11-14T09:24:09",
        },
        0,
        "2E 00 04 00 02 00 01 00 00 00 00 00 00 00 01 00 66 66 66 3F 66 66 66 3F 00 00 00 00 00 00 00 00 "
        "00 00 00 00" + VOLT_HEX + "A8 A2 26 62 58 01 00 00",
        given=(STARTED, WAIT),
    ),
    Case(
        4,
        8,
        CHAN,
        {**CHAN, "GlobFlags": "0x00000000", "VARs": [0.0, -1.25, *[0.0] * 13]},
        0,
        "40 00 00 00 00 00 00 00 00 00 00 00 A0 BF" + "00" * 52,
        given=((6, 9, {**CHAN, "VarNum": 2, "Value": -1.25}),),
    ),
    Case(4, 9, {**CHAN, "Len": 1}, {**CHAN, "Len": 1, "TestTimes": [0.0]}, 1, "04 00 00 00 00 00"),
    Case(
        6,
        2,
        {**CHAN, **START, **START_REST},
        DONE,
        186,
        "02 00" + RESULT_OK,
        data=b"\x02\x01" + COMMON_BYTES + struct.pack("<HHfBBfffh", 0, 0, 1, 0, 0, 0, 0, 0, -1) + b" " * 25,
    ),
    Case(6, 3, CHAN, DONE, 0, "02 00" + RESULT_OK, given=(STARTED, WAIT)),
    Case(6, 4, CHAN, DONE, 0, "02 00" + RESULT_OK, given=(STARTED, WAIT, (6, 3, CHAN))),
    Case(6, 5, CHAN, DONE, 0, "02 00" + RESULT_OK, given=(STARTED,)),
    Case(
        6,
        7,
        {**CHAN, "TestName": "t1", **OUTPUT, **RECORDS},
        DONE,
        55,
        "02 00" + RESULT_OK,
        data=NAME + OUTPUT_BYTES + struct.pack("<fff", 1.0, 0.0, 0.0),
    ),
    Case(6, 8, {**CHAN, **OUTPUT}, DONE, 18, "02 00" + RESULT_OK, data=OUTPUT_BYTES, given=(DIRECT, WAIT)),
    Case(
        6,
        8,
        {**CHAN, **OUTPUT},
        {**CHAN, "Result": 2},
        18,
        "02 00 02 00",
        data=OUTPUT_BYTES,
    ),
    Case(
        6,
        9,
        {**CHAN, "VarNum": 3, "Value": -1.25},
        DONE,
        5,
        "02 00" + RESULT_OK,
        data=bytes.fromhex("03 00 00 A0 BF"),
    ),
    Case(
        6,
        10,
        {**CHAN, **SAFETY},
        {**CHAN, **SAFETY},
        24,
        "18 00" + struct.pack("<6f", *SAFETY.values()).hex(),
        data=struct.pack("<6f", *SAFETY.values()),
    ),
    Case(6, 11, {**CHAN, **START}, DONE, 137, "02 00" + RESULT_OK, data=b"\x01\x01" + COMMON_BYTES),
    Case(
        6,
        11,
        {**CHAN, **START},
        {**CHAN, "Result": 1},
        137,
        "02 00 01 00",
        data=b"\x01\x01" + COMMON_BYTES,
        given=(STARTED,),
    ),
]


@pytest.fixture
async def cycler(clock: FakeClock) -> AsyncIterator[SimulatedCycler]:
    cycler = SimulatedCycler(clock=clock)
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


def test_every_row_has_a_case() -> None:
    assert {(case.fclass, case.fnum) for case in CASES} | {(0, 0)} == FUNCTIONS.keys()


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_row_by_json(case: Case, cycler: SimulatedCycler, clock: FakeClock, peer: JsonPeer) -> None:
    await given(cycler, clock, case)
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
