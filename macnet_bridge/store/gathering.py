"""Brings the rows of one test together that a recording in Parquet has in several places.

Its database has what waits to go into a part, and knows which parts are whole. All of both goes into
tables of the same names that belong to the connection alone, in SQLite's temporary file, and that SQLite
finds first; from there they are read as from any other recording.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

FILE = "recording.sqlite"
"""The database in the folder of a recording in Parquet."""

ReadPart = Callable[[Path, Sequence[str], str, int, str], Iterable[tuple[Any, ...]]]
"""Rows of a part: its path, the columns, cycler, channel, and test; also those that have no test."""

_TABLES = ("readings", "aux")
_WAITING = """
CREATE TEMP TABLE {table} AS SELECT * FROM main.{table}
WHERE cycler = ? AND channel = ? AND (test_name = ? OR test_name IS NULL)
"""


def has_parts(connection: sqlite3.Connection) -> bool:
    """Whether this is the database of a recording in Parquet."""
    return bool(connection.execute("SELECT 1 FROM main.sqlite_master WHERE name = 'parts'").fetchone())


def gather(
    connection: sqlite3.Connection,
    folder: Path,
    read_part: ReadPart,
    cycler: str,
    channel: int,
    test_name: str,
) -> None:
    """Bring the readings and auxiliary inputs of a test together; those of an earlier call are forgotten."""
    of_test = (cycler, channel, test_name)
    for table in _TABLES:
        connection.execute(f"DROP TABLE IF EXISTS temp.{table}")
        connection.execute(_WAITING.format(table=table), of_test)
        columns = [name for _, name, *_ in connection.execute(f"PRAGMA temp.table_info({table})")]
        insert = f"INSERT INTO temp.{table} VALUES ({', '.join('?' * len(columns))})"
        for (number,) in connection.execute("SELECT number FROM parts WHERE name = ?", (table,)).fetchall():
            path = folder / table / f"part-{number:06}.parquet"
            connection.executemany(insert, read_part(path, columns, *of_test))
