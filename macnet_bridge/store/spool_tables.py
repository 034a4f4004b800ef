"""The tables of a spool, and what is asked of them. All but the values are for the thread that writes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

SCHEMA_VERSION = 1

_LOOKED_BACK = 50_000
"""Messages that may have been kept since it was last noted how far their channels got, at most."""

_SCHEMA = """
CREATE TABLE message (
    id INTEGER PRIMARY KEY,
    kept_at REAL NOT NULL,
    topic TEXT NOT NULL,
    payload BLOB NOT NULL,
    cycler TEXT,
    channel INTEGER,
    run INTEGER,
    seq INTEGER
);
CREATE TABLE safe (
    cycler TEXT NOT NULL,
    channel INTEGER NOT NULL,
    run INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (cycler, channel)
) WITHOUT ROWID;
"""
_KEEP = "INSERT OR IGNORE INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_NOTE = """
INSERT INTO safe (cycler, channel, run, seq) VALUES (?, ?, ?, ?)
ON CONFLICT (cycler, channel) DO UPDATE SET run = excluded.run, seq = excluded.seq
WHERE (excluded.run, excluded.seq) > (safe.run, safe.seq)
"""
_OLDEST = "SELECT id, kept_at, topic, payload FROM message WHERE id > ? AND id < ? ORDER BY id LIMIT ?"
_SAFE = f"""
SELECT cycler, channel, run, max(seq) FROM (
    SELECT cycler, channel, run, seq FROM safe
    UNION ALL
    SELECT cycler, channel, run, seq FROM (SELECT * FROM message ORDER BY id DESC LIMIT {_LOOKED_BACK})
    WHERE cycler IS NOT NULL
) GROUP BY cycler, channel, run ORDER BY run
"""
_FORGET = "DELETE FROM message WHERE id = ?"
_DROP_OLDER = """
DELETE FROM message WHERE id IN (
    SELECT id FROM (SELECT id, kept_at FROM message ORDER BY id LIMIT 10000) WHERE kept_at < ?
)
"""
_DROP = "DELETE FROM message WHERE id IN (SELECT id FROM message ORDER BY id LIMIT ?)"


class Message(NamedTuple):
    """One that waits.

    Attributes:
        id: rises in the order of the messages.
        kept_at: Unix seconds.
        cycler, channel, run, seq: of a reading; not read back.
    """

    id: int
    kept_at: float
    topic: str
    payload: bytes
    cycler: str | None = None
    channel: int | None = None
    run: int | None = None
    seq: int | None = None


class Safe(NamedTuple):
    """The last reading of a channel that is on disk here or was confirmed by the broker."""

    cycler: str
    channel: int
    run: int
    seq: int


def make(connection: sqlite3.Connection) -> None:
    """Make the tables in a new file.

    Raises:
        sqlite3.DatabaseError: they are of another version.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == 0:
        connection.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")
    elif version != SCHEMA_VERSION:
        raise sqlite3.DatabaseError(f"it was written by another version (schema {version})")


# --- messages


def keep(connection: sqlite3.Connection, messages: Iterable[Message]) -> int:
    """Returns how many were not there yet."""
    return connection.executemany(_KEEP, messages).rowcount


def oldest(connection: sqlite3.Connection, after: int, before: int, limit: int) -> list[Message]:
    """The first with ids between these two."""
    return [Message(*row) for row in connection.execute(_OLDEST, (after, before, limit))]


def oldest_at(connection: sqlite3.Connection) -> float | None:
    """When the first was kept, in Unix seconds; None where there is none."""
    row = connection.execute("SELECT kept_at FROM message ORDER BY id LIMIT 1").fetchone()
    return None if row is None else float(row[0])


def last_id(connection: sqlite3.Connection) -> int:
    """0 where there is none."""
    (last,) = connection.execute("SELECT max(id) FROM message").fetchone()
    return last or 0


def count(connection: sqlite3.Connection, up_to: int) -> int:
    """How many have ids up to this one."""
    (found,) = connection.execute("SELECT count(*) FROM message WHERE id <= ?", (up_to,)).fetchone()
    return int(found)


def forget(connection: sqlite3.Connection, ids: Iterable[int]) -> int:
    """Delete these, as far as they are there. Returns how many were."""
    return connection.executemany(_FORGET, [(number,) for number in ids]).rowcount


def drop(connection: sqlite3.Connection, at_most: int) -> int:
    """Delete the first. Returns how many there were."""
    return connection.execute(_DROP, (at_most,)).rowcount


def drop_older(connection: sqlite3.Connection, kept_at: float) -> int:
    """Delete what was kept before this time, ten thousand at most. Returns how many."""
    return connection.execute(_DROP_OLDER, (kept_at,)).rowcount


# --- how far channels got


def note(connection: sqlite3.Connection, safe: Iterable[Safe]) -> None:
    """Note these where they are further than what was noted."""
    connection.executemany(_NOTE, safe)


def safe(connection: sqlite3.Connection) -> list[Safe]:
    """How far each channel got in its last run, by what was noted and what waits."""
    found = {(row[0], row[1]): Safe(*row) for row in connection.execute(_SAFE)}
    return sorted(found.values())
