"""The spool: readings and events that wait on disk for the broker, and how far each channel got.

SQLite in WAL mode with `synchronous=NORMAL`: a process that is killed loses nothing that was
committed, a power cut at most the last moments. Bounded by size and age; the oldest go first.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

from macnet_bridge.store import spool_file, spool_tables
from macnet_bridge.store.spool_file import FILE, PAGE_BYTES, SpoolUnavailable
from macnet_bridge.store.spool_reserve import Reserve
from macnet_bridge.store.spool_tables import Message, Safe
from macnet_bridge.store.writer import Operation, Writer

_SPARE_PAGES = 512
"""Kept free below the largest size, so that there is room to insert before the oldest go."""
_DROPPED_AT_ONCE = 200

T = TypeVar("T")


class Done(NamedTuple):
    """What an operation changed, in messages."""

    found: int = 0
    kept: int = 0
    forgotten: int = 0
    dropped_for_size: int = 0
    dropped_for_age: int = 0


class Spool:
    """The spool in a directory. All futures raise SpoolUnavailable.

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
        self._max_pages = max(max_bytes // PAGE_BYTES, 64)
        self._max_age_s = max_age_s
        self._reserve = Reserve(self.path.with_name(f"{FILE}.reserve"), self._max_pages)
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
                self.set_aside = spool_file.move_aside(self.path)
            self._writer = self._opened()
        except (sqlite3.Error, OSError) as error:
            raise SpoolUnavailable(f"{self.path}: {error}", error) from None

    def _opened(self) -> Writer:
        writer = Writer(self._connect, "spool", SpoolUnavailable)
        try:
            writer.open()
        except sqlite3.DatabaseError as error:
            writer.close()
            if not spool_file.is_damage(error):
                raise
            self.set_aside = spool_file.move_aside(self.path)
            writer = Writer(self._connect, "spool", SpoolUnavailable)
            writer.open()
        return writer

    def close(self) -> None:
        """Write what waits to be written, and close the file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def keep(self, messages: Sequence[Message]) -> asyncio.Future[Done]:
        """Keep messages. Pushes out the oldest past the bound."""

        def insert(connection: sqlite3.Connection) -> Done:
            kept = spool_tables.keep(connection, messages)
            return Done(kept=kept, dropped_for_size=self._make_room(connection))

        return self._change("keep", insert)

    def oldest(self, after: int, before: int, limit: int) -> asyncio.Future[list[Message]]:
        """The oldest messages with ids between these two."""
        return self._submit(
            "oldest", lambda connection: spool_tables.oldest(connection, after, before, limit)
        )

    def forget(self, ids: Sequence[int]) -> asyncio.Future[Done]:
        """Delete messages; those that are gone already do not matter."""
        return self._change("forget", lambda connection: Done(forgotten=spool_tables.forget(connection, ids)))

    def tend(self, safe: Sequence[Safe], now_unix: float) -> asyncio.Future[Done]:
        """Note how far channels got, drop what is too old, and see how old the oldest is."""
        too_old = now_unix - self._max_age_s

        def look(connection: sqlite3.Connection) -> Done:
            spool_tables.note(connection, safe)
            self.oldest_at = oldest_at = spool_tables.oldest_at(connection)
            if oldest_at is None or oldest_at >= too_old:
                return Done()
            return Done(dropped_for_age=spool_tables.drop_older(connection, too_old))

        return self._change("tend", look)

    def count(self) -> asyncio.Future[Done]:
        """Look through the whole file for damage, and count what waited when it was opened."""

        def count(connection: sqlite3.Connection) -> Done:
            spool_file.check(connection)
            self._measure(connection)
            return Done(found=spool_tables.count(connection, self.last_id))

        return self._change("count", count)

    def _change(self, name: str, operation: Callable[[sqlite3.Connection], Done]) -> asyncio.Future[Done]:
        if self._writer is not None and self._reserve.is_due:
            self._writer.apart(self._reserve.thaw)
        future = self._submit(name, operation)
        # Not within the operation: it may be rolled back and done again.
        future.add_done_callback(partial(self._take_in, self._writer))
        return future

    def _submit(self, name: str, operation: Operation[T]) -> asyncio.Future[T]:
        if self._writer is not None:
            return self._writer.submit(name, operation)
        refused: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        refused.set_exception(SpoolUnavailable("the spool is not open"))
        return refused

    def _take_in(self, writer: Writer | None, future: asyncio.Future[Done]) -> None:
        if future.cancelled() or writer is None or writer is not self._writer:
            return  # what was in a file that was closed is counted anew
        if (error := future.exception()) is not None:
            if isinstance(error, SpoolUnavailable) and error.is_full and not self._reserve.is_frozen:
                writer.apart(self._reserve.freeze)
            return
        done = future.result()
        gone = done.forgotten + done.dropped_for_size + done.dropped_for_age
        self.waiting += done.found + done.kept - gone
        self.dropped_for_size += done.dropped_for_size
        self.dropped_for_age += done.dropped_for_age

    # --- on the thread of the writer

    def _connect(self) -> sqlite3.Connection:
        return spool_file.connect(self.path, self._max_pages, self._take_stock)

    def _take_stock(self, connection: sqlite3.Connection) -> None:
        spool_tables.make(connection)
        self.safe = spool_tables.safe(connection)
        self.last_id = spool_tables.last_id(connection)
        self.waiting = 0
        self._measure(connection)
        self._reserve.begin(connection)

    def _make_room(self, connection: sqlite3.Connection) -> int:
        most = max(self._max_pages - _SPARE_PAGES, self._max_pages // 2)
        dropped = 0
        while self._measure(connection) > most:
            count = spool_tables.drop(connection, _DROPPED_AT_ONCE)
            if not count:
                break
            dropped += count
        return dropped

    def _measure(self, connection: sqlite3.Connection) -> int:
        pages = spool_file.used_pages(connection)
        self.used_bytes = pages * PAGE_BYTES
        return pages
