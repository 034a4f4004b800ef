"""Opens the SQLite file of a recording: makes it, checks it, and brings an older one up to date."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from macnet_bridge import __version__
from macnet_bridge.errors import ConfigError
from macnet_bridge.store.recording_schema import STEPS

APPLICATION_ID = 0x4D4E4252
"""`MNBR`, in the header of the file: by this a recording is told from any other SQLite database."""

_PAGE_BYTES = 4096
_CACHE_KIB = 32_768
_WAL_PAGES = 2000
_WAL_BYTES = 64 << 20
_BUSY_S = 5.0


def connect(path: Path, steps: Sequence[str] = STEPS) -> sqlite3.Connection:
    """The file as a database with the tables of this version. To be called on the thread that uses it.

    Args:
        steps: the SQL of each version.

    Raises:
        ConfigError: it is no recording, is damaged, of a newer version, or cannot be used.
    """
    with _told_in_words(path):
        return _connect(path, steps)


def judge(path: Path, steps: Sequence[str] = STEPS) -> None:
    """Refuse what lies there as `connect` would. Nothing is made, and where nothing lies nothing is wrong.

    Raises:
        ConfigError: it is no recording, is damaged, of a newer version, or cannot be used.
    """
    if not os.path.exists(path):
        return
    where = f"{path.absolute().as_uri()}?mode=rw"  # which makes no file
    with (
        _told_in_words(path),
        closing(sqlite3.connect(where, uri=True, timeout=_BUSY_S, isolation_level=None)) as connection,
    ):
        _judge(connection, path, len(steps))


@contextmanager
def _told_in_words(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise ConfigError(f"--to: {path} cannot be used: {error}") from None
    except sqlite3.DatabaseError as error:
        raise ConfigError(f"--to: {path} is no recording ({error}); name another file") from None


def _connect(path: Path, steps: Sequence[str]) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)
    try:
        _judge(connection, path, len(steps))
        connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
        connection.execute("PRAGMA journal_mode = WAL")
        # A message is acknowledged once its row is committed: that must hold over a power cut, too.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_WAL_PAGES}")
        _bring_up_to_date(connection, steps)
    except BaseException:
        connection.close()
        raise
    return connection


def _judge(connection: sqlite3.Connection, path: Path, newest: int) -> None:
    """Refuse what is not ours before anything is changed in it."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application != APPLICATION_ID and (application or version or tables):
        raise ConfigError(f"--to: {path} is a database of another program; name another file")
    if version > newest:
        raise ConfigError(
            f"--to: {path} was written by a newer version (schema {version}, this one knows {newest}); "
            "use that, or name another file"
        )


def _bring_up_to_date(connection: sqlite3.Connection, steps: Sequence[str]) -> None:
    """Each version in a transaction of its own: whoever is killed meanwhile goes on from there."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    for number, step in enumerate(steps[version:], version + 1):
        connection.executescript(
            f"BEGIN IMMEDIATE; {step}"
            f"INSERT INTO schema_versions VALUES ({number}, {time.time()!r}, 'macnet-bridge {__version__}');"
            f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {number}; COMMIT;"
        )
