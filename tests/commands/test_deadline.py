"""Until when a command may be sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from macnet_bridge.commands.deadline import deadline
from macnet_bridge.commands.ticket import Now
from macnet_bridge.errors import Expired, Rejected

NOW = Now(unix=1_795_328_722.0, monotonic=1000.0)
MOMENT = datetime.fromtimestamp(NOW.unix, UTC)


def until(**changes: Any) -> float:
    given: dict[str, Any] = {
        "expires_at": UNSET,
        "message_expiry_s": None,
        "waited": False,
        "max_ttl_s": 60.0,
        "required": False,
    }
    return deadline(NOW, **(given | changes))


def test_without_any_it_is_the_longest_time() -> None:
    assert until() == 1060.0


def test_by_date_by_milliseconds_and_by_message_expiry() -> None:
    assert until(expires_at=MOMENT + timedelta(seconds=5)) == 1005.0
    assert until(expires_at=(NOW.unix + 5) * 1000) == 1005.0
    assert until(message_expiry_s=5) == 1005.0


def test_seconds_in_place_of_milliseconds_are_told() -> None:
    with pytest.raises(Expired, match=r"; it counts in milliseconds$"):
        until(expires_at=NOW.unix + 5)
    with pytest.raises(Expired) as passed:
        until(expires_at=(NOW.unix - 5) * 1000)
    assert "milliseconds" not in str(passed.value)


def test_the_zone_counts() -> None:
    east = timezone(timedelta(hours=5, minutes=30))
    assert until(expires_at=(MOMENT + timedelta(seconds=5)).astimezone(east)) == 1005.0


def test_the_earlier_of_two() -> None:
    soon, later = MOMENT + timedelta(seconds=3), MOMENT + timedelta(seconds=30)
    assert until(expires_at=soon, message_expiry_s=10) == 1003.0
    assert until(expires_at=later, message_expiry_s=10) == 1010.0


@pytest.mark.parametrize("second", [0.0, -0.001, -1e6, -1.7e9])
def test_passed(second: float) -> None:
    with pytest.raises(Expired):
        until(expires_at=MOMENT + timedelta(seconds=second))
    with pytest.raises(Expired):
        until(expires_at=(NOW.unix + second) * 1000)
    with pytest.raises(Expired):
        until(message_expiry_s=0)


def test_exactly_the_longest_time_and_more() -> None:
    assert until(expires_at=MOMENT + timedelta(seconds=60)) == 1060.0
    with pytest.raises(Rejected) as rejected:
        until(expires_at=MOMENT + timedelta(seconds=60.001))
    assert (rejected.value.code, rejected.value.field) == ("BAD_ARGS", "expires_at")


def test_a_message_expiry_that_is_too_long_is_not_blamed_on_the_payload() -> None:
    with pytest.raises(Rejected) as rejected:
        until(message_expiry_s=61)
    assert (rejected.value.code, rejected.value.field) == ("BAD_ARGS", None)
    assert "message expiry" in str(rejected.value)


def test_no_zone() -> None:
    with pytest.raises(Rejected) as rejected:
        until(expires_at=MOMENT.replace(tzinfo=None))
    assert (rejected.value.code, rejected.value.field) == ("BAD_ARGS", "expires_at")


def test_waited_without_a_deadline() -> None:
    with pytest.raises(Expired):
        until(waited=True)
    assert until(waited=True, message_expiry_s=5) == 1005.0
    assert until(waited=True, expires_at=MOMENT + timedelta(seconds=5)) == 1005.0


def test_required() -> None:
    with pytest.raises(Rejected) as rejected:
        until(required=True)
    assert (rejected.value.code, rejected.value.field) == ("BAD_ARGS", "expires_at")
    assert until(required=True, message_expiry_s=5) == 1005.0


@given(
    st.datetimes(timezones=st.timezones() | st.none())
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.just(UNSET),
    st.integers(0, 2**32 - 1) | st.none(),
    st.booleans(),
    st.booleans(),
)
def test_never_past_the_longest_time_and_never_in_the_past(
    expires_at: Any, message_expiry_s: int | None, waited: bool, required: bool
) -> None:
    try:
        moment = until(
            expires_at=expires_at, message_expiry_s=message_expiry_s, waited=waited, required=required
        )
    except (Rejected, Expired):
        return
    assert NOW.monotonic < moment <= NOW.monotonic + 60.0
