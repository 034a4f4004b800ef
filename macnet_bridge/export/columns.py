"""THE table of exported columns: BDF's label and name, and the column of a recording that it comes from.

Labels, names and meanings are those of the Battery Data Format, ontology 1.3.0; in its order: what is
required, what is recommended, what is optional. Every value is the recorded one, to the last bit; one that
is absent stays absent. Values only.

What MacNet counts per step stands in columns of the step: BDF's `charging_capacity_ah`, `net_capacity_ah`,
`cumulative_capacity_ah` and their energies count from the start of the test, and readings do not tell
what passed between two of them. For the same reason there is no `step_count`.

Auxiliary inputs have a column where the bridge's configuration gives them a name of BDF (`channel.N.aux`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["real", "integer", "text"]
Labels = Literal["preferred", "machine"]


@dataclass(frozen=True, slots=True)
class BdfColumn:
    """One column.

    Attributes:
        label: BDF's preferred label, for people.
        name: BDF's machine-readable name.
        source: column of `readings` in a recording, or the name of an auxiliary input.
    """

    label: str
    name: str
    source: str
    kind: Kind = "real"
    is_input: bool = False


def _input(label: str, name: str) -> BdfColumn:
    return BdfColumn(label, name, name, is_input=True)


COLUMNS = (
    BdfColumn("Test Time / s", "test_time_second", "test_time_second"),
    BdfColumn("Voltage / V", "voltage_volt", "voltage_volt"),
    BdfColumn("Current / A", "current_ampere", "current_ampere"),
    BdfColumn("Unix Time / s", "unix_time_second", "unix_time_second"),
    BdfColumn("Cycle Count / 1", "cycle_count", "cycle_count", "integer"),
    _input("Ambient Temperature / degC", "ambient_temperature_celsius"),
    BdfColumn("Step ID", "step_id", "step_id", "integer"),
    # BDF: the mode of the step in the tester's own word.
    BdfColumn("Step Type", "step_type", "mode", "text"),
    BdfColumn("Step Time / s", "step_time_second", "step_time_second"),
    BdfColumn("Step Cumulative Capacity / Ah", "step_cumulative_capacity_ah", "step_cumulative_capacity_ah"),
    BdfColumn("Step Cumulative Energy / Wh", "step_cumulative_energy_wh", "step_cumulative_energy_wh"),
    BdfColumn("Power / W", "power_watt", "power_watt"),
    # The tester's own record of that moment: readings between two records share it.
    BdfColumn("Record Index / 1", "record_index", "record_index", "integer"),
    _input("Surface Temperature / degC", "surface_temperature_celsius"),
    *(_input(f"Temperature T{n} / degC", f"temperature_t{n}_celsius") for n in range(1, 6)),
    _input("Ambient Pressure / Pa", "ambient_pressure_pa"),
    _input("Applied Pressure / Pa", "applied_pressure_pa"),
    _input("Surface Pressure / Pa", "surface_pressure_pa"),
)

OF_READINGS = tuple(column for column in COLUMNS if not column.is_input)
INPUTS = tuple(column.name for column in COLUMNS if column.is_input)
"""Names of auxiliary inputs that BDF knows."""


def columns_with(inputs: Collection[str]) -> tuple[BdfColumn, ...]:
    """The columns of a test that has these auxiliary inputs."""
    return tuple(column for column in COLUMNS if not column.is_input or column.name in inputs)


def header(columns: Sequence[BdfColumn], labels: Labels) -> tuple[str, ...]:
    """The names of the columns, for people or for machines."""
    return tuple(column.label if labels == "preferred" else column.name for column in columns)
