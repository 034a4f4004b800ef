"""What to read next from one tester. Pure: the time is an argument.

Every kind of read has a period. Its next turn is a period after the last one was due, not
after it was done, so that a slow reply does not stretch the interval; turns that were missed
are not made up for, so that no queue builds.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Intervals:
    """Seconds between reads of one kind; 0 turns it off."""

    sweep_s: float = 1.0
    active_s: float = 1.0
    idle_s: float = 60.0


@dataclass(frozen=True, slots=True)
class SweepDue:
    """A sweep of all channels is due."""


@dataclass(frozen=True, slots=True)
class ReadingDue:
    """A full reading of one channel is due."""

    channel: int


Due = SweepDue | ReadingDue


class Schedule:
    """Turns of one tester's reads. Times are monotonic seconds."""

    def __init__(self, intervals: Intervals, channels: Iterable[int], now: float, *, sweeps: bool) -> None:
        """
        Args:
            sweeps: whether this tester has the bulk functions. Without them nothing else tells
                which channels are active, so all of them are read at the active interval.
        """
        self._intervals = intervals
        self._sweeps = sweeps and intervals.sweep_s > 0
        self._active: set[int] = set()
        self._turns: list[tuple[float, int]] = [(now, channel) for channel in channels]
        self._turn_of = {channel: now for _, channel in self._turns}
        self._sweep_turn = now
        self._just_swept = False
        # In the order of their calls; a dict, because a set has none.
        self._hurried: dict[int, None] = {}
        heapq.heapify(self._turns)

    def set_active(self, channel: int, active: bool, now: float) -> None:
        """A channel began or ended to run a test: read it at once, and from then on as often."""
        if active != (channel in self._active):
            (self._active.add if active else self._active.discard)(channel)
            self.hurry(channel, now)

    def hurry(self, channel: int, now: float) -> None:
        """Read a channel as soon as may be: before all that wait for their turn."""
        if channel in self._turn_of and channel not in self._hurried:
            self._hurried[channel] = None
            self._set_turn(channel, now)

    def next_due(self, now: float) -> Due | None:
        """What to read now, None when nothing is due.

        A sweep goes before readings, but two sweeps never before one: where a sweep takes
        longer than its period, nothing else would ever be read.
        """
        reading = self._due_reading(now)
        if self._sweeps and self._sweep_turn <= now and not (self._just_swept and reading):
            self._sweep_turn = _next_turn(self._sweep_turn, self._intervals.sweep_s, now)
            self._just_swept = True
            return SweepDue()
        self._just_swept = False
        if reading is None:
            return None
        turn, channel = reading
        self._hurried.pop(channel, None)
        self._set_turn(channel, _next_turn(turn, self._interval(channel), now))
        return ReadingDue(channel)

    def next_turn(self) -> float:
        """When something is due next; infinity when nothing ever is."""
        self._drop_outdated()
        turns = [self._turns[0][0]] if self._turns else []
        turns += [self._turn_of[channel] for channel in self._hurried]
        if self._sweeps:
            turns.append(self._sweep_turn)
        return min(turns, default=float("inf"))

    def _interval(self, channel: int) -> float:
        i = self._intervals
        return i.active_s if channel in self._active or not self._sweeps else i.idle_s

    def _due_reading(self, now: float) -> tuple[float, int] | None:
        """Turn and channel of the reading that goes first."""
        for channel in self._hurried:
            return self._turn_of[channel], channel
        self._drop_outdated()
        return self._turns[0] if self._turns and self._turns[0][0] <= now else None

    def _set_turn(self, channel: int, turn: float) -> None:
        self._turn_of[channel] = turn
        if turn < float("inf"):
            heapq.heappush(self._turns, (turn, channel))

    def _drop_outdated(self) -> None:
        """Forget turns that were moved; the heap holds the new ones as well."""
        while self._turns and self._turn_of[self._turns[0][1]] != self._turns[0][0]:
            heapq.heappop(self._turns)


def _next_turn(turn: float, interval_s: float, now: float) -> float:
    if interval_s <= 0:
        return float("inf")
    missed = max(0, int((now - turn) // interval_s))
    return turn + (missed + 1) * interval_s
