"""Keeps the channels of a tester up to date, so that a request never has to wait for their past."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque

from macnet_bridge.macnet.protocol.codes import ChannelState, RecordCause
from macnet_bridge.simulator.clock import Clock
from macnet_bridge.simulator.machine.channel import Channel
from macnet_bridge.simulator.machine.tester import Tester

log = logging.getLogger(__name__)

CHUNK_SECOND = 0.002
"""So long, or a little more, it computes before it lets others work."""

_SLICES = 20  # of a channel, which take a millisecond or two, before it looks how long it took

BACKLOG_SECOND = 0.05
"""The tester's clock is held where the computing that is due would take so long."""

_ROUND_TEST_SECOND = 10.0
_SHORTEST_ROUND_SECOND, _LONGEST_ROUND_SECOND = 0.05, 1.0
_MOST_ROUNDS_AHEAD = 4
_NEWS = 0.3  # how much the latest round says about the cost, against all before it
_TELLING_SECOND = 0.02  # so much computing says what a round costs before it is over
_MEASURED_SECOND, _LEAST_MEASURED_SECOND = 5.0, 2.0
_TOO_SLOW = 0.9


class Ticker:
    """Advances all channels in rounds, about one for every ten seconds of test time.

    When the machine is too slow for the speed, the tester's clock is held back: all of the
    tester runs slower then, and each of its slices is still computed.
    """

    def __init__(self, tester: Tester, clock: Clock, speed: float) -> None:
        self._tester = tester
        self._clock = clock
        self._speed = speed
        self._round_second = min(
            max(_ROUND_TEST_SECOND / speed, _SHORTEST_ROUND_SECOND), _LONGEST_ROUND_SECOND
        )
        self._cost = 0.0  # seconds of computing in one of the tester's
        self._lost: deque[tuple[float, float]] = deque()  # when, and how much of the tester's time
        self._has_warned = False
        self._broken: set[int] = set()

    @property
    def speed_reached(self) -> float:
        """Seconds of test time in one second, over the last five of them."""
        if self._measured_second <= 0.0:
            return self._speed
        lost_second = self._lost[-1][1] - self._lost[0][1]
        return self._speed * (1.0 - lost_second / self._measured_second)

    @property
    def _measured_second(self) -> float:
        return self._lost[-1][0] - self._lost[0][0] if self._lost else 0.0

    async def run(self) -> None:
        """Go on until cancelled."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        self._lost.clear()
        try:
            # The first round may have the past of a tester that was off, which says nothing about cost.
            seen = await self._round(None)
            while True:
                self._measure(time.monotonic())
                # A round that is missed is not made up for: the next one covers its time.
                due = max(due + self._round_second, loop.time())
                await asyncio.sleep(due - loop.time())
                seen = await self._round(seen)
        finally:
            self._clock.let_go()

    async def _round(self, seen: float | None) -> float:
        """Bring all channels, which are at `seen`, to now."""
        now, cost, spent = self._clock(), self._cost, 0.0
        channels = self._tester.channels
        todo = deque(channels)
        while todo:
            self._clock.hold_back(now + self._ahead_second(cost))
            spent += self._chunk(todo, now)
            if seen is not None and now > seen and (spent > _TELLING_SECOND or not todo):
                done = len(channels) - len(todo) + _share_done(todo, seen, now)
                cost = spent / (now - seen) * len(channels) / done if done else cost
            await asyncio.sleep(0)
        self._cost += _NEWS * (cost - self._cost)
        return now

    def _chunk(self, todo: deque[Channel], now: float) -> float:
        """Advance some channels. Returns the seconds of computing that it took."""
        began, end = time.thread_time(), time.perf_counter() + CHUNK_SECOND
        while todo and time.perf_counter() < end:
            if self._advance(todo[0], now):
                todo.popleft()
        return time.thread_time() - began

    def _advance(self, channel: Channel, now: float) -> bool:
        """Whether nothing is left to do for a channel. A fault of ours costs that one, not all of them."""
        if channel.number in self._broken:
            return True
        try:
            return channel.advance_some(now, _SLICES)
        except Exception:
            log.exception("channel %d cannot be computed; it stands still as a problem", channel.number)
            self._broken.add(channel.number)
            channel.state = ChannelState.PROBLEM
            channel.progress.record(RecordCause.PROBLEM_SLAVE_ERROR)
            return True

    def _ahead_second(self, cost: float) -> float:
        """How far the clock may run ahead of channels that cost so much."""
        most_second = _MOST_ROUNDS_AHEAD * self._round_second
        return most_second if cost * most_second <= BACKLOG_SECOND else BACKLOG_SECOND / cost

    def _measure(self, at: float) -> None:
        self._lost.append((at, self._clock.lost_second))
        # What is left reaches back so far, or farther after a pause: what was lost in it counts.
        while len(self._lost) > 2 and at - self._lost[1][0] >= _MEASURED_SECOND:
            self._lost.popleft()
        is_slow = self.speed_reached < _TOO_SLOW * self._speed
        if is_slow and self._measured_second >= _LEAST_MEASURED_SECOND and not self._has_warned:
            self._has_warned = True
            log.warning(
                "this computer is too slow for %d channels at speed %g: it reaches %.3g. All of the "
                "tester runs slower now, its clock and its 100 ms between outputs as well",
                len(self._tester.channels),
                self._speed,
                self.speed_reached,
            )


def _share_done(todo: deque[Channel], seen: float, now: float) -> float:
    """How far the channel at work is on its way from `seen` to `now`."""
    return min(max((todo[0].seen - seen) / (now - seen), 0.0), 1.0) if todo else 0.0
