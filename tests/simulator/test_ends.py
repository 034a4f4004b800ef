"""Every end that a step can have: it is met at its value, found within a leap, and can fail."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol import messages as m
from macnet_bridge.macnet.protocol.codes import ChannelState, RecordCause, StepCode
from macnet_bridge.simulator.machine.phase import Measure
from macnet_bridge.simulator.machine.procedure import phases
from macnet_bridge.simulator.machine.procedure.rows import (
    Amount,
    Comparison,
    End,
    Finish,
    Quantity,
    Row,
    Step,
)
from macnet_bridge.simulator.machine.progress import Progress
from tests.simulator.machine import Machine, limits
from tests.simulator.rows import AT_LEAST, AT_MOST, after, charge, discharge, end, rest, run

VOLTAGE, CURRENT, POWER = Quantity.VOLTAGE, Quantity.CURRENT, Quantity.POWER
CURRENT_LIMIT = {CURRENT: Amount(1.0)}
HELD = Step(StepCode.CHARGE, VOLTAGE, Amount(3.85), CURRENT_LIMIT)

# Quantity and comparison of an end, the step that it ends, its value, and what was measured then.
CASES: dict[tuple[Quantity, Comparison], tuple[Step, float]] = {
    (Quantity.STEP_TIME, AT_LEAST): (charge(1.0), 33.3),
    (Quantity.TEST_TIME, AT_LEAST): (charge(1.0), 44.4),
    (VOLTAGE, AT_LEAST): (charge(1.0), 3.80),
    (VOLTAGE, AT_MOST): (discharge(1.0), 3.65),
    (CURRENT, AT_MOST): (HELD, 0.4),
    (CURRENT, AT_LEAST): (Step(StepCode.DISCHARGE, POWER, Amount(4.0)), 1.1),
    (POWER, AT_LEAST): (charge(1.0), 3.80),
    (POWER, AT_MOST): (discharge(1.0), 3.65),
    (Quantity.RESISTANCE, AT_LEAST): (charge(1.0), 3.80),
    (Quantity.RESISTANCE, AT_MOST): (discharge(1.0), 3.65),
    (Quantity.CAPACITY, AT_LEAST): (discharge(1.0), 0.01),
    (Quantity.ENERGY, AT_LEAST): (charge(1.0), 0.04),
}


def measured(reading: m.StatusAndReadings) -> Mapping[Quantity, float]:
    return {
        Quantity.STEP_TIME: reading.step_time_second,
        Quantity.TEST_TIME: reading.test_time_second,
        VOLTAGE: reading.voltage_volt,
        CURRENT: reading.current_ampere,
        POWER: reading.voltage_volt * reading.current_ampere,
        Quantity.RESISTANCE: reading.voltage_volt / max(reading.current_ampere, 1e-9),
        Quantity.CAPACITY: reading.step_capacity_ah,
        Quantity.ENERGY: reading.step_energy_wh,
    }


def step_with(quantity: Quantity, comparison: Comparison) -> tuple[Step, float]:
    step, value = CASES[quantity, comparison]
    ends = (end(quantity, comparison, value),)
    return Step(step.code, step.control, step.amount, step.limits, ends), value


def when_it_ended(machine: Machine) -> tuple[float, m.StatusAndReadings]:
    """The seconds of the test when its first step ended, found by one leap; how it was after that."""
    over = machine.pass_by(100_000.0)
    assert over.state == ChannelState.COMPLETED
    return over.test_time_second - 1.0, over


def check(quantity: Quantity, comparison: Comparison) -> None:
    """A step ends by this end alone: the record says so, and a moment before it was not met."""
    step, value = step_with(quantity, comparison)
    ended_at, _ = when_it_ended(run(step, rest(1.0, 3), Finish()))
    machine = run(step, rest(1.0, 3), Finish())
    before = machine.pass_by(ended_at - 0.01)
    assert before.step_id == 1
    assert measured(before)[quantity] == pytest.approx(value, rel=1e-3)
    assert (measured(before)[quantity] < value) is (comparison is AT_LEAST)
    after_it = machine.pass_by(0.02)
    assert after_it.step_id == 2
    assert ended_at < 3600.0


@pytest.mark.parametrize(("quantity", "comparison"), CASES)
def test_each_end_is_met_at_its_value_and_not_before(quantity: Quantity, comparison: Comparison) -> None:
    check(quantity, comparison)


def test_every_quantity_that_an_end_can_have_is_tried() -> None:
    assert {quantity for quantity, _ in CASES} == set(Quantity) == set(phases.MEASURES) == set(phases.CAUSES)


@pytest.mark.parametrize(("quantity", "comparison"), CASES)
def test_that_test_fails_when_the_end_is_not_looked_at(
    quantity: Quantity, comparison: Comparison, monkeypatch: pytest.MonkeyPatch
) -> None:
    never = float("-inf") if comparison is AT_LEAST else float("inf")
    measures: dict[Quantity, Measure] = {**phases.MEASURES, quantity: lambda progress, cell: never}
    monkeypatch.setattr(phases, "MEASURES", measures)
    monkeypatch.setattr(phases, "_TIMES", frozenset())
    with pytest.raises(AssertionError):
        check(quantity, comparison)


class Recorded(Progress):
    """Keeps why every record was made."""

    causes: list[RecordCause]

    def record(self, cause: RecordCause, count: int = 1) -> None:
        super().record(cause, count)
        self.causes.append(cause)


def causes_of(*rows: Row) -> list[RecordCause]:
    """Why records are made while these rows run."""
    machine = run(*rows)
    progress = Recorded()
    progress.causes = []
    machine.channel(1).progress = progress
    machine.pass_by(100_000.0)
    return progress.causes


@pytest.mark.parametrize(("quantity", "comparison"), CASES)
def test_the_record_of_an_end_says_which_it_was(quantity: Quantity, comparison: Comparison) -> None:
    step, _ = step_with(quantity, comparison)
    start, over = RecordCause.START_OF_STEP, RecordCause.NORMAL_END
    assert causes_of(step, Finish()) == [start, phases.CAUSES[quantity], over]


@pytest.mark.parametrize(
    ("quantity", "comparison", "cause"),
    [
        (VOLTAGE, AT_LEAST, RecordCause.SAFETY_OVERCHARGE),
        (VOLTAGE, AT_MOST, RecordCause.SAFETY_VOLTAGE_PEAK),
        (Quantity.CAPACITY, AT_LEAST, RecordCause.SAFETY_CAPACITY),
        (CURRENT, AT_MOST, RecordCause.END_CURRENT),
    ],
)
def test_a_safety_end_is_told_as_one_and_goes_where_it_says(
    quantity: Quantity, comparison: Comparison, cause: RecordCause
) -> None:
    step, value = CASES[quantity, comparison]
    safety = (End(quantity, comparison, Amount(value), 3, is_safety=True),)
    step = Step(step.code, step.control, step.amount, step.limits, safety)
    rows = (step, rest(1000.0, 4), Finish())
    assert causes_of(*rows) == [RecordCause.START_OF_STEP, cause, RecordCause.NORMAL_END]


def test_of_two_ends_the_one_that_comes_first_is_taken() -> None:
    """Not the one that is listed first, and not the one that a longer slice would see first."""
    rows = (charge(1.0, after(500.0, 2), end(VOLTAGE, AT_LEAST, 3.8, goto=3)), Finish(), Finish())
    assert causes_of(*rows)[1] is RecordCause.END_VOLTAGE
    rows = (charge(1.0, after(5.0, 2), end(VOLTAGE, AT_LEAST, 3.8, goto=3)), Finish(), Finish())
    assert causes_of(*rows)[1] is RecordCause.END_STEP_TIME


def test_an_end_that_is_met_from_the_beginning_takes_a_tick() -> None:
    machine = run(charge(1.0, end(VOLTAGE, AT_LEAST, 1.0)), Finish())
    assert machine.pass_by(0.009).state == ChannelState.ACTIVE
    over = machine.pass_by(1.0)
    assert over.state == ChannelState.COMPLETED
    assert over.test_time_second == pytest.approx(0.01, abs=0.0015)


def test_ends_count_in_c_rates() -> None:
    held = Step(StepCode.CHARGE, VOLTAGE, Amount(3.85), {CURRENT: Amount(0.4, is_c_rate=True)})
    taper = end(CURRENT, AT_MOST, 0.2, c_rate=True)
    machine = run(Step(held.code, held.control, held.amount, held.limits, (taper,)), rest(9.0, 3), Finish())
    assert machine.pass_by(1.0).current_ampere == pytest.approx(1.0)
    while (reading := machine.pass_by(0.5)).step_id == 1:
        last = reading
    assert last.current_ampere == pytest.approx(0.5, rel=0.01)


@given(st.floats(3.70, 3.95), st.floats(0.1, 5.0))
def test_an_end_is_found_within_a_leap_as_well_as_step_by_step(volt: float, ampere: float) -> None:
    rows = (charge(ampere, end(VOLTAGE, AT_LEAST, volt)), Finish())
    leap, walk = run(*rows), run(*rows)
    over = leap.pass_by(100_000.0)
    while (walked := walk.pass_by(7.3)).state != ChannelState.COMPLETED:
        assert walk.now < 100_000.0
    assert walked.test_time_second == pytest.approx(over.test_time_second, abs=0.1)
    assert walked.step_capacity_ah == pytest.approx(over.step_capacity_ah, rel=1e-3, abs=1e-4)


def test_a_long_step_lasts_as_long_as_it_says_however_often_one_looks() -> None:
    """Five weeks of rest, and looks half a second apart at its end."""
    machine = run(rest(3_000_000.0), Finish())
    machine.pass_by(2_999_990.0)
    while machine.pass_by(0.5).state == ChannelState.ACTIVE:
        pass
    assert machine.channel(1).progress.test_second == pytest.approx(3_000_000.0, abs=0.01, rel=0.0)


PEAKED = (charge(2.5, after(1080.0, 2)), discharge(2.5, after(60.0, 3)))
"""After these a cell at rest gets higher by its fast pair, and then lower by its slow one."""


def test_an_end_is_found_where_a_voltage_turns_between_two_looks() -> None:
    machine = run(*PEAKED, rest(7200.0, 4), Finish())
    machine.pass_by(1140.001)
    peak_volt = max(machine.pass_by(0.5).voltage_volt for _ in range(1000))
    for volt, over in ((peak_volt - 1e-5, 1), (peak_volt + 1e-5, 2)):
        up = end(VOLTAGE, AT_LEAST, volt, goto=4)
        machine = run(*PEAKED, Step(StepCode.REST, ends=(up, after(7200.0, 5))), Finish(), Finish())
        assert machine.pass_by(10_000.0).state == ChannelState.COMPLETED
        assert machine.ask(f.END_STATUS, m.Empty()) == m.EndStatus(number_of_ends=2, end_number=over)


def test_a_limit_trips_where_a_voltage_turns_between_two_looks() -> None:
    machine = run(*PEAKED, charge(0.01), Finish())
    machine.pass_by(1140.001)
    peak_volt = max(machine.pass_by(0.5).voltage_volt for _ in range(1000))
    machine = run(*PEAKED, charge(0.01), Finish())
    machine.pass_by(1140.001)
    machine.ask(f.SET_SAFETY_LIMITS, limits(voltage_max_volt=peak_volt - 0.00101))
    assert machine.pass_by(1000.0).record_cause == RecordCause.PROBLEM_VOLTAGE_ABSOLUTE
