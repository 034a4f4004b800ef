"""A lease: who may set the output of a channel in direct mode, and until when. Pure.

Times are monotonic seconds, and `now` is an argument.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

from msgspec import Struct

from macnet_bridge.commands.setpoints import Terms
from macnet_bridge.errors import Rejected, Superseded
from macnet_bridge.macnet.protocol.messages import REST, DirectOutput

_FEEDS_PER_WATCHDOG = 3

Place = tuple[str, int]
"""Cycler and channel."""


class LeaseRecord(Struct, frozen=True, kw_only=True):
    """What is known of a lease on disk.

    Attributes:
        token: by which its holder names it.
        live: False once it ended; the record stays to tell a direct test from others.
    """

    cycler: str
    channel: int
    principal: str
    test_name: str
    token: str
    live: bool = True

    @property
    def place(self) -> Place:
        return self.cycler, self.channel


class Due(NamedTuple):
    """What a lease needs next, and when."""

    what: Literal["lapse", "feed"]
    at: float


@dataclass(slots=True, eq=False)
class Lease:
    """A lease while it lives.

    Attributes:
        valid_for_s: how long its newest setpoint holds.
        watchdog_s: after how long without an output the tester suspends by itself, 0 for never.
        valid_until: when it lapses unless a setpoint comes.
        setpoint: what the tester took last, None where that is not known: then nothing is repeated.
        fed_at: when the tester took its last output.
        last_n: of the newest setpoint that came.
        is_open: whether outputs may be set.
        is_confirmed: whether the tester was seen in direct mode. Before that, a channel that does
            not run proves nothing: the start may still be on its way.
    """

    record: LeaseRecord
    terms: Terms
    valid_for_s: float
    watchdog_s: float = 0.0
    valid_until: float = math.inf
    setpoint: DirectOutput | None = None
    fed_at: float = 0.0
    last_n: int = -1
    is_open: bool = True
    is_confirmed: bool = False

    def begin(self, setpoint: DirectOutput, now: float) -> None:
        """The request that starts direct mode leaves."""
        self.setpoint, self.fed_at = setpoint, now
        self.valid_until = now + self.valid_for_s

    def check_holder(self, token: str, principal: str) -> None:
        """Let the holder pass.

        Raises:
            Rejected: NO_LEASE
        """
        if not (self.is_open and token == self.record.token and principal == self.record.principal):
            raise Rejected("NO_LEASE", f"{principal} has no such lease on this channel", "args.lease")

    def number(self, n: int) -> None:
        """A setpoint came.

        Raises:
            Superseded: a newer one came before.
        """
        if n <= self.last_n:
            raise Superseded("STOPPED", f"setpoint {self.last_n} of this lease came before {n}")
        self.last_n = n

    def asked(self, output: DirectOutput) -> None:
        """An output is about to leave: until it is answered nobody knows which one holds.

        Rest is repeated all the same, since it does no harm.
        """
        self.setpoint = output if output is REST else None

    def took(self, output: DirectOutput, now: float, received_at: float, valid_for_s: float) -> None:
        """The tester took a setpoint that was received then."""
        self.setpoint, self.fed_at = output, now
        self.valid_for_s = valid_for_s
        self.valid_until = received_at + valid_for_s

    def refused(self, before: DirectOutput | None) -> None:
        """The tester did not take an output, so that the one before holds.

        Unless a rest came meanwhile: the output it overtook must not bring back the current before.
        """
        if self.setpoint is None:
            self.setpoint = before

    def fed(self, now: float) -> None:
        """The setpoint is being repeated, which makes no lease longer."""
        self.fed_at = now

    def close(self) -> None:
        """From now on nothing may be set, and nothing is repeated."""
        self.is_open = False

    def next_due(self) -> Due:
        """What has to be done next. Lapse goes before a feed at the same time."""
        feed_at = math.inf
        if self.watchdog_s and self.setpoint is not None and self.is_open:
            feed_at = self.fed_at + self.watchdog_s / _FEEDS_PER_WATCHDOG
        return Due("feed", feed_at) if feed_at < self.valid_until else Due("lapse", self.valid_until)
