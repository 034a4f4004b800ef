"""Another tester behind the address of the one that was found."""

from __future__ import annotations

import pytest

from macnet_bridge.simulator import SimulatedCycler
from macnet_bridge.telemetry.dues import Intervals
from tests.telemetry.polls import online, polled, quick_clock


@pytest.mark.parametrize("channels", [2, 8])
async def test_another_tester_that_comes_between_two_reads(channels: int) -> None:
    async with polled(intervals=Intervals(0.5, 0.5, 60.0)) as it:
        await it.record.wait("4/telemetry/state", lambda state: state["quality"] == "good")
        await it.record.wait("telemetry/sweep", since=it.mark)
        mark = it.mark
        await it.simulated.stop()
        ports = {name: getattr(it.simulated, name) for name in ("json_port", "tcp_port", "udp_port")}
        async with SimulatedCycler(channels, clock=quick_clock, **ports):
            await it.record.wait("status", lambda status: status["state"] == "offline", mark)
            await it.record.wait("4/telemetry/state", lambda state: state["quality"] == "stale", mark)
            info = await it.record.wait("info", lambda info: info["channel_count"] == channels, mark)
            assert info["channels"] == it.tester.channels == list(range(1, channels + 1))


@pytest.mark.parametrize("intervals", [Intervals(0.5, 0.0, 0.0), Intervals(0.0, 0.5, 0.5)])
async def test_nothing_of_another_tester_is_published_as_of_the_one_before(intervals: Intervals) -> None:
    async with polled(intervals=intervals) as it:
        await it.record.wait("4/telemetry/reading")
        mark = it.mark
        await it.simulated.stop()
        ports = {name: getattr(it.simulated, name) for name in ("json_port", "tcp_port", "udp_port")}
        async with SimulatedCycler(8, clock=quick_clock, **ports):
            await it.record.wait("status", lambda status: status["state"] == "offline", mark)
            leaves = [topic.rsplit("/", 1)[1] for topic, *_ in it.record.messages[mark:]]
            assert not {"reading", "sweep"} & set(leaves)


async def test_cut_connections_are_not_yet_an_absence() -> None:
    async with polled() as it:
        await it.record.wait("status", online)
        mark = it.mark
        for _ in range(5):
            it.simulated.disconnect_all()
            await it.record.wait("telemetry/sweep", since=it.mark)
        assert "offline" not in [status["state"] for status in it.record.on("status", mark)]
