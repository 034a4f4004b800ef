"""The database of a recording alone: each row once, what is missing, and whose file it is."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macnet_bridge.errors import ConfigError
from macnet_bridge.store import Recording, RecordingUnavailable
from macnet_bridge.store import recording_file as file_module
from macnet_bridge.store.ledger import Kept, Ledger
from macnet_bridge.store.recording_file import APPLICATION_ID, connect
from macnet_bridge.store.recording_schema import STEPS, VERSION
from macnet_bridge.store.rows import Rows

COLUMNS = (
    *("cycler", "channel", "run", "seq", "unix_time_second", "test_name", "previous_run", "previous_seq"),
    "voltage_volt",
)


@contextmanager
def recording(path: Path) -> Iterator[Recording]:
    opened = Recording(path)
    opened.open()
    try:
        yield opened
    finally:
        opened.close()


def reading(run: int, seq: int, at: float | None = None, previous: Sequence[int] = (), **more: Any) -> Any:
    before = previous or (None, None)
    when = 1000.0 * run + seq if at is None else at
    return ("lab1", more.get("channel", 1), run, seq, when, more.get("test", "a"), *before, 3.5)


def rows(*readings: Any) -> list[Rows]:
    return [Rows("readings", COLUMNS, readings)]


def select(path: Path, question: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as database:
        return database.execute(question).fetchall()


GAPS = "SELECT run, first_seq, last_seq, noticed_unix_time_second, is_lost FROM gaps"


async def test_a_reading_is_kept_once(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    with recording(path) as kept:
        assert await kept.keep(rows(reading(1, 1), reading(1, 2), reading(1, 2))) == ({"readings": 2}, 1)
        assert await kept.keep(rows(reading(1, 1), reading(1, 3))) == ({"readings": 1}, 1)
    with recording(path) as kept:
        assert await kept.keep(rows(reading(1, 3), reading(1, 4))) == ({"readings": 1}, 1)
        assert await kept.look() == (4, 0, 0)
    assert select(path, "SELECT seq FROM readings") == [(1,), (2,), (3,), (4,)]


async def test_the_same_number_at_another_time_is_another_reading(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    with recording(path) as kept:
        await kept.keep(rows(reading(1, 1), reading(1, 2)))
        # A bridge with a new data directory begins with run 1 again.
        assert await kept.keep(rows(reading(1, 1, at=5000.0))) == ({"readings": 1}, 0)
        assert await kept.look() == (3, 0, 0)


async def test_events_and_sweeps_are_kept_once(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    events = Rows("events", ("cycler", "channel", "id", "kind"), [("lab1", 1, "x", "freed")] * 2)
    sweeps = Rows(
        "sweeps",
        ("cycler", "run", "seq", "unix_time_second", "channel"),
        [("lab1", 1, 1, 1.0, 1), ("lab1", 1, 1, 1.0, 2), ("lab1", 1, 1, 1.0, 1)],
    )
    with recording(path) as kept:
        assert await kept.keep([events, sweeps]) == ({"events": 1, "sweeps": 2}, 2)


async def test_gaps_are_noticed_filled_and_lost(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    with recording(path) as kept:
        await kept.keep(rows(reading(1, 5)))  # what was before the recording is no gap
        await kept.keep(rows(reading(1, 10)))
        assert select(path, GAPS) == [(1, 6, 9, 1010.0, 0)]
    with recording(path) as kept:
        await kept.keep(rows(reading(1, 8)))
        assert select(path, GAPS) == [(1, 6, 7, 1010.0, 0), (1, 9, 9, 1010.0, 0)]
        await kept.keep(rows(reading(1, 7), reading(1, 9), reading(1, 13)))
        assert select(path, GAPS) == [(1, 6, 6, 1010.0, 0), (1, 11, 12, 1013.0, 0)]
        await kept.keep([], [("lab1", 1013.0), ("lab2", 9e9)])
        assert select(path, GAPS) == [(1, 6, 6, 1010.0, 1), (1, 11, 12, 1013.0, 0)]
        assert await kept.look() == (6, 2, 1)
        await kept.keep(rows(reading(1, 6)))  # it came after all
        assert await kept.look() == (7, 2, 0)


async def test_gaps_of_any_size_can_be_counted(tmp_path: Path) -> None:
    path, last = tmp_path / "r.sqlite", (1 << 63) - 2
    with recording(path) as kept:
        for channel in (1, 2):
            await kept.keep(rows(reading(1, 1, channel=channel), reading(1, last, channel=channel)))
        assert (await kept.look()).readings == 4


async def test_what_comes_late_of_the_time_before_the_recording_shows_no_gap(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    with recording(path) as kept:
        await kept.keep(rows(reading(1, 500)))
        await kept.keep(rows(reading(1, 300), reading(1, 501)))
        assert await kept.look() == (3, 0, 0)
        assert await kept.keep(rows(reading(1, 300))) == ({"readings": 0}, 1)


async def test_the_end_of_an_earlier_run_is_told_by_the_next(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    with recording(path) as kept:
        await kept.keep(rows(reading(3, 5)))
        await kept.keep(rows(reading(4, 1, previous=(3, 5))))
        assert select(path, GAPS) == []
        await kept.keep(rows(reading(5, 2)))
        assert select(path, GAPS) == [(5, 1, 1, 5002.0, 0)]
        await kept.keep(rows(reading(5, 1, previous=(4, 3))))
        assert select(path, GAPS) == [(4, 2, 3, 5001.0, 0)]
        await kept.keep(rows(reading(8, 1, previous=(7, 2))))  # a run of which nothing came
        assert select(path, GAPS) == [(4, 2, 3, 5001.0, 0), (7, 1, 2, 8001.0, 0)]
        await kept.keep(rows(reading(7, 2), reading(7, 1)))
        assert select(path, GAPS) == [(4, 2, 3, 5001.0, 0)]
        await kept.keep(rows(reading(2, 9), reading(3, 1, previous=(2, 9))))  # before the recording began
        assert select(path, GAPS) == [(4, 2, 3, 5001.0, 0)]


async def test_tests_and_runs_are_summed_up(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    with recording(path) as kept:
        await kept.keep(rows(reading(1, 2), reading(1, 3), reading(1, 4, test=None)))
        await kept.keep(rows(reading(1, 5, test="b"), reading(2, 1), reading(2, 2, channel=2)))
    with recording(path) as kept:
        await kept.keep(rows(reading(1, 1), reading(1, 1)))
    assert select(path, "SELECT * FROM tests") == [
        ("lab1", 1, "a", 4, 1, 1, 2, 1, 1001.0, 2001.0),
        ("lab1", 1, "b", 1, 1, 5, 1, 5, 1005.0, 1005.0),
        ("lab1", 2, "a", 1, 2, 2, 2, 2, 2002.0, 2002.0),
    ]
    assert select(path, "SELECT * FROM runs") == [
        ("lab1", 1, 1, 5, 2, 5, 1001.0, 1005.0),
        ("lab1", 1, 2, 1, 1, 1, 2001.0, 2001.0),
        ("lab1", 2, 2, 1, 2, 2, 2002.0, 2002.0),
    ]


@given(st.lists(st.integers(1, 25), min_size=1, max_size=40), st.integers(1, 8))
def test_what_came_and_what_is_missing_make_the_whole(numbers: list[int], batch: int) -> None:
    """Whatever the order, however often: from the first that came to the last each is in one of the two."""
    database = connect(Path(":memory:"))
    insert = "INSERT OR IGNORE INTO readings (cycler, channel, run, seq, unix_time_second) \
        VALUES ('lab1', 1, 1, ?, 0)"
    for begin in range(0, len(numbers), batch):
        ledger = Ledger(database)
        for seq in numbers[begin : begin + batch]:
            is_beyond = ledger.is_beyond("lab1", 1, 1, seq)
            is_new = database.execute(insert, (seq,)).rowcount == 1
            assert is_new or not is_beyond
            if is_new:
                ledger.take(Kept("lab1", 1, 1, seq, float(seq), "a", None))
        ledger.write()
    gaps = database.execute("SELECT first_seq, last_seq FROM gaps").fetchall()
    missing = [number for first, last in gaps for number in range(first, last + 1)]
    came = set(numbers)
    assert sorted(missing) == sorted(set(range(numbers[0], max(came) + 1)) - came)
    (run,) = database.execute("SELECT readings, first_seq, last_seq FROM runs")
    assert run == (len(came), numbers[0], max(came))
    assert database.execute("SELECT readings FROM tests").fetchone() == (len(came),)


async def test_a_batch_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    with recording(path) as kept:
        await kept.keep(rows(reading(1, 1)))
        broken = Rows("events", ("cycler", "channel", "id"), [("lab1", 1, None)])
        wrong = Rows("no_such_table", ("a",), [(1,)])
        with pytest.raises(RecordingUnavailable, match="no_such_table"):
            await kept.keep([*rows(reading(1, 3)), broken, wrong])
        assert await kept.keep(rows(reading(1, 2), reading(1, 3))) == ({"readings": 2}, 0)
        assert await kept.look() == (3, 0, 0)


async def test_a_neighbour_that_fails_does_not_count_rows_twice(tmp_path: Path) -> None:
    gate = threading.Event()
    with recording(tmp_path / "r.sqlite") as kept:
        await kept.keep(rows(reading(1, 1)))
        waiting = kept._submit("gate", lambda database: gate.wait())
        keeping = kept.keep(rows(reading(1, 2), reading(1, 4)))
        failing = kept._submit("fail", lambda database: database.execute("no SQL"))
        gate.set()  # the two are tried in one transaction, and then each alone
        await waiting
        assert await keeping == ({"readings": 2}, 0)
        with pytest.raises(RecordingUnavailable):
            await failing
        assert await kept.look() == (3, 1, 0)
    assert select(tmp_path / "r.sqlite", "SELECT readings FROM tests") == [(3,)]


async def test_what_the_recorder_remembers(tmp_path: Path) -> None:
    with recording(tmp_path / "r.sqlite") as kept:
        await kept.remember({"client_id": "a", "filters": "[]"})
        await kept.remember({"client_id": "b"})
    with recording(tmp_path / "r.sqlite") as kept:
        assert await kept.settings() == {"client_id": "b", "filters": "[]"}


def test_a_new_file_says_which_version_it_has(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    with recording(path):
        pass
    assert select(path, "PRAGMA user_version") == [(1,)]
    assert select(path, "SELECT version FROM schema_versions") == [(1,)]
    assert VERSION == 1


def test_an_older_file_is_brought_up_to_date_once(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    connect(path).close()
    newer = [*STEPS, "ALTER TABLE readings ADD COLUMN pressure_bar REAL;"]
    for _ in range(2):
        connect(path, newer).close()
    assert select(path, "SELECT version FROM schema_versions") == [(1,), (2,)]
    assert select(path, "SELECT pressure_bar FROM readings") == []


def test_a_step_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    connect(path).close()
    with pytest.raises(ConfigError, match="cannot be used"):
        connect(path, [*STEPS, "ALTER TABLE runs ADD COLUMN x REAL; ALTER TABLE nothing ADD COLUMN y REAL;"])
    assert select(path, "PRAGMA user_version") == [(1,)]
    assert "x" not in [row[1] for row in select(path, "PRAGMA table_info(runs)")]


def test_a_newer_file_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    connect(path, [*STEPS, "", ""]).close()
    before = path.read_bytes()
    for refuse in (Recording(path).judge, Recording(path).open):
        with pytest.raises(ConfigError, match=r"written by a newer version \(schema 3, this one knows 1\)"):
            refuse()
    assert path.read_bytes() == before


def test_to_judge_makes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "50% of ?a#b.sqlite"
    Recording(path).judge()
    Recording(tmp_path / "nowhere" / "r.sqlite").judge()
    assert list(tmp_path.iterdir()) == []
    connect(path).close()
    before = path.read_bytes()
    Recording(path).judge()
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    assert path.read_bytes() == before
    with pytest.raises(ConfigError, match="cannot be used: unable to open database file"):
        Recording(tmp_path).judge()


def test_what_only_the_log_says_is_known_to_whoever_judges(tmp_path: Path) -> None:
    """As after a kill: the file itself does not say yet whose it is."""
    path, killed = tmp_path / "r.sqlite", tmp_path / "killed.sqlite"
    with closing(connect(path)):
        Recording(path).judge()  # nor does it mind that another has it open
        for end in ("", "-wal"):
            shutil.copy(f"{path}{end}", f"{killed}{end}")
    assert APPLICATION_ID.to_bytes(4, "big") not in killed.read_bytes()
    Recording(killed).judge()


@pytest.mark.parametrize("script", ["CREATE TABLE mine (a)", "PRAGMA user_version = 5"])
def test_the_database_of_another_program_is_left_alone(tmp_path: Path, script: str) -> None:
    path = tmp_path / "mine.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.execute(script)
    before = path.read_bytes()
    for refuse in (Recording(path).judge, Recording(path).open):
        with pytest.raises(ConfigError, match="database of another program; name another file"):
            refuse()
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("cell 7 is the warm one\n" * 100, "utf-8")
    for refuse in (Recording(path).judge, Recording(path).open):
        with pytest.raises(
            ConfigError, match=r"is no recording \(file is not a database\); name another file"
        ):
            refuse()
    assert path.read_text("utf-8").startswith("cell 7")


def test_a_folder_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be used: unable to open database file"):
        Recording(tmp_path / "nowhere" / "r.sqlite").open()


_WRITER = """
import asyncio, sys
from pathlib import Path
from tests.store.test_recording import reading, rows
from macnet_bridge.store import Recording
async def main():
    kept = Recording(Path(sys.argv[1]))
    kept.open()
    for seq in range(1, 1_000_000):
        await kept.keep(rows(reading(1, seq)))
        print(seq, flush=True)
asyncio.run(main())
"""


def test_what_was_said_to_be_kept_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    project = Path(__file__).parents[2]
    said: list[int] = []
    for _ in range(2):
        with subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(path)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(project)},
        ) as process:
            assert process.stdout is not None
            said.append(_until(process.stdout, 30))
            process.kill()
    (count, last) = select(path, "SELECT count(*), max(seq) FROM readings")[0]
    assert count == last >= max(said)
    assert select(path, "SELECT readings, last_seq FROM runs") == [(count, last)]


def _until(lines: Iterable[str], number: int) -> int:
    for line in lines:
        if int(line) >= number:
            return int(line)
    raise AssertionError("it ended")


async def test_a_full_disk_is_told_and_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_module, "_PAGE_BYTES", 512)
    path = tmp_path / "r.sqlite"
    full: list[sqlite3.Connection] = []

    def small(path: Path) -> sqlite3.Connection:
        database = connect(path)
        (pages,) = database.execute("PRAGMA page_count").fetchone()
        database.execute(f"PRAGMA max_page_count = {pages + 2}")
        full.append(database)
        return database

    monkeypatch.setattr("macnet_bridge.store.recording.connect", small)
    with recording(path) as kept:
        many = rows(*(reading(1, seq) for seq in range(1, 200)))
        with pytest.raises(RecordingUnavailable, match="database or disk is full") as refused:
            await kept.keep(many)
        assert not refused.value.is_damaged
        await kept._writer.submit("grow", lambda database: database.execute("PRAGMA max_page_count = 100000"))
        assert await kept.keep(many) == ({"readings": 199}, 0)
