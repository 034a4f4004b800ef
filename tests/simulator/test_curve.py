"""Open-circuit curves: straight pieces, their inverse and their slopes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macnet_bridge.simulator.machine.cell import PRESETS, Curve

CORNERS = ((0.0, 3.0), (0.5, 3.5), (1.0, 4.5))
CURVE = Curve.through(*CORNERS)
CURVES = st.sampled_from([CURVE, *(preset.curve for preset in PRESETS.values())])
CHARGES = st.floats(-0.2, 1.2)


@pytest.mark.parametrize(
    ("charge", "volt"),
    [(0.0, 3.0), (0.25, 3.25), (0.5, 3.5), (0.75, 4.0), (1.0, 4.5), (-0.1, 2.9), (1.1, 4.7)],
)
def test_it_is_straight_between_corners_and_beyond_them(charge: float, volt: float) -> None:
    assert CURVE.volt(charge) == pytest.approx(volt)
    assert CURVE.charge(volt) == pytest.approx(charge)


@given(CURVES, CHARGES)
def test_the_charge_of_a_voltage_is_the_inverse(curve: Curve, charge: float) -> None:
    assert curve.charge(curve.volt(charge)) == pytest.approx(charge, abs=1e-9)


@given(CURVES, CHARGES, CHARGES)
def test_it_rises_all_the_way(curve: Curve, one: float, other: float) -> None:
    if abs(one - other) > 1e-9:
        assert (curve.volt(one) < curve.volt(other)) == (one < other)


@given(CURVES, CHARGES, CHARGES)
def test_the_slope_leads_from_one_charge_to_the_other(curve: Curve, one: float, other: float) -> None:
    there = curve.volt(one) + curve.slope(one, other) * (other - one)
    assert there == pytest.approx(curve.volt(other), abs=1e-9)


@pytest.mark.parametrize(
    ("one", "other", "slope"),
    [(0.2, 0.2, 1.0), (0.5, 0.5, 2.0), (0.25, 0.75, 1.5), (0.5, 0.4, 1.0), (2.0, 2.0, 2.0)],
)
def test_a_slope_is_the_mean_of_the_way(one: float, other: float, slope: float) -> None:
    assert CURVE.slope(one, other) == pytest.approx(slope)


@pytest.mark.parametrize(
    "corners",
    [
        (),
        ((0.0, 3.0),),
        ((0.0, 3.0), (0.0, 3.1)),
        ((0.0, 3.0), (0.1, 3.0)),
        ((0.0, 3.0), (0.1, 2.9)),
        CORNERS[::-1],
    ],
)
def test_a_curve_that_does_not_rise_is_refused(corners: tuple[tuple[float, float], ...]) -> None:
    with pytest.raises(ValueError, match="rise"):
        Curve.through(*corners)
