"""Every function of the table through the client, by every transport that has it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest

from macnet_bridge.errors import InvalidRequest, TesterRefused
from macnet_bridge.macnet import AsyncCycler, TesterAddress
from macnet_bridge.macnet.cycler import BulkTransport
from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol import messages as m
from macnet_bridge.macnet.protocol.codes import ChannelState
from macnet_bridge.simulator import Behaviour, SimulatedCycler, Transport
from tests.protocol.samples import ROWS, for_channel, sample_request

WITH_NAMES = (f.PROCEDURE_EXISTS, f.TEST_NAME_EXISTS, f.TEST_INFO)
"""Reads that go by JSON whatever the transport of reads: binary cuts names."""

USED = {"json": Transport.JSON, "tcp": Transport.BINARY_TCP, "udp": Transport.BINARY_UDP}
BY_ALL: list[tuple[Any, BulkTransport]] = [
    *((row, "json") for row in ROWS if row.json),
    *((row, "tcp") for row in ROWS if row not in WITH_NAMES),
    *((row, "udp") for row in ROWS if row not in WITH_NAMES),
]
CHANNEL = 7
START = m.StartTest(test_name="t1", procedure="Rest")
DIRECT = m.StartDirect(
    test_name="t1", current_ampere=0.5, voltage_volt=4.0, power_watt=99.0, resistance_ohm=0.0, mode="C"
)
REQUESTS: dict[tuple[int, int], m.Message] = {
    (1, 6): m.WriteRequest(file_type=3, file_name="a.000"),
    (1, 7): m.ReadRequest(file_type=8, file_name="SysEvent.log"),
    (6, 2): START,
    (6, 11): m.CheckStart(test_name="t1", procedure="Rest"),
    (6, 13): m.AdvancedStart(test_name="t1", procedure="Rest"),
}


@pytest.fixture
async def simulated() -> AsyncIterator[SimulatedCycler]:
    behaviour = Behaviour(starting_second=0.0, direct_ready_second=0.0, smart_batteries=True)
    async with SimulatedCycler(128, behaviour=behaviour, json_rest_broken=False) as simulated:
        yield simulated


def address(simulated: SimulatedCycler) -> TesterAddress:
    return TesterAddress(simulated.host, simulated.json_port, simulated.tcp_port, simulated.udp_port)


@pytest.fixture
async def cycler(simulated: SimulatedCycler) -> AsyncIterator[AsyncCycler]:
    async with AsyncCycler(address(simulated)) as cycler:
        yield cycler


async def prepare(cycler: AsyncCycler, row: Any) -> None:
    """Bring the channel into the state that a function wants."""
    if row in (f.SUSPEND, f.RESUME, f.ARCHIVE):
        await cycler.start_test(CHANNEL, START)
    if row in (f.RESUME, f.ARCHIVE):
        await cycler.suspend(CHANNEL)
    if row is f.SET_OUTPUT:
        await cycler.start_direct(CHANNEL, DIRECT)
    if row is f.START_SELECTED:
        await cycler.select([CHANNEL])


@pytest.mark.parametrize(("row", "transport"), BY_ALL, ids=str)
async def test_every_function_by_every_transport(
    row: Any, transport: BulkTransport, simulated: SimulatedCycler, cycler: AsyncCycler
) -> None:
    await prepare(cycler, row)
    simulated.received.clear()
    asked = for_channel(REQUESTS.get(row.number) or sample_request(row), CHANNEL)
    async with AsyncCycler(address(simulated), transport=transport) as other:
        reply = await other.call(row, CHANNEL, asked)
    assert isinstance(reply, row.reply)
    record = simulated.received[-1]
    addressed = row.target in (f.Target.CHANNEL, f.Target.CHANNELS)
    in_header = row.target is f.Target.LISTED and transport != "json"
    expected = CHANNEL if addressed or in_header else row.wire_channel(1) + 1
    assert (record.number, record.transport, record.channel) == (row.number, USED[transport], expected)
    if row.number != (0, 0) and not row.binary_only:
        assert record.body == (
            m.ChannelRange(count=1) if row is f.CHANNEL_SPECIFICATION and transport != "json" else asked
        )


@pytest.mark.parametrize("transport", ["json", "tcp", "udp"])
@pytest.mark.parametrize(
    "number", sorted({row.number for row in ROWS if row.target is f.Target.CHANNEL}), ids=str
)
async def test_all_128_channels_are_theirs_on_the_wire(
    number: tuple[int, int], transport: BulkTransport, simulated: SimulatedCycler
) -> None:
    row = f.FUNCTIONS[number]
    if transport == "json" and not row.json:
        transport = "tcp"
    if row in WITH_NAMES:
        transport = "json"
    async with AsyncCycler(address(simulated), transport=transport) as cycler:
        simulated.received.clear()
        for channel in range(1, 129):
            with suppress(TesterRefused):  # the channel is not in the right state, which is no matter here
                await cycler.call(row, channel, sample_request(row))
    assert [record.wire_channel for record in simulated.received] == list(range(128))
    assert {record.transport for record in simulated.received} == {USED[transport]}


async def test_128_channels_are_toggled_one_by_one(simulated: SimulatedCycler, cycler: AsyncCycler) -> None:
    for channel in range(1, 129):
        await cycler.toggle_selection(channel)
        assert [c.number for c in simulated.tester.channels if c.state is ChannelState.SELECTED] == [channel]
        await cycler.toggle_selection(channel)


async def test_the_methods_of_the_system(simulated: SimulatedCycler, cycler: AsyncCycler) -> None:
    assert await cycler.procedure_exists("Rest")
    assert not await cycler.procedure_exists("rest")
    await cycler.start_test(1, START)
    assert not await cycler.test_name_exists("t1")
    await cycler.reset(1)
    assert await cycler.test_name_exists("t1")
    assert await cycler.set_global_flags(0x80000001) == 0x80000001
    assert (await cycler.read_variables(1)).flags == 0x80000001
    with pytest.raises(TesterRefused):
        await cycler.check_start(1, m.CheckStart(test_name="t1", procedure="none"))
    assert await cycler.read_check_messages() == ["There is no such procedure"]
    assert await cycler.read_check_messages() == []
    await cycler.log_in("anybody", "anything")
    await cycler.log_out()


async def test_the_methods_that_read(simulated: SimulatedCycler, cycler: AsyncCycler) -> None:
    assert len(await cycler.read_specifications(3, 126)) == 126
    assert (await cycler.read_calibration_dates(3)).range1_charge.year == 1970
    await cycler.start_test(3, m.StartTest(test_name="x" * 200, procedure="Rest"))
    assert (await cycler.read_long_test_info(3)).test_name == "x" * 200
    assert (await cycler.read_end_status(3)).number_of_ends == 1
    assert [record.channel for record in simulated.received if record.number in ((4, 10), (4, 11))] == [3, 3]


async def test_the_methods_that_select_and_start(simulated: SimulatedCycler, cycler: AsyncCycler) -> None:
    await cycler.select([2, 128])
    await cycler.toggle_selection(2, 3)
    await cycler.start_selected(START)
    running = [channel.number for channel in simulated.tester.channels if channel.label.test_name]
    assert running == [3, 128]
    await cycler.suspend(3)
    await cycler.archive(3)
    again = m.AdvancedStart(test_name="", procedure="Rest", options=1, archived_test_name="t1.003")
    await cycler.advanced_start(5, again)
    assert simulated.channel(5).label.test_name == "t1"
    with pytest.raises(InvalidRequest):
        await cycler.select([129])
    with pytest.raises(InvalidRequest):
        await cycler.toggle_selection(1, 129)
    with pytest.raises(InvalidRequest):
        await AsyncCycler(cycler.address).select([1])


SB_ENTRY = m.NewScanEntry(
    index=0, register=9, length=2, data_type=1, error_value=0, designator="V", display_format=2
)
SB_SETUP = m.SetPosition(clock_divisor=1, bus_logic_volt=3.0, access_delay_ms=1)
SB_ORDERS: list[Callable[[AsyncCycler], Awaitable[None]]] = [
    lambda cycler: cycler.sb_suspend_polling(CHANNEL),
    lambda cycler: cycler.sb_resume_polling(CHANNEL),
    lambda cycler: cycler.sb_write_register(CHANNEL, 1, [44, 1]),
    lambda cycler: cycler.sb_write_bytes(CHANNEL, m.BusWrite(first=2, last=2, count=1, data=[5])),
    lambda cycler: cycler.sb_request_read(CHANNEL, m.BusRead(first=1, last=2, count=3)),
    lambda cycler: cycler.sb_read_header(CHANNEL),
    lambda cycler: cycler.sb_set_position_setup(CHANNEL, SB_SETUP),
    lambda cycler: cycler.sb_clear_scan_list(CHANNEL),
    lambda cycler: cycler.sb_write_scan_entry(CHANNEL, SB_ENTRY),
    lambda cycler: cycler.sb_save_scan_list(CHANNEL),
    lambda cycler: cycler.sb_refresh_scan_list(CHANNEL),
]


@pytest.mark.parametrize("transport", ["json", "tcp", "udp"])
async def test_the_methods_of_smart_batteries(simulated: SimulatedCycler, transport: BulkTransport) -> None:
    async with AsyncCycler(address(simulated), transport=transport) as cycler:
        for order in SB_ORDERS:
            await order(cycler)
        volt = simulated.channel(CHANNEL).cell.voltage_volt
        assert await cycler.sb_read_register(CHANNEL, 9) == round(1000 * volt)
        assert await cycler.sb_read_register(CHANNEL, 8) is None
        assert await cycler.sb_read_register(CHANNEL, 9, device=9) is None
        assert [entry.address for entry in await cycler.sb_scan_list(CHANNEL)] == [9]
        raw = await cycler.sb_raw_data(CHANNEL)
        assert raw == round(1000 * volt).to_bytes(2, "little")
        assert [bytes(each.data) for each in await cycler.sb_raw_registers(CHANNEL)] == [raw]
        assert await cycler.sb_header_scan_list(CHANNEL) == []
        assert await cycler.sb_raw_header(CHANNEL) == b""
        assert (await cycler.sb_fetch_read(CHANNEL)).status in (1, 2)
        assert (await cycler.sb_get_position_setup(CHANNEL)).clock_divisor == 1
        assert (await cycler.sb_read_scan_entry(CHANNEL, 0)).designator == "V"
        assert (await cycler.sb_version_status(CHANNEL)).bus_volt == 3.299
    assert {r.channel for r in simulated.received if r.number and r.number[0] == 7} == {CHANNEL}
    reads = {r.transport for r in simulated.received if r.number == (7, 4)}
    assert reads == {USED[transport]}
