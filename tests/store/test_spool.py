"""The spool alone: bounded, in order, and whole after whatever ended the process."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from macnet_bridge.store import Spool, SpoolUnavailable
from macnet_bridge.store import spool as spool_module
from macnet_bridge.store.spool import FILE, Message, Safe

ALL = 1 << 62
PAYLOAD = b'{"is_historical":false}' + b"x" * 400


@contextmanager
def spool_in(folder: Path, *, max_bytes: int = 64 << 20, max_age_s: float = 1e9) -> Iterator[Spool]:
    spool = Spool(folder, max_bytes=max_bytes, max_age_s=max_age_s)
    spool.open()
    try:
        yield spool
    finally:
        spool.close()


def messages(first: int, last: int, kept_at: float = 1000.0) -> list[Message]:
    return [Message(n, kept_at, f"t/{n % 8}", PAYLOAD) for n in range(first, last + 1)]


def reading(number: int, channel: int, run: int, seq: int) -> Message:
    return Message(number, 1000.0, "t", PAYLOAD, "lab1", channel, run, seq)


async def ids(spool: Spool) -> list[int]:
    return [message.id for message in await spool.oldest(0, ALL, 1_000_000)]


async def test_what_is_kept_comes_back_in_order(tmp_path: Path) -> None:
    with spool_in(tmp_path) as spool:
        await spool.keep(messages(11, 20))
        await spool.keep(messages(1, 10))
        assert spool.waiting == 20
    with spool_in(tmp_path) as spool:
        assert spool.last_id == 20
        await spool.count()
        assert spool.waiting == 20
        assert await spool.oldest(3, 8, 3) == messages(4, 6)
        assert await spool.oldest(3, 6, 30) == messages(4, 5)
        await spool.forget([*range(1, 15), 99])
        assert spool.waiting == 6
        assert await ids(spool) == list(range(15, 21))


async def test_the_same_message_twice_is_one(tmp_path: Path) -> None:
    with spool_in(tmp_path) as spool:
        await spool.keep(messages(1, 5))
        await spool.keep(messages(3, 7))
        assert (spool.waiting, await ids(spool)) == (7, [1, 2, 3, 4, 5, 6, 7])


async def test_how_far_channels_got(tmp_path: Path) -> None:
    with spool_in(tmp_path) as spool:
        assert spool.safe == []
        await spool.keep([reading(1, 1, 3, 20), reading(2, 2, 3, 7), Message(3, 1.0, "event", b"")])
        await spool.tend([Safe("lab1", 1, 3, 19), Safe("lab1", 2, 4, 1), Safe("lab1", 3, 2, 9)], 1000.0)
        await spool.tend([Safe("lab1", 3, 2, 8)], 1000.0)
    with spool_in(tmp_path) as spool:
        assert spool.safe == [Safe("lab1", 1, 3, 20), Safe("lab1", 2, 4, 1), Safe("lab1", 3, 2, 9)]


async def test_the_oldest_go_first_when_it_is_full(tmp_path: Path) -> None:
    with spool_in(tmp_path, max_bytes=1 << 20) as spool:
        for first in range(1, 10_001, 100):
            await spool.keep(messages(first, first + 99))
        left = await ids(spool)
        assert left == list(range(left[0], 10_001)), "what is left is the newest, without a hole"
        assert 500 < len(left) < 2000
        assert spool.waiting == len(left)
        assert spool.dropped_for_size == 10_000 - len(left)
        assert spool.used_bytes <= 1 << 20
    assert (tmp_path / FILE).stat().st_size <= 1 << 20


async def test_what_is_too_old_goes(tmp_path: Path) -> None:
    with spool_in(tmp_path, max_age_s=100.0) as spool:
        await spool.keep(messages(1, 10, kept_at=1000.0))
        await spool.keep(messages(11, 15, kept_at=1050.0))
        await spool.tend([], 1100.0)
        assert (spool.waiting, spool.oldest_at) == (15, 1000.0)
        await spool.tend([], 1101.0)
        assert (spool.waiting, spool.dropped_for_age) == (5, 10)
        await spool.tend([], 1101.0)
        assert (await ids(spool), spool.oldest_at) == ([11, 12, 13, 14, 15], 1050.0)


async def test_closed(tmp_path: Path) -> None:
    with spool_in(tmp_path) as spool:
        last = spool.keep(messages(1, 1))
    assert (await last).kept == 1
    for future in (spool.keep(messages(2, 2)), spool.oldest(0, ALL, 1)):
        with pytest.raises(SpoolUnavailable):
            await future


# --- files


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


_KEEPS_UNTIL_KILLED = """
import asyncio, sys
from macnet_bridge.store import Spool
from macnet_bridge.store.spool import Message

async def main():
    spool = Spool(sys.argv[1], max_bytes=64 << 20, max_age_s=1e9)
    spool.open()
    for first in range(1, 10**9, 50):
        rows = [Message(n, 1.0, "t", b"x" * 400, "lab1", 1, 1, n) for n in range(first, first + 50)]
        await spool.keep(rows)
        print(first + 49, flush=True)

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="pipes and kills differ there")
def test_a_kill_loses_nothing_that_was_kept(tmp_path: Path) -> None:
    for wanted in (50, 1000, 3050):
        folder = tmp_path / str(wanted)
        folder.mkdir()
        process = subprocess.Popen(
            [sys.executable, "-c", _KEEPS_UNTIL_KILLED, str(folder)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= wanted:
                break
        process.kill()
        told = [int(line) for line in process.stdout.read().split()]
        process.wait()
        last = max([wanted, *told])
        found, safe = asyncio.run(_whole(folder))
        assert found == list(range(1, len(found) + 1))
        assert len(found) in (last, last + 50)
        assert safe == [Safe("lab1", 1, 1, len(found))]


async def _whole(folder: Path) -> tuple[list[int], list[Safe]]:
    with spool_in(folder) as spool:
        await spool.count()
        return await ids(spool), spool.safe


async def test_nothing_else_may_look_into_it_for_long(tmp_path: Path) -> None:
    """Another program that reads does not keep us from writing."""
    with spool_in(tmp_path) as spool:
        await spool.keep(messages(1, 5))
        other = sqlite3.connect(tmp_path / FILE)
        other.execute("BEGIN")
        assert other.execute("SELECT count(*) FROM message").fetchone() == (5,)
        await asyncio.wait_for(spool.keep(messages(6, 10)), 10)
        other.close()
        assert spool.waiting == 10


def _wait(gate: threading.Event, connection: sqlite3.Connection) -> None:
    gate.wait(20)


async def test_a_program_that_locks_it_costs_the_wait_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not once for each of those that wait: a stop of the bridge waits for them."""
    monkeypatch.setattr(spool_module, "_BUSY_S", 0.05)
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
