"""How far a tester's clock is from ours, and whether it jumps. Pure: the times are arguments.

A tester tells its time in whole seconds, cut off, and without a zone. Each reply bounds the offset:
the tester's clock stood between the second that it tells and the next one, at some moment between
our question and its reply. The bounds of many replies together are far narrower than a second.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

OFFSET_BOUND_S = 5.0
"""Farther off than that, its zone taken away, a tester's clock raises an alarm."""

JUMP_S = 1.0
"""A change of at least so much between two replies is a jump; less may be drift."""

JUMP_HELD_S = 600.0
"""How long a jump is told."""

_WINDOW_S = 300.0  # bounds live one to two of these: clocks drift by less than 0.1 s in that time
_QUARTER_S = 900.0
_FARTHEST_ZONE_S = 14 * 3600.0


@dataclass(frozen=True, slots=True)
class Bounds:
    """Between which values an offset lies, in seconds."""

    low: float
    high: float

    @property
    def middle(self) -> float:
        return (self.low + self.high) / 2

    @property
    def width(self) -> float:
        return self.high - self.low

    def both(self, other: Bounds) -> Bounds:
        """What satisfies both; of negative width where nothing does."""
        return Bounds(max(self.low, other.low), min(self.high, other.high))

    def without_zone(self) -> Bounds:
        """The bounds after whole quarters of an hour are taken for the tester's zone."""
        zone = zone_second(self.middle)
        return Bounds(self.low - zone, self.high - zone)


def zone_second(offset_second: float) -> float:
    """The part of an offset that is taken for a time zone: whole quarters of an hour."""
    zone = round(offset_second / _QUARTER_S) * _QUARTER_S
    return zone if abs(zone) <= _FARTHEST_ZONE_S else 0.0


def bounds_of(tester_time: datetime, asked: float, answered: float) -> Bounds:
    """What one reply tells of the tester's clock, taken as UTC, minus ours.

    Args:
        asked, answered: Unix times of our clock.
    """
    shown = tester_time.replace(tzinfo=UTC).timestamp()
    return Bounds(shown - answered, shown + 1.0 - asked)


class TesterClock:
    """The clock of one tester, followed over its replies."""

    __test__ = False  # not a test case, whatever pytest makes of the name

    def __init__(self) -> None:
        self._older: Bounds | None = None
        self._newer: Bounds | None = None
        self._newer_since = 0.0
        self._jump: tuple[float, float] | None = None

    @property
    def offset(self) -> Bounds | None:
        """The tester's clock, taken as UTC, minus ours; None before the first reply."""
        if self._older is None or self._newer is None:
            return self._newer
        return self._older.both(self._newer)

    def jump(self, now: float) -> float | None:
        """By how much the clock jumped of late, in seconds, changes of its zone left out."""
        if self._jump is None or not 0.0 <= now - self._jump[0] < JUMP_HELD_S:
            return None
        return self._jump[1]

    def see(self, tester_time: datetime, asked: float, answered: float) -> None:
        """Take in one reply."""
        found, known = bounds_of(tester_time, asked, answered), self.offset
        if known is not None and known.both(found).width < 0.0:
            self._note_jump(known, found, answered)
            self._older = self._newer = None
        if self._newer is None:
            self._newer, self._newer_since = found, answered
        elif not 0.0 <= answered - self._newer_since < _WINDOW_S:
            self._older, self._newer, self._newer_since = self._newer, found, answered
        else:
            self._newer = self._newer.both(found)

    def _note_jump(self, known: Bounds, found: Bounds, now: float) -> None:
        """Tell a jump from drift, and from a new zone: summer time is no fault of a clock."""
        change = found.middle - known.middle
        beyond = change - zone_second(change)
        if abs(beyond) - (known.width + found.width) / 2 >= JUMP_S:
            self._jump = now, round(beyond, 1)
