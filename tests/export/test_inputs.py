"""Auxiliary inputs beside readings: each measurement once, at its place."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from macnet_bridge.export.inputs import Input, with_inputs

NAMES = ["ambient_temperature_celsius", "surface_temperature_celsius"]


def joined(times: list[float], inputs: list[tuple[float, str, float]]) -> list[tuple[Any, ...]]:
    return list(with_inputs(((at,) for at in times), 0, map(Input._make, inputs), NAMES))


def test_a_measurement_stands_in_the_first_reading_at_or_after_it_and_in_no_other() -> None:
    measured = [(0.5, NAMES[1], 21.0), (2.0, NAMES[1], 22.0), (2.5, NAMES[0], 20.0), (9.0, NAMES[1], 29.0)]
    assert joined([1.0, 2.0, 3.0, 4.0], measured) == [
        (1.0, None, 21.0),
        (2.0, None, 22.0),
        (3.0, 20.0, None),
        (4.0, None, None),
    ]


def test_of_two_for_one_reading_the_later_one_counts() -> None:
    assert joined([1.0], [(0.1, NAMES[0], 20.0), (0.2, NAMES[0], 21.0)]) == [(1.0, 21.0, None)]


TIMES = st.lists(st.integers(0, 50).map(float), max_size=20).map(sorted)


@given(TIMES, TIMES)
def test_nothing_is_made_up_and_nothing_twice(readings: list[float], measured: list[float]) -> None:
    """The value says when it was measured."""
    rows = joined(readings, [(at, NAMES[0], at) for at in measured])
    assert [row[0] for row in rows] == readings
    found = [(row[0], row[1]) for row in rows if row[1] is not None]
    assert len({value for _, value in found}) == len(found)
    for at, value in found:
        assert value in measured
        assert value <= at
        assert not any(value <= other < at for other in readings)
