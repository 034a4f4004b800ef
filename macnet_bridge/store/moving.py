"""A recording whose rows go on into files elsewhere, and that knows afterwards which it had.

A row is kept here first, and confirmed. Now and then all rows of a table are written into a file, a part,
and taken out of the table, in one transaction: the part is on disk under its name before the commit. A
part that the database does not know of is one whose transaction was broken off: its rows are still here,
so it is thrown away and written anew. What identifies a row stays, so that it is not kept twice.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from macnet_bridge.store.recording import Recording
from macnet_bridge.store.recording_file import connect
from macnet_bridge.store.rows import Row

_PARTS = """
CREATE TABLE IF NOT EXISTS parts (
    name TEXT NOT NULL,
    number INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    PRIMARY KEY (name, number)
) WITHOUT ROWID;
"""
_MOVED = """
CREATE TABLE IF NOT EXISTS moved_{name} ({key}, PRIMARY KEY ({key})) WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS once_{name} BEFORE INSERT ON {name}
WHEN EXISTS (SELECT 1 FROM moved_{name} WHERE ({key}) = ({new}))
BEGIN SELECT RAISE(IGNORE); END;
"""

WritePart = Callable[[int, Sequence[Row]], None]
"""Writes rows as the part of a number; it is on disk, whole and under its name, when this returns."""


class Part(NamedTuple):
    """A file of rows of one table; numbers count from 1 in each table."""

    table: str
    number: int


@dataclass(frozen=True)
class Movable:
    """A table whose rows go on.

    Attributes:
        columns: in the order in which a part has them.
        key: which of them identify a row.
    """

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]


class MovingRecording(Recording):
    """One file, with the tables that go on."""

    def __init__(self, path: Path, tables: Sequence[Movable]) -> None:
        super().__init__(path, lambda: _connect(path, tables))
        self._tables = {table.name: table for table in tables}

    def parts(self) -> asyncio.Future[set[Part]]:
        """Those that are written; all others are none."""
        return self._submit(
            "parts",
            lambda connection: {Part(*row) for row in connection.execute("SELECT name, number FROM parts")},
        )

    def waiting(self) -> asyncio.Future[Mapping[str, int]]:
        """Rows by table that are in no part yet."""

        def count(connection: sqlite3.Connection) -> Mapping[str, int]:
            questions = {name: f"SELECT count(*) FROM {name}" for name in self._tables}
            return {name: connection.execute(ask).fetchone()[0] for name, ask in questions.items()}

        return self._submit("waiting", count)

    def move(self, name: str, write: WritePart) -> asyncio.Future[int]:
        """Move all rows of a table into its next part; how many that were."""
        table = self._tables[name]
        key = ", ".join(table.key)

        def move(connection: sqlite3.Connection) -> int:
            rows = connection.execute(f"SELECT {', '.join(table.columns)} FROM {name}").fetchall()
            if not rows:
                return 0
            (last,) = connection.execute(
                "SELECT coalesce(max(number), 0) FROM parts WHERE name = ?", (name,)
            ).fetchone()
            write(last + 1, rows)
            connection.execute(f"INSERT INTO moved_{name} SELECT {key} FROM {name}")
            connection.execute(f"DELETE FROM {name}")
            connection.execute("INSERT INTO parts VALUES (?, ?, ?)", (name, last + 1, len(rows)))
            return len(rows)

        return self._submit("move", move)


def _connect(path: Path, tables: Sequence[Movable]) -> sqlite3.Connection:
    connection = connect(path)
    script = [_PARTS]
    for table in tables:
        key, new = ", ".join(table.key), ", ".join(f"NEW.{name}" for name in table.key)
        script.append(_MOVED.format(name=table.name, key=key, new=new))
    connection.executescript(f"BEGIN IMMEDIATE; {''.join(script)} COMMIT;")
    return connection
