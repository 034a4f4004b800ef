"""Channels are up to date by themselves, and a speed that is too high harms nobody."""

from __future__ import annotations

import asyncio
import logging
import time

import pytest

from macnet_bridge.macnet.protocol.codes import ChannelState, RecordCause
from macnet_bridge.simulator import SimulatedCycler
from macnet_bridge.simulator import ticker as ticker_module
from macnet_bridge.simulator.channel import Channel
from macnet_bridge.simulator.progress import Progress
from tests.simulator.peers import FakeClock, JsonPeer, json_peer

PATIENCE_SECOND = 40.0


async def start_all(cycler: SimulatedCycler, peer: JsonPeer) -> None:
    for chan in range(cycler.channels):
        reply = await peer.result(
            6, 2, Chan=chan, TestName=f"t{chan}", ProcName="CCCV_1C", Crate=2.5, Comment=""
        )
        assert reply["Result"] == "OK"


async def completed(cycler: SimulatedCycler) -> None:
    """Wait until all tests are over. What is asked meanwhile brings no channel up to date."""
    async with asyncio.timeout(PATIENCE_SECOND), json_peer(cycler) as peer:
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

    def advance(self, now: float) -> None:
        passed = now - self.computed_until if self.computed_until is not None else 0.0
        end = time.thread_time() + 0.1 * passed
        while time.thread_time() < end:
            pass
        self.computed_until = max(now, self.computed_until or now)
        super().advance(now)


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
        async with asyncio.timeout(PATIENCE_SECOND):
            while not caplog.records:
                began = time.monotonic()
                await peer.result(4, 7, Chan=len(took) % 32)
                took.append(time.monotonic() - began)
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


async def test_a_machine_that_is_fast_enough_loses_no_time() -> None:
    async with SimulatedCycler(channels=2, speed=10) as cycler, json_peer(cycler) as peer:
        await start_all(cycler, peer)
        begin = time.monotonic()
        first = (await peer.result(4, 7, Chan=0))["TestTime"]
        while time.monotonic() - begin < 2.5:
            last = (await peer.result(4, 7, Chan=0))["TestTime"]
        assert cycler.speed_reached == pytest.approx(10.0, rel=0.01)
        assert last - first == pytest.approx(25.0, abs=1.0)
