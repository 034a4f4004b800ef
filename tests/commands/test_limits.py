"""The envelope of a channel, and safety limits inside it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from macnet_bridge.commands.limits import Envelope, Limits, envelope, safety_limits, specified
from macnet_bridge.errors import Rejected
from macnet_bridge.simulator.machine.specification import SPECIFICATION
from tests.commands.refusals import attempt

ALL = Limits(
    voltage_max_volt=4.25,
    voltage_min_volt=2.5,
    charge_max_ampere=5.0,
    discharge_max_ampere=4.0,
    power_max_watt=25.0,
)
WITHIN = envelope(ALL, None)
NAMES = ALL.__struct_fields__

magnitudes = st.none() | st.floats(0, 100)
some_limits = st.builds(Limits, **dict.fromkeys(NAMES, magnitudes))


def why(wanted: dict[str, float], within: Envelope = WITHIN) -> tuple[str, str | None]:
    with pytest.raises(Rejected) as rejected:
        safety_limits(wanted, within)
    return rejected.value.code, rejected.value.field


def test_a_specification_gives_them_all() -> None:
    assert envelope(Limits(), SPECIFICATION) == Envelope(
        voltage_max_volt=5.0,
        voltage_min_volt=0.0,
        charge_max_ampere=5.0,
        discharge_max_ampere=5.0,
        power_max_watt=50.0,
    )


def test_the_largest_range_counts_whichever_it_is() -> None:
    odd = structs.replace(SPECIFICATION, range1_charge_ampere=7.0, range2_discharge_ampere=6.0)
    assert specified(odd).charge_max_ampere == 7.0
    assert specified(odd).discharge_max_ampere == 6.0


def test_q41_no_power_is_no_limit_of_power() -> None:
    none = structs.replace(SPECIFICATION, channel_safety_charge_watt=0.0, channel_safety_discharge_watt=0.0)
    assert specified(none).power_max_watt == 25.0
    one = structs.replace(SPECIFICATION, channel_safety_charge_watt=0.0)
    assert specified(one).power_max_watt == 50.0


def test_what_was_set_as_safety_last_does_not_count() -> None:
    low = structs.replace(SPECIFICATION, safety_voltage_max_volt=3.0, safety_charge_ampere=0.1)
    assert specified(low) == specified(SPECIFICATION)


@given(some_limits, some_limits)
def test_the_tighter_of_every_key(one: Limits, other: Limits) -> None:
    both = one.tightened(other)
    assert both == other.tightened(one)
    for name in NAMES:
        values = [v for v in (getattr(one, name), getattr(other, name)) if v is not None]
        pick = max if name == "voltage_min_volt" else min
        assert getattr(both, name) == pick(values, default=None)


@given(some_limits)
def test_a_configuration_never_widens_a_specification(configured: Limits) -> None:
    hardware, both = envelope(Limits(), SPECIFICATION), envelope(configured, SPECIFICATION)
    assert both.voltage_min_volt >= hardware.voltage_min_volt
    for name in NAMES:
        if name != "voltage_min_volt":
            assert getattr(both, name) <= getattr(hardware, name)


@pytest.mark.parametrize("name", NAMES)
def test_one_that_nobody_gives(name: str) -> None:
    with pytest.raises(Rejected, match=name) as rejected:
        envelope(structs.replace(ALL, **{name: None}), None)
    assert rejected.value.code == "NO_LIMITS"


def test_by_default_safety_is_the_envelope() -> None:
    assert structs.asdict(safety_limits({}, WITHIN)) == {
        "voltage_max_volt": 4.25,
        "voltage_min_volt": 2.5,
        "charge_max_ampere": 5.0,
        "discharge_max_ampere": 4.0,
        "charge_max_watt": 25.0,
        "discharge_max_watt": 25.0,
    }


@pytest.mark.parametrize(
    ("name", "edge", "outside"),
    [
        ("voltage_max_volt", 4.25, 4.2500001),
        ("voltage_min_volt", 2.5, 2.4999999),
        ("charge_max_ampere", 5.0, 5.0000001),
        ("discharge_max_ampere", 4.0, 4.0000001),
        ("charge_max_watt", 25.0, 25.000001),
        ("discharge_max_watt", 25.0, 25.000001),
    ],
)
def test_exactly_at_the_edge_and_past_it(name: str, edge: float, outside: float) -> None:
    assert getattr(safety_limits({name: edge}, WITHIN), name) == edge
    assert why({name: outside}) == ("OUT_OF_LIMITS", f"args.safety.{name}")
    assert why({name: float("nan")}) == ("OUT_OF_LIMITS", f"args.safety.{name}")


def test_voltages_that_cross() -> None:
    assert why({"voltage_max_volt": 2.5})[0] == "OUT_OF_LIMITS"
    assert why({"voltage_min_volt": 4.25})[0] == "OUT_OF_LIMITS"
    assert why({"voltage_min_volt": 3.0, "voltage_max_volt": 3.0})[0] == "OUT_OF_LIMITS"
    assert safety_limits({"voltage_max_volt": 2.500001}, WITHIN).voltage_max_volt == 2.500001


fields = st.sampled_from(safety_limits({}, WITHIN).__struct_fields__)


@given(st.dictionaries(fields, st.floats()))
def test_nothing_outside_the_envelope_comes_through(wanted: dict[str, Any]) -> None:
    limits = attempt(lambda: safety_limits(wanted, WITHIN))
    if isinstance(limits, Rejected):
        assert limits.code == "OUT_OF_LIMITS"
        return
    assert WITHIN.voltage_min_volt <= limits.voltage_min_volt < limits.voltage_max_volt
    assert limits.voltage_max_volt <= WITHIN.voltage_max_volt
    assert limits.charge_max_ampere <= WITHIN.charge_max_ampere
    assert limits.discharge_max_ampere <= WITHIN.discharge_max_ampere
    assert max(limits.charge_max_watt, limits.discharge_max_watt) <= WITHIN.power_max_watt
