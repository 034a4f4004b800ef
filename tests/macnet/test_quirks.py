"""What the client does about the oddities of testers. Q and U: numbers of docs/quirks.md."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from macnet_bridge.errors import (
    InvalidRequest,
    MacNetBridgeError,
    NoReply,
    NotConfirmed,
    TesterRefused,
)
from macnet_bridge.macnet import AsyncCycler, Line, TesterAddress, connection, receiving
from macnet_bridge.macnet.cycler import BulkTransport
from macnet_bridge.macnet.dialects import MAX_JSON_REQUEST_BYTES, BinaryDialect
from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol import messages as m
from macnet_bridge.macnet.protocol.codes import ChannelState, FileType, StepCode
from macnet_bridge.macnet.survey import survey
from macnet_bridge.macnet.transports import TcpTransport
from macnet_bridge.simulator import Behaviour, Forms, SimulatedCycler, Transport
from tests.macnet.scripted_tester import HOST, Peer, ScriptedTester, silent, until, volts
from tests.protocol.samples import JSON_ROWS, Row, for_channel, sample_request
from tests.simulator.machine import OFF, limits
from tests.simulator.peers import FakeClock

SHORT_S = 0.2
BINARY: list[BulkTransport] = ["tcp", "udp"]
CHARGE = m.StartDirect(
    test_name="d", current_ampere=1.0, voltage_volt=4.2, power_watt=OFF, resistance_ohm=0.0, mode="C"
)
START = m.StartTest(test_name="t", procedure="CCCV_1C", c_rate_ah=2.5)


def address(simulated: SimulatedCycler) -> TesterAddress:
    return TesterAddress(simulated.host, simulated.json_port, simulated.tcp_port, simulated.udp_port)


@asynccontextmanager
async def lab(
    channels: int = 8, *, client: dict[str, Any] | None = None, **options: Any
) -> AsyncIterator[tuple[SimulatedCycler, AsyncCycler]]:
    """A simulated cycler and a client of it; nothing that was asked so far is in the log."""
    async with (
        SimulatedCycler(channels, **options) as simulated,
        AsyncCycler(address(simulated), **(client or {})) as cycler,
    ):
        simulated.received.clear()
        yield simulated, cycler


def output(mode: str, ampere: float, volt: float = 4.2) -> m.DirectOutput:
    return m.DirectOutput(
        current_ampere=ampere, voltage_volt=volt, power_watt=OFF, resistance_ohm=0.0, mode=mode
    )


async def test_q1_inputs_that_are_counted_may_come_in_two_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "SETTLING_S", 10.0)
    values = [1.0, 2.0, 3.0, 4.0]
    dialect = BinaryDialect()
    rest: list[asyncio.Task[None]] = []

    async def send_the_rest(peer: Peer) -> None:
        await until(lambda: dialect.pending and dialect.in_doubt)
        peer.send(struct.pack("<3f", *values[1:]))

    def in_two_parts(peer: Peer, request: bytes) -> None:
        peer.send(request[:6] + struct.pack("<Hf", len(values), values[0]))
        rest.append(asyncio.create_task(send_the_rest(peer)))

    async with ScriptedTester(in_two_parts, binary=True) as scripted:
        line = connection.Connection(lambda: TcpTransport.connect(HOST, scripted.port), lambda: dialect)
        assert (await line.call(f.AUX_READINGS, 1, m.Empty(), 10.0)).values == values
        assert len(rest) == 1
        line.close()


@pytest.mark.parametrize("more", [b"", bytes(4)])
async def test_q1_inputs_that_are_bytes_are_not_waited_for_long(more: bytes) -> None:
    def answer(peer: Peer, request: bytes) -> None:
        peer.send(request[:6] + struct.pack("<H4f", 16, 1.0, 2.0, 3.0, 4.0) + more)

    async with ScriptedTester(answer, binary=True) as scripted:
        cycler = AsyncCycler(scripted.address, transport="tcp")
        for _ in range(2):
            assert (await cycler.read_aux(1)).values == [1.0, 2.0, 3.0, 4.0]
        assert len(scripted.peers) == (2 if more else 1), "what is left over is a doubt"
        cycler.close()


@pytest.mark.parametrize("transport", ["json", "tcp"])
async def test_q3_a_misprinted_number_is_noted_once(
    transport: BulkTransport, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "macnet_bridge.macnet")
    async with lab(forms=Forms(misprints=True), client={"transport": transport}) as (_, cycler):
        for _ in range(3):
            assert await cycler.procedure_exists("Rest")
            await cycler.read_end_status(1)
            await cycler.read_voltages(1, 2)
    notes = [record.getMessage() for record in caplog.records if "misprints" in record.getMessage()]
    assert len(notes) == 2
    assert any("(1, 3)" in note and "(1, 2)" in note for note in notes)
    assert any("(4, 10)" in note and "(4, 8)" in note for note in notes)


async def test_q15_rest_is_never_asked_for_by_json() -> None:
    """And so does U21: a tester that would take it gets the binary message all the same."""
    behaviour = Behaviour(direct_ready_second=0.0)
    async with lab(behaviour=behaviour, json_rest_broken=True) as (simulated, cycler):
        for call in (
            cycler.set_output(5, output("R", 0.0)),
            cycler.start_direct(5, m.StartDirect(**{**_fields(CHARGE), "mode": "R"})),
        ):
            with pytest.raises(InvalidRequest, match="rest"):
                await call
        assert len(simulated.received) == 0
        await cycler.start_direct(5, CHARGE)
        # What the refusal is for: the tester says no, and the current flows on.
        with pytest.raises(TesterRefused):
            await cycler.call(f.SET_OUTPUT, 5, output("R", 0.0), line=Line.COMMANDS)
        assert simulated.channel(5).cell.current_ampere == pytest.approx(1.0)


def _fields(message: m.Message) -> dict[str, Any]:
    return {name: getattr(message, name) for name in message.__struct_fields__}


async def test_u21_rest_goes_the_binary_way_even_where_json_would_do() -> None:
    behaviour = Behaviour(direct_ready_second=0.0)
    async with lab(behaviour=behaviour, json_rest_broken=False) as (simulated, cycler):
        await cycler.start_direct(5, CHARGE)
        await cycler.rest(5)
        (record,) = simulated.received.of(6, 8)
        assert (record.transport, record.wire_channel) == (Transport.BINARY_TCP, 4)
        assert (await cycler.read_status(5)).step_code == StepCode.REST


async def test_q21_what_came_too_soon_is_refused_and_not_repeated() -> None:
    behaviour = Behaviour(direct_ready_second=0.0)
    async with lab(behaviour=behaviour, clock=FakeClock()) as (simulated, cycler):
        await cycler.start_direct(5, CHARGE)
        await cycler.set_output(5, output("C", 2.0))
        with pytest.raises(TesterRefused) as refused:
            await cycler.set_output(5, output("C", 3.0))
        assert (refused.value.code, refused.value.result) == ("SENT_TOO_SOON", 3)
        assert simulated.channel(5).cell.current_ampere == pytest.approx(2.0)
        assert len(simulated.received.of(6, 8)) == 2


async def test_q22_no_set_point_is_repeated_behind_the_callers_back() -> None:
    """The watchdog is fed by whoever controls the channel; a client that only lives does not."""
    clock = FakeClock()
    behaviour = Behaviour(direct_ready_second=0.0, direct_watchdog_second=2.0)
    async with lab(behaviour=behaviour, clock=clock) as (simulated, cycler):
        await cycler.start_direct(5, CHARGE)
        await cycler.set_output(5, output("C", 2.0))
        clock.pass_by(1.9)
        assert (await cycler.read_status(5)).state == ChannelState.ACTIVE
        clock.pass_by(0.2)
        assert (await cycler.read_status(5)).state == ChannelState.SUSPENDED
        assert len(simulated.received.of(6, 8)) == 1


@pytest.mark.parametrize(("raw", "second"), [(0.005, 0.005), (0.01, 0.01), (5.0, 0.005), (10.0, 0.01)])
async def test_q30_less_than_one_means_seconds(raw: float, second: float) -> None:
    async with lab(behaviour=Behaviour(tick_second=raw)) as (_, cycler):
        specification = await cycler.read_specification(1)
        assert specification.tick_speed == pytest.approx(raw)
        assert specification.tick_second == pytest.approx(second)


@pytest.mark.parametrize("transport", ["json", "tcp"])
async def test_q32_names_from_a_tester_without_the_extended_form(transport: BulkTransport) -> None:
    async with lab(missing={(4, 11)}, client={"transport": transport}) as (simulated, cycler):
        await cycler.start_test(3, START)
        assert (await cycler.read_long_test_info(3)).test_name == "t"
        assert [record.number for record in simulated.received][-2:] == [(4, 11), (4, 6)]


@pytest.mark.parametrize("first", [-1, 0, 9, 65536])
async def test_q37_no_request_leaves_for_a_channel_that_is_not_there(first: int) -> None:
    async with lab() as (simulated, cycler):
        for call in (cycler.read_statuses(first, 1), cycler.read_aux(first), cycler.toggle_selection(first)):
            with pytest.raises(InvalidRequest):
                await call
        assert len(simulated.received) == 0


async def test_q40_limits_are_sent_as_magnitudes_or_not_at_all() -> None:
    async with lab() as (simulated, cycler):
        for wrong in ("charge_max_ampere", "discharge_max_ampere", "charge_max_watt", "discharge_max_watt"):
            with pytest.raises(InvalidRequest, match="magnitudes") as refused:
                await cycler.set_safety_limits(1, limits(**{wrong: -2.0}))
            assert refused.value.field == wrong
        assert len(simulated.received) == 0
        taken = await cycler.set_safety_limits(1, limits(discharge_max_ampere=2.0, voltage_min_volt=-0.1))
        assert taken.discharge_max_ampere == 2.0


async def test_q41_no_limit_is_left_to_a_default() -> None:
    """So that 0 W is never sent unless somebody wrote it."""
    with pytest.raises(TypeError, match="charge_max_watt"):
        m.SafetyLimits(  # type: ignore[call-arg]
            voltage_max_volt=4.2, voltage_min_volt=2.5, charge_max_ampere=1.0, discharge_max_ampere=1.0
        )
    async with lab() as (simulated, cycler):
        await cycler.set_safety_limits(1, limits(charge_max_watt=0.0))
        (record,) = simulated.received.of(6, 10)
        assert record.body == limits(charge_max_watt=0.0), "asked for, and so it is sent"


async def test_u1_one_request_at_a_time_loses_none() -> None:
    """Before a tester that drops the second of two requests that arrive together."""
    async with lab(forms=Forms(glued_requests="dropped"), client={"timeout_s": 5.0}) as (simulated, cycler):
        found = await asyncio.gather(*(cycler.read_voltages(channel, 1) for channel in range(1, 9)))
        assert [volt for (volt,) in found] == await cycler.read_voltages(1, 8)
        assert len(simulated.received.of(4, 2)) == 9


async def test_u2_a_request_is_one_compact_write_without_an_end() -> None:
    arrived: list[bytes] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arrived.append(await reader.read(1 << 16))
        writer.close()

    server = await asyncio.start_server(take, HOST, 0)
    async with server:
        cycler = AsyncCycler(TesterAddress(HOST, server.sockets[0].getsockname()[1]))
        with pytest.raises(NoReply):
            await cycler.start_test(3, START)
    (text,) = arrived
    assert text == json.dumps(json.loads(text), separators=(",", ":")).encode()
    assert len(text) <= MAX_JSON_REQUEST_BYTES


async def test_u2_small_packets_leave_at_once() -> None:
    async with ScriptedTester(silent) as scripted:
        transport = await TcpTransport.connect(HOST, scripted.port)
        sock = transport._transport.get_extra_info("socket")
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        transport.close()


async def test_u2_a_request_that_needs_a_second_segment_is_not_sent() -> None:
    async with lab() as (simulated, cycler):
        long: dict[str, Any] = dict.fromkeys(
            ("test_name", "procedure", "comment", "can_profile", "regime"), "x" * 250
        )
        with pytest.raises(InvalidRequest, match="shorten its texts"):
            await cycler.start_test(3, m.StartTest(**long))
        assert len(simulated.received) == 0
        longest = m.BusWrite(first=255, last=255, count=255, data=[255] * 255)
        with pytest.raises(TesterRefused):  # there is no battery, but the request has arrived
            await cycler.call(f.SMB_WRITE_BYTES, 3, longest, line=Line.COMMANDS)


@pytest.mark.parametrize("transport", BINARY)
async def test_u7_a_refusal_may_be_a_bare_header_or_silence(transport: BulkTransport) -> None:
    client: dict[str, Any] = {"transport": transport, "timeout_s": SHORT_S}
    async with lab(missing={(4, 2)}, client=client) as (_, cycler):
        with pytest.raises(TesterRefused):
            await cycler.read_voltages(1, 1)
    async with lab(missing={(4, 2)}, client=client, forms=Forms(binary_refusals="silence")) as (_, cycler):
        with pytest.raises(NoReply):
            await cycler.read_voltages(1, 1)
        assert len(await cycler.read_currents(1, 1)) == 1


async def test_u9_a_datagram_counts_from_whatever_port_it_comes() -> None:
    loop = asyncio.get_running_loop()

    class Mouth(asyncio.DatagramProtocol):
        """Answers to the port that asked, from a port of its own."""

        def datagram_received(self, data: bytes, addr: Any) -> None:
            reading = data[:6] + struct.pack("<Hf", 4, 4.0)
            other.sendto(data if data == bytes(8) else reading, addr)

    other, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=(HOST, 0))
    ear, _ = await loop.create_datagram_endpoint(Mouth, local_addr=(HOST, 0))
    try:
        port = ear.get_extra_info("sockname")[1]
        cycler = AsyncCycler(TesterAddress(HOST, udp_port=port), transport="udp")
        assert await cycler.read_voltages(1, 1) == [4.0]
        cycler.close()
    finally:
        ear.close()
        other.close()


async def test_u10_one_listing_at_a_time_each_to_its_end() -> None:
    async with lab() as (simulated, cycler):
        for file_type, count in ((FileType.PROCEDURE, 3), (FileType.CAN, 2)):
            for number in range(count):
                await cycler.put_file(file_type, f"{file_type}-{number}.x", b"")
        one, other = await asyncio.gather(
            cycler.list_files(FileType.PROCEDURE), cycler.list_files(FileType.CAN)
        )
        assert [entry.name for entry in one] == ["3-0.x", "3-1.x", "3-2.x"]
        assert [entry.name for entry in other] == ["5-0.x", "5-1.x"]
        assert len(simulated.received.of(1, 5)) == 4 + 3, "as many names as were announced, and no more"


async def test_u12_a_refusal_before_a_log_in_says_what_may_help() -> None:
    async with SimulatedCycler(behaviour=Behaviour(users={"robin": "secret"})) as simulated:
        with pytest.raises(TesterRefused, match="may want a log-in") as refused:
            await AsyncCycler(address(simulated)).read_system_info()
        assert refused.value.code == "MACNET_ERROR"
        login = m.Login(user="robin", password="secret")
        async with AsyncCycler(address(simulated), login=login) as cycler:
            for line in Line:
                assert (await cycler.read_system_info(line=line)).test_channels == 8
            await cycler.select([1])  # by a binary connection, which logs in as well
            assert len(simulated.received.of(8, 1)) == 4


@pytest.mark.parametrize("hours", [-5, 2])
async def test_u13_how_far_the_testers_clock_is_off_is_measured(hours: int) -> None:
    simulated = SimulatedCycler()
    wall = datetime.now(UTC).replace(tzinfo=None) + timedelta(hours=hours)
    simulated.tester.power_on(simulated.clock(), wall)
    async with simulated, AsyncCycler(address(simulated)) as cycler:
        found = await survey(cycler, constant_id=False)
        assert found.clock_offset_second == pytest.approx(hours * 3600, abs=5.0)
        # Readings keep what the tester said.
        assert abs((await cycler.read_status(1)).tester_time - wall) < timedelta(seconds=30)


async def test_u15_a_selection_that_hits_others_is_taken_back() -> None:
    async with lab(forms=Forms(selection_base=1)) as (simulated, cycler):
        simulated.channel(6).state = ChannelState.SELECTED
        with pytest.raises(NotConfirmed, match=r"\[2, 7\] were asked for, and others changed$"):
            await cycler.toggle_selection(2, 7)
        states = [simulated.channel(number).state for number in range(1, 9)]
        assert [number for number, state in enumerate(states, 1) if state == ChannelState.SELECTED] == [6]
        assert len(simulated.received.of(6, 1)) == 2


async def test_u15_a_selection_is_read_back() -> None:
    async with lab() as (simulated, cycler):
        await cycler.toggle_selection(2, 7)
        await cycler.toggle_selection(7, 8)
        states = [simulated.channel(number).state for number in range(1, 9)]
        assert [number for number, state in enumerate(states, 1) if state == ChannelState.SELECTED] == [2, 8]
        assert len(simulated.received.of(6, 1)) == 2


async def test_q24_what_a_bitmap_selected_is_read_back() -> None:
    async with lab() as (simulated, cycler):
        await cycler.select([1, 8])
        await cycler.start_test(3, START)
        with pytest.raises(NotConfirmed, match=r"\[2, 3\] were asked for, \[2\] are selected"):
            await cycler.select([2, 3])
        assert simulated.channel(1).state == ChannelState.AVAILABLE


async def test_u17_every_documented_member_is_sent_and_no_other() -> None:
    """A tester that insists on them answers as one that does not."""
    outcomes = []
    behaviour = Behaviour(smart_batteries=True, users={"Robin": "xxxxyyyy"})
    for forms in (Forms(), Forms(every_member=True)):
        async with SimulatedCycler(behaviour=behaviour, forms=forms, clock=FakeClock()) as simulated:
            cycler = AsyncCycler(
                address(simulated), timeout_s=20.0, login=m.Login(user="Robin", password="xxxxyyyy")
            )
            outcomes.append([await _outcome(cycler, row) for row in JSON_ROWS])
            cycler.close()
    assert outcomes[0] == outcomes[1]
    assert "MISSING_OBJECT" not in outcomes[0]
    assert sum(isinstance(outcome, m.Message) for outcome in outcomes[0]) > len(JSON_ROWS) / 2


async def _outcome(cycler: AsyncCycler, row: Row) -> m.Message | str:
    try:
        reply: m.Message = await cycler.call(row, 1, for_channel(sample_request(row), 1), line=Line.COMMANDS)
    except MacNetBridgeError as error:
        return error.code
    return reply


async def test_u22_the_offset_of_channel_numbers_is_not_for_the_wire() -> None:
    behaviour = Behaviour(channel_number_offset=100)
    async with lab(behaviour=behaviour, client={"transport": "tcp"}) as (simulated, cycler):
        assert (await cycler.read_system_info()).channel_number_offset == 100
        await cycler.set_variable(1, 3, 2.5)
        (record,) = simulated.received.of(6, 9)
        assert record.wire_channel == 0
        with pytest.raises(InvalidRequest):
            await cycler.set_variable(101, 3, 2.5)


async def test_u24_checks_find_no_messages_of_others() -> None:
    async with lab() as (simulated, cycler):
        simulated.tester.check_messages.extend(["of somebody else", "again"])
        good, bad, worse = await asyncio.gather(
            cycler.explain_start(1, m.CheckStart(test_name="a", procedure="CCCV_1C")),
            cycler.explain_start(2, m.CheckStart(test_name="b", procedure="No such")),
            cycler.explain_start(3, m.CheckStart(test_name="a/b", procedure="CCCV_1C")),
        )
        assert good == []
        assert (len(bad), len(worse)) == (1, 1)
        assert "no such procedure" in bad[0]
        assert "Windows" in worse[0]
        asked = [record.number for record in simulated.received if record.number != (1, 2)]
        drained = [(6, 12), (6, 11), (6, 12)]
        assert asked == [(6, 12), (6, 12), *drained, *drained, (6, 12), *drained, (6, 12)]


async def test_u25_nothing_in_the_scan_list_is_not_available() -> None:
    async with lab(behaviour=Behaviour(smart_batteries=True)) as (_, cycler):
        assert await cycler.call(
            f.SMB_READ_REGISTER, 1, m.ReadRegister(device_address=22, register=250)
        ) == m.RegisterValue(device_address=0, register=0, value=0)


async def test_q38_a_reply_to_something_else_ends_the_connection() -> None:
    def late(peer: Peer, request: bytes) -> None:
        asked = json.loads(request)["id"]
        peer.send(volts(request, 9.0, id=asked - 1) if len(scripted.requests) == 2 else volts(request, 4.0))

    async with ScriptedTester(late) as scripted:
        cycler = AsyncCycler(scripted.address, transport="json")
        assert await cycler.read_voltages(1, 1) == [4.0]
        with pytest.raises(MacNetBridgeError, match="was answered"):
            await cycler.read_voltages(1, 1)
        assert await cycler.read_voltages(1, 1) == [4.0]
        assert [len(peer.requests) for peer in scripted.peers] == [2, 1]
        cycler.close()
