"""pymacnet's client, which nobody here wrote, against the simulated cycler."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pymacnet
import pytest

from bench.pymacnet_suite import StandIn
from macnet_bridge.macnet.protocol.codes import ChannelState
from macnet_bridge.simulator import SimulatedCycler, Transport

SPEED = 100.0


def config(cycler: SimulatedCycler, **changed: Any) -> dict[str, Any]:
    return {
        "server_ip": cycler.host,
        "json_msg_port": cycler.json_port,
        "bin_msg_port": cycler.tcp_port,
        "msg_buffer_size_bytes": 4096,
        "channel": 5,
        "test_name": "",
        "c_rate_ah": 2.5,
        "v_max_v": 4.2,
        "v_min_v": 3.0,
        "v_max_safety_limit_v": 4.25,
        "v_min_safety_limit_v": 2.5,
        "i_max_safety_limit_a": 5.0,
        "i_min_safety_limit_a": 5.0,
        "power_safety_limit_chg_w": 25.0,
        "power_safety_limit_dsg_w": 25.0,
        "data_record_time_s": 1.0,
        "data_record_voltage_delta_vbys": 0.0,
        "data_record_current_delta_abys": 0.0,
        "test_procedure": "CCCV_1C",
    } | changed


@contextmanager
def closing(client: Any) -> Iterator[Any]:
    """pymacnet has no way to close; its sockets are private."""
    try:
        yield client
    finally:
        client._CyclerInterface__json_msg_socket.close()
        client._CyclerInterface__bin_msg_socket.close()


async def use(cycler: SimulatedCycler, work: Callable[[Any], Any], **changed: Any) -> Any:
    """Run blocking work with a `ChannelInterface` in a thread."""

    def run() -> Any:
        with closing(pymacnet.ChannelInterface(config(cycler, **changed))) as client:
            return work(client)

    return await asyncio.to_thread(run)


@pytest.mark.parametrize("pretty", [False, True])
async def test_it_reads_system_and_channels(pretty: bool) -> None:
    # A pretty reply is whole to pymacnet only when it arrives at once, as it does here.
    async with SimulatedCycler(channels=8, pretty=pretty) as cycler:

        def work() -> tuple[Any, ...]:
            with closing(pymacnet.CyclerInterface(config(cycler))) as client:
                return (
                    client.get_num_channels(),
                    client.read_system_info(),
                    client.read_general_info(),
                    client.read_channel_status(5),
                )

        channels, version, info, status = await asyncio.to_thread(work)
    assert channels == 8
    assert version["APIVersion"] == 1
    assert info["SystemID"] == "Simulated cycler"
    assert (status["Chan"], status["Stat"]) == (5, 0)
    assert 3.6 < status["Voltage"] < 3.9


async def test_it_sets_a_variable_and_reads_aux() -> None:
    async with SimulatedCycler() as cycler:
        done, aux = await use(
            cycler, lambda client: (client.set_channel_variable(15, 2.5), client.read_aux())
        )
        assert done is True
        assert aux[0] == pytest.approx(25.0, abs=0.6)
        assert cycler.channel(5).variables[14] == 2.5


async def test_it_starts_a_procedure_resets_and_starts_again() -> None:
    async with SimulatedCycler(speed=SPEED) as cycler:
        assert await use(cycler, lambda client: client.start_test_with_procedure(), test_name="a") is True
        assert cycler.channel(5).limits.voltage_max_volt == 4.25
        assert cycler.channel(5).label.comment.startswith("Started with pymacnet")
        assert await use(cycler, lambda client: client.reset_channel()) is True
        assert cycler.channel(5).state is ChannelState.AVAILABLE
        cycler.channel(5).state = ChannelState.COMPLETED  # it resets a completed channel by itself
        assert await use(cycler, lambda client: client.start_test_with_procedure()) is True
        assert len(cycler.received.of(6, 5)) == 2


async def test_a_numeric_refusal_is_more_than_it_expects() -> None:
    """As with a real tester that answers a number: it adds the number to a text."""
    async with SimulatedCycler() as cycler:
        with pytest.raises(TypeError):
            await use(cycler, lambda client: client.start_test_with_procedure(), test_procedure="No such")


def steps_of_direct_mode(client: Any) -> list[dict[str, Any]]:
    """Start, charge, watch, discharge, watch. Refused set points are tried again, as users do."""
    assert client.start_test_with_direct_control()
    seen = []
    for ampere, volt in ((2.0, 4.2), (-2.0, 3.0)):
        while not client.set_direct_mode_output(ampere, volt):
            pass
        begin = client.read_channel_status()["StepTime"]
        while (status := client.read_channel_status())["StepTime"] < begin + 20.0:
            pass
        seen.append(status)
    return seen


async def test_direct_mode_moves_the_voltage() -> None:
    async with SimulatedCycler(speed=SPEED) as cycler:
        before = cycler.channel(5).cell.voltage_volt
        charging, discharging = await use(cycler, steps_of_direct_mode)
        assert (charging["RF1"], charging["Current"]) == (1, 2.0)
        assert (discharging["RF1"], discharging["Current"]) == (2, 2.0)
        assert charging["Voltage"] > before + 0.05
        assert discharging["Voltage"] < before - 0.05


async def test_its_rest_goes_to_the_wrong_channel() -> None:
    """Channel 5 is wire channel 4; pymacnet 1.1.3 sends its binary rest to wire channel 6."""
    async with SimulatedCycler() as cycler:
        assert await use(cycler, lambda client: client.set_direct_mode_output(0)) is True
        (record,) = cycler.received.of(6, 8)
        assert (record.transport, record.wire_channel) == (Transport.BINARY_TCP, 6)


def test_its_own_tests_can_have_this_spoofer() -> None:
    """What `bench.pymacnet_suite` gives them counts channels from 0 and knows wrong names."""
    ports = {"server_ip": "127.0.0.1", "json_port": 0, "tcp_port": 0}
    stand_in = StandIn({**ports, "num_channels": 12}, profile="pymacnet")
    stand_in.start()
    try:
        assert stand_in.update_channel_status(1, {"Voltage": 4.2, "TestTime": 7.69})
        assert not stand_in.update_channel_status(1, {"Voltage": 2.1, "Fake_Key": 7.69})
        cycler = stand_in.simulated.cycler
        with closing(pymacnet.CyclerInterface(config(cycler))) as client:
            assert client.get_num_channels() == 12
        with closing(pymacnet.ChannelInterface(config(cycler, channel=2))) as client:
            reading = client.read_channel_status()
        with closing(pymacnet.ChannelInterface(config(cycler, channel=1))) as client:
            other = client.read_channel_status()
    finally:
        stand_in.stop()
    assert (reading["Voltage"], reading["TestTime"], other["Voltage"]) == (4.2, 7.69, 3.85)
