"""The journal alone: what it has said stays said, whatever ends the process or fills the disk."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macnet_bridge.errors import ConfigError, JournalUnavailable
from macnet_bridge.store import Journal, Row
from macnet_bridge.store.journal import FILE

KEY, OTHER = '["alice","a"]', '["alice","b"]'


@contextmanager
def journal_in(folder: Path, **options: int) -> Iterator[Journal]:
    journal = Journal(folder, **options)
    journal.open()
    try:
        yield journal
    finally:
        journal.close()


async def test_a_command_from_its_receipt_to_its_answer(tmp_path: Path) -> None:
    with journal_in(tmp_path) as journal:
        assert await journal.begin(KEY, b"f", b"request", 10.0) is None
        assert await journal.find(KEY) == Row(KEY, b"f", b"request", 10.0)
        await journal.sent(KEY, b"proof", 11.0)
        assert await journal.unfinished() == [Row(KEY, b"f", b"request", 10.0, 11.0, b"proof")]
        await journal.settle(KEY, b"done", 12.0)
        whole = Row(KEY, b"f", b"request", 10.0, 11.0, b"proof", b"done", 12.0)
        assert await journal.find(KEY) == whole
        assert await journal.unfinished() == []
    with journal_in(tmp_path) as journal:
        assert await journal.begin(KEY, b"other", b"again", 20.0) == whole
        assert await journal.find(OTHER) is None


async def test_the_first_answer_stands(tmp_path: Path) -> None:
    with journal_in(tmp_path) as journal:
        await journal.begin(KEY, b"f", b"", 1.0)
        await journal.settle(KEY, b"first", 2.0)
        await journal.settle(KEY, b"second", 3.0)
        row = await journal.find(KEY)
    assert row is not None
    assert (row.answer, row.finished_at) == (b"first", 2.0)


async def test_calls_are_written_in_their_order_and_together(tmp_path: Path) -> None:
    with journal_in(tmp_path) as journal:
        begun = [journal.begin(str(number), b"f", b"", float(number)) for number in range(200)]
        again = journal.begin("7", b"g", b"", 1.0)
        assert await asyncio.gather(*begun) == [None] * 200
        found = await again
        assert found is not None
        assert found.fingerprint == b"f"
        assert [row.key for row in await journal.unfinished()] == [str(number) for number in range(200)]


async def test_who_stops_waiting_does_not_call_it_off(tmp_path: Path) -> None:
    with journal_in(tmp_path) as journal:
        journal.begin(KEY, b"f", b"", 1.0).cancel()
        assert await journal.begin(KEY, b"f", b"", 1.0) is not None


async def test_a_row_that_is_missing_is_no_success(tmp_path: Path) -> None:
    with journal_in(tmp_path) as journal, pytest.raises(JournalUnavailable, match="missing"):
        await journal.sent(KEY, None, 1.0)


async def test_what_is_old_and_answered_is_forgotten(tmp_path: Path) -> None:
    with journal_in(tmp_path) as journal:
        for number in range(2500):
            journal.begin(f"old {number}", b"f", b"", 1.0)
            journal.settle(f"old {number}", b"done", 2.0)
        journal.begin("unanswered", b"f", b"", 1.0)
        journal.begin("young", b"f", b"", 100.0)
        journal.settle("young", b"done", 100.0)
        assert await journal.purge(100.0) == 2500
        assert await journal.find("old 1") is None
        assert await journal.find("unanswered") is not None
        assert await journal.find("young") is not None
        assert [row.key for row in await journal.finished_since(50.0)] == ["young"]


async def test_closed(tmp_path: Path) -> None:
    with journal_in(tmp_path) as journal:
        last = journal.begin(KEY, b"f", b"", 1.0)
    assert await last is None
    with pytest.raises(JournalUnavailable, match="closed"):
        await journal.find(KEY)


# --- files


def test_it_is_synced(tmp_path: Path) -> None:
    with journal_in(tmp_path) as journal:
        connection = journal._writer._connection
        assert connection is not None
        ask = journal._writer._thread.submit
        for pragma, value in (("journal_mode", "wal"), ("synchronous", 2), ("user_version", 1)):
            cursor = ask(connection.execute, f"PRAGMA {pragma}").result()
            assert ask(cursor.fetchone).result() == (value,)


@pytest.mark.parametrize("damage", [b"no database at all" * 100, b"SQLite format 3\0" + bytes(5000)])
def test_a_damaged_file_is_named(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / FILE).write_bytes(damage)
    with pytest.raises(ConfigError, match=r"bridge\.data_dir: .*journal\.sqlite is damaged; move it away"):
        Journal(tmp_path).open()


async def test_a_damaged_page_is_found_at_the_start(tmp_path: Path) -> None:
    with journal_in(tmp_path) as journal:
        for number in range(500):
            journal.begin(f"key {number}", b"f" * 32, b"r" * 200, float(number))
    content = bytearray((tmp_path / FILE).read_bytes())
    content[4096:12288] = os.urandom(8192)
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(ConfigError, match="is damaged"):
        Journal(tmp_path).open()


def test_a_newer_file_is_left_alone(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute("PRAGMA user_version = 2")
    connection.close()
    with pytest.raises(ConfigError, match="newer version"):
        Journal(tmp_path).open()


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be used"):
        Journal(tmp_path / "missing").open()


async def test_a_full_file_refuses_and_can_be_purged(tmp_path: Path) -> None:
    with journal_in(tmp_path, max_bytes=256 << 10) as journal:
        begun = [journal.begin(f"key {number}", b"f", bytes(2000), 1.0) for number in range(500)]
        came = await asyncio.gather(*begun, return_exceptions=True)
        count = came.count(None)
        assert 50 < count < 500
        assert isinstance(came[-1], JournalUnavailable)
        assert "full" in str(came[-1])
        for row in await journal.unfinished():
            await journal.settle(row.key, b"", 2.0)
        assert await journal.purge(50.0) == count
        assert await journal.begin("after", b"f", bytes(2000), 60.0) is None
        assert (tmp_path / FILE).stat().st_size <= 256 << 10


async def test_one_that_does_not_fit_takes_nobody_with_it(tmp_path: Path) -> None:
    with journal_in(tmp_path, max_bytes=256 << 10) as journal:
        await journal.begin(KEY, b"f", b"", 1.0)
        large = journal.begin(OTHER, b"f", bytes(512 << 10), 1.0)
        small = journal.settle(KEY, b"done", 2.0)
        with pytest.raises(JournalUnavailable):
            await large
        await small
        row = await journal.find(KEY)
    assert row is not None
    assert row.answer == b"done"


WRITER = """
import asyncio, sys
from macnet_bridge.store import Journal
async def main():
    journal = Journal(sys.argv[1]); journal.open(); number = 0
    while True:
        await journal.begin(f"key {number}", b"f", b"r" * 200, float(number))
        print(number, flush=True)
        number += 1
asyncio.run(main())
"""


@pytest.mark.parametrize("rows", [1, 7, 300])
async def test_what_it_has_said_survives_a_kill(tmp_path: Path, rows: int) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: ASYNC220 - it is a test
    assert process.stdout is not None
    said = [int(process.stdout.readline()) for _ in range(rows)]
    process.kill()
    said += [int(line) for line in process.stdout if line.endswith("\n")]
    process.stdout.close()
    process.wait()
    with journal_in(tmp_path) as journal:
        kept = {row.key for row in await journal.unfinished()}
    assert {f"key {number}" for number in said} <= kept
    assert len(kept) - len(said) in (0, 1)


# --- one answer per key

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["begin", "sent", "settle", "restart"]), st.integers(0, 3), st.sampled_from("xyz")
    ),
    max_size=30,
)


@given(STEPS)
def test_any_order_of_calls_keeps_one_answer_per_key(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, str]]
) -> None:
    asyncio.run(_follow(tmp_path_factory.mktemp("journal"), steps))


async def _follow(folder: Path, steps: list[tuple[str, int, str]]) -> None:
    """Do the steps beside a plain model: by key, fingerprint, whether sent, and the answer."""
    model: dict[str, list[object]] = {}
    journal = Journal(folder)
    journal.open()
    for at, (step, number, word) in enumerate(steps):
        key, content = f"key {number}", word.encode()
        if step == "restart":
            journal.close()
            journal = Journal(folder)
            journal.open()
        elif step == "begin":
            row = await journal.begin(key, content, b"", float(at))
            assert (row is None) is (key not in model)
            known = model.setdefault(key, [content, False, None])
            if row is not None:
                assert [row.fingerprint, row.sent_at is not None, row.answer] == known
        elif key in model and step == "sent":
            await journal.sent(key, None, float(at))
            model[key][1] = True
        elif key in model:
            await journal.settle(key, content, float(at))
            model[key][2] = model[key][2] or content
    rows = {row.key for row in await journal.unfinished()}
    assert rows == {key for key, (_, _, answer) in model.items() if answer is None}
    journal.close()
