"""Channels are up to date by themselves, and a speed that is too high harms nobody."""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import datetime
from itertools import pairwise

import pytest

from macnet_bridge.macnet.protocol.codes import ChannelState, RecordCause, StepCode
from macnet_bridge.macnet.protocol.functions import START_TEST
from macnet_bridge.macnet.protocol.messages import Outcome, StartTest
from macnet_bridge.simulator import Behaviour, SimulatedCycler
from macnet_bridge.simulator import ticker as ticker_module
from macnet_bridge.simulator.answers.device import handle
from macnet_bridge.simulator.clock import Clock
from macnet_bridge.simulator.machine.channel import Channel
from macnet_bridge.simulator.machine.procedure.rows import (
    Amount,
    Comparison,
    Do,
    End,
    Finish,
    Loop,
    Procedure,
    Quantity,
    Step,
)
from macnet_bridge.simulator.machine.progress import Progress
from macnet_bridge.simulator.machine.tester import Tester
from macnet_bridge.simulator.ticker import Ticker
from tests.patience import PATIENCE_S
from tests.simulator.peers import FakeClock, JsonPeer, json_peer


async def start_all(cycler: SimulatedCycler, peer: JsonPeer) -> None:
    for chan in range(cycler.channels):
        reply = await peer.result(
            6, 2, Chan=chan, TestName=f"t{chan}", ProcName="CCCV_1C", Crate=2.5, Comment=""
        )
        assert reply["Result"] == "OK"


async def completed(cycler: SimulatedCycler) -> None:
    """Wait until all tests are over. What is asked meanwhile brings no channel up to date."""
    async with asyncio.timeout(PATIENCE_S), json_peer(cycler) as peer:
        while any(channel.state is not ChannelState.COMPLETED for channel in cycler.tester.channels):
            await peer.ask(1, 1)


async def test_tests_run_to_their_end_while_nobody_asks() -> None:
    async with SimulatedCycler(channels=4, speed=5000) as cycler, json_peer(cycler) as peer:
        await start_all(cycler, peer)
        await completed(cycler)
        assert {channel.progress.record_cause for channel in cycler.tester.channels} == {
            RecordCause.NORMAL_END
        }


async def test_nothing_ticks_by_a_clock_of_ones_own(clock: FakeClock) -> None:
    before = asyncio.all_tasks()
    async with SimulatedCycler(clock=clock):
        assert asyncio.all_tasks() == before
    async with SimulatedCycler(profile="pymacnet"):
        assert asyncio.all_tasks() == before


async def test_a_stopped_cycler_ticks_no_more_and_catches_up_later() -> None:
    before = asyncio.all_tasks()
    cycler = SimulatedCycler(channels=2, speed=5000)
    async with cycler:
        async with json_peer(cycler) as peer:
            await start_all(cycler, peer)
        await cycler.stop()
        assert asyncio.all_tasks() == before
        await cycler.start()
        await completed(cycler)
    assert asyncio.all_tasks() == before


class HeavyChannel(Channel):
    """A channel on a computer that takes 0.1 s for each second of the tester's."""

    computed_until: float | None = None

    def advance_some(self, now: float, most_slices: float) -> bool:
        passed = now - self.computed_until if self.computed_until is not None else 0.0
        end = time.thread_time() + 0.1 * passed
        while time.thread_time() < end:
            pass
        self.computed_until = max(now, self.computed_until or now)
        return super().advance_some(now, most_slices)


async def test_a_machine_that_is_too_slow_stays_responsive_and_skips_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """32 such channels would take 3.2 s of each second."""
    caplog.set_level(logging.WARNING, ticker_module.__name__)
    async with SimulatedCycler(channels=32, speed=5000, seed=3) as cycler, json_peer(cycler) as peer:
        assert cycler.speed_reached == 5000
        for channel in cycler.tester.channels:
            channel.__class__ = HeavyChannel
        await start_all(cycler, peer)
        took: list[float] = []
        async with asyncio.timeout(PATIENCE_S):
            while not caplog.records:
                began = time.thread_time()  # what others make of this machine is not counted
                await peer.result(4, 7, Chan=len(took) % 32)
                took.append(time.thread_time() - began)
        assert cycler.speed_reached < 2500
        assert sorted(took)[len(took) * 9 // 10] < 0.25
        await completed(cycler)
        slow = [channel.progress for channel in cycler.tester.channels]
    (warning,) = caplog.messages
    assert warning.startswith("this computer is too slow for 32 channels at speed 5000: it reaches ")
    for found, right in zip(slow, await at_once(3), strict=True):
        assert (found.step_id, found.record_cause) == (right.step_id, right.record_cause)
        assert found.test_second == pytest.approx(right.test_second, rel=0.01)
        assert found.step_capacity_ah == pytest.approx(right.step_capacity_ah, rel=0.01)


async def at_once(seed: int) -> list[Progress]:
    """The same tests in a time that passes at once."""
    clock = FakeClock()
    async with SimulatedCycler(channels=32, seed=seed, clock=clock) as cycler, json_peer(cycler) as peer:
        await start_all(cycler, peer)
        clock.pass_by(3 * 3600.0)
        return [cycler.channel(number).progress for number in range(1, 33)]


async def test_others_work_while_a_round_computes() -> None:
    """The past of 32 such channels takes 0.32 s, and each of them is a chunk of its own."""
    clock, tester = FakeClock(), Tester(32)
    tester.power_on(clock(), datetime(2026, 1, 1))  # noqa: DTZ001
    for channel in tester.channels:
        channel.__class__ = HeavyChannel
    tester.advance(clock())
    clock.pass_by(0.1)
    ticking = asyncio.create_task(Ticker(tester, Clock(clock), 1.0).run())
    turns = 0
    async with asyncio.timeout(PATIENCE_S):
        while tester.channels[-1].computed_until < clock():  # type: ignore[attr-defined]
            turns += 1
            await asyncio.sleep(0)
    ticking.cancel()
    assert turns >= 32


def busy(times: int) -> Procedure:
    """Steps of a tick each, a hundred in every second of the test."""
    over = (End(Quantity.STEP_TIME, Comparison.AT_LEAST, Amount(0.01), 3),)
    step = Step(StepCode.CHARGE, Quantity.CURRENT, Amount(0.01), ends=over)
    return Procedure("busy", "", (Do(1), step, Loop(1, 1, times, 4), Finish()))


async def test_others_work_while_one_channel_computes() -> None:
    """Its past are 4000 steps, some tenths of a second to compute: as many as its slices."""
    clock = FakeClock()
    tester = Tester(1, procedures={"busy": busy(100_000)}, behaviour=Behaviour(starting_second=0.0))
    tester.power_on(clock(), datetime(2026, 1, 1))  # noqa: DTZ001
    handle(tester, START_TEST, 1, StartTest(test_name="t", procedure="busy", c_rate_ah=2.5), clock())
    clock.pass_by(40.0)
    ticking = asyncio.create_task(Ticker(tester, Clock(clock), 1.0).run())
    (channel,) = tester.channels
    steps = []
    async with asyncio.timeout(PATIENCE_S):
        while channel.seen < clock():
            steps.append(channel.progress.record_index)
            await asyncio.sleep(0)
    ticking.cancel()
    assert max(later - earlier for earlier, later in pairwise(steps)) < 2000
    assert channel.progress.test_second == pytest.approx(40.0)


def test_in_parts_a_channel_gets_to_where_it_gets_at_once() -> None:
    found = []
    for most_slices in (1, 7, 10_000):
        tester = Tester(1, procedures={"busy": busy(100)})
        tester.power_on(0.0, datetime(2026, 1, 1))  # noqa: DTZ001
        handle(tester, START_TEST, 1, StartTest(test_name="t", procedure="busy", c_rate_ah=2.5), 0.0)
        (channel,) = tester.channels
        rounds = 1
        while not channel.advance_some(100.0, most_slices):
            rounds += 1
        assert (rounds > 10) is (most_slices < 10)
        found.append(channel.progress)
    assert found[0].record_index == found[1].record_index == found[2].record_index
    assert found[0].test_second == pytest.approx(found[2].test_second, abs=1e-6)


async def test_a_machine_that_is_fast_enough_loses_no_time() -> None:
    at_once = Behaviour(starting_second=0.0)
    async with SimulatedCycler(channels=2, speed=10, behaviour=at_once) as cycler, json_peer(cycler) as peer:
        await start_all(cycler, peer)
        first = await timed(peer)
        last = first
        while last[0] - first[0] < 2.5:
            last = await timed(peer)
        assert cycler.speed_reached == pytest.approx(10.0, rel=0.01)
        passed = last[1] - first[1]
        assert 10.0 * (last[0] - first[2]) - 0.1 <= passed <= 10.0 * (last[2] - first[0]) + 0.1


async def timed(peer: JsonPeer) -> tuple[float, float, float]:
    """When the test time was asked for, what it was, and when it was there."""
    asked = time.monotonic()
    second: float = (await peer.result(4, 7, Chan=0))["TestTime"]
    return asked, second, time.monotonic()


async def test_a_channel_that_cannot_be_computed_is_a_problem_and_the_others_go_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tester = Tester(2, speed=1000.0, behaviour=Behaviour(starting_second=0.0))
    clock = Clock(time.monotonic)
    tester.power_on(clock(), datetime(2026, 1, 1))  # noqa: DTZ001  MacNet gives times without a zone
    for channel in (1, 2):
        start = StartTest(test_name=f"t{channel}", procedure="CCCV_1C", c_rate_ah=2.5)
        assert handle(tester, START_TEST, channel, start, clock()) == Outcome(result=0)
    tester.channel(1).cell.capacity_ah = 0.0  # which it divides by
    ticking = asyncio.create_task(Ticker(tester, clock, 1000.0).run())
    async with asyncio.timeout(PATIENCE_S):
        while tester.channel(2).state is not ChannelState.COMPLETED:  # noqa: ASYNC110 - states set no event
            await asyncio.sleep(0.01)
    assert tester.channel(1).state is ChannelState.PROBLEM
    assert tester.channel(1).progress.record_cause is RecordCause.PROBLEM_SLAVE_ERROR
    errors = [record.message for record in caplog.records if record.levelno == logging.ERROR]
    assert errors == ["channel 1 cannot be computed; it stands still as a problem"]
    assert not ticking.done()
    ticking.cancel()
