"""The cell, and what limits of current, voltage, power and resistance make of it."""

from __future__ import annotations

import pytest

from macnet_bridge.simulator.cell import Cell
from macnet_bridge.simulator.control import CHARGE, DISCHARGE, RESTING, Setpoint


def test_charge_raises_the_voltage_and_discharge_lowers_it() -> None:
    charged, discharged, rested = Cell(), Cell(), Cell()
    charged.advance(2.5, 60.0)
    discharged.advance(-2.5, 60.0)
    rested.advance(0.0, 60.0)
    assert rested.voltage_volt == pytest.approx(3.73)
    assert charged.voltage_volt == pytest.approx(3.73 + 2.5 * 0.03 + 0.029 + 0.015, abs=0.005)
    assert discharged.voltage_volt < 3.73 - 2.5 * 0.03
    assert charged.charge == pytest.approx(0.5 + 1 / 60)


def test_the_same_time_in_pieces_leads_to_the_same_place() -> None:
    whole, pieces = Cell(), Cell()
    whole.advance(1.0, 300.0)
    for _ in range(300):
        pieces.advance(1.0, 1.0)
    assert pieces.voltage_volt == pytest.approx(whole.voltage_volt, abs=1e-9)
    assert pieces.temperature_celsius == pytest.approx(whole.temperature_celsius, abs=1e-9)


def test_current_heats_and_rest_cools() -> None:
    cell = Cell()
    cell.advance(5.0, 600.0)
    hot = cell.temperature_celsius
    cell.advance(0.0, 600.0)
    assert 25.0 < cell.temperature_celsius < hot


def test_settling_gives_the_voltage_asked_for() -> None:
    cell = Cell()
    for volts in (2.0, 3.0, 3.6, 4.19, 4.5):
        cell.settle(volts)
        assert cell.voltage_volt == pytest.approx(volts)


def test_cells_of_a_seed_differ_among_themselves_and_not_between_runs() -> None:
    first = [Cell.of_seed(7, number) for number in range(1, 9)]
    assert first == [Cell.of_seed(7, number) for number in range(1, 9)]
    assert len({cell.capacity_ah for cell in first}) == 8
    assert first != [Cell.of_seed(8, number) for number in range(1, 9)]


@pytest.mark.parametrize("second", [0.0, 0.01, 1.0, 60.0])
def test_a_voltage_limit_is_met_and_not_passed(second: float) -> None:
    cell = Cell()
    setpoint = Setpoint(CHARGE, 5.0, voltage_volt=3.8)
    cell.advance(setpoint.current(cell, second), second)
    assert 0.0 < cell.current_ampere < 5.0
    assert cell.voltage_volt == pytest.approx(3.8, abs=1e-9)


def test_constant_current_turns_into_constant_voltage() -> None:
    cell = Cell(charge=0.9)
    setpoint = Setpoint(CHARGE, 2.5, voltage_volt=4.2)
    currents = []
    for _ in range(3600):
        cell.advance(setpoint.current(cell, 1.0), 1.0)
        currents.append(cell.current_ampere)
        assert cell.voltage_volt <= 4.2 + 1e-4
    assert currents[0] == 2.5
    assert currents[-1] < 0.2
    assert currents == sorted(currents, reverse=True)


def test_a_discharge_stops_at_its_voltage() -> None:
    cell = Cell()
    setpoint = Setpoint(DISCHARGE, 5.0, voltage_volt=3.9)
    assert setpoint.current(cell, 1.0) == 0.0


@pytest.mark.parametrize("direction", [CHARGE, DISCHARGE])
def test_power_and_resistance_hold(direction: int) -> None:
    cell = Cell()
    cell.advance(Setpoint(direction, 5.0, power_watt=4.0).current(cell, 0.0), 0.0)
    assert direction * cell.current_ampere * cell.voltage_volt == pytest.approx(4.0)
    cell.advance(Setpoint(direction, 5.0, resistance_ohm=2.0).current(cell, 0.0), 0.0)
    assert direction * cell.voltage_volt / cell.current_ampere == pytest.approx(2.0)


def test_the_least_of_the_limits_rules() -> None:
    cell = Cell()
    assert Setpoint(CHARGE, 1.0, 5.0, 25.0, 0.5).current(cell, 0.0) == 1.0
    assert Setpoint(CHARGE, 5.0, 5.0, 1.0, 0.5).current(cell, 0.0) < 0.3
    assert RESTING.current(cell, 1.0) == 0.0


def test_a_power_that_the_cell_does_not_have_is_no_limit() -> None:
    assert Setpoint(DISCHARGE, 5.0, power_watt=1e6).current(Cell(), 0.0) == -5.0
