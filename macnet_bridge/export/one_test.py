"""Exports one test: looks it over, then writes it row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

from macnet_bridge.export.choice import Wanted, choose, judge
from macnet_bridge.export.columns import INPUTS, Labels, columns_with, header
from macnet_bridge.export.course import Course, Mark, course_of
from macnet_bridge.export.csv_table import write_csv
from macnet_bridge.export.rows import SOURCES, Row, rows_of
from macnet_bridge.export.whole_file import whole_file
from macnet_bridge.store.recorded import Missing, Part, RecordedTest, RecordingReader

Format = Literal["csv", "parquet"]
Show = Callable[[Iterable[Any], str, int], Iterable[Any]]
"""Passes rows on while it shows what is done with them and how far it is, of so many."""

ENDINGS: dict[str, Format] = {".csv": "csv", ".bdf": "csv", ".parquet": "parquet", ".pq": "parquet"}


@dataclass(frozen=True, slots=True)
class Chosen:
    """A test, and what a look over it showed.

    Attributes:
        inputs: auxiliary inputs of it that have a name of BDF.
    """

    test: RecordedTest
    part: Part
    course: Course
    missing: list[Missing]
    nameless: int
    inputs: list[str]


@dataclass(frozen=True, slots=True)
class Target:
    """Where it goes, and how.

    Attributes:
        keeps_idle: readings after the end of the test are kept, too.
    """

    path: Path
    format: Format
    labels: Labels = "preferred"
    keeps_idle: bool = False
    overwrite: bool = False


def _unseen(rows: Iterable[Any], doing: str, count: int) -> Iterable[Any]:
    return rows


def choose_test(recording: RecordingReader, wanted: Wanted, show: Show = _unseen) -> Chosen:
    """Find the test, and look over its readings.

    Raises:
        ConfigError: there is no such test, or more than one.
    """
    test, part = choose(recording.tests(), wanted), wanted.part
    recording.gather(test, (*Mark._fields, *SOURCES))
    course = _course(recording, test, part, show, by_time=False)
    if course.is_shuffled:
        course = _course(recording, test, part, show, by_time=True)
        course.is_shuffled = True
    judge(test, course)
    missing = recording.missing(test, course.first, course.last)
    inputs = recording.input_names(test, part, INPUTS)
    return Chosen(test, part, course, missing, recording.nameless(test, part), inputs)


def write_test(recording: RecordingReader, chosen: Chosen, target: Target, show: Show = _unseen) -> int:
    """Write the file; how many rows it has.

    Raises:
        ConfigError: it cannot be written.
    """
    by_time, keeps_idle = chosen.course.is_shuffled, target.keeps_idle
    rows = _Counted(
        rows_of(recording, chosen.test, chosen.part, chosen.inputs, by_time=by_time, keeps_idle=keeps_idle)
    )
    with whole_file(target.path, overwrite=target.overwrite) as file:
        _write(show(rows, "writing", chosen.course.readings), file, chosen, target)
    return rows.count


def _write(rows: Iterable[Row], file: BinaryIO, chosen: Chosen, target: Target) -> None:
    columns, test = columns_with(chosen.inputs), chosen.test
    if target.format == "csv":
        write_csv(rows, file, header(columns, target.labels))
        return
    from macnet_bridge.parquet_file import write_groups  # an extra: only where it is asked for

    kinds = dict(zip(header(columns, target.labels), (column.kind for column in columns), strict=True))
    about = {"cycler": test.cycler, "channel": str(test.channel), "test_name": test.test_name}
    write_groups(file, kinds, rows, about)


class _Counted:
    """Rows, and how many have been taken."""

    def __init__(self, rows: Iterator[Row]) -> None:
        self.count = 0
        self._rows = rows

    def __iter__(self) -> Iterator[Row]:
        for row in self._rows:
            self.count += 1
            yield row


def _course(
    recording: RecordingReader, test: RecordedTest, part: Part, show: Show, *, by_time: bool
) -> Course:
    rows = recording.rows(test, part, Mark._fields, by_time=by_time)
    return course_of(map(Mark._make, show(rows, "looking it over", test.readings)))
