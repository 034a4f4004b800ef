"""The course of a test: in which order its readings are, and which of them are of the test. No I/O.

Readings count by (run, seq), and that is their order in time, unless the bridge got a new data directory
meanwhile, where `run` begins at 1 again. A test has ended where its channel is `completed` or in a
`problem`; the first such reading shows its last values, and those after it only that nobody took the
cell out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

_ENDED = frozenset({"completed", "problem"})
_GONE = frozenset({"available", "selected", "reset"})
_BACK_SECOND = 1.0
"""By so much the test time of one and the same test never goes back."""


class Mark(NamedTuple):
    """What is needed of a reading to place it. Times in seconds, None where it has none."""

    run: int
    seq: int
    unix_time_second: float
    test_time_second: float | None
    state: str | None


class Idle:
    """Tells the readings after the end of a test from those of the test, in their order."""

    def __init__(self) -> None:
        self._has_ended = False

    def is_idle(self, state: str | None) -> bool:
        """Whether the next reading is after the end; the first that shows the end is not."""
        had_ended, self._has_ended = self._has_ended, state in _ENDED
        return state in _GONE or (had_ended and self._has_ended)


@dataclass(slots=True)
class Course:
    """What a look over all readings showed.

    Attributes:
        readings: how many there are.
        idle: how many of them are from after the end.
        begun: Unix times of the first reading, and of each where the test time starts again: more
            than one means tests that share a name.
        first, last: the lowest and the highest (run, seq).
        is_shuffled: (run, seq) is not the order in time.
    """

    readings: int = 0
    idle: int = 0
    begun: list[float] = field(default_factory=list)
    first: tuple[int, int] = (0, 0)
    last: tuple[int, int] = (0, 0)
    is_shuffled: bool = False


def course_of(marks: Iterable[Mark]) -> Course:
    """Look over the readings of a test, in the order in which they are to stand."""
    course, idle = Course(), Idle()
    before: Mark | None = None
    reached: float | None = None
    for mark in marks:
        _count(course, mark)
        course.is_shuffled |= before is not None and _is_misplaced(before, mark)
        before = mark
        if idle.is_idle(mark.state):
            course.idle += 1
            continue
        if not course.begun or _starts_again(reached, mark.test_time_second):
            course.begun.append(mark.unix_time_second)
        reached = mark.test_time_second
    return course


def _count(course: Course, mark: Mark) -> None:
    here = (mark.run, mark.seq)
    course.first = min(course.first, here) if course.readings else here
    course.last = max(course.last, here)
    course.readings += 1


def _is_misplaced(before: Mark, mark: Mark) -> bool:
    """Whether numbers say later and times say earlier, for more than a clock that was set within a run."""
    if (before.run, before.seq) == (mark.run, mark.seq):
        return True
    return before.run != mark.run and mark.unix_time_second < before.unix_time_second


def _starts_again(reached: float | None, now: float | None) -> bool:
    return reached is not None and now is not None and now < reached - _BACK_SECOND
