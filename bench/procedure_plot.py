"""The picture of `bench.procedure_run`: voltage, current and steps over time. Needs the extra `plot`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

_SECONDS_A_DAY = 86_400.0
_NAMED_SHARE = 0.01
"""Of the whole time, that a step lasts at least to have its number beside it."""


class Reading(NamedTuple):
    """What a picture needs of a reading, by the names of its payload."""

    test_time_second: float
    voltage_volt: float
    current_ampere: float
    step_id: int
    cycle_count: int
    state: str


def draw(readings: Sequence[Reading], path: Path, title: str) -> None:
    """Write a picture with three panels over one axis of time."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    days = [reading.test_time_second / _SECONDS_A_DAY for reading in readings]
    with rc_context({"font.size": 9, "axes.grid": True, "grid.alpha": 0.3}):
        figure = Figure(figsize=(10.0, 6.4), layout="constrained")
        volts, amperes, steps = figure.subplots(3, 1, sharex=True, height_ratios=[3, 2, 2])
        figure.suptitle(title, fontsize=10)
        _line(volts, days, [reading.voltage_volt for reading in readings], "voltage / V", "#1b6ca8")
        _line(amperes, days, [reading.current_ampere for reading in readings], "current / A", "#c4572a")
        steps.plot(days, [reading.step_id for reading in readings], ".", color="#2a8c4a", markersize=1.5)
        steps.set(ylabel="step", xlabel="test time / d")
        steps.margins(y=0.15)
        _name_steps(steps, days, readings)
        figure.savefig(path, dpi=110)


def _line(axes: Any, days: list[float], values: list[float], label: str, colour: str) -> None:
    axes.plot(days, values, color=colour, linewidth=0.6)
    axes.set_ylabel(label)


def _name_steps(axes: Any, days: list[float], readings: Sequence[Reading]) -> None:
    """The number of each step that takes long, where it was longest."""
    longest: dict[int, tuple[float, float]] = {}
    began = 0
    for at in range(1, len(readings) + 1):
        if at == len(readings) or readings[at].step_id != readings[began].step_id:
            step, last = readings[began].step_id, at - 1
            taken = days[last] - days[began]
            if taken >= longest.get(step, (-1.0, 0.0))[0]:
                longest[step] = (taken, (days[last] + days[began]) / 2.0)
            began = at
    for step, (taken, middle) in longest.items():
        if taken < _NAMED_SHARE * days[-1]:
            continue
        axes.annotate(
            str(step), (middle, step), xytext=(0, 3), textcoords="offset points", fontsize=6, ha="center"
        )
