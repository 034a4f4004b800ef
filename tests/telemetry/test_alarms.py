"""When an alarm is raised, how long it holds, and when it is cleared."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macnet_bridge.macnet.protocol.codes import ChannelState
from macnet_bridge.telemetry import alarms
from macnet_bridge.telemetry.alarms import NO_LIMITS, AlarmLimits, AlarmTable, Finding, LimitJudge
from macnet_bridge.telemetry.clock import TesterClock
from tests.telemetry.statuses import status

LIMITS = AlarmLimits(
    voltage_max_volt=4.2,
    voltage_min_volt=3.0,
    charge_max_ampere=2.0,
    discharge_max_ampere=4.0,
    power_max_watt=15.0,
)


def judged(volts: float = 3.7, amperes: float = 1.0, signed: float | None = 1.0) -> Finding | None:
    return LimitJudge(LIMITS).judge(status(voltage_volt=volts, current_ampere=amperes), signed)


@pytest.mark.parametrize(
    ("volts", "amperes", "signed", "reason"),
    [
        (3.7, 1.0, 1.0, None),
        (4.2, 1.0, 1.0, None),
        (4.204, 1.0, 1.0, None),
        (4.21, 1.0, 1.0, "voltage_max_volt"),
        (2.99, 1.0, 1.0, "voltage_min_volt"),
        (3.7, 2.1, 2.1, "charge_max_ampere"),
        (3.7, 2.1, -2.1, None),
        (3.5, 4.1, -4.1, "discharge_max_ampere"),
        (3.5, -4.1, -4.1, "discharge_max_ampere"),
        (3.9, 3.9, -3.9, "power_max_watt"),
        (3.5, 3.9, None, None),
        (3.5, 4.1, None, "charge_max_ampere"),
    ],
)
def test_what_is_outside(volts: float, amperes: float, signed: float | None, reason: str | None) -> None:
    found = judged(volts, amperes, signed)
    assert (found and found.reason) == reason


def test_a_finding_in_words_and_numbers() -> None:
    assert judged(volts=4.3125) == Finding(
        "critical", "voltage_volt 4.3125 is above voltage_max_volt 4.2", "voltage_max_volt", 4.3125, 4.2
    )


def test_without_limits_nothing_is_outside() -> None:
    assert LimitJudge(NO_LIMITS).judge(status(voltage_volt=900.0, current_ampere=900.0), 900.0) is None


def test_a_channel_without_a_cell_has_no_low_voltage() -> None:
    free = status(state=ChannelState.AVAILABLE, voltage_volt=0.0, current_ampere=0.0)
    assert LimitJudge(LIMITS).judge(free, 0.0) is None


def test_a_cell_that_fell_too_low_stays_so_after_the_test() -> None:
    judge = LimitJudge(LIMITS)
    assert judge.judge(status(voltage_volt=2.8), -1.0) is not None
    for _ in range(10):
        stopped = status(state=ChannelState.PROBLEM, voltage_volt=2.9, current_ampere=0.0)
        assert judge.judge(stopped, 0.0) is not None


def test_three_readings_inside_clear_it() -> None:
    judge = LimitJudge(LIMITS)
    held = [
        judge.judge(status(voltage_volt=volts), 1.0) is not None
        for volts in (4.3, 4.1, 4.1, 4.203, 4.1, 4.1, 4.1, 4.1)
    ]
    assert held == [True, True, True, True, True, True, False, False]


@given(st.lists(st.floats(4.19, 4.21), max_size=200))
def test_noise_does_not_flap(volts: list[float]) -> None:
    """Between two times that it is raised lie three readings inside."""
    judge, held, raised = LimitJudge(LIMITS), False, 0
    for value in volts:
        now = judge.judge(status(voltage_volt=value), 1.0) is not None
        raised += now and not held
        held = now
    assert raised <= 1 + len(volts) // (1 + alarms.READINGS_UNTIL_CLEAR)


def test_a_problem_tells_its_reason() -> None:
    assert alarms.problem(status()) is None
    found = alarms.problem(status(state=ChannelState.PROBLEM, record_cause=253))
    assert found is not None
    assert (found.severity, found.reason) == ("critical", "problem_voltage_absolute")


def test_age() -> None:
    assert alarms.too_old(13.0, 13.0) is None
    found = alarms.too_old(14.04, 13.0)
    assert found == Finding("warning", "no reading for 14 s", "no_reading", 14.0, 13.0)


def test_the_table_tells_only_what_is_new() -> None:
    table = AlarmTable()
    place: alarms.Place = (5, "limit")
    high = Finding("critical", "too high", "voltage_max_volt", 4.3, 4.2)
    higher = Finding("critical", "too high", "voltage_max_volt", 4.4, 4.2)
    low = Finding("critical", "too low", "voltage_min_volt", 2.9, 3.0)
    assert not table.put(place, None, 1.0)
    assert table.put(place, high, 2.0)
    assert not table.put(place, higher, 3.0)
    assert (table.get(place), table.since(place)) == (high, 2.0)
    assert table.put(place, low, 4.0)
    assert (table.places(), table.since(place)) == ([place], 4.0)
    assert table.put(place, None, 5.0)
    assert table.places() == []


START = datetime(2026, 11, 22, 7, 0, tzinfo=UTC).timestamp()


def clock_at(offset: float) -> TesterClock:
    """A tester's clock, followed for some seconds."""
    clock = TesterClock()
    for n in range(30):
        at = START + n * 1.07
        moment = datetime.fromtimestamp(0, UTC) + timedelta(seconds=at + offset)
        clock.see(moment.replace(microsecond=0, tzinfo=None), at, at)
    return clock


@pytest.mark.parametrize(
    ("offset", "value"),
    [(0.0, None), (4.8, None), (-4.8, None), (5.5, 5.5), (-6.0, -6.0), (3600.0, None), (3607.0, 7.0)],
)
def test_a_clock_far_from_ours(offset: float, value: float | None) -> None:
    found = alarms.clock(clock_at(offset), None, START + 40)
    assert (found and found.value) == (value if value is None else pytest.approx(value, abs=0.1))
    if found:
        assert (found.reason, found.limit) == ("offset", 5.0)


def test_a_clock_alarm_stands_until_the_opposite_is_certain() -> None:
    held = Finding("warning", "far", "offset", 5.5, 5.0)
    assert alarms.clock(TesterClock(), held, START) == held
    assert alarms.clock(clock_at(1.0), held, START) is None


def test_bounds_on_both_sides_of_five_seconds_decide_nothing() -> None:
    held = Finding("warning", "far", "offset", 5.5, 5.0)
    clock = TesterClock()
    clock.see(datetime(2026, 11, 22, 7, 0, 4), START - 0.5, START - 0.5)  # noqa: DTZ001 - 4.5 to 5.5 s
    assert alarms.clock(clock, held, START) == held
    assert alarms.clock(clock, None, START) is None
