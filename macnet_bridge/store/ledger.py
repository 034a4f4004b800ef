"""Which readings a recording has, and which it lacks: the tables `runs`, `tests` and `gaps`.

All of it belongs to the transaction that keeps the readings themselves. A run begins with reading 1, and
each reading names the one before it: the one with the number before, or for the first one of a run its
`previous`. What is before the first reading that came of a channel's oldest run was before the recording:
no gap, even if some of it comes late.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

_RUN = "SELECT readings, first_seq, last_seq, first_unix_time_second, last_unix_time_second FROM runs \
WHERE (cycler, channel, run) = (?, ?, ?)"
_OLDER = "SELECT 1 FROM runs WHERE (cycler, channel) = (?, ?) AND run < ? LIMIT 1"
_KEEP_RUN = "INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_TEST = "SELECT readings, first_run, first_seq, last_run, last_seq, first_unix_time_second, \
last_unix_time_second FROM tests WHERE (cycler, channel, test_name) = (?, ?, ?)"
_KEEP_TEST = "INSERT OR REPLACE INTO tests VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_GAP = "INSERT OR REPLACE INTO gaps VALUES (?, ?, ?, ?, ?, ?, ?)"
_IN_GAP = "SELECT * FROM gaps WHERE (cycler, channel, run) = (?, ?, ?) AND first_seq <= ? AND last_seq >= ?"
_END_GAP = "DELETE FROM gaps WHERE (cycler, channel, run, first_seq) = (?, ?, ?, ?)"

REMEMBERED_MAX = 20_000
"""Runs and tests; more than that are read again when they are needed."""

RunKey = tuple[str, int, int]
TestKey = tuple[str, int, str]
Number = tuple[int, int]


class Kept(NamedTuple):
    """Of a reading, what its place among the others depends on."""

    cycler: str
    channel: int
    run: int
    seq: int
    unix_time_second: float
    test_name: str | None
    previous: Number | None


@dataclass(slots=True)
class _Run:
    """A channel's run. `first` is from where on all are due, `last` the highest number that is known of."""

    readings: int
    first: int
    last: int
    first_at: float
    last_at: float


@dataclass(slots=True)
class _Test:
    readings: int
    first: Number
    last: Number
    first_at: float
    last_at: float


class Ledger:
    """One for the time of a connection; it must not outlive a transaction that was rolled back."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._runs: dict[RunKey, _Run] = {}
        self._tests: dict[TestKey, _Test] = {}
        self._changed_runs: set[RunKey] = set()
        self._changed_tests: set[TestKey] = set()

    def is_beyond(self, cycler: str, channel: int, run: int, seq: int) -> bool:
        """Whether this number is above all that are here, so that its reading must be new."""
        found = self._run((cycler, channel, run))
        return found is not None and seq > found.last

    def take(self, reading: Kept) -> None:
        """Note a reading that was not here before."""
        if reading.previous is not None:
            self._expect(reading, *reading.previous)
        self._number(reading)
        if reading.test_name is not None:
            self._note_test(reading, reading.test_name)

    def write(self) -> None:
        """Bring what changed into the tables."""
        runs, tests = self._runs, self._tests
        self._connection.executemany(_KEEP_RUN, (_run_row(key, runs[key]) for key in self._changed_runs))
        self._connection.executemany(_KEEP_TEST, (_test_row(key, tests[key]) for key in self._changed_tests))
        self._changed_runs.clear()
        self._changed_tests.clear()
        for known in (runs, tests):
            if len(known) > REMEMBERED_MAX:
                known.clear()

    # --- numbers

    def _number(self, reading: Kept) -> None:
        key, seq = reading[:3], reading.seq
        run = self._run(key)
        if run is None:
            run = self._begin(reading, key, seq)
        elif seq > run.last:
            self._miss(reading, key, run.last + 1, seq - 1)
            run.last = seq
        elif seq >= run.first:
            self._arrived(key, seq)
        run.readings += 1
        run.first_at = min(run.first_at, reading.unix_time_second)
        run.last_at = max(run.last_at, reading.unix_time_second)
        self._changed_runs.add(key)

    def _begin(self, reading: Kept, key: RunKey, seq: int) -> _Run:
        """A run of which nothing was known: all of it is due if the recording is older than it."""
        is_due = self._has_older(key)
        if is_due:
            self._miss(reading, key, 1, seq - 1)
        at = reading.unix_time_second
        run = self._runs[key] = _Run(0, 1 if is_due else seq, seq, at, at)
        return run

    def _expect(self, reading: Kept, run_number: int, seq: int) -> None:
        """The last reading of an earlier run, as the first one of this run names it."""
        key = (reading.cycler, reading.channel, run_number)
        run = self._run(key)
        if run is None and self._has_older(key):
            run = self._begin(reading, key, seq + 1)
            run.last = seq
            self._changed_runs.add(key)
        elif run is not None and seq > run.last:
            self._miss(reading, key, run.last + 1, seq)
            run.last = seq
            self._changed_runs.add(key)

    def _miss(self, reading: Kept, key: RunKey, first: int, last: int) -> None:
        if first <= last:
            self._connection.execute(_GAP, (*key, first, last, reading.unix_time_second, 0))

    def _arrived(self, key: RunKey, seq: int) -> None:
        """One that may have been missing: what is left of its gap are none, one or two."""
        gap = self._connection.execute(_IN_GAP, (*key, seq, seq)).fetchone()
        if gap is None:
            return
        *_, first, last, noticed, is_lost = gap
        self._connection.execute(_END_GAP, (*key, first))
        for begin, end in ((first, seq - 1), (seq + 1, last)):
            if begin <= end:
                self._connection.execute(_GAP, (*key, begin, end, noticed, is_lost))

    def _run(self, key: RunKey) -> _Run | None:
        found = self._runs.get(key)
        if found is None and (row := self._connection.execute(_RUN, key).fetchone()) is not None:
            found = self._runs[key] = _Run(*row)
        return found

    def _has_older(self, key: RunKey) -> bool:
        older = any(known[:2] == key[:2] and known[2] < key[2] for known in self._changed_runs)
        return older or self._connection.execute(_OLDER, key).fetchone() is not None

    # --- tests

    def _note_test(self, reading: Kept, name: str) -> None:
        key, number, at = (reading.cycler, reading.channel, name), reading[2:4], reading.unix_time_second
        test = self._test(key)
        if test is None:
            test = self._tests[key] = _Test(0, number, number, at, at)
        test.readings += 1
        test.first, test.last = min(test.first, number), max(test.last, number)
        test.first_at, test.last_at = min(test.first_at, at), max(test.last_at, at)
        self._changed_tests.add(key)

    def _test(self, key: TestKey) -> _Test | None:
        found = self._tests.get(key)
        if found is None and (row := self._connection.execute(_TEST, key).fetchone()) is not None:
            found = self._tests[key] = _Test(row[0], row[1:3], row[3:5], *row[5:])
        return found


def mark_lost(connection: sqlite3.Connection, lost: Iterable[tuple[str, float]]) -> None:
    """Gaps of these cyclers that were noticed before these times will not close any more."""
    connection.executemany(
        "UPDATE gaps SET is_lost = 1 WHERE cycler = ? AND noticed_unix_time_second < ? AND is_lost = 0", lost
    )


def count_gaps(connection: sqlite3.Connection) -> tuple[int, int]:
    """Readings that are missing and may still come, and those that are lost."""
    # Not sum(), an error where it overflows: a file may have any number in it.
    missing, lost = connection.execute(
        "SELECT total((last_seq - first_seq + 1) * (1 - is_lost)), "
        "total((last_seq - first_seq + 1) * is_lost) FROM gaps"
    ).fetchone()
    return int(missing), int(lost)


def _run_row(key: RunKey, run: _Run) -> tuple[Any, ...]:
    return (*key, run.readings, run.first, run.last, run.first_at, run.last_at)


def _test_row(key: TestKey, test: _Test) -> tuple[Any, ...]:
    return (*key, test.readings, *test.first, *test.last, test.first_at, test.last_at)
