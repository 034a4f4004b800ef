"""What happened to a channel, published once."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from macnet_bridge.payloads.telemetry import RawCodes

LapseReason = Literal["silence", "bridge_stopped", "bridge_restarted"]


class Event(Struct, frozen=True, kw_only=True, tag_field="kind"):
    """What all events have in common.

    Attributes:
        id: unique; the same where one event is published twice.
        unix_time_second: when it was known, by the bridge's clock.
        run: the bridge's start that saw it.
        is_historical: whether it comes late, after it waited on disk for the broker.
    """

    id: str
    unix_time_second: float
    run: int
    is_historical: bool = False


class DirectLapsed(Event, frozen=True, kw_only=True, tag="direct_lapsed"):
    """A lease ran out, and the bridge put the channel to rest and suspended it.

    Attributes:
        principal: who had the lease.
        reason: `silence` when no setpoint came in time.
        suspended: whether the tester was seen to have stopped; if not, the bridge goes on trying.
    """

    principal: str
    test_name: str
    reason: LapseReason
    suspended: bool


class Situation(Struct, frozen=True, kw_only=True):
    """A channel as one reply of MacNet (4, 7) showed it.

    Attributes:
        unix_time_second: the bridge's clock at the reply.
    """

    unix_time_second: float
    state: str
    mode: str
    step_id: int
    cycle_count: int
    raw: RawCodes


class ChannelEvent(Event, frozen=True, kw_only=True, tag="channel_event"):
    """What two readings of a channel show to have happened between them.

    Attributes:
        test_name: of the test that it happened to; null where the tester did not tell it.
        end_reason: why a step or test ended, where the tester still shows it; else null.
        before, after: the two readings. What was in between is not known.
    """

    test_name: str | None
    end_reason: str | None
    before: Situation
    after: Situation


class TestStarted(ChannelEvent, frozen=True, kw_only=True, tag="test_started"):
    """Another test is on the channel than before; perhaps it is over already."""

    __test__ = False  # not a test case, whatever pytest makes of the name


class StepChanged(ChannelEvent, frozen=True, kw_only=True, tag="step_changed"):
    """The test went to another step, perhaps through others."""


class CycleChanged(ChannelEvent, frozen=True, kw_only=True, tag="cycle_changed"):
    """The test's cycle counter changed."""


class Suspended(ChannelEvent, frozen=True, kw_only=True, tag="suspended"):
    """The test is held."""


class Resumed(ChannelEvent, frozen=True, kw_only=True, tag="resumed"):
    """A test that was held or over runs again."""


class Completed(ChannelEvent, frozen=True, kw_only=True, tag="completed"):
    """The test came to one of its ends.

    Attributes:
        end_step: which of the procedure's End steps it was, from 1; null where the tester has
            no MacNet (4, 10) or did not say.
        number_of_ends: how many End steps the procedure has.
    """

    end_step: int | None = None
    number_of_ends: int | None = None


class Problem(ChannelEvent, frozen=True, kw_only=True, tag="problem"):
    """A safety limit or a fault stopped the test."""


class Freed(ChannelEvent, frozen=True, kw_only=True, tag="freed"):
    """The test is gone from the channel: reset or archived, MacNet does not tell which."""


class StateChanged(ChannelEvent, frozen=True, kw_only=True, tag="state_changed"):
    """The state became, or was, one such as `no_controller`; or what it means cannot be known."""


AnyEvent = (
    DirectLapsed
    | TestStarted
    | StepChanged
    | CycleChanged
    | Suspended
    | Resumed
    | Completed
    | Problem
    | Freed
    | StateChanged
)
"""Every event that the bridge publishes; `kind` tells them apart."""
