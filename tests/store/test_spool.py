"""The spool alone: bounded, in order, and whole after whatever ended the process."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from macnet_bridge.store import SpoolUnavailable
from macnet_bridge.store.spool_file import FILE
from macnet_bridge.store.spool_tables import Message, Safe
from tests.store.spools import ALL, PAYLOAD, ids, messages, spool_in


def reading(number: int, channel: int, run: int, seq: int) -> Message:
    return Message(number, 1000.0, "t", PAYLOAD, "lab1", channel, run, seq)


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


_KEEPS_UNTIL_KILLED = """
import asyncio, sys
from macnet_bridge.store import Spool
from macnet_bridge.store.spool_tables import Message

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
