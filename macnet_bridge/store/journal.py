"""The journal of commands that must not run twice: received, sent, and what became of them.

SQLite in WAL mode, synced at every commit (`synchronous=FULL`): what a future of this module has
said is on the disk, and a process that is killed loses none of it.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from macnet_bridge.errors import ConfigError
from macnet_bridge.store.writer import Writer

FILE = "journal.sqlite"
SCHEMA_VERSION = 1

MAX_BYTES = 1 << 30
"""Of the file. Past it new commands are refused, and old ones can still be purged."""
_PAGE_BYTES = 4096
_WAL_PAGES = 256
_WAL_BYTES = 4 << 20
_PURGED_AT_ONCE = 1000
_BUSY_S = 2.0
"""How long another program that looks into the file may hold us up."""

_SCHEMA = """
CREATE TABLE command (
    key TEXT PRIMARY KEY,
    fingerprint BLOB NOT NULL,
    request BLOB NOT NULL,
    received_at REAL NOT NULL,
    sent_at REAL,
    proof BLOB,
    answer BLOB,
    finished_at REAL
);
CREATE INDEX by_age ON command (received_at);
CREATE INDEX by_end ON command (finished_at);
CREATE INDEX unfinished ON command (received_at) WHERE answer IS NULL;
"""
_COLUMNS = "key, fingerprint, request, received_at, sent_at, proof, answer, finished_at"


@dataclass(frozen=True, slots=True)
class Row:
    """One command. Times are Unix seconds.

    Attributes:
        key: who gave it and its id, as text.
        fingerprint: the same for the same content.
        request: what is needed to answer it, as whoever began it wrote it.
        sent_at: when its deciding request was about to leave, None before.
        proof: what would show that it happened; written together with `sent_at`.
        answer: its final acknowledgement, None before.
    """

    key: str
    fingerprint: bytes
    request: bytes
    received_at: float
    sent_at: float | None = None
    proof: bytes | None = None
    answer: bytes | None = None
    finished_at: float | None = None


class Journal:
    """The journal in a directory. All futures raise JournalUnavailable.

    What is asked for is written in the order of the calls, whether or not anybody awaits it.
    """

    def __init__(self, folder: str | Path, *, max_bytes: int = MAX_BYTES) -> None:
        self.path = Path(folder) / FILE
        self._max_bytes = max_bytes
        self._writer = Writer(self._connect)

    def open(self) -> None:
        """Open the file, and make it where there is none.

        Raises:
            ConfigError: it is damaged, of a newer version, or cannot be used.
        """
        try:
            self._writer.open()
        except sqlite3.OperationalError as error:
            raise ConfigError(f"bridge.data_dir: {self.path} cannot be used: {error}") from None
        except sqlite3.DatabaseError:
            raise ConfigError(
                f"bridge.data_dir: {self.path} is damaged; move it away to start anew, but know that "
                "commands that were given before could then run again"
            ) from None

    def close(self) -> None:
        """Write what waits, and close the file; later calls raise."""
        self._writer.close()

    def begin(
        self, key: str, fingerprint: bytes, request: bytes, received_at: float
    ) -> asyncio.Future[Row | None]:
        """Note that a command was received: None when it is new, else what is known under its key."""

        def insert(connection: sqlite3.Connection) -> Row | None:
            known = _find(connection, key)
            if known is None:
                connection.execute(
                    "INSERT INTO command (key, fingerprint, request, received_at) VALUES (?, ?, ?, ?)",
                    (key, fingerprint, request, received_at),
                )
            return known

        return self._writer.submit("begin", insert)

    def sent(self, key: str, proof: bytes | None, at: float) -> asyncio.Future[None]:
        """Note that a command's deciding request is about to leave, and what would show its effect."""
        return self._update("sent", key, "sent_at = ?, proof = ?", (at, proof))

    def settle(self, key: str, answer: bytes, at: float) -> asyncio.Future[None]:
        """Keep the final acknowledgement of a command. The first one stands."""
        return self._update(
            "settle",
            key,
            "answer = coalesce(answer, ?), finished_at = coalesce(finished_at, ?)",
            (answer, at),
        )

    def find(self, key: str) -> asyncio.Future[Row | None]:
        """What is known under a key."""
        return self._writer.submit("find", lambda connection: _find(connection, key))

    def finished_since(self, at: float) -> asyncio.Future[list[Row]]:
        """All commands that got their final acknowledgement since, in the order they came."""
        question = f"SELECT {_COLUMNS} FROM command WHERE finished_at >= ? ORDER BY received_at, rowid"
        return self._writer.submit(
            "finished", lambda connection: [Row(*row) for row in connection.execute(question, (at,))]
        )

    def unfinished(self) -> asyncio.Future[list[Row]]:
        """All commands without a final acknowledgement, in the order they came."""
        question = f"SELECT {_COLUMNS} FROM command WHERE answer IS NULL ORDER BY received_at, rowid"
        return self._writer.submit(
            "unfinished", lambda connection: [Row(*row) for row in connection.execute(question)]
        )

    async def purge(self, before: float) -> int:
        """Forget what was received before and has its answer; how many that were."""
        forgotten = 0
        while True:
            count = await self._writer.submit("purge", lambda connection: _purge(connection, before))
            forgotten += count
            if count < _PURGED_AT_ONCE:
                return forgotten

    def _update(self, name: str, key: str, change: str, values: Sequence[object]) -> asyncio.Future[None]:
        def update(connection: sqlite3.Connection) -> None:
            found = connection.execute(f"UPDATE command SET {change} WHERE key = ?", (*values, key))
            if found.rowcount != 1:
                raise sqlite3.DatabaseError("a command's row is missing")

        return self._writer.submit(name, update)

    # --- on the thread of the writer

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=_BUSY_S, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            # A file that may fill its disk could not even be purged any more.
            connection.execute(f"PRAGMA max_page_count = {max(self._max_bytes // _PAGE_BYTES, 1)}")
            connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")
            connection.execute(f"PRAGMA wal_autocheckpoint = {_WAL_PAGES}")
            self._check(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _check(self, connection: sqlite3.Connection) -> None:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            raise ConfigError(
                f"bridge.data_dir: {self.path} was written by a newer version (schema {version}); use that"
            )
        if version == 0:
            connection.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")
        (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise sqlite3.DatabaseError(found)


def _find(connection: sqlite3.Connection, key: str) -> Row | None:
    row = connection.execute(f"SELECT {_COLUMNS} FROM command WHERE key = ?", (key,)).fetchone()
    return None if row is None else Row(*row)


def _purge(connection: sqlite3.Connection, before: float) -> int:
    return connection.execute(
        "DELETE FROM command WHERE rowid IN "
        "(SELECT rowid FROM command WHERE received_at < ? AND answer IS NOT NULL LIMIT ?)",
        (before, _PURGED_AT_ONCE),
    ).rowcount
