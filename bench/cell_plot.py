"""The picture of `bench.cell_curve`: measured points and modelled lines. Needs matplotlib, extra `plot`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from bench.discharges import Discharge, modelled
from macnet_bridge.simulator.machine.cell import PRESETS

TITLES = {"kokam": "Kokam Li(Ni,Co)O2 pouch cell, 7.5 Ah", "enertech": "Enertech LCO pouch cell, 2.28 Ah"}
COLOURS = {"C/10": "#777777", "C/2": "#1b6ca8", "1C": "#2a8c4a", "2C": "#c4572a", "5C": "#8a3ffc"}
LINE_POINTS = 120
# The same picture from the same figures: ids of the SVG from a fixed salt, text as text, no date.
STYLE = {
    "svg.hashsalt": "cells",
    "svg.fonttype": "none",
    "font.size": 9,
    "axes.grid": True,
    "grid.alpha": 0.3,
}


def draw(discharges: Sequence[Discharge], path: Path) -> None:
    """Write an SVG file with a panel for each cell."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(STYLE):
        figure = Figure(figsize=(8.4, 3.6), layout="constrained")
        panels = figure.subplots(1, len(TITLES))
        for axes, (cell, of_cell) in zip(panels, groupby(discharges, lambda one: one.cell), strict=True):
            _panel(axes, cell, list(of_cell))
        figure.savefig(
            path, format=path.suffix[1:], metadata={"Date": None} if path.suffix == ".svg" else None
        )


def _panel(axes: Any, cell: str, discharges: list[Discharge]) -> None:
    for discharge in discharges:
        colour = COLOURS[discharge.rate]
        axes.plot(*_modelled_line(discharge), color=colour, linewidth=1.2)
        axes.plot(
            _ampere_hours(discharge.seconds, discharge.ampere),
            discharge.volts,
            "o",
            color=colour,
            markersize=2.6,
            label=discharge.rate,
        )
    axes.set(title=TITLES[cell], xlabel="charge taken out / Ah", ylabel="voltage / V")
    axes.legend(title="dots measured, lines model", title_fontsize=8, frameon=False, loc="lower left")


def _modelled_line(discharge: Discharge) -> tuple[list[float], list[float]]:
    """The model at even times, as far as the discharge went."""
    last = discharge.seconds[-1]
    seconds = tuple(last * step / LINE_POINTS for step in range(LINE_POINTS + 1))
    volts = modelled(seconds, discharge.ampere, PRESETS[discharge.cell])
    return _ampere_hours(seconds, discharge.ampere), volts


def _ampere_hours(seconds: Sequence[float], ampere: float) -> list[float]:
    return [ampere * second / 3600.0 for second in seconds]
