"""Brings the rows of one test together that a recording in Parquet has in several places.

Its database has what waits to go into a part, and knows which parts are whole. All of both goes into
tables of the same names that belong to the connection alone, in SQLite's temporary file, and that SQLite
finds first; from there they are read as from any other recording.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

FILE = "recording.sqlite"
"""The database in the folder of a recording in Parquet."""

ReadPart = Callable[[Path, Sequence[str], str, int, str], Iterable[tuple[Any, ...]]]
"""Rows of a part: its path, the columns, cycler, channel, and test; also those that have no test."""

_WAITING = """
CREATE TEMP TABLE {table} AS SELECT {columns} FROM main.{table}
WHERE cycler = ? AND channel = ? AND (test_name = ? OR test_name IS NULL)
"""
_OF_TEST = ("cycler", "channel", "test_name", "run", "unix_time_second")


def has_parts(connection: sqlite3.Connection) -> bool:
    """Whether this is the database of a recording in Parquet."""
    return bool(connection.execute("SELECT 1 FROM main.sqlite_master WHERE name = 'parts'").fetchone())


def gather(
    connection: sqlite3.Connection,
    folder: Path,
    read_part: ReadPart,
    of_test: tuple[str, int, str],
    wanted: Mapping[str, Sequence[str]],
) -> None:
    """Bring the rows of a test together; those of an earlier call are forgotten.

    Args:
        of_test: cycler, channel, and name.
        wanted: columns by table; what tells the test and the time comes besides.
    """
    for table, names in wanted.items():
        columns = list(dict.fromkeys([*_OF_TEST, *names]))
        connection.execute(f"DROP TABLE IF EXISTS temp.{table}")
        connection.execute(_WAITING.format(table=table, columns=", ".join(columns)), of_test)
        insert = f"INSERT INTO temp.{table} VALUES ({', '.join('?' * len(columns))})"
        for (number,) in connection.execute("SELECT number FROM parts WHERE name = ?", (table,)).fetchall():
            path = folder / table / f"part-{number:06}.parquet"
            connection.executemany(insert, read_part(path, columns, *of_test))
