"""The file of a spool: opened with its bounds, measured, and moved aside where it is damaged."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable
from pathlib import Path

FILE = "spool.sqlite"
PAGE_BYTES = 4096

_WAL_PAGES = 256
_WAL_BYTES = 8 << 20
_BUSY_S = 2.0
_SUFFIXES = ("", "-wal", "-shm")


class SpoolUnavailable(Exception):
    """The spool cannot do what was asked. `is_damaged`: and will not until it is opened anew."""

    def __init__(self, reason: str, error: Exception | None = None) -> None:
        super().__init__(reason)
        self.is_damaged = is_damage(error)
        self.is_full = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL


def is_damage(error: BaseException | None) -> bool:
    """Whether the file is none, or not whole."""
    # All that passes by itself is of its subclasses: a full disk, a busy file.
    return type(error) is sqlite3.DatabaseError


def connect(path: Path, max_pages: int, prepare: Callable[[sqlite3.Connection], None]) -> sqlite3.Connection:
    """The file as a database. To be called on the thread that uses it.

    Args:
        max_pages: a file that may fill its disk could not even be emptied any more.
        prepare: called with the connection, which is closed should that fail.

    Raises:
        sqlite3.Error: it cannot be used.
    """
    connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)
    try:
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA max_page_count = {max_pages}")
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_WAL_PAGES}")
        prepare(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def used_pages(connection: sqlite3.Connection) -> int:
    """Pages that hold something."""
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    return int(pages - free)


def check(connection: sqlite3.Connection) -> None:
    """Look through the whole file.

    Raises:
        sqlite3.DatabaseError: it is damaged somewhere.
    """
    (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise sqlite3.DatabaseError(found)


def move_aside(path: Path) -> Path:
    """Give a damaged file, with those that SQLite keeps beside it, a name that is free. Returns it."""
    names = (path.with_name(f"{path.name}.damaged-{n}") for n in itertools.count(1))
    aside = next(name for name in names if not name.exists())
    for suffix in _SUFFIXES:
        file = path.with_name(path.name + suffix)
        if file.exists():
            file.replace(aside.with_name(aside.name + suffix))
    return aside
