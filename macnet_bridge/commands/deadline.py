"""Until when a command may still be sent: turned into the clock that never jumps, at receipt."""

from __future__ import annotations

from datetime import datetime

from msgspec import UNSET, UnsetType

from macnet_bridge.commands.ticket import Now
from macnet_bridge.errors import Expired, Rejected

_DAY_S = 86400.0


def deadline(
    now: Now,
    *,
    expires_at: datetime | float | UnsetType,
    message_expiry_s: int | None,
    waited: bool,
    max_ttl_s: float,
    required: bool,
) -> float:
    """The monotonic second up to which a command may be sent.

    Args:
        expires_at: from the payload: RFC 3339 with zone, or Unix milliseconds.
        message_expiry_s: what is left of MQTT's message expiry, None without one.
        waited: whether the message waited in the broker while the bridge was away.
        required: whether a command must bring a deadline.

    Raises:
        Expired: it has passed, or there is none and the command waited for who knows how long.
        Rejected: BAD_ARGS, no zone, too far ahead, or none where one is required.
    """
    left: list[tuple[float, str | None]] = []
    if expires_at is not UNSET:
        left.append((_unix_seconds(expires_at) - now.unix, "expires_at"))
    if message_expiry_s is not None:
        left.append((float(message_expiry_s), None))
    if not left:
        if waited:
            raise Expired("it waited in the broker and has no deadline; send it again with expires_at")
        if required:
            raise Rejected("BAD_ARGS", "expires_at is required here", "expires_at")
        return now.monotonic + max_ttl_s
    seconds, field = min(left, key=lambda item: item[0])
    if seconds > max_ttl_s:
        what = f"{field or 'the message expiry'}: {seconds:.0f} s ahead, at most {max_ttl_s:g} s (max_ttl_s)"
        hint = "; are the clocks right?" if field else ""
        raise Rejected("BAD_ARGS", what + hint, field)
    if seconds <= 0:
        hint = "; it counts in milliseconds" if _is_in_seconds(expires_at, now) else ""
        raise Expired(f"its deadline passed {-seconds:.1f} s before it was received{hint}")
    return now.monotonic + seconds


def _is_in_seconds(expires_at: datetime | float | UnsetType, now: Now) -> bool:
    """Whether this is a moment of today when it is taken for seconds, a frequent mistake."""
    return isinstance(expires_at, int | float) and abs(expires_at - now.unix) < _DAY_S


def _unix_seconds(expires_at: datetime | float | UnsetType) -> float:
    if isinstance(expires_at, datetime):
        if expires_at.tzinfo is None:
            raise Rejected("BAD_ARGS", "expires_at needs a zone, such as Z at its end", "expires_at")
        return expires_at.timestamp()
    assert not isinstance(expires_at, UnsetType)
    return expires_at / 1000
