"""A spool on a disk that is full."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from macnet_bridge.store import Spool, SpoolUnavailable, spool_reserve
from macnet_bridge.store.spool_reserve import Reserve
from tests.store.spools import ids, messages, spool_in


def test_a_database_grows_only_while_there_is_a_reserve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "disk"
    reserve = Reserve(folder / "reserve", 1000)
    with closing(sqlite3.connect(tmp_path / "database", isolation_level=None)) as connection:
        connection.execute("CREATE TABLE kept (what BLOB)")
        reserve.begin(connection)
        assert reserve.is_frozen
        assert not reserve.is_due
        with pytest.raises(sqlite3.OperationalError, match="full"):
            connection.execute("INSERT INTO kept VALUES (?)", (bytes(100_000),))
        reserve.thaw(connection)
        assert reserve.is_frozen, "there is still no room for one"
        folder.mkdir()
        monkeypatch.setattr(spool_reserve, "_AGAIN_S", -1.0)
        assert reserve.is_due
        reserve.thaw(connection)
        assert not reserve.is_frozen
        connection.execute("INSERT INTO kept VALUES (?)", (bytes(100_000),))
        assert (folder / "reserve").stat().st_size == 2 << 20
        reserve.freeze(connection)
        assert not (folder / "reserve").exists()


async def test_it_can_be_emptied_when_its_file_is_full(tmp_path: Path) -> None:
    """As on a full disk: nothing can be added, and what waits can still go."""
    with spool_in(tmp_path) as spool:
        await spool.keep(messages(1, 1000))
        assert spool._writer is not None
        connection = spool._writer._connection
        assert connection is not None
        pages = "PRAGMA page_count"
        limit = spool._writer._thread.submit(lambda: connection.execute(pages).fetchone()[0]).result()
        spool._writer._thread.submit(
            lambda: connection.execute(f"PRAGMA max_page_count = {limit}").fetchone()
        ).result()
        with pytest.raises(SpoolUnavailable, match="full") as full:
            await spool.keep(messages(2001, 3000))
        assert not full.value.is_damaged
        assert spool.waiting == 1000
        await spool.forget(range(1, 501))
        await spool.keep(messages(2001, 2100))
        assert spool.waiting == 600


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 6 MB, where the system lets us make one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if (
        sys.platform != "linux"
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(folder)], capture_output=True, check=False
        ).returncode
    ):
        pytest.skip("needs Linux, and the right to mount a disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


async def fill(spool: Spool) -> None:
    for first in range(1, 100_001, 100):
        await spool.keep(messages(first, first + 99))


async def test_what_waits_on_a_full_disk_can_be_sent(small_disk: Path) -> None:
    """SQLite has to write before it can delete: without a reserve nothing would ever be deleted."""
    with spool_in(small_disk) as spool:
        with pytest.raises(SpoolUnavailable, match="full"):
            await fill(spool)
        kept = spool.waiting
        assert kept > 3000
        assert await ids(spool) == list(range(1, kept + 1))
        for first in range(1, kept + 1, 100):
            await spool.forget(range(first, first + 100))
        assert (spool.waiting, await ids(spool)) == (0, [])
        await spool.keep(messages(200_001, 202_000))
        assert spool.waiting == 2000
    with spool_in(small_disk) as spool:
        await spool.count()
        assert spool.waiting == 2000
