"""The kinds of cells: figures that hang together, and cells that can be cycled between their voltages."""

from __future__ import annotations

import pytest

from macnet_bridge.simulator.machine.cell import PRESETS, Cell
from macnet_bridge.simulator.machine.control import CHARGE, DISCHARGE, Setpoint

KINDS = pytest.mark.parametrize("kind", sorted(PRESETS))


def test_the_command_line_has_these_names() -> None:
    assert list(PRESETS) == ["nmc", "lfp", "nca", "lto", "coin", "kokam", "enertech"]


@KINDS
def test_the_curve_lies_within_the_usual_voltages(kind: str) -> None:
    preset = PRESETS[kind]
    assert preset.curve.charges[0] < 0.0
    assert preset.curve.charges[-1] > 1.0
    assert preset.curve.volts[0] < preset.empty_volt <= preset.curve.volt(0.0)
    # Computed and measured curves end some mV beside the round figure.
    assert preset.curve.volt(1.0) <= preset.full_volt + 0.01 < preset.curve.volts[-1]


@KINDS
def test_the_first_and_the_last_piece_are_steep(kind: str) -> None:
    slopes = PRESETS[kind].curve.slopes
    assert slopes[0] > max(4.0, slopes[len(slopes) // 2])
    assert slopes[-1] > max(4.0, slopes[len(slopes) // 2])


@KINDS
def test_one_pair_is_of_seconds_and_one_of_minutes(kind: str) -> None:
    preset = PRESETS[kind]
    assert 5.0 <= preset.fast_second <= 60.0
    assert 120.0 <= preset.slow_second <= 1800.0


@KINDS
def test_it_charges_to_full_and_discharges_to_empty(kind: str) -> None:
    preset = PRESETS[kind]
    cell = Cell.of(preset)
    charge = Setpoint(CHARGE, 0.5 * preset.capacity_ah, preset.full_volt)
    for _ in range(5 * 3600):
        cell.advance(charge.current(cell, 1.0), 1.0)
    assert cell.charge == pytest.approx(1.0, abs=0.02)
    assert cell.current_ampere < 0.02 * preset.capacity_ah
    discharge = Setpoint(DISCHARGE, 0.5 * preset.capacity_ah)
    given = 0.0
    while cell.voltage_volt > preset.empty_volt:
        cell.advance(discharge.current(cell, 1.0), 1.0)
        given -= cell.current_ampere / 3600.0
    assert given == pytest.approx(preset.capacity_ah, rel=0.04)


@KINDS
def test_it_gets_warm_but_not_hot_at_1c(kind: str) -> None:
    preset = PRESETS[kind]
    cell = Cell.of(preset, charge=1.0)
    cell.advance(-preset.capacity_ah, 3600.0)
    assert 0.1 < cell.heating_kelvin < 15.0
