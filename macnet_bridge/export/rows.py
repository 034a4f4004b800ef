"""The rows of a test as they are written: its readings, with auxiliary inputs beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Any

from macnet_bridge.export.columns import OF_READINGS, columns_with
from macnet_bridge.export.course import Idle
from macnet_bridge.export.inputs import Input, with_inputs
from macnet_bridge.store.recorded import Part, RecordedTest, RecordingReader

Row = tuple[Any, ...]

SOURCES = [column.source for column in OF_READINGS]
"""Columns of `readings` that a row is made of."""
_TIME_AT = SOURCES.index("unix_time_second")


def rows_of(
    recording: RecordingReader,
    test: RecordedTest,
    part: Part,
    inputs: Sequence[str],
    *,
    by_time: bool = False,
    keeps_idle: bool = False,
) -> Iterator[Row]:
    """One row after another, its values in the order of `columns_with(inputs)`."""
    rows = _readings(recording, test, part, by_time, keeps_idle)
    if not inputs:
        return rows
    measured = map(Input._make, recording.inputs(test, part, inputs))
    sources = [*SOURCES, *inputs]
    in_order = itemgetter(*(sources.index(column.source) for column in columns_with(inputs)))
    return map(in_order, with_inputs(rows, _TIME_AT, measured, inputs))


def _readings(
    recording: RecordingReader, test: RecordedTest, part: Part, by_time: bool, keeps_idle: bool
) -> Iterator[Row]:
    idle = Idle()
    for state, *values in recording.rows(test, part, ("state", *SOURCES), by_time=by_time):
        if not idle.is_idle(state) or keeps_idle:
            yield tuple(values)
