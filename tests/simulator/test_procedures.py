"""A channel through a procedure: states, counters, ends."""

from __future__ import annotations

import pytest

from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol import messages as m
from macnet_bridge.macnet.protocol.codes import ChannelState, RecordCause, StepCode
from macnet_bridge.macnet.protocol.jsonrpc import BadRequest
from macnet_bridge.simulator.machine.procedure.rows import (
    AdvanceCycle,
    Do,
    Finish,
    Loop,
    Quantity,
    Step,
)
from tests.simulator.machine import Machine, limits
from tests.simulator.rows import AT_LEAST, after, charge, end, rest, run


def shown(reading: m.StatusAndReadings) -> tuple[int, int, int]:
    return reading.state, reading.step_code, reading.step_id


def test_a_test_goes_from_available_by_starting_and_active_to_completed() -> None:
    machine = Machine(speed=100.0)
    assert shown(machine.reading()) == (ChannelState.AVAILABLE, StepCode.AVAILABLE, 0)
    assert machine.start() == 0
    assert shown(machine.reading()) == (ChannelState.STARTING, StepCode.AVAILABLE, 0)
    seen = [shown(machine.pass_by(0.5)) for _ in range(100)]
    assert list(dict.fromkeys(seen)) == [
        (ChannelState.ACTIVE, StepCode.CHARGE, 1),
        (ChannelState.ACTIVE, StepCode.REST, 2),
        (ChannelState.COMPLETED, StepCode.COMPLETE, 2),
    ]
    assert machine.reading().record_cause == RecordCause.NORMAL_END
    assert machine.reading().current_ampere == 0.0


def test_charging_moves_the_voltage_up_and_counts() -> None:
    machine = Machine()
    machine.start()
    before = machine.reading()
    first = machine.pass_by(10.1)
    second = machine.pass_by(10.0)
    assert before.voltage_volt < first.voltage_volt < second.voltage_volt
    assert first.test_time_second == pytest.approx(10.0, abs=1e-3)
    assert second.step_time_second == pytest.approx(20.0, abs=1e-3)
    assert second.step_capacity_ah == pytest.approx(2.5 * 20.0 / 3600.0, rel=1e-3)
    assert second.step_energy_wh == pytest.approx(second.step_capacity_ah * 3.84, rel=0.01)
    assert second.record_index == 3  # the start of the step, then one every 10 s
    assert second.record_cause == RecordCause.STEP_TIME


def test_a_discharge_is_shown_as_a_magnitude_or_signed() -> None:
    for signed, ampere in ((False, 2.5), (True, -2.5)):
        machine = Machine(signed_current=signed)
        machine.start("Discharge_1C")
        before = machine.reading().voltage_volt
        reading = machine.pass_by(60.0)
        assert reading.current_ampere == pytest.approx(ampere)
        assert reading.voltage_volt < before
        assert reading.step_code == StepCode.DISCHARGE
        assert reading.step_capacity_ah > 0.0


def test_the_taper_ends_at_its_current() -> None:
    machine = Machine(speed=1.0)
    machine.start()
    seen = [machine.pass_by(10.0) for _ in range(400)]
    tapering = [reading for reading in seen if reading.step_id == 1 and reading.current_ampere < 2.5]
    resting = next(reading for reading in seen if reading.step_id == 2)
    assert tapering
    assert all(reading.voltage_volt == pytest.approx(4.2, abs=1e-3) for reading in tapering)
    assert tapering[-1].current_ampere == pytest.approx(0.125, rel=0.1)
    assert resting.record_cause in (RecordCause.START_OF_STEP, RecordCause.STEP_TIME)


def test_cycles_are_counted_and_loops_come_to_an_end() -> None:
    machine = Machine(speed=1000.0)
    machine.start("Cycle_1C")
    cycles = []
    while (reading := machine.pass_by(1.0)).state != ChannelState.COMPLETED:
        cycles.append(reading.cycle_count)
        assert len(cycles) < 1000
    assert sorted(set(cycles)) == list(range(10))
    assert reading.cycle_count == 10
    assert cycles == sorted(cycles)


def test_a_loop_in_a_loop_begins_again() -> None:
    inner, outer = Loop(number=2, begin=2, times=3, goto=6), Loop(number=1, begin=1, times=2, goto=7)
    machine = run(Do(1), Do(2), rest(1.0, 4), AdvanceCycle(), inner, outer)
    assert machine.pass_by(5.5).state == ChannelState.ACTIVE
    done = machine.pass_by(1.0)
    assert (done.state, done.cycle_count) == (ChannelState.COMPLETED, 6)
    assert done.test_time_second == pytest.approx(6.0)


def test_a_loop_that_was_left_early_counts_anew() -> None:
    """Rows 1 to 4 leave loop 1 in its second round, and come back to it."""
    leave = end(Quantity.TEST_TIME, AT_LEAST, 2.5, 5)
    inside = Step(StepCode.REST, ends=(leave, after(1.0, 3)))
    machine = run(
        Do(1), inside, AdvanceCycle(), Loop(1, 1, 3, 5), rest(1.0, 6), Do(1), rest(1.0, 8), Loop(1, 6, 3, 9)
    )
    done = machine.pass_by(60.0)
    assert (done.state, done.cycle_count) == (ChannelState.COMPLETED, 2)
    assert done.test_time_second == pytest.approx(2.5 + 1.0 + 3.0)


def test_rows_that_take_no_time_cannot_go_round_for_ever() -> None:
    machine = run(rest(1.0, 2), Do(1), AdvanceCycle(), Loop(1, 2, 2, goto=2))
    stuck = machine.pass_by(2.0)
    assert shown(stuck) == (ChannelState.PROBLEM, StepCode.PROBLEM, 1)
    assert stuck.record_cause == RecordCause.PROBLEM_TIMEOUT


def test_the_end_that_a_test_came_to_is_its_grade() -> None:
    for volt, grade in ((3.80, 1), (3.70, 2)):
        passed = end(Quantity.VOLTAGE, AT_LEAST, volt, 2)
        machine = run(charge(1.0, after(5.0, 3), passed), Finish(), Finish(), rest(1.0, 3))
        assert machine.ask(f.END_STATUS, m.Empty()) == m.EndStatus(number_of_ends=2, end_number=0)
        machine.pass_by(100.0)
        expected = m.EndStatus(number_of_ends=2, end_number=3 - grade)
        assert machine.ask(f.END_STATUS, m.Empty()) == expected


def test_one_leap_and_many_small_ones_agree() -> None:
    leap, steps = Machine(), Machine()
    for machine in (leap, steps):
        machine.start()
    for _ in range(1000):
        steps.pass_by(1.0)
    assert leap.pass_by(1000.0).voltage_volt == pytest.approx(steps.reading().voltage_volt, abs=1e-3)
    assert leap.reading().step_capacity_ah == pytest.approx(steps.reading().step_capacity_ah, rel=1e-3)


def test_suspend_holds_a_test_and_resume_goes_on_with_it() -> None:
    machine = Machine()
    machine.start()
    before = machine.pass_by(30.1)
    assert machine.result(f.SUSPEND) == 0
    assert machine.result(f.SUSPEND) == 0  # twice is as good as once
    held = machine.pass_by(1000.0)
    assert shown(held) == (ChannelState.SUSPENDED, StepCode.SUSPENDED, 1)
    assert held.record_cause == RecordCause.SUSPENDED_BY_OPERATOR
    assert held.current_ampere == 0.0
    assert held.test_time_second == before.test_time_second
    assert held.voltage_volt < before.voltage_volt
    assert machine.result(f.RESUME) == 0
    assert machine.reading().current_ampere == pytest.approx(2.5)
    assert machine.pass_by(10.0).step_time_second == pytest.approx(before.step_time_second + 10.0, abs=1e-3)


def test_a_test_suspended_while_starting_begins_when_resumed() -> None:
    machine = Machine()
    machine.start()
    assert machine.result(f.SUSPEND) == 0
    assert machine.pass_by(10.0).test_time_second == 0.0
    assert machine.result(f.RESUME) == 0
    assert machine.pass_by(10.0).test_time_second == pytest.approx(10.0)


def test_reset_stops_and_frees_from_every_state() -> None:
    machine = Machine()
    machine.start()
    machine.pass_by(10.0)
    assert machine.result(f.RESET) == 0
    assert shown(machine.reading()) == (ChannelState.AVAILABLE, StepCode.AVAILABLE, 0)
    assert machine.reading().current_ampere == 0.0
    assert machine.start() == 0
    machine.channel(1).trip(RecordCause.PROBLEM_OVERCHARGE)
    assert machine.reading().state == ChannelState.PROBLEM
    assert machine.result(f.RESET) == 0
    assert machine.result(f.RESET) == 0  # of an available channel: nothing to do


@pytest.mark.parametrize("function", [f.SUSPEND, f.RESUME])
def test_nothing_to_hold_or_to_go_on_with_is_an_error(function: f.Function[m.Empty, m.Outcome]) -> None:
    with pytest.raises(BadRequest, match="MacNet error"):
        Machine().result(function)


def test_a_channel_that_is_blocked_cannot_be_reset() -> None:
    machine = Machine()
    machine.channel(1).state = ChannelState.BLOCKED
    with pytest.raises(BadRequest, match="MacNet error"):
        machine.result(f.RESET)


@pytest.mark.parametrize(
    ("changed", "cause"),
    [
        ({"voltage_max_volt": 3.7}, RecordCause.PROBLEM_VOLTAGE_ABSOLUTE),
        ({"voltage_min_volt": 4.4}, RecordCause.PROBLEM_VOLTAGE_ABSOLUTE),
        ({"charge_max_ampere": 2.0}, RecordCause.PROBLEM_LOST_CURRENT_CONTROL),
        ({"charge_max_watt": 1.0}, RecordCause.PROBLEM_LOST_CURRENT_CONTROL),
    ],
)
def test_every_safety_limit_trips_a_charge(changed: dict[str, float], cause: RecordCause) -> None:
    machine = Machine()
    machine.start()
    assert machine.pass_by(5.0).state == ChannelState.ACTIVE
    assert machine.ask(f.SET_SAFETY_LIMITS, limits(**changed)) != limits()
    tripped = machine.pass_by(0.01)
    assert shown(tripped) == (ChannelState.PROBLEM, StepCode.PROBLEM, 1)
    assert tripped.record_cause == cause
    assert tripped.current_ampere == 0.0


@pytest.mark.parametrize("changed", [{"discharge_max_ampere": 2.0}, {"discharge_max_watt": 1.0}])
def test_limits_of_a_discharge_are_its_own(changed: dict[str, float]) -> None:
    for procedure, state in (("CCCV_1C", ChannelState.ACTIVE), ("Discharge_1C", ChannelState.PROBLEM)):
        machine = Machine()
        machine.ask(f.SET_SAFETY_LIMITS, limits(**changed))
        machine.start(procedure)
        assert machine.pass_by(5.0).state == state


def test_a_limit_met_within_a_leap_is_not_skipped() -> None:
    machine = Machine()
    machine.ask(f.SET_SAFETY_LIMITS, limits(voltage_max_volt=3.9))
    machine.start("Cycle_1C")
    tripped = machine.pass_by(100_000.0)
    assert tripped.state == ChannelState.PROBLEM
    assert (tripped.cycle_count, tripped.step_id) == (0, 2)


def test_a_charge_that_holds_its_limit_does_not_trip() -> None:
    machine = Machine(speed=100.0)
    machine.ask(f.SET_SAFETY_LIMITS, limits(voltage_max_volt=4.2))
    machine.start()
    assert machine.pass_by(100.0).state == ChannelState.COMPLETED
