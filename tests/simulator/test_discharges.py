"""How far the presets made after real cells may be from what was measured on these.

The bounds are what docs/cells.md says, rounded up. Where they are wide, the model is bad.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.cell_curve import table
from bench.discharges import Discharge, errors, measured, modelled, modelled_ah
from macnet_bridge.simulator.machine.cell import PRESETS

DISCHARGES = {(one.cell, one.rate): one for one in measured()}
CELLS_PAGE = Path(__file__).parents[2] / "docs" / "cells.md"

# mV: mean and largest error from 5 to 80 %, from 5 to 95 %, and of all; share of capacity.
BOUNDS = {
    ("kokam", "1C"): ((9, 26), (9, 26), (14, 200), 0.015),
    ("kokam", "5C"): ((23, 42), (23, 75), (31, 320), 0.055),
    ("enertech", "C/10"): ((1, 3), (1, 9), (2, 12), 0.005),
    ("enertech", "C/2"): ((6, 16), (7, 53), (12, 140), 0.01),
    ("enertech", "1C"): ((9, 20), (12, 80), (17, 190), 0.02),
    ("enertech", "2C"): ((12, 23), (15, 65), (20, 170), 0.025),
}
WINDOWS = ((0.05, 0.80), (0.05, 0.95), (0.0, 1.0))


def test_all_discharges_that_were_measured_are_looked_at() -> None:
    assert set(DISCHARGES) == set(BOUNDS)
    points = {key: len(one.seconds) for key, one in DISCHARGES.items()}
    assert points == dict.fromkeys(BOUNDS, 48) | {("kokam", "1C"): 31, ("kokam", "5C"): 33}


@pytest.mark.parametrize(("cell", "rate"), BOUNDS)
def test_the_model_follows_within_bounds(cell: str, rate: str) -> None:
    discharge, preset = DISCHARGES[cell, rate], PRESETS[cell]
    volts = modelled(discharge.seconds, discharge.ampere, preset)
    *bounds, share = BOUNDS[cell, rate]
    for window, (mean, largest) in zip(WINDOWS, bounds, strict=True):
        found = errors(discharge, volts, window)
        assert found.mean <= mean
        assert found.largest <= largest
    given = modelled_ah(discharge.volts[-1], discharge.ampere, preset)
    assert given == pytest.approx(discharge.capacity_ah, rel=share)


def test_errors_are_a_mean_over_time_and_the_largest_within_a_window() -> None:
    discharge = Discharge("nmc", "1C", 1.0, (0.0, 10.0, 20.0, 100.0), (4.0, 3.9, 3.8, 3.0))
    found = errors(discharge, [4.0, 3.91, 3.81, 3.2], (0.0, 1.0))
    assert found.mean == pytest.approx((10 * 5 + 10 * 10 + 80 * 105) / 100)
    assert found.largest == pytest.approx(200.0)
    assert errors(discharge, [4.0, 3.91, 3.81, 3.2], (0.05, 0.5)).largest == pytest.approx(10.0)


def test_the_page_shows_what_the_bench_prints() -> None:
    assert table(list(DISCHARGES.values())) in CELLS_PAGE.read_text("utf-8")
