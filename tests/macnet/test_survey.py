"""What a survey of a tester finds."""

from __future__ import annotations

import time

import pytest

from macnet_bridge.macnet import AsyncCycler, TesterAddress
from macnet_bridge.macnet.cycler import BulkTransport
from macnet_bridge.macnet.survey import survey
from macnet_bridge.simulator import Fault, SimulatedCycler
from tests.telemetry.polls import quick_clock


@pytest.mark.parametrize("transport", ["json", "tcp", "udp"])
async def test_one_lost_reply_does_not_make_a_function_missing(transport: BulkTransport) -> None:
    async with SimulatedCycler(4, clock=quick_clock) as simulated:
        simulated.faults.drop_replies(4, 2)
        address = TesterAddress(simulated.host, simulated.json_port, simulated.tcp_port, simulated.udp_port)
        async with AsyncCycler(address, timeout_s=0.3, transport=transport) as cycler:
            found = await survey(cycler, constant_id=False)
            assert found.missing == {}
            assert found.live
            simulated.faults.drop_replies(4, 2, count=2)
            assert set((await survey(cycler, constant_id=False)).missing) == {(4, 2)}


async def test_a_clock_that_stands_still() -> None:
    stopped = time.monotonic()
    async with (
        SimulatedCycler(4, clock=lambda: stopped) as simulated,
        AsyncCycler(TesterAddress(simulated.host, simulated.json_port)) as cycler,
    ):
        found = await survey(cycler, constant_id=False)
        assert not found.live
        assert any("stands still" in oddity for oddity in found.oddities)


async def test_a_survey_changes_nothing() -> None:
    async with (
        SimulatedCycler(4, clock=quick_clock) as simulated,
        AsyncCycler(TesterAddress(simulated.host, simulated.json_port)) as cycler,
    ):
        await survey(cycler, constant_id=False)
        asked = {record.number for record in simulated.received}
        assert not {(6, n) for n in range(1, 11)} & asked
        assert all(channel.startable for channel in simulated.tester.channels)


async def test_a_reply_that_is_garbled_once_makes_no_function_missing() -> None:
    async with SimulatedCycler(1, clock=quick_clock) as it:
        it.faults.add(Fault("garble", on=(4, 7), times=1))
        cycler = AsyncCycler(TesterAddress(it.host, it.json_port, it.tcp_port, it.udp_port))
        found = await survey(cycler, constant_id=False)
        cycler.close()
        assert (found.missing, found.live, found.doubtful) == ({}, True, False)
