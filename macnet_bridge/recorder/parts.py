"""A recording as Parquet: a folder for each table, with one file after the other.

Rows wait in `recording.sqlite`, confirmed and safe, until there are enough of them or they have waited
for long enough. That file also has what goes into no part: tests, runs, gaps and what was not read.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from macnet_bridge import __version__
from macnet_bridge.errors import ConfigError
from macnet_bridge.parquet_file import write_durably
from macnet_bridge.recorder.columns import TABLES, Table
from macnet_bridge.store.moving import Movable, MovingRecording, Part
from macnet_bridge.store.recording import Done
from macnet_bridge.store.recording_schema import VERSION
from macnet_bridge.store.rows import Row, Rows
from macnet_bridge.system_errors import os_reason

FILE = "recording.sqlite"
ENOUGH_ROWS = 250_000
LONGEST_S = 3_600.0
_PART = re.compile(r"part-([0-9]{6,})\.parquet")
_UNFINISHED = ".part-*.parquet.new"
ABOUT = {"macnet_bridge": __version__, "schema_version": str(VERSION)}


def movable(table: Table) -> Movable:
    """What its rows are told by, in the order of the columns."""
    key = tuple(name for name in table.names if name in table.key or name in table.place)
    return Movable(table.name, table.names, key)


class Parts(MovingRecording):
    """One folder. `tend` has to be called now and then."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / FILE, [movable(table) for table in TABLES.values()])
        self._folder = folder
        names = [table.name for table in TABLES.values()]
        self._moved_at = dict.fromkeys(names, time.monotonic())
        self._waiting = dict.fromkeys(names, 0)
        self._bytes = 0

    def judge(self) -> None:
        """As any recording does.

        Raises:
            ConfigError: it cannot be used, is of another version, or has parts and no database.
        """
        if not os.path.exists(self.path) and any(self._found()):
            raise ConfigError(
                f"--to: {self._folder} has parts, but no {FILE} that knows what is in them; "
                "put it back, or name another folder"
            )
        super().judge()

    def open(self) -> None:
        """Make the folder where there is none.

        Raises:
            ConfigError: as `judge`, or it cannot be made.
        """
        self.judge()
        try:
            for table in TABLES.values():
                self._of(table).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"--to: {self._folder} cannot be used: {os_reason(error)}") from None
        super().open()

    def keep(self, batch: Sequence[Rows], lost: Sequence[tuple[str, float]] = ()) -> asyncio.Future[Done]:
        """As any recording does; what is new waits for its part."""
        future = super().keep(batch, lost)
        future.add_done_callback(self._count)
        return future

    def _count(self, future: asyncio.Future[Done]) -> None:
        if not future.cancelled() and future.exception() is None:
            for name, rows in future.result().new.items():
                self._waiting[name] = self._waiting.get(name, 0) + rows

    async def settle(self) -> None:
        """Throw away parts that were not finished when the last recorder was killed.

        Raises:
            ConfigError: there are more parts than that: the database is an older one.
        """
        self._waiting |= await self.waiting()
        known = await self.parts()
        paths = [self._path(*part) for part in known]
        self._bytes = sum(path.stat().st_size for path in paths if path.exists())
        unknown = [part for part in self._found() if part not in known]
        for part in unknown:
            self._judge(part, known)
        unfinished = [path for table in TABLES.values() for path in self._of(table).glob(_UNFINISHED)]
        for path in [*(self._path(*part) for part in unknown), *unfinished]:
            path.unlink()

    def _judge(self, unknown: Part, known: set[Part]) -> None:
        """A transaction that was broken off leaves the next part of its table; its rows still wait."""
        last = max((part.number for part in known if part.table == unknown.table), default=0)
        if unknown.number != last + 1 or not self._waiting[unknown.table]:
            raise ConfigError(
                f"--to: {self._path(*unknown)} is newer than its {FILE}; put back the one that knows it, "
                "or name another folder"
            )

    def _found(self) -> Iterator[Part]:
        """Parts that lie there, whoever knows them."""
        for table in TABLES.values():
            for path in self._of(table).glob("part-*.parquet"):
                if named := _PART.fullmatch(path.name):
                    yield Part(table.name, int(named[1]))

    def _of(self, table: Table) -> Path:
        return self._folder / table.name

    async def tend(self) -> None:
        """Write the parts that are due. Raises RecordingUnavailable."""
        now = time.monotonic()
        for table in TABLES.values():
            if is_due(self._waiting[table.name], now - self._moved_at[table.name]):
                await self._move(table)

    async def finish(self) -> None:
        """Write all that waits. Raises RecordingUnavailable."""
        for table in TABLES.values():
            await self._move(table)

    def megabytes(self) -> float:
        """Of the whole folder."""
        return super().megabytes() + self._bytes / 1e6

    async def _move(self, table: Table) -> None:
        columns = {column.name: column.kind for column in table.columns}
        rows = await self.move(table.name, partial(self._write, table.name, columns))
        self._waiting[table.name] -= rows
        self._moved_at[table.name] = time.monotonic()

    def _write(self, name: str, columns: Mapping[str, str], number: int, rows: Sequence[Row]) -> None:
        path = self._path(name, number)
        write_durably(path, columns, rows, ABOUT)
        self._bytes += path.stat().st_size

    def _path(self, name: str, number: int) -> Path:
        return self._folder / name / f"part-{number:06}.parquet"


def is_due(rows: int, waited_s: float) -> bool:
    """Whether rows that wait go into a part now."""
    return rows >= ENOUGH_ROWS or (rows > 0 and waited_s >= LONGEST_S)
