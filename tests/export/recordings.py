"""Recordings made row by row, with the tables of the recorder."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from macnet_bridge.store.recording_file import connect

START = 1_795_328_722.125
"""2026-11-22T06:25:22.125Z"""

_TESTS = """
INSERT OR REPLACE INTO tests
SELECT cycler, channel, test_name, count(*), min(run),
    (SELECT min(seq) FROM readings f WHERE f.cycler = r.cycler AND f.channel = r.channel
        AND f.test_name = r.test_name AND f.run = min(r.run)),
    max(run),
    (SELECT max(seq) FROM readings f WHERE f.cycler = r.cycler AND f.channel = r.channel
        AND f.test_name = r.test_name AND f.run = max(r.run)),
    min(unix_time_second), max(unix_time_second)
FROM readings r WHERE test_name IS NOT NULL GROUP BY cycler, channel, test_name
"""


def reading(seq: int, **other: Any) -> dict[str, Any]:
    """A row of `readings`: one second after the one before it."""
    return {
        "cycler": "lab1",
        "channel": 5,
        "run": 1,
        "seq": seq,
        "unix_time_second": START + seq,
        "quality": "good",
        "is_historical": 0,
        "state": "active",
        "mode": "charge",
        "test_name": "cell-17",
        "test_time_second": float(seq),
        "step_time_second": float(seq),
        "cycle_count": 0,
        "step_id": 2,
        "record_index": seq,
        "voltage_volt": 3.5 + seq / 128,
        "current_ampere": 0.5,
        "power_watt": 0.5 * (3.5 + seq / 128),
        "step_cumulative_capacity_ah": seq / 8192,
        "step_cumulative_energy_wh": seq / 2048,
        **other,
    }


def write_recording(
    path: Path,
    rows: Sequence[dict[str, Any]],
    gaps: Sequence[tuple[int, int, int, int]] = (),
    inputs: Sequence[tuple[float, str, float]] = (),
) -> Path:
    """A file with these readings, and of lab1/5 these gaps and auxiliary inputs of cell-17.

    Args:
        gaps: run, first and last number, whether lost.
        inputs: seconds after START, name, value.
    """
    connection = connect(path)
    add_readings(connection, rows)
    for run, first, last, is_lost in gaps:
        connection.execute(
            "INSERT INTO gaps VALUES ('lab1', 5, ?, ?, ?, ?, ?)", (run, first, last, START, is_lost)
        )
    for number, (at, name, value) in enumerate(inputs, 1):
        connection.execute(
            "INSERT INTO aux (cycler, channel, run, unix_time_second, input, test_name, name, value)"
            " VALUES ('lab1', 5, 1, ?, ?, 'cell-17', ?, ?)",
            (START + at, number, name, value),
        )
    connection.close()
    return path


def add_readings(connection: sqlite3.Connection, rows: Sequence[dict[str, Any]]) -> None:
    connection.execute("BEGIN")
    for row in rows:
        names, marks = ", ".join(row), ", ".join(f":{name}" for name in row)
        connection.execute(f"INSERT INTO readings ({names}) VALUES ({marks})", row)
    connection.execute(_TESTS)
    connection.execute("COMMIT")
