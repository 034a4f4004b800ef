"""The database of a recording: rows once, with what identifies them, and what the recorder remembers.

SQLite in WAL mode, synced at every commit (`synchronous=FULL`): what a future of this module has said is
on the disk. The tables are in `recording_schema`.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

from macnet_bridge.store.ledger import Kept, Ledger, count_gaps, mark_lost
from macnet_bridge.store.recording_file import connect, judge
from macnet_bridge.store.rows import Row, Rows
from macnet_bridge.store.writer import Writer

T = TypeVar("T")

READINGS = "readings"
_KEPT = ("cycler", "channel", "run", "seq", "unix_time_second", "test_name", "previous_run", "previous_seq")


class RecordingUnavailable(Exception):
    """What was to be kept could not be; says why.

    Attributes:
        is_damaged: it will not be until somebody does something about the file.
    """

    def __init__(self, reason: str, error: Exception | None = None) -> None:
        super().__init__(reason)
        # All that passes by itself is of its subclasses: a full disk, a busy file.
        self.is_damaged = type(error) is sqlite3.DatabaseError


class Done(NamedTuple):
    """What became of a batch.

    Attributes:
        new: rows by table that were not there before.
        doubles: rows that were.
    """

    new: dict[str, int]
    doubles: int


class Standing(NamedTuple):
    """How a recording stands, in readings.

    Attributes:
        readings: all that are there.
        missing: those that are not, and may still come.
        lost: those that will not.
    """

    readings: int
    missing: int
    lost: int


class Recording:
    """One file. All futures raise RecordingUnavailable."""

    def __init__(self, path: Path, open_file: Callable[[], sqlite3.Connection] | None = None) -> None:
        self.path = path
        self._writer = Writer(open_file or (lambda: connect(path)), "recording", RecordingUnavailable)
        self._ledger: Ledger | None = None
        self._is_ledger_settled = True
        self._asked = 0

    def judge(self) -> None:
        """Refuse what lies there already and is no recording; makes nothing, and changes nothing.

        Raises:
            ConfigError: it cannot be used, or is none of ours.
        """
        judge(self.path)

    def open(self) -> None:
        """Open the file, and make it where there is none.

        Raises:
            ConfigError: it cannot be used, or is none of ours.
        """
        self._writer.open()

    def close(self) -> None:
        """Write what waits, and close the file."""
        self._writer.close()

    def keep(self, batch: Sequence[Rows], lost: Sequence[tuple[str, float]] = ()) -> asyncio.Future[Done]:
        """Keep what is not there yet, all of it or nothing.

        Args:
            lost: cyclers, and until when their gaps were noticed that will not close any more.
        """

        def insert(connection: sqlite3.Connection) -> Done:
            ledger = self._trusted_ledger(connection)
            new = {each.table: _insert(connection, ledger, each) for each in batch}
            ledger.write()
            mark_lost(connection, lost)
            doubles = sum(len(each.rows) for each in batch) - sum(new.values())
            return Done(new, doubles)

        self._asked += 1
        future = self._submit("keep", insert)
        future.add_done_callback(partial(self._settled, self._asked))
        return future

    def look(self) -> asyncio.Future[Standing]:
        """How many readings there are, and how many the recording lacks."""

        def look(connection: sqlite3.Connection) -> Standing:
            (readings,) = connection.execute("SELECT coalesce(sum(readings), 0) FROM runs").fetchone()
            return Standing(readings, *count_gaps(connection))

        return self._submit("look", look)

    def megabytes(self) -> float:
        """Of the file, with what was not yet written back to it."""
        files = (self.path.with_name(self.path.name + suffix) for suffix in ("", "-wal"))
        return sum(file.stat().st_size for file in files if file.exists()) / 1e6

    async def settle(self) -> None:
        """Put in order what a kill has left, once, after `open`."""

    async def tend(self) -> None:
        """Called now and then. Raises RecordingUnavailable."""

    async def finish(self) -> None:
        """Called once, after the last `keep`. Raises RecordingUnavailable."""

    def remember(self, settings: dict[str, str]) -> asyncio.Future[None]:
        """Keep what the recorder has to know at its next start."""

        def remember(connection: sqlite3.Connection) -> None:
            connection.executemany("INSERT OR REPLACE INTO settings VALUES (?, ?)", settings.items())

        return self._submit("remember", remember)

    def settings(self) -> asyncio.Future[dict[str, str]]:
        """What was remembered."""
        return self._submit(
            "settings", lambda connection: dict(connection.execute("SELECT name, value FROM settings"))
        )

    def _submit(self, name: str, operation: Callable[[sqlite3.Connection], T]) -> asyncio.Future[T]:
        return self._writer.submit(name, operation)

    def _settled(self, number: int, future: asyncio.Future[Done]) -> None:
        if number == self._asked:  # else a later one is on its way already
            self._is_ledger_settled = not future.cancelled() and future.exception() is None

    # --- on the thread of the writer

    def _trusted_ledger(self, connection: sqlite3.Connection) -> Ledger:
        """What the last one knew, unless what it had noted may have been rolled back."""
        if self._ledger is None or not self._is_ledger_settled:
            self._ledger = Ledger(connection)
        self._is_ledger_settled = False
        return self._ledger


def _insert(connection: sqlite3.Connection, ledger: Ledger, given: Rows) -> int:
    if given.table == READINGS:
        return _insert_readings(connection, ledger, given)
    before = connection.total_changes
    connection.executemany(_statement(given), given.rows)
    return connection.total_changes - before


def _insert_readings(connection: sqlite3.Connection, ledger: Ledger, given: Rows) -> int:
    """Most are above all that is there: those need no look, and go in together."""
    statement, places = _statement(given), [given.columns.index(name) for name in _KEPT]
    beyond: list[Row] = []
    new = 0
    for row in given.rows:
        reading = _kept(row, places)
        if ledger.is_beyond(*reading[:4]):
            beyond.append(row)
        else:
            connection.executemany(statement, beyond)
            beyond.clear()
            if not connection.execute(statement, row).rowcount:
                continue
        ledger.take(reading)
        new += 1
    connection.executemany(statement, beyond)
    return new


def _kept(row: Row, places: Sequence[int]) -> Kept:
    cycler, channel, run, seq, at, test_name, *previous = (row[place] for place in places)
    named = None if None in previous else (previous[0], previous[1])
    return Kept(cycler, channel, run, seq, at, test_name, named)


def _statement(given: Rows) -> str:
    columns, values = ", ".join(given.columns), ", ".join("?" * len(given.columns))
    return f"INSERT OR IGNORE INTO {given.table} ({columns}) VALUES ({values})"
