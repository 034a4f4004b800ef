"""The arithmetic of direct control: nothing outside the limits becomes a request, and all inside does."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macnet_bridge.commands.setpoints import OFF_OHM, OFF_WATT, Terms, first_output, next_output
from macnet_bridge.errors import Rejected
from macnet_bridge.macnet.protocol.messages import REST, DirectOutput, SafetyLimits
from macnet_bridge.payloads.arguments import SetOutputArguments, StartDirectArguments

LIMITS = SafetyLimits(
    voltage_max_volt=4.0,
    voltage_min_volt=2.5,
    charge_max_ampere=5.0,
    discharge_max_ampere=6.0,
    charge_max_watt=16.0,
    discharge_max_watt=30.0,
)
BOTH = frozenset({"power_watt", "resistance_ohm"})
RANGES = ((0.00015, 0.0002), (0.005, 0.006), (0.15, 0.2), (5.0, 6.0))


def terms(armed: frozenset[str] = BOTH, limits: SafetyLimits = LIMITS, **more: Any) -> Terms:
    values: dict[str, Any] = {"limits": limits, "armed": armed, "ranges": RANGES, "current_range": 4}
    return Terms(**values | more)


def output(current_ampere: float, within: Terms | None = None, **args: Any) -> DirectOutput:
    needed: dict[str, Any] = {"lease": "x", "n": 1, "current_ampere": current_ampere}
    return next_output(SetOutputArguments(**needed | args), within or terms())


def refusal(current_ampere: float, within: Terms | None = None, **args: Any) -> tuple[str, str | None]:
    with pytest.raises(Rejected) as refused:
        output(current_ampere, within, **args)
    return refused.value.code, refused.value.field


# --- at the edges: the limit itself passes, the next number does not


@pytest.mark.parametrize(
    ("inside", "outside"),
    [
        (4.0, 4.000000000000001),  # 16 W / 4 V, before the 5 A
        (-6.0, -6.000000000000001),
    ],
)
def test_current(inside: float, outside: float) -> None:
    assert output(inside).current_ampere == abs(inside)
    assert refusal(outside) == ("OUT_OF_LIMITS", "args.current_ampere")


def test_power_of_current_and_voltage_is_that_of_decimals() -> None:
    tenth = SafetyLimits(
        voltage_max_volt=3.0,
        voltage_min_volt=0.0,
        charge_max_ampere=1.0,
        discharge_max_ampere=1.0,
        charge_max_watt=0.3,
        discharge_max_watt=0.3,
    )
    assert 0.1 * 3.0 > 0.3, "in floating point"
    assert output(0.1, terms(limits=tenth)).current_ampere == 0.1
    assert output(-0.1, terms(limits=tenth)).current_ampere == 0.1
    assert refusal(0.10000000000000002, terms(limits=tenth))[1] == "args.current_ampere"


@pytest.mark.parametrize("current", [1.0, -1.0])
def test_voltage(current: float) -> None:
    assert output(current, voltage_volt=4.0).voltage_volt == 4.0
    assert output(current, voltage_volt=2.5).voltage_volt == 2.5
    for volt in (4.000000000000001, 2.4999999999999996, -3.0, 4900.0):
        assert refusal(current, voltage_volt=volt) == ("OUT_OF_LIMITS", "args.voltage_volt")


def test_voltage_left_out() -> None:
    assert output(1.0).voltage_volt == 4.0
    assert output(-1.0).voltage_volt == 2.5


def test_power() -> None:
    assert output(1.0, power_watt=16.0).power_watt == 16.0
    assert output(-1.0, power_watt=30.0).power_watt == 30.0
    assert refusal(1.0, power_watt=16.000000000000004) == ("OUT_OF_LIMITS", "args.power_watt")
    assert refusal(-1.0, power_watt=30.000000000000004) == ("OUT_OF_LIMITS", "args.power_watt")
    assert output(1.0).power_watt == OFF_WATT


def test_resistance_keeps_the_current_within_its_limit() -> None:
    assert output(1.0, resistance_ohm=0.8).resistance_ohm == 0.8  # 4 V / 0.8 ohm = 5 A
    assert refusal(1.0, resistance_ohm=0.7999999999999999) == ("OUT_OF_LIMITS", "args.resistance_ohm")
    assert output(-1.0, resistance_ohm=0.7).resistance_ohm == 0.7  # 5.7 A of 6 A
    assert refusal(-1.0, resistance_ohm=0.66) == ("OUT_OF_LIMITS", "args.resistance_ohm")
    assert output(1.0).resistance_ohm == OFF_OHM


def test_resistance_of_a_start_at_zero_has_to_do_in_both_directions() -> None:
    start = StartDirectArguments(resistance_ohm=0.7)
    with pytest.raises(Rejected, match="more than 5 A"):
        first_output(start, "t", terms())


def test_three_of_four() -> None:
    assert refusal(1.0, power_watt=1.0, resistance_ohm=9.0) == ("BAD_ARGS", "args.resistance_ohm")
    with pytest.raises(Rejected, match="three limits at most"):
        first_output(StartDirectArguments(power_watt=1.0, resistance_ohm=9.0), "t", terms())


def test_what_was_not_active_at_the_start() -> None:
    assert refusal(1.0, terms(frozenset()), power_watt=1.0) == ("OUT_OF_LIMITS", "args.power_watt")
    assert refusal(1.0, terms(frozenset({"power_watt"})), resistance_ohm=9.0)[1] == "args.resistance_ohm"
    assert output(1.0, terms(frozenset({"power_watt"})), power_watt=1.0).power_watt == 1.0
    # Left out it is off, whatever the start had.
    assert output(1.0, terms(frozenset({"power_watt"}))).power_watt == OFF_WATT


def test_a_current_beyond_its_range_would_be_no_limit() -> None:
    assert output(0.15, range=3).current_range == 3
    assert refusal(0.16, range=3) == ("OUT_OF_LIMITS", "args.range")
    assert output(-0.2, range=3).current_range == 3
    assert refusal(-0.21, range=3) == ("OUT_OF_LIMITS", "args.range")
    assert output(0.1, terms(current_range=3)).current_range == 3
    # The largest range is good for any current that is allowed, others only where they are known.
    assert output(1.0, terms(ranges=())).current_range == 4
    assert refusal(0.001, terms(ranges=()), range=3) == ("OUT_OF_LIMITS", "args.range")


@pytest.mark.parametrize("zero", [0.0, -0.0, 1e-46, -1e-60])
def test_zero_is_rest(zero: float) -> None:
    assert output(zero) is REST
    assert refusal(zero, voltage_volt=9.0)[1] == "args.voltage_volt"


def test_the_first_output() -> None:
    first = first_output(StartDirectArguments(), "name", terms())
    assert (first.test_name, first.current_ampere, first.voltage_volt, first.mode) == ("name", 0.0, 4.0, "C")
    assert (first.power_watt, first.resistance_ohm, first.current_range) == (OFF_WATT, OFF_OHM, 4)
    assert (first.record_second, first.record_volt, first.record_ampere) == (1.0, 0.0, 0.0)
    discharge = first_output(StartDirectArguments(current_ampere=-2.0, record_volt=0.1), "name", terms())
    assert (discharge.current_ampere, discharge.voltage_volt, discharge.mode) == (2.0, 2.5, "D")
    assert discharge.record_volt == 0.1
    with pytest.raises(Rejected, match="current_ampere"):
        first_output(StartDirectArguments(current_ampere=-7.0), "name", terms())


# --- whatever numbers there are

numbers = st.floats(0.001, 1000.0)
wanted = st.one_of(st.none(), numbers)


@st.composite
def limits(draw: st.DrawFn) -> SafetyLimits:
    low, high = sorted((draw(numbers), draw(numbers)))
    return SafetyLimits(
        voltage_max_volt=high,
        voltage_min_volt=low,
        charge_max_ampere=draw(numbers),
        discharge_max_ampere=draw(numbers),
        charge_max_watt=draw(numbers),
        discharge_max_watt=draw(numbers),
    )


def exact(value: float) -> Decimal:
    return Decimal(repr(value))


@given(
    within=limits(),
    current=st.floats(-1000.0, 1000.0),
    volt=wanted,
    watt=wanted,
    ohm=wanted,
    share=st.sampled_from([None, 1.0]),
)
def test_what_passes_lies_inside_and_what_lies_inside_passes(
    within: SafetyLimits,
    current: float,
    volt: float | None,
    watt: float | None,
    ohm: float | None,
    share: float | None,
) -> None:
    if share is not None:  # on the edge, where mistakes are
        current = within.charge_max_ampere if current > 0 else -within.discharge_max_ampere
    args = {"voltage_volt": volt, "power_watt": watt, "resistance_ohm": ohm}
    given_args = {name: value for name, value in args.items() if value is not None}
    charges = current > 0
    ampere = within.charge_max_ampere if charges else within.discharge_max_ampere
    power = within.charge_max_watt if charges else within.discharge_max_watt
    inside = (
        abs(current) <= ampere
        and exact(abs(current)) * exact(within.voltage_max_volt) <= exact(power)
        and (volt is None or within.voltage_min_volt <= volt <= within.voltage_max_volt)
        and (watt is None or watt <= power)
        and (ohm is None or exact(within.voltage_max_volt) <= exact(ampere) * exact(ohm) or current == 0)
        and not (watt is not None and ohm is not None)
    )
    try:
        made = output(current, terms(limits=within, ranges=()), **given_args)
    except Rejected:
        assert not inside or abs(current) < 1e-44
        return
    assert inside
    if made is not REST:
        assert made.current_ampere == abs(current)
        assert made.mode == ("C" if charges else "D")
        assert made.voltage_volt == (
            volt if volt is not None else within.voltage_max_volt if charges else within.voltage_min_volt
        )
