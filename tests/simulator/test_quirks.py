"""The simulated tester's side of the oddities. Q and U: numbers of docs/quirks.md."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol import messages as m
from macnet_bridge.macnet.protocol.codes import ChannelState, RecordCause
from macnet_bridge.macnet.protocol.jsonrpc import BadRequest
from macnet_bridge.simulator import Behaviour, Forms, SimulatedCycler
from tests.simulator.cases import DIRECT, OUTPUT
from tests.simulator.machine import Machine, limits
from tests.simulator.peers import FakeClock, JsonPeer, binary_peer, datagram_peer, json_peer, request

START_BYTES = b"t".ljust(25) + b"CCCV_1C".ljust(25) + b" " * 80 + struct.pack("<fB", 2.5, 0)
MORE_BYTES = struct.pack("<HHfBBfffh", 0, 0, 1, 0, 0, 0, 0, 0, -1) + b" " * 25
SAFETY_BYTES = struct.pack("<6f", 4.25, 2.5, 5.0, 5.0, 25.0, 25.0)


@pytest.mark.parametrize(
    ("start", "more", "result"),
    [
        (b"\2\1", b"", "0200 0000"),
        (b"\2\2", b" " * 25, "0200 0000"),
        (b"\2\2", b"", "0200 0000"),  # the manual's Len, with the version that has a regime
        (b"\2\1", b" " * 25, "0000"),
        (b"\2\3", b"", "0000"),
        (b"\2\2", b" " * 24, "0000"),
    ],
)
async def test_q5_starts_of_186_and_211_bytes(
    cycler: SimulatedCycler, start: bytes, more: bytes, result: str
) -> None:
    data = start + START_BYTES + MORE_BYTES + more
    async with binary_peer(cycler) as peer:
        reply = await peer.ask(struct.pack("<4H", 6, 2, 3, len(data)) + data)
        assert reply == bytes.fromhex("0600 0200 0300" + result)
        assert (cycler.channel(4).state is ChannelState.STARTING) == (result != "0000")


async def test_q6_safety_limits_by_udp_may_call_their_24_bytes_5(cycler: SimulatedCycler) -> None:
    async with datagram_peer(cycler) as peer:
        reply = await peer.ask(struct.pack("<4H", 6, 10, 3, 5) + SAFETY_BYTES)
        assert reply == struct.pack("<4H", 6, 10, 3, 24) + SAFETY_BYTES


async def test_q7_scan_entries_with_the_printed_lengths(clock: FakeClock) -> None:
    behaviour = Behaviour(smart_batteries=True)
    async with SimulatedCycler(clock=clock, behaviour=behaviour) as cycler:
        async with binary_peer(cycler) as peer:
            entry = await peer.ask(bytes.fromhex("0700 1400 0300 0100 02"))
            assert len(entry) == 8 + 34
            written = await peer.ask(bytes.fromhex("0700 1500 0300 2100") + entry[8:-1])
            assert written == bytes.fromhex("0700 1500 0300 0300 02 0000")
            assert await peer.ask(bytes.fromhex("0700 1400 0300 0100 02")) == entry
        async with datagram_peer(cycler) as datagrams:
            for length in ("0000", "0100"):
                assert await datagrams.ask(bytes.fromhex(f"0700 1400 0300 {length} 02")) == entry


@pytest.mark.parametrize(("count", "shown"), [("boards", 1), ("positions", 8)])
async def test_q18_smart_batteries_are_counted_by_boards_or_by_positions(
    clock: FakeClock, count: Any, shown: int
) -> None:
    forms = Forms(smart_battery_count=count)
    behaviour = Behaviour(smart_batteries=True)
    async with SimulatedCycler(clock=clock, forms=forms, behaviour=behaviour) as cycler:
        async with json_peer(cycler) as peer:
            assert (await peer.result(1, 2))["SMB3Pos"] == shown
        async with binary_peer(cycler) as binary:
            reply = await binary.ask(bytes.fromhex("0100 0200 0000 0000"))
            assert (len(reply), reply[8 + 61 :]) == (8 + 67, bytes([1, 0, 0, 0, 0, 0]))


async def direct(peer: JsonPeer, clock: FakeClock) -> None:
    fclass, fnum, fields = DIRECT
    await peer.ask(fclass, fnum, **fields)
    clock.pass_by(1.0)
    assert (await peer.result(6, 8, Chan=3, **{**OUTPUT, "Current": 1.0}))["Result"] == "OK"
    clock.pass_by(1.0)


async def test_q15_rest_by_json_is_refused_and_changes_nothing(clock: FakeClock, peer: JsonPeer) -> None:
    await direct(peer, clock)
    before = (await peer.result(4, 7, Chan=3))["Current"]
    assert before > 0
    refused = await peer.ask(6, 8, Chan=3, **{**OUTPUT, "ChMode": "R"})
    assert refused["error"]["message"] == "Illegal value"
    assert (await peer.result(4, 7, Chan=3))["Current"] == before
    fclass, fnum, fields = DIRECT
    refused = await peer.ask(fclass, fnum, **{**fields, "Chan": 4, "ChMode": "R"})
    assert refused["error"]["message"] == "Illegal value"


async def test_q15_rest_by_binary_is_taken(cycler: SimulatedCycler, clock: FakeClock, peer: JsonPeer) -> None:
    await direct(peer, clock)
    async with binary_peer(cycler) as binary:
        rest = bytes.fromhex("0600 0800 0300 1200") + struct.pack("<4fB", 0, 0, 65536, 0, 4) + b"R"
        assert await binary.ask(rest) == bytes.fromhex("0600 0800 0300 0200 0000")
    status = await peer.result(4, 7, Chan=3)
    assert (status["Current"], status["RF1"]) == (0, 4)


@pytest.mark.parametrize(("tick", "behaviour"), [(0.01, {}), (0.005, {"tick_second": 0.005})])
def test_q30_a_tick_is_10_ms_or_5(tick: float, behaviour: dict[str, Any]) -> None:
    for function, body in (
        (f.CHANNEL_SPECIFICATION, m.Empty()),
        (f.CHANNEL_SPECIFICATIONS, m.ChannelRange(count=1)),
    ):
        reply: Any = Machine(**behaviour).ask(function, body)
        found = getattr(reply, "specifications", [reply])[0]
        assert found.tick_speed == pytest.approx(tick)


@pytest.mark.parametrize(("fnum", "fields"), [(1, {"Len": 2}), (7, {}), (2, {"Len": 1})], ids=str)
async def test_q37_minus_one_is_no_channel(
    cycler: SimulatedCycler, peer: JsonPeer, fnum: int, fields: dict[str, Any]
) -> None:
    """As a word it would be 65535, which means all that are selected."""
    refused = await peer.ask(4, fnum, Chan=-1, **fields)
    assert refused["error"]["message"] == "Illegal value"
    async with binary_peer(cycler) as binary:
        asked = struct.pack("<4H", 4, fnum, 65535, fields.get("Len", 0))
        assert await binary.ask(asked) == asked[:6] + bytes(2)


def test_q40_a_discharge_limit_with_a_minus_counts_as_its_magnitude() -> None:
    machine = Machine()
    assert machine.ask(f.SET_SAFETY_LIMITS, limits(discharge_max_ampere=-2.0)) == limits(
        discharge_max_ampere=-2.0
    )
    machine.start_direct()
    machine.pass_by(1.0)
    machine.set_output(mode="D", ampere=1.9, volt=3.0)
    assert machine.pass_by(1.0).state == ChannelState.ACTIVE
    machine.set_output(mode="D", ampere=2.1, volt=3.0)
    tripped = machine.pass_by(1.0)
    assert (tripped.state, tripped.record_cause) == (
        ChannelState.PROBLEM,
        RecordCause.PROBLEM_LOST_CURRENT_CONTROL,
    )


@pytest.mark.parametrize(("limit", "mode"), [("charge_max_watt", "C"), ("discharge_max_watt", "D")])
def test_q41_no_watts_is_a_limit_of_no_watts(limit: str, mode: str) -> None:
    machine = Machine()
    machine.ask(f.SET_SAFETY_LIMITS, limits(**{limit: 0.0}))
    machine.start_direct()
    assert machine.pass_by(1.0).state == ChannelState.ACTIVE
    machine.set_output(mode=mode, ampere=0.1, volt=4.2 if mode == "C" else 3.0)
    assert machine.pass_by(1.0).state == ChannelState.PROBLEM


async def test_u1_the_second_of_two_glued_requests_may_get_lost(clock: FakeClock) -> None:
    forms = Forms(glued_requests="dropped")
    async with SimulatedCycler(clock=clock, forms=forms) as cycler, json_peer(cycler) as peer:
        peer.writer.write(request(1, 2, request_id=1) + request(1, 2, request_id=2))
        assert (await peer.reply())["id"] == 1
        peer.writer.write(request(1, 2, request_id=3))
        assert (await peer.reply())["id"] == 3
        assert [record.request_id for record in cycler.received] == [1, 3]


async def test_u7_refusals_in_binary_may_be_silent(clock: FakeClock) -> None:
    forms = Forms(binary_refusals="silence")
    async with SimulatedCycler(clock=clock, forms=forms) as cycler, binary_peer(cycler) as peer:
        for refused in ("0200 0100 0000 0000", "0400 0700 0800 0000", "0600 0900 0300 0100 03"):
            peer.writer.write(bytes.fromhex(refused))
        # A code is an answer, and the only one that comes.
        output = bytes.fromhex("0600 0800 0300 1200") + struct.pack("<4fB", 0, 4, 5, 0, 4) + b"C"
        assert await peer.ask(output) == bytes.fromhex("0600 0800 0300 0200 0200")
        assert len(cycler.received) == 4


@pytest.mark.parametrize(("channel", "count"), [(7, 2), (8, 1), (0, 0), (0, 129), (0, 9)])
async def test_u14_ranges_that_are_not_there(
    cycler: SimulatedCycler, peer: JsonPeer, channel: int, count: int
) -> None:
    async with binary_peer(cycler) as binary:
        for fnum in (1, 2, 3, 9):
            refused = await peer.ask(4, fnum, Chan=channel, Len=count)
            assert refused["error"]["message"] == "Illegal value"
            asked = struct.pack("<4H", 4, fnum, channel, count)
            assert await binary.ask(asked) == asked[:6] + bytes(2)


async def test_u15_the_list_of_a_selection_may_count_from_1(clock: FakeClock) -> None:
    for base, selected in ((0, 3), (1, 2)):
        async with SimulatedCycler(clock=clock, forms=Forms(selection_base=base)) as cycler:  # type: ignore[arg-type]
            async with json_peer(cycler) as peer:
                assert (await peer.result(6, 1, Chans=[2]))["Result"] == "OK"
            assert cycler.channel(selected).state is ChannelState.SELECTED
    async with (
        SimulatedCycler(clock=clock, forms=Forms(selection_base=1)) as cycler,
        json_peer(cycler) as peer,
    ):
        assert (await peer.ask(6, 1, Chans=[0]))["error"]["message"] == "Illegal value"


@pytest.mark.parametrize("every_member", [False, True])
async def test_u17_members_that_lack_or_are_too_many(clock: FakeClock, every_member: bool) -> None:
    forms = Forms(every_member=every_member)
    async with SimulatedCycler(clock=clock, forms=forms) as cycler, json_peer(cycler) as peer:
        assert (await peer.ask(6, 9, Chan=0, VarNum=1))["error"]["message"] == "Missing object"
        assert (await peer.ask(4, 7))["error"]["message"] == "Missing object"
        extra = await peer.ask(6, 9, Chan=0, VarNum=1, Value=2, Unit="V")
        short = await peer.ask(6, 11, Chan=0, TestName="a", ProcName="Rest")
        if every_member:
            assert extra["error"]["message"] == "Illegal value"
            assert short["error"]["message"] == "Missing object"
        else:
            assert (extra["result"]["Result"], short["result"]["Result"]) == ("OK", "OK")


def test_u19_the_100_ms_are_those_of_a_channel_and_a_refusal_feeds_no_watchdog() -> None:
    machine = Machine(direct_watchdog_second=1.0, direct_ready_second=0.0)
    for channel in (1, 2):
        body = m.StartDirect(test_name=f"d{channel}", **_charge(1.0))
        assert machine.result(f.START_DIRECT, body, channel) == 0
    machine.pass_by(0.2)
    for channel in (1, 2):
        assert machine.result(f.SET_OUTPUT, m.DirectOutput(**_charge(1.0)), channel) == 0
    for _ in range(12):
        machine.pass_by(0.09)
        assert machine.result(f.SET_OUTPUT, m.DirectOutput(**_charge(2.0)), 1) in (2, 3)
    assert machine.reading(1).state == ChannelState.SUSPENDED


def _charge(ampere: float) -> dict[str, Any]:
    return {
        "current_ampere": ampere,
        "voltage_volt": 4.2,
        "power_watt": 65536.0,
        "resistance_ohm": 0.0,
        "mode": "C",
    }


@pytest.mark.parametrize(("signed", "shown"), [(False, 1.0), (True, -1.0)])
def test_u20_a_discharge_is_a_magnitude_or_negative(signed: bool, shown: float) -> None:
    machine = Machine(signed_current=signed)
    machine.start_direct()
    machine.pass_by(1.0)
    machine.set_output(mode="D", ampere=1.0, volt=3.0)
    assert machine.reading().current_ampere == shown
    currents = machine.ask(f.CURRENTS, m.ChannelRange(count=1))
    assert currents == m.Currents(count=1, current_ampere=[shown])


def test_u22_the_offset_is_told_and_not_used() -> None:
    machine = Machine(channel_number_offset=100)
    info: Any = machine.ask(f.SYSTEM_INFO, m.Empty())
    assert info.channel_number_offset == 100
    with pytest.raises(BadRequest, match="Illegal value"):
        machine.reading(101)


def test_u23_what_reset_and_archive_do_in_each_state() -> None:
    for state in ChannelState:
        for function, allowed in (
            (f.ARCHIVE, {ChannelState.COMPLETED, ChannelState.SUSPENDED, ChannelState.PROBLEM}),
            (f.RESET, set(range(6)) | {ChannelState.STARTING}),
        ):
            machine = Machine()
            machine.channel(1).state = state
            if state in allowed:
                assert machine.result(function) == 0
                assert machine.channel(1).state is ChannelState.AVAILABLE
            else:
                with pytest.raises(BadRequest, match="MacNet error"):
                    machine.result(function)
                assert machine.channel(1).state is state


def test_u24_the_messages_are_those_of_the_last_check() -> None:
    machine = Machine()
    for procedure in ("No such", "Neither"):
        machine.result(f.CHECK_START, m.CheckStart(test_name="a", procedure=procedure))
    texts = [machine.ask(f.CHECK_MESSAGES, m.Empty()) for _ in range(2)]
    assert texts == [m.CheckMessage(text="There is no such procedure"), m.CheckMessage(text="")]
