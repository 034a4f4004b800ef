"""One id over restarts of broker and bridge: sent again until it is answered, carried out once."""

from __future__ import annotations

import asyncio
import sys

import pytest

from macnet_bridge.client import LeaseOver
from macnet_bridge.kill_points import VARIABLE
from macnet_bridge.macnet.protocol.codes import ChannelState
from macnet_bridge.simulator import SimulatedCycler
from tests.bridge.conftest import Lab
from tests.bridge.running import ALLOW_ALL, FAST, cycler_table
from tests.client.conftest import client_of
from tests.client.test_commands import LIMITS
from tests.client.test_lease import READY

pytestmark = pytest.mark.needs_real_broker
VERSIONS = ["5", "4"]


async def sent(cycler: SimulatedCycler, count: int = 1) -> None:
    """Until the tester got so many starts."""
    while len(cycler.received.of(6, 2, 1)) < count:  # noqa: ASYNC110 - the log wakes for one at a time
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("protocol", VERSIONS)
async def test_the_broker_is_restarted_while_a_start_is_under_way(own_lab: Lab, protocol: str) -> None:
    lab = own_lab
    cycler = await lab.cycler(2, latency_ms=150)
    await lab.bridge(cycler_table(cycler))
    await lab.online(await lab.peer())
    async with client_of(lab, protocol=protocol) as client:
        start = client["lab1"][1].start_test(procedure="CCCV_1C", c_rate_ah=2.5, expires_s=20)
        task = asyncio.create_task(start)
        async with asyncio.timeout(20):
            await sent(cycler)
        lab.broker.stop()
        lab.broker.start()
        assert (await task).status == "done"
    assert len(cycler.received.of(6, 2, 1)) == 1


@pytest.mark.parametrize("protocol", VERSIONS)
async def test_the_bridge_is_killed_while_a_start_is_under_way(lab: Lab, protocol: str) -> None:
    cycler = await lab.cycler(2, latency_ms=100)
    peer = await lab.peer()
    process = lab.process(cycler_table(cycler), more=ALLOW_ALL + FAST)
    process.start()
    await lab.online(peer)
    async with client_of(lab, protocol=protocol) as client:
        start = client["lab1"][1].start_test(
            procedure="CCCV_1C", c_rate_ah=2.5, test_name="once", expires_s=20
        )
        task = asyncio.create_task(start)
        async with asyncio.timeout(20):
            await sent(cycler)
        process.kill()
        process.start()
        answer = await task
    assert (answer.status, answer.verified) == ("done", "read_back")
    assert len(cycler.received.of(6, 2, 1)) == 1


async def test_a_command_waits_for_a_broker_that_is_away(own_lab: Lab) -> None:
    lab = own_lab
    await lab.bridge(cycler_table(await lab.cycler(1)))
    await lab.online(await lab.peer())
    async with client_of(lab) as client:
        lab.broker.stop()
        task = asyncio.create_task(client["lab1"][1].read_status(expires_s=20))
        await asyncio.sleep(0)
        lab.broker.start()
        assert (await task).status == "done"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
async def test_a_lease_that_went_with_the_bridge_is_no_lease(lab: Lab) -> None:
    cycler = await lab.cycler(2, behaviour=READY)
    process = lab.process(cycler_table(cycler, more=LIMITS), more=ALLOW_ALL + FAST)
    process.start(environment={VARIABLE: "after_reply"})
    peer = await lab.peer()
    await lab.online(peer)
    async with client_of(lab) as client:

        async def charge() -> None:
            async with client["lab1"][1].direct(voltage_volt=4.2, current_ampere=0.5, expires_s=60):
                raise AssertionError("there is no lease to set an output with")

        charging = asyncio.create_task(charge())
        await asyncio.to_thread(process.wait)  # it kills itself
        process.start()
        with pytest.raises(LeaseOver, match="the bridge restarted"):
            await charging
    assert cycler.channel(1).state is ChannelState.SUSPENDED
    assert len(cycler.received.of(6, 7, 1)) == 1
