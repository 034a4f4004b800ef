"""The spool: readings and events that wait on disk for the broker, and how far each channel got.

SQLite in WAL mode with `synchronous=NORMAL`: a process that is killed loses nothing that was
committed, a power cut at most the last moments. Bounded by size and age; the oldest go first.
"""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from macnet_bridge.store.writer import Writer

FILE = "spool.sqlite"
SCHEMA_VERSION = 1

_PAGE_BYTES = 4096
_WAL_PAGES = 256
_WAL_BYTES = 8 << 20
_SPARE_PAGES = 512
"""Kept free below the largest size, so that there is room to insert before the oldest go."""
_DROPPED_AT_ONCE = 200
_RESERVE_BYTES = 2 << 20
"""More than the write-ahead log holds as a rule: room to write that back on a disk that is full."""
_RESERVE_AGAIN_S = 10.0
_BUSY_S = 2.0
_LOOKED_BACK = 50_000
"""Messages that may have been kept since it was last noted how far their channels got, at most."""
_SUFFIXES = ("", "-wal", "-shm")

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
_DROP_OLD = """
DELETE FROM message WHERE id IN (
    SELECT id FROM (SELECT id, kept_at FROM message ORDER BY id LIMIT 10000) WHERE kept_at < ?
)
"""
_DROP = "DELETE FROM message WHERE id IN (SELECT id FROM message ORDER BY id LIMIT ?)"


class SpoolUnavailable(Exception):
    """The spool cannot do what was asked. `is_damaged`: and will not until it is opened anew."""

    def __init__(self, reason: str, error: Exception | None = None) -> None:
        super().__init__(reason)
        self.is_damaged = _is_damage(error)
        self.is_full = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL


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


class Done(NamedTuple):
    """What an operation changed, in messages."""

    found: int = 0
    kept: int = 0
    forgotten: int = 0
    dropped_for_size: int = 0
    dropped_for_age: int = 0


class Spool:
    """The spool in a directory. All futures raise SpoolUnavailable.

    In WAL mode a disk that is full would keep even what was sent from being deleted: that has to be
    written first, too. So a second file holds some room. It is given up when the disk is full, and the
    database may not grow any more until it could be made again.

    Attributes:
        waiting: messages on disk.
        used_bytes: of the file, by messages that wait.
        oldest_at: when the oldest of them was kept, as of the last `tend`; None without any.
        dropped_for_size, dropped_for_age: since it was made.
        last_id: of all that was on disk when it was opened.
        safe: how far each channel had got then.
        set_aside: where a damaged file was put, None without one.
    """

    def __init__(self, folder: str | Path, *, max_bytes: int, max_age_s: float) -> None:
        self.path = Path(folder) / FILE
        self._max_pages = max(max_bytes // _PAGE_BYTES, 64)
        self._max_age_s = max_age_s
        self._reserve = self.path.with_name(f"{FILE}.reserve")
        self._is_frozen = False
        self._frozen_at = 0.0
        self._writer: Writer | None = None
        self.waiting = 0
        self.used_bytes = 0
        self.oldest_at: float | None = None
        self.dropped_for_size = 0
        self.dropped_for_age = 0
        self.last_id = 0
        self.safe: list[Safe] = []
        self.set_aside: Path | None = None

    def open(self, *, anew: bool = False) -> None:
        """Open the file, and make it where there is none; a damaged one is moved aside.

        Args:
            anew: move it aside in any case: it was seen to be damaged.

        Raises:
            SpoolUnavailable: it cannot be used.
        """
        self.close()
        self.set_aside = None
        try:
            if anew:
                self._move_aside()
            self._writer = self._opened()
        except (sqlite3.Error, OSError) as error:
            raise SpoolUnavailable(f"{self.path}: {error}", error) from None

    def _opened(self) -> Writer:
        writer = Writer(self._connect, "spool", SpoolUnavailable)
        try:
            writer.open()
        except sqlite3.DatabaseError as error:
            writer.close()
            if not _is_damage(error):
                raise
            self._move_aside()
            writer = Writer(self._connect, "spool", SpoolUnavailable)
            writer.open()
        return writer

    def _move_aside(self) -> None:
        names = (self.path.with_name(f"{FILE}.damaged-{n}") for n in itertools.count(1))
        aside = next(name for name in names if not name.exists())
        for suffix in _SUFFIXES:
            file = self.path.with_name(FILE + suffix)
            if file.exists():
                file.replace(aside.with_name(aside.name + suffix))
        self.set_aside = aside

    def close(self) -> None:
        """Write what waits to be written, and close the file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def keep(self, messages: Sequence[Message]) -> asyncio.Future[Done]:
        """Keep messages. Pushes out the oldest past the bound."""

        def insert(connection: sqlite3.Connection) -> Done:
            kept = connection.executemany(_KEEP, messages).rowcount
            return Done(kept=kept, dropped_for_size=self._make_room(connection))

        return self._submit("keep", insert)

    def oldest(self, after: int, before: int, limit: int) -> asyncio.Future[list[Message]]:
        """The oldest messages with ids between these two."""
        if self._writer is None:
            return _refused()
        return self._writer.submit(
            "oldest",
            lambda connection: [Message(*row) for row in connection.execute(_OLDEST, (after, before, limit))],
        )

    def forget(self, ids: Sequence[int]) -> asyncio.Future[Done]:
        """Delete messages; those that are gone already do not matter."""

        def delete(connection: sqlite3.Connection) -> Done:
            parameters = [(number,) for number in ids]
            return Done(forgotten=connection.executemany(_FORGET, parameters).rowcount)

        return self._submit("forget", delete)

    def tend(self, safe: Sequence[Safe], now_unix: float) -> asyncio.Future[Done]:
        """Note how far channels got, drop what is too old, and see how old the oldest is."""

        def look(connection: sqlite3.Connection) -> Done:
            connection.executemany(_NOTE, safe)
            oldest = connection.execute("SELECT kept_at FROM message ORDER BY id LIMIT 1").fetchone()
            dropped = 0
            if oldest is not None and oldest[0] < now_unix - self._max_age_s:
                dropped = connection.execute(_DROP_OLD, (now_unix - self._max_age_s,)).rowcount
            self.oldest_at = None if oldest is None else oldest[0]
            return Done(dropped_for_age=dropped)

        return self._submit("tend", look)

    def count(self) -> asyncio.Future[Done]:
        """Look through the whole file for damage, and count what waited when it was opened."""

        def count(connection: sqlite3.Connection) -> Done:
            (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if found != "ok":
                raise sqlite3.DatabaseError(found)
            (waiting,) = connection.execute(
                "SELECT count(*) FROM message WHERE id <= ?", (self.last_id,)
            ).fetchone()
            self._measure(connection)
            return Done(found=waiting)

        return self._submit("count", count)

    def _submit(self, name: str, operation: Callable[[sqlite3.Connection], Done]) -> asyncio.Future[Done]:
        if self._writer is None:
            return _refused()
        if self._is_frozen and time.monotonic() > self._frozen_at + _RESERVE_AGAIN_S:
            self._writer.apart(self._thaw)
        future = self._writer.submit(name, operation)
        # Not within the operation: it may be rolled back and done again.
        future.add_done_callback(partial(self._take_in, self._writer))
        return future

    def _take_in(self, writer: Writer, future: asyncio.Future[Done]) -> None:
        if future.cancelled() or writer is not self._writer:
            return  # what was in a file that was closed is counted anew
        if (error := future.exception()) is not None:
            if isinstance(error, SpoolUnavailable) and error.is_full and not self._is_frozen:
                writer.apart(self._freeze)
            return
        done = future.result()
        gone = done.forgotten + done.dropped_for_size + done.dropped_for_age
        self.waiting += done.found + done.kept - gone
        self.dropped_for_size += done.dropped_for_size
        self.dropped_for_age += done.dropped_for_age

    # --- on the thread of the writer

    def _freeze(self, connection: sqlite3.Connection) -> None:
        """The disk is full: give up the reserve, and grow no more."""
        self._is_frozen, self._frozen_at = True, time.monotonic()
        with suppress(sqlite3.Error, OSError):
            self._reserve.unlink(missing_ok=True)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count = {pages}")

    def _thaw(self, connection: sqlite3.Connection) -> None:
        """Grow again, if the reserve can be made."""
        self._frozen_at = time.monotonic()
        with suppress(sqlite3.Error):
            self._is_frozen = not self._has_reserve()
            if not self._is_frozen:
                connection.execute(f"PRAGMA max_page_count = {self._max_pages}")

    def _has_reserve(self) -> bool:
        try:
            if not self._reserve.exists() or self._reserve.stat().st_size < _RESERVE_BYTES:
                self._reserve.write_bytes(bytes(_RESERVE_BYTES))
        except OSError:
            with suppress(OSError):
                self._reserve.unlink(missing_ok=True)
            return False
        return True

    def _make_room(self, connection: sqlite3.Connection) -> int:
        dropped = 0
        while self._measure(connection) > max(self._max_pages - _SPARE_PAGES, self._max_pages // 2):
            count = connection.execute(_DROP, (_DROPPED_AT_ONCE,)).rowcount
            if not count:
                break
            dropped += count
        return dropped

    def _measure(self, connection: sqlite3.Connection) -> int:
        """Pages that hold something."""
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        (free,) = connection.execute("PRAGMA freelist_count").fetchone()
        self.used_bytes = (pages - free) * _PAGE_BYTES
        return int(pages - free)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=_BUSY_S, isolation_level=None)
        try:
            connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            # A file that may fill its disk could not even be emptied any more.
            connection.execute(f"PRAGMA max_page_count = {self._max_pages}")
            connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")
            connection.execute(f"PRAGMA wal_autocheckpoint = {_WAL_PAGES}")
            self._read(connection)
            if not self._has_reserve():
                self._freeze(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _read(self, connection: sqlite3.Connection) -> None:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version == 0:
            connection.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")
        elif version != SCHEMA_VERSION:
            raise sqlite3.DatabaseError(f"it was written by another version (schema {version})")
        # Of each channel the last run stays.
        found = {(row[0], row[1]): Safe(*row) for row in connection.execute(_SAFE)}
        self.safe = sorted(found.values())
        (last,) = connection.execute("SELECT max(id) FROM message").fetchone()
        self.last_id = last or 0
        self.waiting, self._is_frozen = 0, False
        self._measure(connection)


def _is_damage(error: BaseException | None) -> bool:
    # All that passes by itself is of its subclasses: a full disk, a busy file.
    return type(error) is sqlite3.DatabaseError


def _refused() -> asyncio.Future[Any]:
    future = asyncio.get_running_loop().create_future()
    future.set_exception(SpoolUnavailable("the spool is not open"))
    return future
