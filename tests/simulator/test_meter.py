"""The meter: steps of 16 bits, ranges, and noise that does not depend on who asks how often."""

from __future__ import annotations

from statistics import fmean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macnet_bridge.simulator.machine.meter import Meter

QUIET = Meter(seed=1, channel=1, noise=0.0)
VOLT_STEP = 5.0 / 65_535


@pytest.mark.parametrize(
    ("volt", "shown"),
    [
        (0.0, 0.0),
        (5.0, 5.0),
        (3.7, 3.7000076),
        (0.00003, 0.0),
        (0.00004, 0.0000763),
        (5.2, 5.0),
        (-9.0, -5.0),
    ],
)
def test_voltages_come_in_steps_up_to_full_scale(volt: float, shown: float) -> None:
    assert QUIET.voltage(volt, 0.0) == pytest.approx(shown, abs=1e-7)


@pytest.mark.parametrize(
    ("ampere", "number"),
    [
        (0.0, 1),
        (0.00015, 1),
        (0.00016, 2),
        (-0.005, 2),
        (0.0051, 3),
        (-0.15, 3),
        (0.151, 4),
        (5.0, 4),
        (9.0, 4),
    ],
)
def test_the_smallest_range_that_holds_a_current_is_taken(ampere: float, number: int) -> None:
    assert QUIET.automatic_range(ampere) == number
    full = (0.00015, 0.005, 0.15, 5.0)[number - 1]
    assert QUIET.current(ampere, 0.0) == pytest.approx(min(ampere, full), abs=full / 65_535)


def test_a_current_is_coarser_in_a_larger_range_and_cut_in_a_smaller_one() -> None:
    assert QUIET.current(0.0001, 0.0, 1) == pytest.approx(0.0001, abs=1.2e-9)
    assert QUIET.current(0.0001, 0.0, 4) == pytest.approx(7.6295e-5, abs=1e-9)
    assert QUIET.current(-0.2, 0.0, 3) == pytest.approx(-0.15)


@given(st.floats(-5.0, 5.0), st.integers(1, 4))
def test_without_noise_it_is_off_by_half_a_step_at_most(value: float, number: int) -> None:
    assert abs(QUIET.voltage(value, 0.0) - value) <= 0.501 * VOLT_STEP
    full = (0.00015, 0.005, 0.15, 5.0)[number - 1]
    ampere = value * full / 5.0
    assert abs(QUIET.current(ampere, 0.0, number) - ampere) <= 0.501 * full / 65_535


@given(st.floats(0.0, 5.0), st.floats(0.0, 1e6))
def test_noise_comes_in_whole_steps_and_never_leaves_the_range(volt: float, second: float) -> None:
    shown = Meter(3, 4).voltage(volt, second)
    assert shown / VOLT_STEP == pytest.approx(round(shown / VOLT_STEP), abs=1e-6)
    assert shown <= 5.0 + 1e-12


def test_noise_is_as_large_as_asked_for_and_has_no_bias() -> None:
    shown = [Meter(3, 4, noise=0.001).voltage(2.5, second / 10.0) for second in range(4000)]
    assert fmean(shown) == pytest.approx(2.5, abs=0.0004)
    assert stdev(shown) == pytest.approx(0.005, rel=0.05)


def test_noise_is_the_same_in_every_run_and_differs_by_seed_channel_moment_and_quantity() -> None:
    meter = Meter(3, 4)
    assert meter.voltage(3.7, 10.0) == Meter(3, 4).voltage(3.7, 10.0)
    assert meter.voltage(3.7, 10.0) == pytest.approx(3.6996262, abs=1e-7)
    others = [Meter(4, 4).voltage(3.7, 10.0), Meter(3, 5).voltage(3.7, 10.0), meter.voltage(3.7, 10.1)]
    others.append(meter.current(3.7, 10.0))
    assert meter.voltage(3.7, 10.0) not in others
    assert len(set(others)) == len(others)
