"""How well the model of a cell follows discharges that were measured on real ones.

python -m bench.cell_curve                             # a table, in a second
python -m bench.cell_curve --plot docs/cell-curve.svg  # and the picture of docs/cells.md
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from bench.cell_plot import draw
from bench.discharges import Discharge, errors, measured, modelled, modelled_ah
from macnet_bridge.simulator.machine.cell import PRESETS

PLATEAU, MIDDLE, WHOLE = (0.05, 0.80), (0.05, 0.95), (0.0, 1.0)
HEADER = (
    *("preset", "measured", "rate"),
    *("5-80 %: mean", "max", "5-95 %: mean", "max", "whole: mean", "max"),
    *("Ah measured", "Ah of model"),
)


def table(discharges: Sequence[Discharge]) -> str:
    """The errors in mV as a Markdown table, of the presets made after the cells and of the generic one."""
    rows = [_row(discharge, discharge.cell) for discharge in discharges]
    rows += [_row(discharge, "nmc") for discharge in discharges if discharge.cell == "kokam"]
    return "\n".join([_line(HEADER), _line(["---"] * len(HEADER)), *rows])


def _row(discharge: Discharge, name: str) -> str:
    preset = PRESETS[name]
    # Another cell is compared at the same share of its capacity per second.
    scale = preset.capacity_ah / PRESETS[discharge.cell].capacity_ah
    volts = modelled(discharge.seconds, scale * discharge.ampere, preset)
    found = [errors(discharge, volts, window) for window in (PLATEAU, MIDDLE, WHOLE)]
    millivolts = [value for part in found for value in (part.mean, part.largest)]
    given_ah = modelled_ah(discharge.volts[-1], scale * discharge.ampere, preset) / scale
    return _line(
        [name, discharge.cell, discharge.rate]
        + [f"{value:.1f}" if value < 10.0 else f"{value:.0f}" for value in millivolts]
        + [f"{discharge.capacity_ah:.2f}", f"{given_ah:.2f}"]
    )


def _line(values: Iterable[str]) -> str:
    return "| " + " | ".join(values) + " |"


@click.command()
@click.option(
    "--plot", type=click.Path(path_type=Path), help="A file to draw, .svg or .png; needs matplotlib."
)
def main(plot: Path | None) -> None:
    """Print the errors of the model in mV, and draw measured points and modelled lines."""
    discharges = measured()
    print(table(discharges))
    if plot is not None:
        draw(discharges, plot)


if __name__ == "__main__":
    main()
