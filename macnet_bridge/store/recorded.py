"""Reads a recording while it is written or later, without changing it: which tests it has, and their rows."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from types import TracebackType
from typing import Any, NamedTuple, Self

from macnet_bridge.errors import ConfigError
from macnet_bridge.store.gathering import FILE, ReadPart, gather, has_parts
from macnet_bridge.store.recording_file import APPLICATION_ID
from macnet_bridge.store.recording_schema import VERSION


@dataclass(frozen=True, slots=True)
class RecordedTest:
    """A test as a recording has it: all readings of a channel that carry its name.

    Attributes:
        first, last: (run, seq) of its first and last reading.
        first_unix_time_second, last_unix_time_second: when they were measured, UTC.
        first_cycle, last_cycle: their cycle counts, None where they have none.
    """

    cycler: str
    channel: int
    test_name: str
    readings: int
    first: tuple[int, int]
    last: tuple[int, int]
    first_unix_time_second: float
    last_unix_time_second: float
    first_cycle: int | None
    last_cycle: int | None


class Missing(NamedTuple):
    """Readings of a run that are not in the recording, both ends included. `is_lost`: they never come."""

    run: int
    first_seq: int
    last_seq: int
    is_lost: bool


@dataclass(frozen=True, slots=True)
class Part:
    """What of a test is wanted; None is no bound.

    Attributes:
        since_unix_second, until_unix_second: from then on, and before then.
    """

    run: int | None = None
    since_unix_second: float | None = None
    until_unix_second: float | None = None


_TESTS = """
SELECT t.cycler, t.channel, t.test_name, t.readings, t.first_run, t.first_seq, t.last_run, t.last_seq,
    t.first_unix_time_second, t.last_unix_time_second,
    (SELECT cycle_count FROM readings r WHERE (r.cycler, r.channel, r.run, r.seq)
        = (t.cycler, t.channel, t.first_run, t.first_seq)),
    (SELECT cycle_count FROM readings r WHERE (r.cycler, r.channel, r.run, r.seq)
        = (t.cycler, t.channel, t.last_run, t.last_seq))
FROM tests t ORDER BY t.first_unix_time_second, t.cycler, t.channel
"""
_GAPS = (
    "SELECT run, first_seq, last_seq, is_lost FROM gaps"
    " WHERE cycler = :cycler AND channel = :channel ORDER BY run, first_seq"
)
_SPAN = (
    "cycler = :cycler AND channel = :channel"
    " AND (run, seq) >= (:run1, :seq1) AND (run, seq) <= (:run2, :seq2)"
)
_INPUTS = "cycler = :cycler AND channel = :channel AND test_name = :test"
_PART = (
    "(:run IS NULL OR run = :run) AND (:since IS NULL OR unix_time_second >= :since)"
    " AND (:until IS NULL OR unix_time_second < :until)"
)
_ORDERS = {False: "run, seq, unix_time_second", True: "unix_time_second, run, seq"}


class RecordingReader:
    """A recording, read as it was when it was opened.

    Args:
        path: a database, or the folder of a recording in Parquet.
        read_part: reads a part of the latter.

    Raises, with every method:
        ConfigError: the file cannot be read.
    """

    def __init__(self, path: Path, read_part: ReadPart) -> None:
        """Open it.

        Raises:
            ConfigError: there is none, it is no recording, or of another version.
        """
        self._path = path / FILE if path.is_dir() else path
        self._read_part = read_part
        self._connection = _opened(self._path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def tests(self) -> list[RecordedTest]:
        """All tests, in the order of their first readings."""
        return [_test(row) for row in self._read(_TESTS, {})]

    def gather(self, test: RecordedTest, columns: Sequence[str]) -> None:
        """Has to be called before these columns of its rows are read: they may lie in several files.

        Raises:
            ConfigError: one of them is not there, or pyarrow is missing to read it.
        """
        if has_parts(self._connection):
            of_test = (test.cycler, test.channel, test.test_name)
            wanted = {"readings": columns, "aux": ("name", "value")}
            gather(self._connection, self._path.parent, self._read_part, of_test, wanted)

    def rows(
        self, test: RecordedTest, part: Part, columns: Sequence[str], *, by_time: bool = False
    ) -> Iterator[tuple[Any, ...]]:
        """Its readings in the order of (run, seq), or of their times. One after another: they may be many."""
        known = {name for _, name, *_ in self._read("PRAGMA table_info(readings)", {})}
        assert known.issuperset(columns), columns
        return self._read(
            f"SELECT {', '.join(columns)} FROM readings"
            f" WHERE {_SPAN} AND test_name = :test AND {_PART} ORDER BY {_ORDERS[by_time]}",
            _parameters(test, part),
        )

    def nameless(self, test: RecordedTest, part: Part) -> int:
        """How many readings between its first and its last do not tell of which test they are."""
        sql = f"SELECT count(*) FROM readings WHERE {_SPAN} AND test_name IS NULL AND {_PART}"
        ((count,),) = self._read(sql, _parameters(test, part))
        return int(count)

    def missing(self, test: RecordedTest, first: tuple[int, int], last: tuple[int, int]) -> list[Missing]:
        """What is missing of its channel between two readings, given by (run, seq)."""
        found = self._read(_GAPS, {"cycler": test.cycler, "channel": test.channel})
        gaps = [Missing(run, seq1, seq2, bool(is_lost)) for run, seq1, seq2, is_lost in found]
        return [gap for gap in gaps if first < (gap.run, gap.last_seq) and (gap.run, gap.first_seq) < last]

    def input_names(self, test: RecordedTest, part: Part, among: Sequence[str]) -> list[str]:
        """Which of these auxiliary inputs have been measured in the test."""
        sql = f"SELECT DISTINCT name FROM aux WHERE {_INPUTS} AND {_PART}"
        found = {name for (name,) in self._read(sql, _parameters(test, part))}
        return [name for name in among if name in found]

    def inputs(
        self, test: RecordedTest, part: Part, names: Sequence[str]
    ) -> Iterator[tuple[float, str, float | None]]:
        """Their measurements, in the order of time: Unix time, name, value."""
        places = ", ".join(f":name{number}" for number, _ in enumerate(names))
        wanted = {f"name{number}": name for number, name in enumerate(names)}
        sql = (
            f"SELECT unix_time_second, name, value FROM aux WHERE {_INPUTS} AND name IN ({places})"
            f" AND {_PART} ORDER BY unix_time_second"
        )
        return self._read(sql, {**_parameters(test, part), **wanted})

    def _read(self, sql: str, parameters: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
        try:
            # Not `yield from`, which would close the cursor of a file that may be closed already.
            for row in self._connection.execute(sql, parameters):  # noqa: UP028
                yield row
        except sqlite3.Error as error:
            raise ConfigError(f"{self._path} cannot be read: {error}") from None


def _test(row: tuple[Any, ...]) -> RecordedTest:
    cycler, channel, name, readings, run1, seq1, run2, seq2, *rest = row
    return RecordedTest(cycler, channel, name, readings, (run1, seq1), (run2, seq2), *rest)


def _parameters(test: RecordedTest, part: Part) -> dict[str, Any]:
    return {
        "cycler": test.cycler,
        "channel": test.channel,
        "test": test.test_name,
        "run1": test.first[0],
        "seq1": test.first[1],
        "run2": test.last[0],
        "seq2": test.last[1],
        "run": part.run,
        "since": part.since_unix_second,
        "until": part.until_unix_second,
    }


def _opened(path: Path) -> sqlite3.Connection:
    if not path.is_file():
        raise ConfigError(f"{path}: there is no such file")
    try:
        return _connect(path, "mode=ro")
    except sqlite3.OperationalError as error:
        # In a folder without write permission SQLite cannot make its own files beside a database in WAL
        # mode. Where there are none, nobody writes it, and it can be read as it is.
        if path.with_name(path.name + "-wal").exists():
            raise ConfigError(f"{path} cannot be read: {error}") from None
    except sqlite3.DatabaseError:
        raise ConfigError(f"{path} is no recording of macnet-bridge") from None
    try:
        return _connect(path, "mode=ro&immutable=1")
    except sqlite3.Error as error:
        raise ConfigError(f"{path} cannot be read: {error}") from None


def _connect(path: Path, how: str) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{uri(path.absolute())}?{how}", uri=True, isolation_level=None)
    try:
        _judge(connection, path)
        # All reads see the same rows, whatever the recorder adds meanwhile.
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM settings")
    except BaseException:
        connection.close()
        raise
    return connection


def uri(path: PurePath) -> str:
    """An absolute path as SQLite takes it. It knows no hosts: a share of Windows has four slashes."""
    return re.sub("^file://(?!/)", "file:////", path.as_uri())


def _judge(connection: sqlite3.Connection, path: Path) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        raise ConfigError(f"{path} is no recording of macnet-bridge")
    if version > VERSION:
        raise ConfigError(
            f"{path} was written by a newer version (schema {version}, this one knows {VERSION}); use that"
        )
