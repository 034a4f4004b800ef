"""The file of a spool: damaged, not there, locked by another program."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
from functools import partial
from pathlib import Path

import pytest

from macnet_bridge.store import Spool, SpoolUnavailable, spool_file
from macnet_bridge.store.spool_file import FILE
from macnet_bridge.store.spool_tables import Message
from tests.store.spools import ids, messages, spool_in


@pytest.mark.parametrize("damage", [b"no database at all" * 100, b"SQLite format 3\0" + bytes(5000)])
async def test_a_damaged_file_is_moved_aside(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / FILE).write_bytes(damage)
    with spool_in(tmp_path) as spool:
        assert spool.set_aside == tmp_path / f"{FILE}.damaged-1"
        assert spool.set_aside.read_bytes() == damage
        await spool.keep(messages(1, 5))
    with spool_in(tmp_path) as spool:
        assert spool.set_aside is None
        assert await ids(spool) == [1, 2, 3, 4, 5]


async def test_damage_within_is_found(tmp_path: Path) -> None:
    with spool_in(tmp_path) as spool:
        await spool.keep([Message(n, 1.0, "t", b"x") for n in range(1, 70_001)])
    with (tmp_path / FILE).open("r+b") as file:
        file.seek(10 * 4096)  # among the oldest, where opening does not look
        file.write(os.urandom(20 * 4096))
    spool = Spool(tmp_path, max_bytes=64 << 20, max_age_s=1e9)
    spool.open()
    assert spool.set_aside is None
    with pytest.raises(SpoolUnavailable) as damaged:
        await spool.count()
    assert damaged.value.is_damaged
    spool.close()


async def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "missing", max_bytes=1 << 20, max_age_s=1.0)
    with pytest.raises(SpoolUnavailable, match="missing") as unusable:
        spool.open()
    assert not unusable.value.is_damaged
    spool.close()


def _wait(gate: threading.Event, connection: sqlite3.Connection) -> None:
    gate.wait(20)


async def test_a_program_that_locks_it_costs_the_wait_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not once for each of those that wait: a stop of the bridge waits for them."""
    monkeypatch.setattr(spool_file, "_BUSY_S", 0.05)
    begun: list[str] = []
    gate = threading.Event()
    with spool_in(tmp_path) as spool:
        other = sqlite3.connect(tmp_path / FILE, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        assert spool._writer is not None
        spool._writer.apart(lambda connection: connection.set_trace_callback(begun.append))
        spool._writer.apart(partial(_wait, gate))
        waiting = [spool.keep(messages(n, n)) for n in range(5)]
        gate.set()
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(result) for result in results] == [SpoolUnavailable] * 5
        assert begun.count("BEGIN IMMEDIATE") == 1
        other.execute("ROLLBACK")
        other.close()
        await spool.keep(messages(1, 1))
        assert await ids(spool) == [1]
