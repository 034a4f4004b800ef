"""Whether another bridge has our name: an online of another data directory, while it lives."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from macnet_bridge.app.namesake import Namesake, described
from macnet_bridge.payloads.status import BridgeStatus

GONE_S, SILENCE_S = 10.0, 30.0


def namesake() -> Namesake:
    return Namesake("ours", gone_s=GONE_S, silence_s=SILENCE_S)


def status(instance: Any = "theirs", state: Any = "online") -> BridgeStatus:
    return BridgeStatus(state=state, session="s", since=1.0, instance=instance)


def taken(at: float = 0.0) -> Namesake:
    it = namesake()
    it.heard_status(status(), at)
    it.looked(at)
    return it


def after(it: Namesake, begin: float, end: float) -> str:
    """The verdict at the end of a time in which it was asked again and again."""
    now = begin
    while now < end:
        it.judge(now)
        now += 1.0
    return it.judge(end)


def test_nothing_is_known_before_the_broker_has_told() -> None:
    it = namesake()
    assert it.judge(0.0) == "unknown"
    it.heard_status(status(), 0.0)
    assert after(it, 0.0, 100.0) == "unknown"


def test_nobody_is_there() -> None:
    for said in (None, status(state="offline"), status("ours"), status("ours", "offline")):
        it = namesake()
        it.heard_status(said, 0.0)
        it.looked(0.0)
        assert it.judge(0.0) == "free"


def test_a_bridge_that_tells_no_instance_is_another_one() -> None:
    for instance in ("theirs", UNSET, ""):
        it = namesake()
        it.heard_status(status(instance), 0.0)
        it.looked(0.0)
        assert it.judge(0.0) == "taken"


def test_it_waits_as_long_as_the_other_lives() -> None:
    it = taken()
    for second in range(0, 1000, 29):
        it.heard_sign_of_life(second)
        assert after(it, second, second + 28.9) == "taken"


def test_one_that_is_gone_must_stay_so_for_a_while() -> None:
    it = taken()
    it.heard_status(status(state="offline"), 5.0)
    assert after(it, 5.0, 14.9) == "taken"
    it.heard_status(status(), 14.9)  # it was restarted
    assert after(it, 15.0, 30.0) == "taken"
    it.heard_status(None, 31.0)
    assert after(it, 31.0, 40.9) == "taken"
    assert it.judge(41.0) == "free"


def test_an_online_that_nobody_takes_back_does_not_hold_for_ever() -> None:
    it = taken()
    assert after(it, 0.0, 29.9) == "taken"
    assert it.judge(30.0) == "free"


def test_a_connection_that_was_lost_begins_anew() -> None:
    it = taken()
    it.lost()
    assert after(it, 0.0, 50.0) == "unknown"
    it.looked(50.0)  # the broker has forgotten what it kept, or the other one is still to come back
    assert after(it, 50.0, 59.9) == "taken"
    it.heard_status(status(), 59.9)
    assert after(it, 60.0, 80.0) == "taken"


def test_who_was_frozen_has_not_heard_silence() -> None:
    it = taken()
    assert after(it, 0.0, 3.0) == "taken"
    assert it.judge(1000.0) == "taken", "what came meanwhile is still to be read"
    assert after(it, 1000.0, 1029.9) == "taken"
    assert it.judge(1030.0) == "free"


@settings(max_examples=300)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["online", "offline", "sign", "looked", "lost"]),
            st.floats(0.0, 9.9),
        ),
        max_size=30,
    )
)
def test_it_is_never_taken_from_who_was_heard_a_moment_ago(events: list[tuple[str, float]]) -> None:
    it, now = taken(), 0.0
    for what, pause_s in events:
        now += pause_s
        match what:
            case "online" | "offline":
                it.heard_status(status(state=what), now)
            case "sign":
                it.heard_sign_of_life(now)
            case "looked":
                it.looked(now)
            case _:
                it.lost()
        assert it.judge(now) in ("taken", "unknown")
    it.looked(now)
    assert after(it, now, now + SILENCE_S + 1) == "free", "nor is it waited for without end"


def test_when_it_was_started_is_told_if_it_is_a_time() -> None:
    for since, told in ((1795343190.3, ", since 2026-11-22 10:26:30Z"), (1e300, ""), (-1e300, "")):
        other = BridgeStatus(state="online", session="s", since=since)
        assert described("lab", other) == f"another bridge is called lab and runs{told}"
