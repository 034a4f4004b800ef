"""Room on the disk that a spool holds ready, for the day when the disk is full."""

from __future__ import annotations

import sqlite3
import time
from contextlib import suppress
from pathlib import Path

_BYTES = 2 << 20
"""More than the write-ahead log holds as a rule: room to write that back on a disk that is full."""
_AGAIN_S = 10.0


class Reserve:
    """A file beside the database that only takes room.

    In WAL mode a disk that is full would keep even what was sent from being deleted: that has to be
    written first, too. So this file is given up when the disk is full, and the database may not grow
    any more until it could be made again. What takes a connection is for the thread that writes.

    Args:
        max_pages: how large the database may grow while there is a reserve.

    Attributes:
        is_frozen: the database may not grow.
    """

    def __init__(self, path: Path, max_pages: int) -> None:
        self._path = path
        self._max_pages = max_pages
        self._frozen_at = 0.0
        self.is_frozen = False

    @property
    def is_due(self) -> bool:
        """Whether it is time to try again to grow."""
        return self.is_frozen and time.monotonic() > self._frozen_at + _AGAIN_S

    def begin(self, connection: sqlite3.Connection) -> None:
        """The database was opened, and may grow: if there is, or can be, a reserve."""
        self.is_frozen = False
        if not self._make():
            self.freeze(connection)

    def freeze(self, connection: sqlite3.Connection) -> None:
        """The disk is full: give up the reserve, and grow no more."""
        self.is_frozen, self._frozen_at = True, time.monotonic()
        with suppress(sqlite3.Error, OSError):
            self._path.unlink(missing_ok=True)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count = {pages}")

    def thaw(self, connection: sqlite3.Connection) -> None:
        """Grow again, if the reserve can be made."""
        self._frozen_at = time.monotonic()
        with suppress(sqlite3.Error):
            self.is_frozen = not self._make()
            if not self.is_frozen:
                connection.execute(f"PRAGMA max_page_count = {self._max_pages}")

    def _make(self) -> bool:
        try:
            if not self._path.exists() or self._path.stat().st_size < _BYTES:
                self._path.write_bytes(bytes(_BYTES))
        except OSError:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)
            return False
        return True
