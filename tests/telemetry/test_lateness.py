"""When a tester counts as too slow, and what is advised."""

from __future__ import annotations

import pytest

from macnet_bridge.telemetry.dues import Intervals
from macnet_bridge.telemetry.lateness import Lateness, too_slow
from macnet_bridge.telemetry.planner import Planner
from tests.telemetry.test_planner import QUICK_S, REAL_S, SLOW_S, planner, play


def judged(made: Planner, lateness: Lateness, begin: float, end: float, request_s: float) -> float:
    """Play on, and judge every second."""
    now = begin
    while now < end:
        now = max(play(made, now + 1.0, request_s, now).now, now + 1.0)
        lateness.judge(now)
    return now


def test_a_tester_that_keeps_up() -> None:
    made = planner(Intervals(1.0, 1.0, 60.0, 60.0), 128, range(1, 14))
    lateness = Lateness(made, 0.0)
    judged(made, lateness, 0.0, 300.0, REAL_S)
    assert lateness.reason is None


def test_it_is_late_after_two_windows_and_in_time_after_one() -> None:
    made = planner(Intervals(1.0, 1.0, 60.0), 16, range(1, 5))
    lateness = Lateness(made, 0.0)
    now = judged(made, lateness, 0.0, 60.0, QUICK_S)
    assert lateness.reason is None
    now = judged(made, lateness, now, now + 11.0, 0.5)
    assert lateness.reason is None, "one window may have been a hiccup"
    now = judged(made, lateness, now, now + 20.0, 0.5)
    reason = lateness.reason
    assert reason is not None
    assert "requests/s" in reason
    now = judged(made, lateness, now, now + 40.0, 0.6)
    assert lateness.reason == reason, "it is not said anew"
    judged(made, lateness, now, now + 25.0, QUICK_S)
    assert lateness.reason is None


def test_slow_replies_of_two_seconds() -> None:
    made = planner(Intervals(1.0, 1.0, 60.0), 4, [1])
    lateness = Lateness(made, 0.0)
    judged(made, lateness, 0.0, 60.0, SLOW_S)
    assert lateness.reason is not None


@pytest.mark.parametrize("active", [40, 128])
def test_what_is_advised_is_kept(active: int) -> None:
    """The intervals that the reason names, taken at their word, are enough."""
    made = planner(Intervals(1.0, 1.0, 60.0), 128, range(1, active + 1))
    made.observe(REAL_S)
    reason = too_slow(made)
    asked = {40: (1.8, 1.8, 110.0), 128: (5.0, 5.0, 300.0)}[active]
    assert f"sweep_interval_s = {asked[0]:g}, active_interval_s = {asked[1]:g}" in reason
    assert reason.startswith("it answers 29.4 requests/s")
    slower = planner(Intervals(asked[0], asked[1], asked[2]), 128, range(1, active + 1))
    play(slower, 60.0, REAL_S)
    missed = slower.missed
    play(slower, 660.0, REAL_S, 60.0)
    assert slower.missed == missed


def test_commands_may_be_the_reason() -> None:
    made = planner(Intervals(1.0, 1.0, 60.0), 8)
    made.observe(REAL_S)
    assert too_slow(made).startswith("reads come later than configured: commands")
