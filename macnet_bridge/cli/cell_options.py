"""Options of `simulate` that say what its channels and cells are like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from macnet_bridge.simulator import Behaviour
from macnet_bridge.simulator.machine.cell import PRESETS
from macnet_bridge.simulator.machine.meter import NOISE
from macnet_bridge.simulator.machine.specification import MAX_AMPERE

F = TypeVar("F", bound=Callable[..., Any])


class _Numbers(click.FloatRange):
    """A range of numbers, in which `nan` is not: it is neither too small nor too large."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if number != number:
            self.fail(f"{value!r} is not a number.", param, ctx)
        return number


_OPTIONS = (
    click.option(
        "--chemistry",
        type=click.Choice(list(PRESETS)),
        default="nmc",
        show_default=True,
        help="Kind of cell on every channel.",
    ),
    click.option(
        "--capacity-ah",
        type=_Numbers(0.001, 100_000),
        show_default="that of its kind",
        help="Size of the cells; their resistances go with it.",
    ),
    click.option(
        "--max-ampere",
        type=_Numbers(0.001, 100_000),
        default=MAX_AMPERE,
        show_default=True,
        help="Largest current range of the channels; their smaller ranges go with it.",
    ),
    click.option(
        "--noise",
        type=_Numbers(0, 0.1),
        show_default="exact values",
        help=f"Noise of readings as a share of full scale, such as {NOISE:.5f}; 0: steps of 16 bits alone.",
    ),
    click.option("--smart-batteries", is_flag=True, help="Give every channel one, for MacNet class 7."),
)
CELL_OPTIONS = ("chemistry", "capacity_ah", "max_ampere", "noise", "smart_batteries")
"""The names of what they give to a command."""


def cell_options(command: F) -> F:
    """Add them to a command, in this order."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def behaviour(
    *,
    chemistry: str,
    capacity_ah: float | None,
    max_ampere: float,
    noise: float | None,
    smart_batteries: bool,
) -> Behaviour:
    """What the options ask for."""
    preset = PRESETS[chemistry]
    return Behaviour(
        preset=preset if capacity_ah is None else preset.scaled(capacity_ah),
        max_ampere=max_ampere,
        noise=noise,
        smart_batteries=smart_batteries,
    )
