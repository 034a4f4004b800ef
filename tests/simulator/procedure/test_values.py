"""Times, numbers and C-rates: what they stand for, and that nothing else passes."""

from __future__ import annotations

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macnet_bridge.simulator.machine.procedure import values
from macnet_bridge.simulator.machine.procedure.refusing import Refused
from macnet_bridge.simulator.machine.procedure.rows import Amount, Quantity


@pytest.mark.parametrize(
    ("text", "second"),
    [
        ("03:00:00", 10800.0),
        ("00:18:30", 1110.0),
        ("00:00:00", 0.0),
        ("::.01", 0.01),
        ("::1", 1.0),
        (":5:", 300.0),
        ("2::", 7200.0),
        ("1:2:3.25", 3723.25),
        ("99999:59:59", 359999999.0),
    ],
)
def test_times(text: str, second: float) -> None:
    assert values.second(text) == second


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "::",
            "10",
            "00:10",
            "00:00:00:10",
            "00:60:00",
            "00:00:60",
            "::.",
            "1:-2:3",
            "1e3:0:0",
            "a:b:c",
        ),
        *("00:00:01 ", "\N{ARABIC-INDIC DIGIT ONE}:00:00", "00,5:00:00", "100000:00:00", "00:00:1C"),
    ],
)
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(Refused, match="is no time hh:mm:ss"):
        values.second(text)


@given(st.integers(0, 99_999), st.integers(0, 59), st.integers(0, 59), st.integers(0, 99))
def test_times_round_trip(hour: int, minute: int, second: int, hundredth: int) -> None:
    expected = hour * 3600 + minute * 60 + second + hundredth / 100
    for text in (
        f"{hour:02}:{minute:02}:{second:02}.{hundredth:02}",
        f"{hour or ''}:{minute or ''}:{second}.{hundredth:02}",
    ):
        assert values.second(text) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("text", "number"),
    [("1.0E-4", 0.0001), ("0.742", 0.742), ("5", 5.0), (".5", 0.5), ("5.", 5.0), ("+1e3", 1000.0)],
)
def test_numbers(text: str, number: float) -> None:
    assert values.number(text) == number


@given(st.floats(-1e9, 1e9))
def test_numbers_round_trip(number: float) -> None:
    assert values.number(repr(number)) == number


@pytest.mark.parametrize(
    "text",
    ["", ".", "4,2", "1.0C", "1_000", "nan", "inf", "0x10", "1e", "--1", "1 2", "\N{FULLWIDTH DIGIT ONE}"],
)
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(Refused, match="is no number"):
        values.number(text)


@pytest.mark.parametrize("text", ["1e10", "-2e9", "1e999"])
def test_numbers_that_are_too_large(text: str) -> None:
    with pytest.raises(Refused, match="is too large a number"):
        values.number(text)


@pytest.mark.parametrize(
    ("quantity", "text", "amount"),
    [
        (Quantity.CURRENT, "0.05C", Amount(0.05, is_c_rate=True)),
        (Quantity.CAPACITY, "1.2C", Amount(1.2, is_c_rate=True)),
        (Quantity.CURRENT, "0", Amount(0.0)),
        (Quantity.VOLTAGE, "-0.25", Amount(-0.25)),
        (Quantity.TEST_TIME, "01:00:00", Amount(3600.0)),
    ],
)
def test_amounts(quantity: Quantity, text: str, amount: Amount) -> None:
    assert values.amount(quantity, text) == amount


def test_a_c_rate_is_a_multiple_of_1c() -> None:
    assert values.amount(Quantity.CURRENT, "0.5C").of(2.5) == 1.25
    assert values.amount(Quantity.CURRENT, "0.5").of(2.5) == 0.5


@pytest.mark.parametrize("quantity", [Quantity.VOLTAGE, Quantity.POWER, Quantity.RESISTANCE, Quantity.ENERGY])
def test_only_currents_and_capacities_are_c_rates(quantity: Quantity) -> None:
    with pytest.raises(Refused, match="is a C-rate"):
        values.amount(quantity, "1.0C")


@pytest.mark.parametrize(("text", "times"), [("1", 1), ("030", 30), ("9999999", 9_999_999)])
def test_times_of_a_loop(text: str, times: int) -> None:
    assert values.times(text) == times


@pytest.mark.parametrize("text", ["", "0", "-1", "1.0", "10000000", "two"])
def test_what_is_no_number_of_times(text: str) -> None:
    with pytest.raises(Refused, match="is no number of times"):
        values.times(text)


@given(st.sampled_from(Quantity), st.text() | st.text("0123456789.:+-eEC ", max_size=12))
def test_any_text_is_a_finite_amount_or_refused(quantity: Quantity, text: str) -> None:
    try:
        amount = values.amount(quantity, text)
    except Refused:
        return
    assert math.isfinite(amount.value)
    assert amount.value >= 0 or quantity is Quantity.VOLTAGE


@pytest.mark.parametrize("quantity", Quantity)
@pytest.mark.parametrize("text", ["01:30:00.5", "1.25E-4", "0.05C"])
def test_every_part_of_a_text_is_an_amount_or_refused(quantity: Quantity, text: str) -> None:
    for cut in range(len(text) + 1):
        for part in (text[:cut], text[cut:]):
            with contextlib.suppress(Refused):
                assert values.amount(quantity, part).value >= 0 or quantity is Quantity.VOLTAGE
