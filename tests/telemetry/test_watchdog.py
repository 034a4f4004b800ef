"""What suspended a channel in direct mode: its tester's watchdog, or somebody."""

from __future__ import annotations

import math
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macnet_bridge.macnet.cycler.outputs import Fed
from macnet_bridge.macnet.protocol.codes import ChannelState
from macnet_bridge.macnet.protocol.messages import TestInfo
from macnet_bridge.telemetry import watchdog
from macnet_bridge.telemetry.alarms import Finding
from macnet_bridge.telemetry.events import Look
from macnet_bridge.tester import DirectTest
from tests.telemetry.statuses import status

T0 = 1_795_000_000.0


def direct(taken_s: float = 0.0, left_s: float = 0.0, ran_s: float = 0.5) -> DirectTest:
    """A test that a watchdog of 10 s looks after."""
    return DirectTest("a", 10.0, Fed(T0 + taken_s, T0 + left_s), shown_at=T0, ran_at=T0 + ran_s)


def look(at_s: float, state: ChannelState = ChannelState.SUSPENDED, name: str | None = "a") -> Look:
    return Look(
        T0 + at_s, status(state=state), None if name is None else TestInfo(test_name=name, procedure="")
    )


def test_a_finding_in_words_and_numbers() -> None:
    assert watchdog.judge(direct(ran_s=9.2), look(31.24)) == Finding(
        "critical",
        "suspended, and not by this bridge, 9.2 to 31.2 s after the tester took its last output; "
        "its watchdog does that after 10 s (direct_watchdog_s)",
        "no_output",
        31.2,
        10.0,
    )


@pytest.mark.parametrize(
    ("test", "seen", "bites"),
    [
        (direct(), look(9.9), False),
        (direct(), look(10.0), True),
        (direct(), look(3600.0), True),
        (direct(taken_s=3.0), look(12.9), False),
        (direct(left_s=3.0), look(10.0), True),  # that one may have been lost on its way
        (direct(ran_s=30.0), look(31.0), True),
        (direct(ran_s=30.1), look(31.0), False),  # what runs so long has no watchdog
        (direct(ran_s=30.1, left_s=0.2), look(31.0), True),  # unless that one fed it
        (direct(), look(31.0, ChannelState.COMPLETED), False),
        (direct(), look(31.0, ChannelState.PROBLEM), False),
        (direct(), look(31.0, ChannelState.AVAILABLE, None), False),
        (direct(), look(31.0, name="b"), False),
        (direct(), look(31.0, name=""), True),
        (direct(), look(31.0, name=None), True),
    ],
)
def test_what_it_is_taken_for(test: DirectTest, seen: Look, bites: bool) -> None:
    assert watchdog.is_over(test, seen)
    assert (watchdog.judge(test, seen) is not None) is bites


@pytest.mark.parametrize("state", [ChannelState.ACTIVE, ChannelState.STARTING, ChannelState.NO_CONTROLLER])
def test_states_that_end_nothing(state: ChannelState) -> None:
    assert not watchdog.is_over(direct(), look(1.0, state))
    assert not watchdog.is_over(direct(), look(1.0, state, None))
    assert watchdog.is_over(direct(), look(1.0, state, "b"))


def test_of_a_clock_that_was_set_back_nothing_known_is_later_than_now() -> None:
    test = direct(taken_s=2.0, left_s=3.0, ran_s=4.0)
    watchdog.set_back(test, T0 + 2.5)
    assert (test.fed, test.shown_at, test.ran_at) == (Fed(T0 + 2.0, T0 + 2.5), T0, T0 + 2.5)
    watchdog.set_back(test, T0 - 60.0)
    assert (test.fed, test.shown_at, test.ran_at) == (Fed(T0 - 60.0, T0 - 60.0), T0 - 60.0, T0 - 60.0)
    test.shown_at = math.inf
    watchdog.set_back(test, T0 - 90.0)
    assert test.shown_at == math.inf, "nor is it known that it runs"


@given(
    watchdog_s=st.floats(0.5, 60.0),
    pauses=st.lists(st.floats(0.05, 100.0), min_size=1, max_size=30),
    before_s=st.floats(0.0, 100.0),
    later_s=st.floats(0.001, 100.0),
    operator_s=st.none() | st.floats(0.0, 1000.0),
)
def test_hours_of_outputs(
    watchdog_s: float, pauses: list[float], before_s: float, later_s: float, operator_s: float | None
) -> None:
    """A tester with a watchdog, a bridge that pauses at will, an operator perhaps, and readings some
    time before and after the stop.

    The watchdog's stop is always told; an operator's only where it took so long to be seen that the
    watchdog could have been the one.
    """
    sent = list(accumulate(pauses, initial=0.0))
    last = next((at for at, then in pairwise(sent) if then > at + watchdog_s), sent[-1])
    bitten_at = last + watchdog_s
    by_hand = operator_s is not None and operator_s < bitten_at
    stopped_at = operator_s if operator_s is not None and by_hand else bitten_at
    taken_at = max(at for at in sent if at <= stopped_at)
    seen_at = stopped_at + later_s
    test = DirectTest("a", watchdog_s, Fed(taken_at, taken_at), 0.0, stopped_at - before_s)
    found = watchdog.judge(test, Look(seen_at, status(state=ChannelState.SUSPENDED)))
    assert (found is not None) is (not by_hand or seen_at - taken_at >= watchdog_s)
