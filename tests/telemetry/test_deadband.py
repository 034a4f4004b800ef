"""Report by exception: what is held back is never news, and never for long."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from macnet_bridge.telemetry.deadband import Deadband, ReportByException

BAND = Deadband(voltage_volt=0.01, current_ampere=0.1, max_interval_s=60.0)


def values(**changes: Any) -> dict[str, Any]:
    return {
        "state": "active",
        "mode": "charge",
        "step_id": 1,
        "cycle_count": 0,
        "test_name": "a",
        "voltage_volt": 3.7,
        "current_ampere": 1.0,
    } | changes


def test_without_a_deadband_everything_passes() -> None:
    report = ReportByException(Deadband())
    assert all(report.passes(values(), 0.0) for _ in range(3))


def test_what_creeps_passes_once_it_has_crept_far_enough() -> None:
    report = ReportByException(BAND)
    assert report.passes(values(voltage_volt=3.700), 0.0)
    assert not report.passes(values(voltage_volt=3.705), 1.0)
    assert not report.passes(values(voltage_volt=3.709), 2.0)
    assert report.passes(values(voltage_volt=3.711), 3.0)
    assert not report.passes(values(voltage_volt=3.702), 4.0)
    assert report.passes(values(voltage_volt=3.700), 5.0)


def test_a_heartbeat() -> None:
    report = ReportByException(BAND)
    assert report.passes(values(), 100.0)
    assert not report.passes(values(), 159.9)
    assert report.passes(values(), 160.0)
    assert not report.passes(values(), 219.9)


@pytest.mark.parametrize(
    "change",
    [
        {"state": "suspended"},
        {"mode": "rest"},
        {"step_id": 2},
        {"cycle_count": 1},
        {"test_name": "b"},
        {"test_name": None},
        {"current_ampere": UNSET},
        {"voltage_volt": float("nan")},
    ],
)
def test_a_change_of_these_always_passes(change: dict[str, Any]) -> None:
    report = ReportByException(BAND)
    assert report.passes(values(), 0.0)
    assert report.passes(values(**change), 0.1)
    assert report.passes(values(), 0.2)


def test_a_direction_that_is_not_known_is_no_news_twice() -> None:
    report = ReportByException(BAND)
    assert report.passes(values(current_ampere=UNSET), 0.0)
    assert not report.passes(values(current_ampere=UNSET), 1.0)


def test_a_quantity_without_a_band_passes_with_every_change() -> None:
    report = ReportByException(Deadband(voltage_volt=0.01))
    assert report.passes(values(), 0.0)
    assert not report.passes(values(), 1.0)
    assert report.passes(values(current_ampere=1.000001), 2.0)


seen = st.tuples(
    st.floats(0, 30), st.floats(2.5, 4.3), st.floats(-5, 5), st.integers(1, 2), st.sampled_from(["a", "b"])
)


@given(st.lists(seen, min_size=1, max_size=50), st.floats(0, 0.5), st.floats(0, 1), st.floats(0, 60))
def test_a_reader_who_keeps_the_last_one_is_never_wrong_by_more(
    sequence: list[tuple[float, float, float, int, str]], volt: float, ampere: float, interval: float
) -> None:
    deadband = Deadband(voltage_volt=volt, current_ampere=ampere, max_interval_s=interval)
    report = ReportByException(deadband)
    now, shown, shown_at = 0.0, None, 0.0
    for pause, voltage, current, step, test in sequence:
        now += pause
        new = values(voltage_volt=voltage, current_ampere=current, step_id=step, test_name=test)
        if report.passes(new, now):
            shown, shown_at = new, now
        assert shown is not None, "the first one passes"
        assert abs(shown["voltage_volt"] - voltage) <= volt
        assert abs(shown["current_ampere"] - current) <= ampere
        assert (shown["step_id"], shown["test_name"]) == (step, test)
        assert now - shown_at < interval or shown is new
