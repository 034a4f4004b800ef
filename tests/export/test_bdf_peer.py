"""What is exported, read and judged by the Battery Data Alliance's own package."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.export.conftest import Export
from tests.export.recordings import reading, write_recording

NEWER = [
    "Step ID",
    "Step Type",
    "Step Time / s",
    "Step Cumulative Capacity / Ah",
    "Step Cumulative Energy / Wh",
    "Record Index / 1",
]
"""Columns of BDF 1.3 that batterydf 0.1.0, which is older, does not know."""


@pytest.fixture
def bdf() -> Any:
    return pytest.importorskip("bdf", reason="batterydf comes with the extra `dev`")


@pytest.mark.parametrize("ending", ["bdf.csv", "bdf.parquet"])
@pytest.mark.parametrize("labels", ["preferred", "machine"])
def test_the_alliance_s_package_takes_it(
    labels: str, ending: str, bdf: Any, tmp_path: Path, export: Export
) -> None:
    rows = [reading(1), reading(2, current_ampere=None, power_watt=None), reading(3)]
    lab, file = write_recording(tmp_path / "lab.sqlite", rows), tmp_path / f"cell-17.{ending}"
    assert export(lab, "cell-17", "--to", file, "--labels", labels)[0] == 0
    report = bdf.validate(str(file))
    assert (report["ok"], report["missing"], report["n_rows"]) == (True, [], 3)
    assert (report["time_stats"]["monotonic"], report["legacy_labels"]) == (True, [])
    if labels == "preferred":
        assert report["extras"] == NEWER


def test_the_alliance_s_package_reads_the_same_numbers(bdf: Any, tmp_path: Path, export: Export) -> None:
    lab = write_recording(tmp_path / "lab.sqlite", [reading(1), reading(2, voltage_volt=3.1)])
    file = tmp_path / "cell-17.bdf.csv"
    assert export(lab, "cell-17", "--to", file)[0] == 0
    frame = bdf.read(str(file))
    assert list(frame["Voltage / V"]) == [3.5078125, 3.1]
    assert list(frame["Test Time / s"]) == [1.0, 2.0]
    assert list(frame["Current / A"]) == [0.5, 0.5]


def test_it_refuses_what_lacks_a_voltage(bdf: Any, tmp_path: Path) -> None:
    """So that its yes means something."""
    file = tmp_path / "x.bdf.csv"
    file.write_text("Test Time / s,Current / A\n1.0,0.5\n")
    report = bdf.validate(str(file))
    assert (report["ok"], report["missing"]) == (False, ["Voltage / V"])
