"""The order of a test's readings, where it ends, and where another one begins."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from macnet_bridge.export.course import Course, Idle, Mark, course_of


def idle(*states: str | None) -> list[bool]:
    tells = Idle()
    return [tells.is_idle(state) for state in states]


def test_the_first_reading_of_the_end_is_of_the_test_and_those_after_it_are_not() -> None:
    assert idle("active", "completed", "completed", "completed") == [False, False, True, True]
    assert idle("active", "problem", "problem", "completed") == [False, False, True, True]


def test_a_pause_is_no_end() -> None:
    assert idle("active", "suspended", "suspended", "active") == [False] * 4


def test_a_test_that_goes_on_is_one_again() -> None:
    assert idle("completed", "completed", "active", "completed") == [False, True, False, False]


def test_an_empty_channel_has_no_test() -> None:
    assert idle("active", "available", "available") == [False, True, True]


def test_a_state_that_is_not_known_or_not_there_is_kept() -> None:
    assert idle("code_23", "code_23", None, None) == [False] * 4


def mark(seq: int, *, run: int = 1, time: float | None = None, unix: float | None = None) -> Mark:
    at = 1000.0 + seq if unix is None else unix
    return Mark(run, seq, at, float(seq) if time is None else time, "active")


def test_nothing_is_no_test() -> None:
    assert course_of([]) == Course(readings=0, idle=0, begun=[], first=(0, 0), last=(0, 0))


def test_a_run_of_readings_is_one_test() -> None:
    course = course_of([mark(1), mark(2), mark(3)])
    assert course == Course(readings=3, idle=0, begun=[1001.0], first=(1, 1), last=(1, 3))


def test_a_test_time_that_starts_again_is_another_test() -> None:
    course = course_of([mark(1, time=50.0), mark(2, time=60.0), mark(3, time=0.0), mark(4, time=10.0)])
    assert course.begun == [1001.0, 1003.0]


def test_a_test_time_that_stands_still_or_slips_a_little_is_the_same_test() -> None:
    course = course_of([mark(1, time=50.0), mark(2, time=50.0), mark(3, time=49.5)])
    assert course.begun == [1001.0]


def test_a_test_time_after_the_end_is_not_looked_at() -> None:
    rows = [Mark(1, 1, 1001.0, 80.0, "active"), Mark(1, 2, 1002.0, 0.0, "available")]
    assert (course_of(rows).begun, course_of(rows).idle) == ([1001.0], 1)


def test_a_clock_that_was_set_within_a_run_changes_no_order() -> None:
    assert not course_of([mark(1), mark(2, unix=900.0), mark(3)]).is_shuffled


def test_a_run_that_is_later_by_number_and_earlier_by_time_is_of_another_data_directory() -> None:
    assert course_of([mark(1, run=1, unix=2000.0), mark(1, run=2, unix=1000.0)]).is_shuffled
    assert not course_of([mark(1, run=1, unix=1000.0), mark(1, run=2, unix=2000.0)]).is_shuffled


def test_a_number_that_was_given_twice_is_of_another_data_directory() -> None:
    assert course_of([mark(7), mark(7, unix=5000.0)]).is_shuffled


@given(st.lists(st.sampled_from(["active", "suspended", "completed", "problem", "available"]), max_size=30))
def test_what_is_idle_is_counted_as_it_is_told(states: list[str]) -> None:
    course = course_of(Mark(1, seq, float(seq), 1.0, state) for seq, state in enumerate(states, 1))
    assert (course.readings, course.idle) == (len(states), sum(idle(*states)))
    assert sum(idle(*states)) <= len([state for state in states if state not in ("active", "suspended")])
