"""When a missing reading counts as lost."""

from __future__ import annotations

import json

import pytest

from macnet_bridge.recorder.losses import Losses


def health(at: float, waiting: int = 0, session: str = "s") -> bytes:
    told = {"session": session, "unix_time_second": at, "spool": {"state": "ok", "waiting": waiting}}
    return json.dumps(told).encode()


def served() -> Losses:
    losses = Losses()
    losses.see_status("lab1", b'{"bridge":"lab","session":"s","state":"online"}')
    return losses


def test_twice_in_a_row_nothing_waits_and_a_live_reading_after_it() -> None:
    losses = served()
    losses.see_health("lab", health(10.0))
    assert losses.see_live("lab1", 30.0) is None
    losses.see_health("lab", health(20.0))
    assert losses.see_live("lab1", 19.0) is None
    assert losses.see_live("lab1", 21.0) == 10.0
    assert losses.see_live("lab1", 22.0) is None  # told once
    losses.see_health("lab", health(30.0))
    assert losses.see_live("lab1", 31.0) == 20.0


def test_what_waits_in_between_begins_anew() -> None:
    losses = served()
    for at, waiting in [(10.0, 0), (20.0, 3), (30.0, 0)]:
        losses.see_health("lab", health(at, waiting))
    assert losses.see_live("lab1", 31.0) is None
    losses.see_health("lab", health(40.0))
    assert losses.see_live("lab1", 41.0) == 30.0


def test_another_run_of_the_bridge_begins_anew() -> None:
    losses = served()
    losses.see_health("lab", health(10.0))
    losses.see_health("lab", health(20.0, session="other"))
    assert losses.see_live("lab1", 21.0) is None


def test_only_the_bridge_that_serves_a_cycler_tells_of_it() -> None:
    losses = served()
    for at in (10.0, 20.0):
        losses.see_health("other", health(at))
        losses.see_health("lab", b"{")
    assert losses.see_live("lab1", 21.0) is None
    assert losses.see_live("lab2", 21.0) is None
    losses.see_status("lab2", b'{"bridge":"other"}')
    assert losses.see_live("lab2", 21.0) == 10.0
    losses.see_status("lab2", b"")  # cleared
    losses.see_health("other", health(30.0))
    assert losses.see_live("lab2", 31.0) is None


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b'{"bridge":"\xff"}', b'{"x":' + b"[" * 5000, b'{"x":' + b"1" * 5000 + b"}"]
)
def test_what_a_stranger_says_there_is_not_believed_and_ends_nothing(payload: bytes) -> None:
    losses = served()
    losses.see_status("lab1", payload)
    losses.see_health("lab", payload)
    for at in (10.0, 20.0):
        losses.see_health("lab", health(at))
    assert losses.see_live("lab1", 21.0) is None
