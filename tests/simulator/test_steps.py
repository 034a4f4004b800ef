"""What a step holds: current, voltage, power, resistance, their limits, and waveforms."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol import messages as m
from macnet_bridge.macnet.protocol.codes import ChannelState, StepCode
from macnet_bridge.simulator.machine.procedure.rows import (
    Amount,
    End,
    Finish,
    Quantity,
    Report,
    Segment,
    Step,
    Wave,
)
from tests.simulator.machine import limits
from tests.simulator.rows import AT_LEAST, AT_MOST, after, charge, discharge, end, rest, run

VOLTAGE, CURRENT, POWER, RESISTANCE = (
    Quantity.VOLTAGE,
    Quantity.CURRENT,
    Quantity.POWER,
    Quantity.RESISTANCE,
)


def held(reading: m.StatusAndReadings) -> dict[Quantity, float]:
    volt, ampere = reading.voltage_volt, reading.current_ampere
    return {VOLTAGE: volt, CURRENT: ampere, POWER: volt * ampere, RESISTANCE: volt / ampere}


@pytest.mark.parametrize("code", [StepCode.CHARGE, StepCode.DISCHARGE])
@pytest.mark.parametrize(
    ("control", "charging", "discharging"),
    [(CURRENT, 1.2, 1.2), (VOLTAGE, 3.82, 3.64), (POWER, 5.0, 5.0), (RESISTANCE, 2.0, 2.0)],
)
def test_a_step_holds_what_it_controls(
    code: StepCode, control: Quantity, charging: float, discharging: float
) -> None:
    value = charging if code is StepCode.CHARGE else discharging
    machine = run(Step(code, control, Amount(value)), signed_current=True)
    for second in (0.1, 1.0, 10.0, 60.0, 120.0):
        reading = machine.pass_by(second)
        assert reading.step_code == code
        assert math.copysign(1.0, reading.current_ampere) == (1.0 if code is StepCode.CHARGE else -1.0)
        assert abs(held(reading)[control]) == pytest.approx(value, rel=2e-3)


@pytest.mark.parametrize(
    ("control", "amount", "limit", "most"),
    [
        (CURRENT, 2.0, VOLTAGE, 3.80),
        (VOLTAGE, 4.0, CURRENT, 0.7),
        (CURRENT, 2.0, POWER, 3.0),
        (POWER, 9.0, CURRENT, 1.1),
        (RESISTANCE, 1.0, CURRENT, 1.3),
        (CURRENT, 2.0, RESISTANCE, 5.0),
    ],
)
def test_a_limit_takes_over_where_the_controlled_quantity_would_pass_it(
    control: Quantity, amount: float, limit: Quantity, most: float
) -> None:
    machine = run(Step(StepCode.CHARGE, control, Amount(amount), {limit: Amount(most)}))
    reading = machine.pass_by(30.0)
    assert held(reading)[limit] == pytest.approx(most, rel=2e-3)


def test_a_c_rate_is_a_multiple_of_the_capacity_given_at_the_start() -> None:
    machine = run(Step(StepCode.CHARGE, CURRENT, Amount(0.4, is_c_rate=True)))
    assert machine.pass_by(1.0).current_ampere == 1.0


@pytest.mark.parametrize(("number", "ampere"), [(4, 5.0), (3, 0.15), (2, 0.005), (1, 0.00015)])
def test_a_current_range_bounds_the_current(number: int, ampere: float) -> None:
    machine = run(Step(StepCode.CHARGE, VOLTAGE, Amount(4.5), current_range=number))
    assert machine.pass_by(1.0).current_ampere == pytest.approx(ampere)


def test_a_larger_channel_has_larger_ranges() -> None:
    machine = run(Step(StepCode.CHARGE, CURRENT, Amount(7.42)), max_ampere=10.0)
    assert machine.pass_by(1.0).current_ampere == pytest.approx(7.42)


# --- records


@pytest.mark.parametrize(
    ("report", "records"),
    [
        (Report(Quantity.STEP_TIME, Amount(30.0)), 12),
        (Report(Quantity.STEP_TIME, Amount(0.01)), 36_000),
        (Report(Quantity.CAPACITY, Amount(0.01)), 25),
        (Report(Quantity.ENERGY, Amount(0.1)), 9),
    ],
)
def test_reports_make_records(report: Report, records: int) -> None:
    """2.5 A for 360 s are 0.25 Ah and close to 0.95 Wh; one more record is made where the step begins."""
    for leaps in (1, 40):
        machine = run(charge(2.5, reports=(report,)))
        for _ in range(leaps):
            reading = machine.pass_by(360.001 / leaps)
        assert reading.record_index == 1 + records


def test_a_report_by_voltage_makes_a_record_for_every_such_change() -> None:
    machine = run(charge(2.5, reports=(Report(VOLTAGE, Amount(0.001)),)))
    began = machine.pass_by(0.0).voltage_volt
    reading = machine.pass_by(360.0)
    assert reading.record_index - 1 == int((reading.voltage_volt - began) / 0.001)


# --- waves


def segment(code: StepCode, ampere: float, second: float, *ends: End) -> Segment:
    return Segment(Step(code, CURRENT, Amount(ampere), ends=ends), second)


WAVE = Wave(
    "w",
    (
        segment(StepCode.DISCHARGE, 2.0, 1.0),
        segment(StepCode.CHARGE, 0.5, 2.0),
        segment(StepCode.DISCHARGE, 0.0, 0.5),
        segment(StepCode.DISCHARGE, 1.0, 1.5),
    ),
)


def test_a_wave_is_one_step_whose_current_changes() -> None:
    machine = run(WAVE, rest(100.0, 3), signed_current=True)
    seen = [machine.pass_by(0.5) for _ in range(10)]
    assert [reading.current_ampere for reading in seen] == [-2, 0.5, 0.5, 0.5, 0.5, 0, -1, -1, -1, 0]
    assert [reading.step_id for reading in seen] == [1] * 9 + [2]
    assert seen[8].step_time_second == pytest.approx(4.5)
    assert [reading.step_code for reading in seen[:2]] == [StepCode.DISCHARGE, StepCode.CHARGE]


def test_a_wave_moves_as_much_charge_as_its_segments_say() -> None:
    for pieces in (1, 7):
        machine = run(WAVE, rest(100.0, 3))
        before = machine.channel(1).cell.charge
        for _ in range(pieces):
            machine.pass_by(5.0 / pieces)
        cell = machine.channel(1).cell
        moved_ah = (cell.charge - before) * cell.capacity_ah
        assert moved_ah * 3600.0 == pytest.approx(-2.0 + 1.0 - 1.5, abs=2e-3)


def test_an_end_within_a_wave_goes_to_its_next_segment() -> None:
    full = end(VOLTAGE, AT_LEAST, 3.85, goto=0)
    wave = Wave("w", (segment(StepCode.CHARGE, 3.0, 3600.0, full), segment(StepCode.DISCHARGE, 1.0, 5.0)))
    machine = run(wave, rest(100.0, 3), Finish(), signed_current=True)
    while (reading := machine.pass_by(0.5)).current_ampere == 3.0:
        assert reading.voltage_volt < 3.86
    began = machine.now
    assert reading.current_ampere == -1.0
    assert 5.0 < began < 3000.0
    assert machine.pass_by(4.0).step_id == 1
    assert machine.pass_by(1.1).step_id == 2


def test_an_end_of_a_segment_holds_for_no_other() -> None:
    low = end(VOLTAGE, AT_MOST, 3.7, goto=0)
    wave = Wave("w", (segment(StepCode.CHARGE, 0.1, 5.0, low), segment(StepCode.DISCHARGE, 2.0, 5.0)))
    machine = run(wave, rest(100.0, 3))
    assert machine.pass_by(9.9).step_id == 1
    assert machine.reading().voltage_volt < 3.7


# --- a whole cycle


def test_capacity_and_energy_are_the_integrals_of_what_was_seen() -> None:
    """CCCV by readings a second apart, within 0.1 %; the taper ends at its limit."""
    cccv = Step(
        StepCode.CHARGE,
        CURRENT,
        Amount(2.5),
        {VOLTAGE: Amount(4.2)},
        (end(CURRENT, AT_MOST, 0.125),),
    )
    machine = run(cccv, rest(10.0, 3), discharge(2.5, end(VOLTAGE, AT_MOST, 3.0, goto=4)), rest(10.0, 5))
    readings = [machine.pass_by(1.0)]
    while readings[-1].state != ChannelState.COMPLETED:
        readings.append(machine.pass_by(1.0))
    for step, taper in ((1, 0.125), (3, 2.5)):
        of_step = [reading for reading in readings if reading.step_id == step]
        capacity_ah, energy_wh = integrals(of_step)
        last = of_step[-1]
        first = of_step[0]
        assert last.step_capacity_ah - first.step_capacity_ah == pytest.approx(capacity_ah, rel=1e-3)
        assert last.step_energy_wh - first.step_energy_wh == pytest.approx(energy_wh, rel=1e-3)
        assert last.current_ampere == pytest.approx(taper, rel=2e-3)


def integrals(readings: list[m.StatusAndReadings]) -> tuple[float, float]:
    """Ampere-hours and watt-hours by trapezoids."""
    capacity_as = energy_ws = 0.0
    for one, two in pairwise(readings):
        second = two.test_time_second - one.test_time_second
        capacity_as += second * (one.current_ampere + two.current_ampere) / 2.0
        watts = one.current_ampere * one.voltage_volt + two.current_ampere * two.voltage_volt
        energy_ws += second * watts / 2.0
    return capacity_as / 3600.0, energy_ws / 3600.0


def test_a_leap_over_a_cycle_counts_as_much_as_a_walk() -> None:
    cccv = Step(
        StepCode.CHARGE, CURRENT, Amount(2.5), {VOLTAGE: Amount(4.2)}, (end(CURRENT, AT_MOST, 0.125),)
    )
    rows = (cccv, charge(0.0, after(100_000.0, 3)), Finish())
    leap, walk = run(*rows), run(*rows)
    leap.pass_by(9_000.0)
    while walk.now < 9_000.0:
        walk.pass_by(1.0)
    one, other = leap.channel(1).cell, walk.channel(1).cell
    assert one.charge == pytest.approx(other.charge, abs=2e-4)
    assert leap.reading().test_time_second == pytest.approx(walk.reading().test_time_second, rel=1e-5)


def test_a_safety_limit_trips_within_a_tick() -> None:
    """The moment is found in a leap of an hour, and is the one that a walk in ticks finds."""
    moments = []
    for pause in (3600.0, 0.01):
        machine = run(charge(2.5))
        machine.ask(f.SET_SAFETY_LIMITS, limits(voltage_max_volt=3.85))
        while (reading := machine.pass_by(pause)).state == ChannelState.ACTIVE:
            assert reading.voltage_volt < 3.852
        moments.append(reading.test_time_second)
    assert moments[0] == pytest.approx(moments[1], abs=0.02)


# --- far out


def test_no_power_is_no_current_even_where_a_cell_is_below_zero_volts() -> None:
    """Its voltage and the power cancel then; the safety limits of a channel begin at -0.25 V."""
    reversed_ = discharge(0.1, end(VOLTAGE, AT_MOST, -0.2))
    for code in (StepCode.CHARGE, StepCode.DISCHARGE):
        machine = run(reversed_, Step(code, POWER, Amount(0.0)))
        reading = machine.pass_by(200_000.0)
        assert (reading.step_id, reading.state) == (2, ChannelState.ACTIVE)
        assert reading.voltage_volt < 0.0
        assert reading.current_ampere == 0.0


def test_power_is_a_magnitude_below_zero_volts_too() -> None:
    machine = run(discharge(0.1, end(VOLTAGE, AT_MOST, -0.1)), Step(StepCode.DISCHARGE, POWER, Amount(0.01)))
    while (reading := machine.pass_by(10.0)).step_id == 1:
        pass
    assert reading.voltage_volt < 0.0
    assert abs(held(reading)[POWER]) == pytest.approx(0.01, rel=2e-3)
