"""Direct control as a block of code: the channel rests on every way out of it."""

from __future__ import annotations

import asyncio

import pytest

from macnet_bridge.client import BridgeClient, PreconditionFailed
from macnet_bridge.macnet.protocol.codes import ChannelState
from macnet_bridge.simulator import Behaviour, SimulatedCycler
from tests.bridge.conftest import Lab
from tests.bridge.running import cycler_table
from tests.client.conftest import client_of
from tests.client.test_commands import LIMITS

READY = Behaviour(starting_second=0.0, direct_ready_second=0.0)


@pytest.fixture
async def cycler(lab: Lab) -> SimulatedCycler:
    cycler = await lab.cycler(2, behaviour=READY)
    await lab.bridge(cycler_table(cycler, more=LIMITS))
    await lab.online(await lab.peer())
    return cycler


def check_rested(cycler: SimulatedCycler) -> None:
    assert cycler.channel(1).state is ChannelState.SUSPENDED
    assert cycler.received.of(6, 3, 1)


async def test_setpoints_are_numbered_and_the_end_is_rest(
    lab: Lab, cycler: SimulatedCycler, protocol: str
) -> None:
    async with client_of(lab, protocol=protocol) as client:
        async with client["lab1"][1].direct(voltage_volt=4.2, valid_for_s=5) as lease:
            assert lease.test_name
            for ampere in (0.5, 1.0, -0.5):
                assert (await lease.set_output(current_ampere=ampere)).status == "done"
            assert lease.n == 3
            assert cycler.channel(1).state is ChannelState.ACTIVE
        check_rested(cycler)
        with pytest.raises(PreconditionFailed) as over:
            await lease.set_output(current_ampere=0.5)
        assert over.value.code == "NO_LEASE"


async def charge_and_divide(client: BridgeClient, divisor: int) -> float:
    async with client["lab1"][1].direct(voltage_volt=4.2) as lease:
        await lease.set_output(current_ampere=1.0)
        return 1 / divisor


async def test_an_exception_leaves_the_channel_at_rest(lab: Lab, cycler: SimulatedCycler) -> None:
    async with client_of(lab) as client:
        with pytest.raises(ZeroDivisionError):
            await charge_and_divide(client, 0)
        check_rested(cycler)


async def charge_for_ever(client: BridgeClient, running: asyncio.Event) -> None:
    async with client["lab1"][1].direct(voltage_volt=4.2) as lease:
        await lease.set_output(current_ampere=1.0)
        running.set()
        await asyncio.Event().wait()


async def test_cancellation_leaves_the_channel_at_rest_even_twice(lab: Lab, cycler: SimulatedCycler) -> None:
    async with client_of(lab) as client:
        running = asyncio.Event()
        task = asyncio.create_task(charge_for_ever(client, running))
        await running.wait()
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        check_rested(cycler)


async def test_cancellation_while_it_starts_leaves_the_channel_at_rest(
    lab: Lab, cycler: SimulatedCycler
) -> None:
    async with client_of(lab) as client:
        task = asyncio.create_task(charge_for_ever(client, asyncio.Event()))
        while not cycler.received.of(6, 7, 1):  # noqa: ASYNC110 - the log wakes for one at a time
            await asyncio.sleep(0.005)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        check_rested(cycler)


async def test_a_start_that_is_refused_stops_nothing(lab: Lab, cycler: SimulatedCycler) -> None:
    async with client_of(lab) as client:
        await client["lab1"][1].start_test(procedure="CCCV_1C", c_rate_ah=2.5)
        with pytest.raises(PreconditionFailed) as busy:
            async with client["lab1"][1].direct(voltage_volt=4.2):
                pass
        assert busy.value.code == "CHANNEL_BUSY"
        assert cycler.received.of(6, 3, 1) == []
