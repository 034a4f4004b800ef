"""The offset of a clock that shows whole seconds only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macnet_bridge.telemetry.clock import Bounds, TesterClock, bounds_of, zone_second

START = datetime(2026, 11, 22, 7, 0, tzinfo=UTC).timestamp()


def shown(unix: float, offset: float) -> datetime:
    """What a tester shows at a moment: whole seconds, without a zone."""
    moment = datetime.fromtimestamp(0, UTC) + timedelta(seconds=unix + offset)
    return moment.replace(microsecond=0, tzinfo=None)


def test_one_reply_bounds_it_by_a_second_and_its_round_trip() -> None:
    tester_time = datetime(2026, 11, 22, 7, 0, 5)  # noqa: DTZ001
    found = bounds_of(tester_time, START + 3.0, START + 3.25)
    assert (found.low, found.high) == (1.75, 3.0)
    assert (found.middle, found.width) == (2.375, 1.25)


def test_many_replies_narrow_it() -> None:
    clock = TesterClock()
    assert clock.offset is None
    for n in range(40):
        at = START + n * 1.037
        clock.see(shown(at, -0.63), at, at)
    assert clock.offset is not None
    assert clock.offset.width < 0.06
    assert clock.offset.middle == pytest.approx(-0.63, abs=0.03)
    assert clock.jump(START + 40) is None


@pytest.mark.parametrize(
    ("offset", "zone"),
    [
        (0.4, 0),
        (-3600.2, -3600),
        (7204.0, 7200),
        (19800.0, 19800),
        (20700.0, 20700),
        (449.0, 0),
        (90000.0, 0),
    ],
)
def test_whole_quarters_of_an_hour_are_its_zone(offset: float, zone: float) -> None:
    assert zone_second(offset) == zone


def test_bounds_without_their_zone() -> None:
    assert Bounds(3601.5, 3602.0).without_zone() == Bounds(1.5, 2.0)


def test_a_jump_is_told_for_a_while() -> None:
    clock = TesterClock()
    for n in range(20):
        clock.see(shown(START + n * 1.1, 0.25), START + n * 1.1, START + n * 1.1)
    at = START + 30.0
    clock.see(shown(at, 40.25), at, at)
    jump = clock.jump(at)
    assert jump is not None
    assert jump == pytest.approx(40.0, abs=0.8)
    assert clock.jump(at + 599) == jump
    assert clock.jump(at + 600) is None
    assert clock.offset is not None
    assert clock.offset.middle == pytest.approx(40.25, abs=0.51)


def test_summer_time_is_a_zone_and_no_jump() -> None:
    clock = TesterClock()
    for offset in (3600.3, 7200.3):
        for n in range(20):
            at = START + offset + n * 1.1
            clock.see(shown(at, offset), at, at)
        assert clock.jump(START + offset + 22) is None
    assert clock.offset is not None
    assert clock.offset.without_zone().middle == pytest.approx(0.3, abs=0.1)


def test_a_slow_reply_is_no_jump() -> None:
    clock = TesterClock()
    clock.see(shown(START, 0.0), START, START)
    clock.see(shown(START + 5.0, 0.0), START + 5.0, START + 15.0)
    assert clock.jump(START + 15.0) is None


def test_drift_is_followed() -> None:
    clock = TesterClock()
    for n in range(3000):
        at = START + n * 1.013
        clock.see(shown(at, n * 0.0001), at, at)
    assert clock.jump(at) is None
    assert clock.offset is not None
    assert clock.offset.middle == pytest.approx(0.3, abs=0.1)


@given(
    st.floats(-50000, 50000),
    st.lists(st.tuples(st.floats(0.01, 20), st.floats(0, 3), st.floats(0, 1)), min_size=1, max_size=60),
)
def test_the_true_offset_always_lies_between(
    offset: float, replies: list[tuple[float, float, float]]
) -> None:
    clock, now = TesterClock(), START
    for pause, round_trip, share in replies:
        asked = now + pause
        now = asked + round_trip
        clock.see(shown(asked + share * round_trip, offset), asked, now)
    assert clock.offset is not None
    assert clock.offset.low - 1e-4 <= offset <= clock.offset.high + 1e-4
    assert clock.jump(now) is None
