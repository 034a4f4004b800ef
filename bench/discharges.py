"""Discharges that were measured on real cells, and the same ones of the model.

`discharge_curves.csv` holds what was measured, by whom, and its licence.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path

from macnet_bridge.simulator.machine.cell import Cell, Preset

FIGURES = Path(__file__).with_name("discharge_curves.csv")


@dataclass(frozen=True, slots=True)
class Discharge:
    """One discharge at a constant current, from full to where the tester stopped it.

    Attributes:
        cell: the preset that was made after the cell.
        rate: as the lab calls it, such as `C/2`.
        ampere: a magnitude.
        seconds, volts: some of the points, from soon after the begin to the end.
    """

    cell: str
    rate: str
    ampere: float
    seconds: tuple[float, ...]
    volts: tuple[float, ...]

    @property
    def capacity_ah(self) -> float:
        return self.ampere * self.seconds[-1] / 3600.0


@dataclass(frozen=True, slots=True)
class Errors:
    """Mean and largest distance of a model from a discharge, in mV."""

    mean: float
    largest: float


def measured() -> list[Discharge]:
    """All discharges of the file."""
    with FIGURES.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    return [_discharge(list(points)) for _, points in groupby(rows, lambda row: (row["cell"], row["rate"]))]


def modelled(seconds: Sequence[float], ampere: float, preset: Preset) -> list[float]:
    """Volts of a full cell of this preset after so many seconds of a discharge each."""
    cell, volts, now = Cell.of(preset, charge=1.0), [], 0.0
    for second in seconds:
        cell.advance(-ampere, second - now)
        volts.append(cell.voltage_volt)
        now = second
    return volts


def modelled_ah(volt: float, ampere: float, preset: Preset) -> float:
    """What a full cell of this preset gives down to `volt`, within a second's worth."""
    cell, seconds = Cell.of(preset, charge=1.0), 0
    while cell.voltage_volt > volt:
        cell.advance(-ampere, 1.0)
        seconds += 1
    return ampere * seconds / 3600.0


def errors(discharge: Discharge, volts: Sequence[float], window: tuple[float, float]) -> Errors:
    """Of the part of the discharge between two shares of its time; the mean is one over time."""
    first, last = (share * discharge.seconds[-1] for share in window)
    off = [
        (second, 1000.0 * abs(volt - model))
        for second, volt, model in zip(discharge.seconds, discharge.volts, volts, strict=True)
        if first <= second <= last
    ]
    area = sum((t1 - t0) * (e0 + e1) / 2.0 for (t0, e0), (t1, e1) in pairwise(off))
    return Errors(area / (off[-1][0] - off[0][0]), max(error for _, error in off))


def _discharge(points: list[dict[str, str]]) -> Discharge:
    first = points[0]
    return Discharge(
        first["cell"],
        first["rate"],
        float(first["ampere"]),
        tuple(float(point["second"]) for point in points),
        tuple(float(point["volt"]) for point in points),
    )
