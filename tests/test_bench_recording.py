"""The judge of recordings finds what is wrong, and only that."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

import pytest

from bench.recording_judge import Judgement, judge

TABLE = """
CREATE TABLE readings (cycler, channel, run, seq, unix_time_second, state, voltage_volt, is_historical);
CREATE TABLE gaps (a);
"""
RUNS = {1: 5, 2: 3}
"""The last number of each run."""


def line(run: int, seq: int, volt: float = 3.5, previous: list[int] | None = None) -> str:
    topic = "trial/lab1/4/telemetry/reading"
    told = ["reading", 9.0, topic, run, seq, 0, 100.0 * run + seq, previous, "active", volt]
    return json.dumps(told)


def lines(**last: Any) -> list[str]:
    numbers = [(run, seq) for run, highest in RUNS.items() for seq in range(1, highest + 1)]
    return [line(run, seq, previous=[run - 1, 5] if seq == 1 < run else None, **last) for run, seq in numbers]


def database(*changes: str) -> sqlite3.Connection:
    found = sqlite3.connect(":memory:")
    found.executescript(TABLE)
    for run, highest in RUNS.items():
        for seq in range(1, highest + 1):
            row = ("lab1", 4, run, seq, 100.0 * run + seq, "active", 3.5, 0)
            found.execute("INSERT INTO readings VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    for change in changes:
        found.execute(change)
    return found


def judged(*changes: str, said: list[str] | None = None) -> Judgement:
    return judge(database(*changes), lines() if said is None else said)


def test_the_same_is_the_same() -> None:
    found = judged(said=[*lines(), line(1, 2), '["other", 1.0, "trial/bridge/b/health", {}]'])
    assert found.faults() == []
    assert (found.numbers, found.rows, found.seen, found.twice, found.runs) == (8, 8, 8, 1, 2)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("DELETE FROM readings WHERE run = 1 AND seq = 3", "not_recorded 1"),
        ("DELETE FROM readings WHERE run = 1 AND seq = 5", "not_in_sequence 1"),
        ("UPDATE readings SET voltage_volt = 3.50001 WHERE run = 2 AND seq = 1", "different 1"),
        ("UPDATE readings SET state = 'rest' WHERE run = 2 AND seq = 1", "different 1"),
        ("INSERT INTO readings SELECT * FROM readings WHERE run = 1 AND seq = 1", "doubled 1"),
        ("INSERT INTO readings VALUES ('lab1', 4, 2, 4, 204.0, 'active', 3.5, 0)", "not_seen 1"),
        ("INSERT INTO gaps VALUES (1)", "open_gaps 1"),
    ],
)
def test_what_is_wrong_is_found(change: str, fault: str) -> None:
    assert fault in judged(change).faults()


def test_what_nobody_has_but_the_next_run_names_is_missing() -> None:
    without = [each for each in lines() if '"reading", 1, 5,' not in each and ", 1, 5, 0, " not in each]
    found = judged("DELETE FROM readings WHERE run = 1 AND seq = 5", said=without)
    assert found.seen == 7
    assert "not_in_sequence 1" in found.faults()


def test_nothing_at_all_does_not_hold() -> None:
    assert judged("DELETE FROM readings", said=[]).faults() == ["nothing was recorded"]
