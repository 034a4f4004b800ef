"""Every method of AsyncCycler against the simulated cycler."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from macnet_bridge.errors import FunctionMissing, InvalidRequest, NoReply, TesterRefused
from macnet_bridge.macnet import AsyncCycler, Line, TesterAddress, same_limits
from macnet_bridge.macnet.cycler import BulkTransport
from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol import messages as m
from macnet_bridge.macnet.protocol.codes import ChannelState, StepCode
from macnet_bridge.simulator import Behaviour, SimulatedCycler, Transport

TRANSPORTS: list[BulkTransport] = ["auto", "json", "tcp", "udp"]
AT_ONCE = Behaviour(starting_second=0.0, direct_ready_second=0.0)
START = m.StartTest(test_name="cell-17", procedure="CCCV_1C", c_rate_ah=2.5)
LIMITS = m.SafetyLimits(
    voltage_max_volt=4.25,
    voltage_min_volt=2.5,
    charge_max_ampere=5.0,
    discharge_max_ampere=5.0,
    charge_max_watt=25.0,
    discharge_max_watt=25.0,
)
CHARGE = m.StartDirect(
    test_name="direct-1",
    current_ampere=1.0,
    voltage_volt=4.2,
    power_watt=100.0,
    resistance_ohm=0.0,
    mode="C",
)


@pytest.fixture
async def simulated() -> AsyncIterator[SimulatedCycler]:
    async with SimulatedCycler(128, behaviour=AT_ONCE) as simulated:
        yield simulated


def address(simulated: SimulatedCycler) -> TesterAddress:
    return TesterAddress(simulated.host, simulated.json_port, simulated.tcp_port, simulated.udp_port)


@pytest.fixture
async def cycler(simulated: SimulatedCycler) -> AsyncIterator[AsyncCycler]:
    async with AsyncCycler(address(simulated)) as cycler:
        yield cycler


async def direct(cycler: AsyncCycler, simulated: SimulatedCycler, channel: int) -> None:
    await cycler.start_direct(channel, CHARGE)
    assert simulated.channel(channel).state is ChannelState.ACTIVE


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_all_reads_by_every_transport(simulated: SimulatedCycler, transport: BulkTransport) -> None:
    simulated.tester.channel(7).variables[2] = 1.5
    async with AsyncCycler(address(simulated), transport=transport) as cycler:
        assert cycler.channels == 128
        assert await cycler.ping() >= 0
        assert (await cycler.read_version_info()).exe_major == 2
        assert (await cycler.read_system_info()).test_channels == 128
        assert (await cycler.read_specification(7)).voltage_max_volt == 5.0
        status = await cycler.read_status(7)
        assert (status.state, status.step_code) == (ChannelState.AVAILABLE, StepCode.AVAILABLE)
        assert (await cycler.read_aux_units(7)).units == ["C", "V"]
        assert len((await cycler.read_aux(7)).values) == 2
        assert (await cycler.read_test_info(7)).test_name == ""
        assert (await cycler.read_variables(7)).variables[2] == 1.5
        assert [s.state for s in await cycler.read_statuses(7, 2)] == [ChannelState.AVAILABLE] * 2
        assert (await cycler.read_voltages(7, 1))[0] == pytest.approx(status.voltage_volt)
        assert await cycler.read_currents(7, 3) == [0.0] * 3
        assert await cycler.read_test_times(7, 122) == [0.0] * 122
    used = {record.transport for record in simulated.received if record.number != (4, 6)}
    assert used == {{"tcp": Transport.BINARY_TCP, "udp": Transport.BINARY_UDP}.get(transport, Transport.JSON)}


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_blocks_of_128_channels(simulated: SimulatedCycler, transport: BulkTransport) -> None:
    async with AsyncCycler(address(simulated), transport=transport) as cycler:
        volts = await cycler.read_voltages(1, 128)
        assert len(await cycler.read_statuses(1, 128)) == 128
        assert len(await cycler.read_currents(1, 128)) == 128
        assert len(await cycler.read_test_times(1, 128)) == 128
        assert len(set(volts)) > 100, "the cells differ, so a shift by a channel would show"
        assert await cycler.read_voltages(128, 1) == volts[-1:]
        assert await cycler.read_voltages(65, 64) == volts[64:]


async def test_commands_go_by_json_whatever_the_reads_use(simulated: SimulatedCycler) -> None:
    async with AsyncCycler(address(simulated), transport="udp") as cycler:
        await cycler.set_variable(3, 1, 2.0)
    (record,) = simulated.received.of(6, 9)
    assert (record.transport, record.channel, record.wire_channel) == (Transport.JSON, 3, 2)


async def test_a_test_from_check_to_reset(simulated: SimulatedCycler, cycler: AsyncCycler) -> None:
    await cycler.check_start(5, m.CheckStart(test_name="cell-17", procedure="CCCV_1C"))
    await cycler.start_test(5, START)
    assert (await cycler.read_status(5)).state == ChannelState.ACTIVE
    assert (await cycler.read_test_info(5)).test_name == "cell-17"
    await cycler.suspend(5)
    assert (await cycler.read_status(5)).state == ChannelState.SUSPENDED
    await cycler.resume(5)
    assert (await cycler.read_status(5)).state == ChannelState.ACTIVE
    await cycler.reset(5)
    assert (await cycler.read_status(5)).state == ChannelState.AVAILABLE
    assert all(
        record.channel == 5 for number in (2, 3, 4, 5, 11) for record in simulated.received.of(6, number)
    )
    assert all(channel.label.test_name == "" for channel in simulated.tester.channels)


async def test_refusals_have_code_and_result(simulated: SimulatedCycler, cycler: AsyncCycler) -> None:
    await cycler.start_test(5, START)
    for channel, number, code, request in (
        (5, 23, "CHANNEL_IN_USE", START),
        (6, 19, "NAME_NOT_UNIQUE", START),
        (6, 22, "INVALID_ENTRY", m.StartTest(test_name="x", procedure="no-such")),
    ):
        with pytest.raises(TesterRefused) as refused:
            await cycler.start_test(channel, request)
        assert (refused.value.code, refused.value.result) == (code, number)
        assert (refused.value.fclass, refused.value.fnum) == (6, 2)
    with pytest.raises(TesterRefused) as refused:
        await cycler.check_start(6, m.CheckStart(test_name="cell-17", procedure="CCCV_1C"))
    assert (refused.value.code, refused.value.result) == ("NAME_NOT_UNIQUE", 4)
    with pytest.raises(TesterRefused):
        await cycler.suspend(9)


async def test_q25_safety_limits_come_back_as_the_tester_took_them(cycler: AsyncCycler) -> None:
    taken = await cycler.set_safety_limits(2, LIMITS)
    assert same_limits(LIMITS, taken)
    odd = m.SafetyLimits(**{name: getattr(LIMITS, name) + 0.0001 for name in LIMITS.__struct_fields__})
    assert same_limits(odd, await cycler.set_safety_limits(2, odd)), "singles round"


@pytest.mark.parametrize("name", LIMITS.__struct_fields__)
def test_q25_every_limit_is_compared(name: str) -> None:
    values = {field: getattr(LIMITS, field) for field in LIMITS.__struct_fields__}
    assert same_limits(LIMITS, m.SafetyLimits(**{**values, name: values[name] + 0.0009}))
    assert not same_limits(LIMITS, m.SafetyLimits(**{**values, name: values[name] + 0.0011}))
    assert not same_limits(LIMITS, m.SafetyLimits(**{**values, name: -values[name]}))
    assert not same_limits(LIMITS, m.SafetyLimits(**{**values, name: float("nan")}))


async def test_output_in_direct_mode(simulated: SimulatedCycler, cycler: AsyncCycler) -> None:
    await direct(cycler, simulated, 4)
    output = m.DirectOutput(
        current_ampere=0.5, voltage_volt=3.0, power_watt=100.0, resistance_ohm=0.0, mode="D"
    )
    await cycler.set_output(4, output)
    assert simulated.channel(4).cell.current_ampere == pytest.approx(-0.5)
    (record,) = simulated.received.of(6, 8)
    assert (record.transport, record.channel) == (Transport.JSON, 4)


@pytest.mark.parametrize("channel", [1, 5, 128])
async def test_q15_rest_is_the_binary_message_on_the_right_channel(
    simulated: SimulatedCycler, cycler: AsyncCycler, channel: int
) -> None:
    await direct(cycler, simulated, channel)
    assert simulated.channel(channel).cell.current_ampere == pytest.approx(1.0)
    await cycler.rest(channel)
    (record,) = simulated.received.of(6, 8)
    assert record.transport is Transport.BINARY_TCP
    assert record.wire_channel == channel - 1
    assert record.body == m.REST
    assert simulated.channel(channel).cell.current_ampere == 0.0
    assert (await cycler.read_status(channel)).step_code == StepCode.REST


@pytest.mark.parametrize("channel", [1, 5, 128])
async def test_q15_the_result_of_rest_is_decoded(cycler: AsyncCycler, channel: int) -> None:
    with pytest.raises(TesterRefused) as refused:
        await cycler.rest(channel)
    assert (refused.value.code, refused.value.result) == ("CHANNEL_NOT_ACTIVE", 2)
    await cycler.start_test(channel, START)
    with pytest.raises(TesterRefused) as refused:
        await cycler.rest(channel)
    assert (refused.value.code, refused.value.result) == ("NOT_IN_DIRECT_MODE", 4)


async def test_rest_asks_the_caller_last(simulated: SimulatedCycler, cycler: AsyncCycler) -> None:
    def refuse() -> None:
        raise InvalidRequest("not now")

    with pytest.raises(InvalidRequest, match="not now"):
        await cycler.rest(1, refuse)
    assert not simulated.received.of(6, 8)


async def test_a_lost_reply_to_rest(simulated: SimulatedCycler) -> None:
    async with AsyncCycler(address(simulated), timeout_s=0.3) as cycler:
        simulated.faults.drop_replies(6, 8)
        with pytest.raises(NoReply):
            await cycler.rest(1)
        with pytest.raises(TesterRefused):
            await cycler.rest(1)


@pytest.mark.parametrize("channel", [0, -1, 129, 65536, 65537])
async def test_q37_channels_that_are_not_there(
    simulated: SimulatedCycler, cycler: AsyncCycler, channel: int
) -> None:
    before = len(simulated.received)
    for call in (
        cycler.read_status(channel),
        cycler.read_specification(channel),
        cycler.start_test(channel, START),
        cycler.suspend(channel),
        cycler.reset(channel),
        cycler.rest(channel),
        cycler.read_voltages(channel, 1),
    ):
        with pytest.raises(InvalidRequest):
            await call
    assert len(simulated.received) == before


@pytest.mark.parametrize("channel", [0, 65536, 65537, -65535])
async def test_no_number_wraps_round_before_the_size_is_known(
    simulated: SimulatedCycler, channel: int
) -> None:
    cycler = AsyncCycler(address(simulated))
    for call in (cycler.suspend(channel), cycler.rest(channel), cycler.start_test(channel, START)):
        with pytest.raises(InvalidRequest):
            await call
    assert not len(simulated.received)


@pytest.mark.parametrize(("first", "count"), [(1, 0), (1, 129), (2, 128), (128, 2), (0, 1), (1, -1)])
async def test_u14_ranges_that_are_not_there(
    simulated: SimulatedCycler, cycler: AsyncCycler, first: int, count: int
) -> None:
    before = len(simulated.received)
    for read in (cycler.read_statuses, cycler.read_voltages, cycler.read_currents, cycler.read_test_times):
        with pytest.raises(InvalidRequest):
            await read(first, count)
    assert len(simulated.received) == before


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_function_that_the_tester_lacks(simulated: SimulatedCycler, transport: BulkTransport) -> None:
    simulated.faults.missing.add((4, 2))
    async with AsyncCycler(address(simulated), transport=transport) as cycler:
        with pytest.raises(TesterRefused) as refused:
            await cycler.read_voltages(1, 1)
        assert isinstance(refused.value, FunctionMissing) == (transport in ("auto", "json"))
        await cycler.read_currents(1, 1)


async def test_a_lost_datagram(simulated: SimulatedCycler) -> None:
    async with AsyncCycler(address(simulated), timeout_s=0.2, transport="udp") as cycler:
        simulated.faults.drop_replies(4, 2)
        with pytest.raises(NoReply):
            await cycler.read_voltages(1, 1)
        assert len(await cycler.read_voltages(1, 1)) == 1


async def test_a_tester_that_comes_back(simulated: SimulatedCycler) -> None:
    async with AsyncCycler(address(simulated)) as cycler:
        for line in Line:
            await cycler.ping(line=line)
        await simulated.stop()
        await simulated.start()
        for line in Line:
            await cycler.ping(line=line)


async def test_a_stop_does_not_wait_for_the_commands(simulated: SimulatedCycler, cycler: AsyncCycler) -> None:
    await cycler.start_test(1, START)
    simulated.faults.drop_replies(6, 9)
    waiting = asyncio.create_task(cycler.set_variable(1, 1, 1.0))
    await simulated.wait_for(lambda record: record.number == (6, 9), 10)
    await cycler.suspend(1)
    assert not waiting.done()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_eight_testers_at_once() -> None:
    """Connections do not share anything: every answer belongs to who asked."""
    async with SimulatedCycler(128, latency_ms=1) as simulated:
        cyclers = [AsyncCycler(address(simulated)) for _ in range(8)]
        wanted = await cyclers[0].read_voltages(1, 128)

        async def read_all(cycler: AsyncCycler, start: int) -> None:
            for channel in range(start, 129, 8):
                assert await cycler.read_voltages(channel, 1) == [wanted[channel - 1]]

        await asyncio.gather(*(read_all(cycler, start) for start, cycler in enumerate(cyclers, 1)))
        for cycler in cyclers:
            cycler.close()


async def test_any_function_of_the_table_by_its_row(cycler: AsyncCycler) -> None:
    reply = await cycler.call(f.VOLTAGES, 3, m.ChannelRange(count=2), line=Line.COMMANDS)
    assert len(reply.voltage_volt) == 2
