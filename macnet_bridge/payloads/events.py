"""What happened to a channel, published once."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

LapseReason = Literal["silence", "bridge_stopped", "bridge_restarted"]


class DirectLapsed(Struct, frozen=True, kw_only=True, tag_field="kind", tag="direct_lapsed"):
    """A lease ran out, and the bridge put the channel to rest and suspended it.

    Attributes:
        unix_time_second: when that was known, by the bridge's clock.
        principal: who had the lease.
        reason: `silence` when no setpoint came in time.
        suspended: whether the tester was seen to have stopped; if not, the bridge goes on trying.
    """

    id: str
    unix_time_second: float
    principal: str
    test_name: str
    reason: LapseReason
    suspended: bool
