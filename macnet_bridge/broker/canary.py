"""Proof that every subscription delivers. No I/O; `now` is time.monotonic() in seconds.

A broker may grant a subscription and then withhold everything under it, because its access list
says so. The only way to know is to publish something there and to see it come back.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from macnet_bridge.broker.messages import Cause, LinkLost, Outgoing, Subscription

PERIOD_S = 2.0
PROOF_S = 2.0
"""A canary must be back after this time before a new connection counts as good."""


@dataclass(slots=True)
class _Canary:
    subscription: Subscription
    token: bytes = b""
    sent_at: float = 0.0
    asked_at: float = 0.0
    next_at: float = 0.0
    back: bool = True
    ever_back: bool = False


class Canaries:
    """One canary per subscription, for the time of one connection."""

    def __init__(self, subscriptions: Iterable[Subscription]) -> None:
        self._canaries = [_Canary(subscription) for subscription in subscriptions]
        self.proven_at = -math.inf
        """When the newest canary that came back was sent: the link surely delivered then."""
        self._by_topic = {canary.subscription.canary_topic: canary for canary in self._canaries}

    @property
    def all_came_back(self) -> bool:
        """Whether every subscription has delivered a canary at least once."""
        return all(canary.ever_back for canary in self._canaries)

    def due(self, now: float) -> list[Outgoing]:
        """Canaries to publish now. One that is not back yet is sent again under its token.

        Once all subscriptions are proven, the first canary goes on alone: it watches the link,
        and a hundred cyclers would otherwise mean a hundred messages a second for nothing.
        """
        watched = self._canaries[:1] if self.all_came_back else self._canaries
        return [self._send(canary, now) for canary in watched if now >= canary.next_at]

    def _send(self, canary: _Canary, now: float) -> Outgoing:
        canary.next_at = now + PERIOD_S
        if canary.back:
            canary.token, canary.back = secrets.token_hex(8).encode(), False
            canary.sent_at = canary.asked_at = now
        return Outgoing(canary.subscription.canary_topic, canary.token, qos=1)

    def swallows(self, topic: str, payload: bytes) -> bool:
        """Take note of a message on a canary's topic. True for all of these, foreign ones too."""
        canary = self._by_topic.get(topic)
        if canary is None:
            return False
        if payload == canary.token:
            canary.back = canary.ever_back = True
            self.proven_at = max(self.proven_at, canary.sent_at)
        return True

    def heard(self, topic: str, now: float) -> None:
        """Another message shows as well that its filter delivers: the canary may be behind a flood."""
        for canary in self._canaries:
            if not canary.back and matches(canary.subscription.topic_filter, topic):
                canary.asked_at = now

    def excuse(self, now: float) -> None:
        """Start the clock of all missing canaries afresh: the delay was ours."""
        for canary in self._canaries:
            if not canary.back:
                canary.asked_at = now

    def overdue(self, now: float, limit_s: float) -> Subscription | None:
        """A subscription whose canary is missing for longer than the limit."""
        for canary in self._canaries:
            if not canary.back and now - canary.asked_at > limit_s:
                return canary.subscription
        return None


def withheld(missing: Subscription, username: str) -> LinkLost:
    """What to say, and do, about a subscription whose canary does not come back."""
    who = f"user {username}" if username else "clients without a name"
    return LinkLost(
        Cause.DEAF,
        f"the broker accepts the subscription to {missing.topic_filter} but delivers nothing: "
        f"check that its ACL lets {who} read it and write {missing.canary_topic}"
        f"{'' if username else ', or set mqtt.username'}",
    )


def matches(topic_filter: str, topic: str) -> bool:
    """Whether an MQTT topic filter covers a topic (MQTT 5, 4.7)."""
    wanted, levels = topic_filter.split("/"), topic.split("/")
    if wanted[-1] == "#":
        wanted.pop()
        levels = levels[: len(wanted)]
    return len(wanted) == len(levels) and all(
        pair in ("+", level) for pair, level in zip(wanted, levels, strict=True)
    )
