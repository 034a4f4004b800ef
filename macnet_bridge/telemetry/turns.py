"""Whose turn it is among channels that are read with one period. Pure: the time is an argument.

The next turn is a period after the last one was due, not after it was taken, so that a slow reply
does not stretch the period; turns that were missed are not made up for, so that no queue builds.
"""

from __future__ import annotations

import heapq

NEVER = float("inf")


def turn_after(turn: float, interval_s: float, now: float) -> tuple[float, float]:
    """The turn after one that is taken now, and how much of a turn, or of many, is missed by it.

    One that is taken up to half an interval late does not move the next. After that the next one
    is half an interval away: neither at once, nor only when the old grid would have it, for which
    some channels of a slow tester would wait longer than others again and again.
    """
    if interval_s <= 0:
        return NEVER, 0.0
    in_time, after_pause = turn + interval_s, now + interval_s / 2
    return max(in_time, after_pause), max(0.0, after_pause - in_time) / interval_s


class Turns:
    """Turns of some channels, the one that waits longest first. Times are monotonic seconds.

    Attributes:
        interval_s: between two turns of a channel; 0 gives each only the turns that are set.
    """

    def __init__(self, interval_s: float) -> None:
        self.interval_s = interval_s
        self._turn_of: dict[int, float] = {}
        # Of equal turns, which slow testers make, the one that was taken longest ago goes first.
        self._taken_at: dict[int, float] = {}
        self._heap: list[tuple[float, float, int]] = []

    def __len__(self) -> int:
        return len(self._turn_of)

    def __contains__(self, channel: int) -> bool:
        return channel in self._turn_of

    def set(self, channel: int, turn: float) -> None:
        """Give a channel its turn at this time, and no other."""
        self._turn_of[channel] = turn
        if turn < NEVER:
            heapq.heappush(self._heap, (turn, self._taken_at.get(channel, 0.0), channel))

    def remove(self, channel: int) -> None:
        """It has no turns any more; nothing when it had none."""
        self._turn_of.pop(channel, None)

    def first(self) -> float:
        """When the first turn is; infinity when there is none."""
        # Turns that were moved stay in the heap until they come up.
        while self._heap and self._turn_of.get(self._heap[0][2]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else NEVER

    def take(self, now: float) -> tuple[int, float]:
        """Whose turn is first, and how many turns it missed, parts included. It gets its next one."""
        turn, channel = self.first(), self._heap[0][2]
        next_turn, missed = turn_after(turn, self.interval_s, now)
        self._taken_at[channel] = now
        self.set(channel, next_turn)
        return channel, missed
