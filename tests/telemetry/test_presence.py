"""What reads that fail say of a tester: degraded, or away."""

from __future__ import annotations

from macnet_bridge.simulator import Fault
from macnet_bridge.telemetry.dues import Intervals
from tests.telemetry.polls import Polled, online, polled


async def test_a_refused_sweep_is_degraded_until_it_works_again() -> None:
    async with polled() as it:
        await it.record.wait("telemetry/sweep")
        mark = it.mark
        it.simulated.faults.missing.add((4, 3))
        status = await it.record.wait("status", lambda status: status["state"] == "degraded", mark)
        assert "(4, 3)" in status["reason"]
        await it.record.wait("1/telemetry/reading", since=it.mark)
        mark = it.mark
        it.simulated.faults.missing.clear()
        await it.record.wait("status", online, mark)


async def test_a_refusal_between_two_losses_is_a_sign_of_life() -> None:
    """One channel, whose names are refused and whose readings are lost now and then."""
    async with polled(1, intervals=Intervals(0.0, 0.02, 0.02), timeout_s=0.5) as it:
        await it.record.wait("status", online)
        it.simulated.faults.missing.add((4, 6))
        it.simulated.channel(1).reset()
        await it.start_test(1)
        await it.record.wait("status", lambda status: status["state"] == "degraded")
        mark = it.mark
        for _ in range(3):
            it.simulated.faults.drop_replies(4, 7)
            await it.record.wait("1/telemetry/reading", since=it.mark, count=2)
        assert "offline" not in [status["state"] for status in it.record.on("status", mark)]


# --- replies that are garbled


async def in_one_go(it: Polled) -> None:
    """Wait until several readings are asked for together."""
    depth = it.poller._planner and it.poller._planner.budget.depth(4)
    await it.record.wait("8/telemetry/reading")
    while not depth or depth < 2:
        await it.record.wait("telemetry/sweep", since=it.mark)
        depth = it.poller._planner and it.poller._planner.budget.depth(4)


async def test_a_garbled_reply_among_several_is_no_absence_and_costs_no_other_channel_its_reading() -> None:
    async with polled(8, intervals=Intervals(0.05, 0.0, 0.2)) as it:
        await in_one_go(it)
        for _ in range(3):
            mark = it.mark
            it.simulated.faults.add(Fault("garbage", on=(4, 7), times=1))
            for channel in range(1, 9):
                await it.record.wait(f"{channel}/telemetry/reading", since=mark)
            await it.record.wait("telemetry/sweep", since=it.mark)
            states = [status["state"] for status in it.record.on("status", mark)]
            assert "offline" not in states


async def test_garbage_once_in_ten_replies_is_no_absence() -> None:
    async with polled(8, intervals=Intervals(0.02, 0.02, 0.02)) as it:
        await in_one_go(it)
        mark = it.mark
        it.simulated.faults.add(Fault("garbage", share=0.1))
        await it.record.wait("telemetry/sweep", since=mark, count=60)
        assert "offline" not in [status["state"] for status in it.record.on("status", mark)]


async def test_nothing_but_garbage_is_an_absence() -> None:
    async with polled() as it:
        await it.record.wait("status", online)
        it.simulated.faults.add(Fault("garbage"))
        await it.record.wait("status", lambda status: status["state"] == "offline", it.mark)
