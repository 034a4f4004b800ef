"""The cell, and what limits of current, voltage, power and resistance make of it."""

from __future__ import annotations

from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macnet_bridge.simulator.machine.cell import PRESETS, Cell
from macnet_bridge.simulator.machine.control import CHARGE, DISCHARGE, RESTING, Setpoint


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


SLICES = st.lists(
    st.tuples(st.floats(-2.0, 2.0), st.floats(0.0, 2000.0)),  # C-rate and seconds
    min_size=1,
    max_size=6,
)
KINDS = st.sampled_from(sorted(PRESETS))


@given(KINDS, SLICES, st.integers(1, 7))
def test_the_length_of_slices_makes_no_difference(
    kind: str, slices: list[tuple[float, float]], cuts: int
) -> None:
    whole, pieces = Cell.of(PRESETS[kind]), Cell.of(PRESETS[kind])
    for c_rate, second in slices:
        whole.advance(c_rate * whole.capacity_ah, second)
        for _ in range(cuts):
            pieces.advance(c_rate * pieces.capacity_ah, second / cuts)
        assert pieces.save() == pytest.approx(whole.save(), rel=1e-9, abs=1e-12)


@given(KINDS, SLICES)
def test_the_charge_is_the_sum_of_what_flowed(kind: str, slices: list[tuple[float, float]]) -> None:
    cell = Cell.of(PRESETS[kind])
    for c_rate, second in slices:
        cell.advance(c_rate * cell.capacity_ah, second)
    flowed = sum(c_rate * second for c_rate, second in slices) / 3600.0
    assert cell.charge == pytest.approx(0.5 + flowed, abs=1e-12)


@given(KINDS, st.floats(0.0, 1.0), SLICES, st.floats(-2.0, 2.0), st.floats(0.0, 600.0))
def test_an_outlook_comes_true(
    kind: str, charge: float, slices: list[tuple[float, float]], c_rate: float, second: float
) -> None:
    cell = Cell.of(PRESETS[kind], charge)
    for earlier, duration in slices:
        cell.advance(earlier * cell.capacity_ah, duration)
    ampere = c_rate * cell.capacity_ah
    volts, ohms = cell.outlook(second, ampere)
    cell.advance(ampere, second)
    assert cell.voltage_volt == pytest.approx(volts + ohms * ampere, abs=1e-9)


@given(KINDS, SLICES, SLICES)
def test_restoring_undoes_what_was_advanced(
    kind: str, before: list[tuple[float, float]], after: list[tuple[float, float]]
) -> None:
    cell, other = Cell.of(PRESETS[kind]), Cell.of(PRESETS[kind])
    for c_rate, second in before:
        cell.advance(c_rate * cell.capacity_ah, second)
        other.advance(c_rate * cell.capacity_ah, second)
    saved = cell.save()
    for c_rate, second in after:
        cell.advance(c_rate * cell.capacity_ah, second)
    cell.restore(saved)
    assert cell == other


def test_the_pairs_build_up_and_decay_by_their_own_times() -> None:
    cell = Cell.of(PRESETS["nmc"])
    cell.advance(-2.0, 20.0)
    assert cell.fast_volt == pytest.approx(-0.020 * (1 - exp(-1)))
    assert cell.slow_volt == pytest.approx(-0.020 * (1 - exp(-1 / 30)))
    cell.advance(0.0, 600.0)
    assert cell.fast_volt == pytest.approx(0.0, abs=1e-9)
    assert cell.slow_volt == pytest.approx(-0.020 * (1 - exp(-1 / 30)) * exp(-1))


@pytest.mark.parametrize("kind", sorted(PRESETS))
@pytest.mark.parametrize("c_rate", [-1.0, 0.5])
def test_the_energy_that_went_in_is_in_charge_heat_and_pairs(kind: str, c_rate: float) -> None:
    cell = Cell.of(PRESETS[kind])
    cell.heat_second = 1e9  # keeps its heat, so that the heating shows all of it
    ampere, second, parts = c_rate * cell.capacity_ah, 900.0, 9000
    went_in = stored = 0.0
    step = second / parts
    for _ in range(parts):
        rested, volt = cell.open_circuit_volt, cell.voltage_under(ampere)
        cell.advance(ampere, step)
        went_in += ampere * step * (volt + cell.voltage_volt) / 2.0
        stored += ampere * step * (rested + cell.open_circuit_volt) / 2.0
    heat = cell.heating_kelvin * cell.heat_second / cell.heat_kelvin_per_watt
    # The heat counts both pairs as built up from the begin on; what they lacked is the difference.
    pairs = ((cell.fast_ohm, cell.fast_second), (cell.slow_ohm, cell.slow_second))
    lacking = sum(ohm * tau * (1 - exp(-second / tau)) for ohm, tau in pairs) * ampere**2
    assert went_in - stored == pytest.approx(heat - lacking, rel=1e-4)


@given(KINDS, st.floats(0.1, 3.0))
def test_a_round_trip_costs_energy(kind: str, c_rate: float) -> None:
    cell = Cell.of(PRESETS[kind])
    went_in = 0.0
    for ampere in (c_rate * cell.capacity_ah, -c_rate * cell.capacity_ah):
        for _ in range(60):
            before = cell.voltage_under(ampere)
            cell.advance(ampere, 1.0)
            went_in += ampere * (before + cell.voltage_volt) / 2.0
    assert went_in > 0.0


def test_heat_nears_what_the_watts_keep_up() -> None:
    cell = Cell.of(PRESETS["lfp"])
    watt = 4.0 * (0.028 + 0.008 + 0.010)
    cell.advance(2.0, 730.0)
    assert cell.temperature_celsius == pytest.approx(25.0 + 10.5 * watt * (1 - exp(-1)))
    cell.advance(2.0, 1e6)
    assert cell.temperature_celsius == pytest.approx(25.0 + 10.5 * watt)


def test_current_heats_and_rest_cools() -> None:
    cell = Cell()
    cell.advance(5.0, 600.0)
    hot = cell.temperature_celsius
    cell.advance(0.0, 600.0)
    assert 25.0 < cell.temperature_celsius < hot


def test_settling_gives_the_voltage_asked_for() -> None:
    cell = Cell()
    for volts in (2.0, 3.0, 3.6, 4.19, 4.5):
        cell.advance(-2.0, 300.0)
        cell.advance(0.0, 0.0)
        cell.settle(volts)
        assert cell.voltage_volt == pytest.approx(volts)


def test_cells_of_a_seed_differ_among_themselves_and_not_between_runs() -> None:
    first = [Cell.of_seed(7, number) for number in range(1, 9)]
    assert first == [Cell.of_seed(7, number) for number in range(1, 9)]
    assert len({cell.capacity_ah for cell in first}) == 8
    assert first != [Cell.of_seed(8, number) for number in range(1, 9)]


@pytest.mark.parametrize("kind", sorted(PRESETS))
def test_cells_of_a_seed_stay_near_their_preset(kind: str) -> None:
    preset = PRESETS[kind]
    for number in range(1, 65):
        cell = Cell.of_seed(3, number, 0.4, preset)
        assert cell.curve is preset.curve
        assert cell.charge == pytest.approx(0.4, abs=0.02)
        assert cell.capacity_ah == pytest.approx(preset.capacity_ah, rel=0.02)
        assert cell.series_ohm == pytest.approx(preset.series_ohm, rel=0.1)
        assert cell.fast_ohm / preset.fast_ohm == pytest.approx(cell.slow_ohm / preset.slow_ohm)
        assert cell.fast_ohm == pytest.approx(preset.fast_ohm, rel=0.1)


def test_a_cell_of_a_seed_is_this_one() -> None:
    cell = Cell.of_seed(7, 1)
    assert cell.charge == pytest.approx(0.482203, abs=1e-6)
    assert cell.capacity_ah == pytest.approx(2.465982, abs=1e-6)


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
