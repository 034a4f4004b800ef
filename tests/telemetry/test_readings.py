"""Words, units and signs of a reading."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from macnet_bridge.macnet.protocol.codes import CHARGING, DISCHARGING, StepCode
from macnet_bridge.payloads.telemetry import Measured, RawCodes
from macnet_bridge.readings import CurrentSign, measured
from tests.telemetry.statuses import status

C, D, REST = StepCode.CHARGE, StepCode.DISCHARGE, StepCode.REST


@pytest.mark.parametrize("code", sorted(CHARGING))
def test_charging_is_positive(code: int) -> None:
    assert CurrentSign().signed(1.5, code) == 1.5
    assert CurrentSign("from_mode").signed(-1.5, code) == 1.5


@pytest.mark.parametrize("code", sorted(DISCHARGING))
def test_u20_discharging_is_negative_whatever_the_tester_reports(code: int) -> None:
    for reported in (1.5, -1.5):
        assert CurrentSign().signed(reported, code) == -1.5
        assert CurrentSign("from_mode").signed(reported, code) == -1.5


def test_without_a_direction_only_a_signed_tester_can_be_believed() -> None:
    unsure = CurrentSign()
    assert unsure.signed(0.3, REST) is None
    assert unsure.signed(0.0, REST) == 0.0
    unsure.signed(-1.0, D)
    assert unsure.signed(0.3, REST) == 0.3
    assert unsure.signed(-0.3, StepCode.CHAMBER) == -0.3
    magnitudes = CurrentSign()
    magnitudes.signed(1.0, D)
    assert magnitudes.signed(0.3, REST) is None


def test_no_current_tells_nothing() -> None:
    sign = CurrentSign()
    assert sign.signed(0.0, D) == 0.0
    assert sign.signed(0.3, REST) is None
    sign.signed(-1.0, D)
    assert sign.signed(0.3, REST) == 0.3


def test_as_reported_is_believed_always() -> None:
    sign = CurrentSign("as_reported")
    for code in StepCode:
        assert sign.signed(-0.5, code) == -0.5
        assert sign.signed(0.5, code) == 0.5


@given(st.lists(st.tuples(st.sampled_from([C, D, REST]), st.floats(0.001, 10)), max_size=20), st.booleans())
def test_a_sign_is_right_or_absent(steps: list[tuple[StepCode, float]], signed: bool) -> None:
    """Either kind of tester, any test: what is published has the true sign."""
    sign = CurrentSign()
    for code, ampere in steps:
        true = {C: ampere, D: -ampere, REST: 0.0}[code]
        found = sign.signed(true if signed else abs(true), code)
        assert found == true


def measurement(*args: Any, **options: Any) -> Measured:
    return Measured(**measured(*args, **options))


def test_a_whole_reading() -> None:
    reading = measurement(
        status(step_code=D, current_ampere=0.5, voltage_volt=4.0, cycle_count=3, step_id=2),
        CurrentSign(),
        unix_time_second=1.5,
        test_name="a",
    )
    assert (reading.state, reading.mode, reading.test_name) == ("active", "discharge", "a")
    assert (reading.current_ampere, reading.power_watt) == (-0.5, -2.0)
    assert (reading.cycle_count, reading.step_id) == (3, 2)
    assert reading.tester_time == "2026-11-22T07:00:00"
    assert reading.raw == RawCodes(stat=2, rf1=2, rf2=1)
    assert reading.errors is UNSET


def test_what_cannot_be_known_is_absent_and_named() -> None:
    reading = measurement(status(step_code=REST), CurrentSign(), unix_time_second=1.5, test_name=None)
    assert reading.current_ampere is UNSET
    assert reading.power_watt is UNSET
    assert isinstance(reading.errors, dict)
    assert set(reading.errors) == {"current_ampere", "power_watt"}


def test_codes_that_no_table_has() -> None:
    reading = measurement(
        status(state=99, step_code=77), CurrentSign("as_reported"), unix_time_second=0.0, test_name=None
    )
    assert (reading.state, reading.mode) == ("code_99", "code_77")


COLUMN = st.lists(
    st.tuples(st.sampled_from([C, D, REST]), st.sampled_from([0.0, 0.5, -0.5, 2.0, -2.0])), max_size=12
)


@given(COLUMN, COLUMN, st.sampled_from(["auto", "as_reported", "from_mode"]))
def test_a_column_is_signed_as_its_values_are_once_all_is_known(before: Any, column: Any, rule: Any) -> None:
    by_one, by_column = CurrentSign(rule), CurrentSign(rule)
    for code, current in before:
        by_one.signed(current, code)
        by_column.signed(current, code)
    for code, current in column:
        by_one.signed(current, code)  # the first discharge tells, for all of them
    currents, codes = [current for _, current in column], [code for code, _ in column]
    expected = [by_one.signed(current, code) for code, current in column]
    assert by_column.signed_column(currents, codes) == expected


def test_a_column_of_zeros_has_no_sign_and_tells_none() -> None:
    sign = CurrentSign()
    assert sign.signed_column([0.0, 0.0], [D, C]) == [0.0, 0.0]
    assert sign.signed_column([0.0, 0.5], [D, REST]) == [0.0, None]


def test_a_column_without_a_discharge_leaves_the_sign_open() -> None:
    assert CurrentSign().signed_column([0.3, 0.0, 0.5], [REST, REST, C]) == [None, 0.0, 0.5]
    assert CurrentSign().signed_column([0.3, 0.0, -0.5], [REST, REST, D]) == [0.3, 0.0, -0.5]
