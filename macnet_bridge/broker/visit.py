"""A short visit to a broker: whether it lets us in, with which MQTT, what it keeps, what it delivers."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field

from macnet_bridge.broker.canary import PROOF_S, Canaries, withheld
from macnet_bridge.broker.connection import Connection
from macnet_bridge.broker.messages import BrokerSettings, Cause, Incoming, LinkLost, Protocol, Subscription
from macnet_bridge.broker.retry import ProtocolChoice
from macnet_bridge.broker.sockets import tls_context

_ATTEMPTS = 4
"""MQTT 5, 3.1.1, and both once more: what it takes to be sure that a broker knows no 5."""
_TICK_S = 0.25


@dataclass(frozen=True, slots=True)
class Visit:
    """What was found.

    Attributes:
        protocol: the MQTT version that was spoken.
        retained: payloads by topic.
        refused: why the broker did not take the filters, None when it did.
        deaf: why one of the subscriptions would deliver nothing, None when all do.
    """

    protocol: Protocol
    retained: dict[str, bytes] = field(default_factory=dict)
    refused: str | None = None
    deaf: str | None = None


async def visit(
    settings: BrokerSettings,
    filters: Sequence[str],
    *,
    linger_s: float,
    subscriptions: Sequence[Subscription] = (),
) -> Visit:
    """Connect, look at what is retained, and leave. No session is left behind.

    Nothing is published but canaries, which bridges that listen to the same topics take for none
    of their own, and for no commands either.

    Args:
        settings: with a client id that nobody else has; a bridge would be thrown out.
        filters: where to look for what is retained.
        linger_s: how long retained messages may take to come.
        subscriptions: what a bridge will listen to; whether they deliver is tried out.

    Raises:
        ConfigError: the URL is wrong.
        BrokerError: it cannot be used, and what to do.
    """
    tls = tls_context(settings)
    choice = ProtocolChoice(settings.protocol)
    for attempt in range(_ATTEMPTS):
        notes = _Notes(subscriptions)
        link = Connection(
            settings, choice.current, epoch=attempt, will=None, clean=True, tls=tls, listener=notes
        )
        notes.link = link
        try:
            await link.open(choice.answer_s)
            if choice.accepted():
                refused = await _failure(link.subscribe(filters, retained=True))
                deaf = await _failure(_prove(link, subscriptions, notes.canaries, settings.username))
                # MQTT does not say when the last retained message has come.
                await link.wait(linger_s)
                await link.disconnect()
                return Visit(link.version, notes.retained, refused, deaf)
        except LinkLost as loss:
            choice.failed(loss.cause)
            is_last = attempt == _ATTEMPTS - 1 or settings.protocol != "auto"
            if is_last or loss.cause not in (Cause.OTHER_VERSION, Cause.UNANSWERED):
                raise
        finally:
            link.end()
    raise LinkLost(Cause.UNANSWERED, "the broker speaks MQTT now and then only")


async def _failure(subscribing: Awaitable[None]) -> str | None:
    """Why a subscription is of no use, None when it is."""
    try:
        await subscribing
    except LinkLost as loss:
        if loss.cause is not Cause.DEAF:
            raise
        return str(loss)
    return None


async def _prove(
    link: Connection, subscriptions: Sequence[Subscription], canaries: Canaries, username: str
) -> None:
    """Subscribe and see that every canary comes back, as the bridge does before it is ready."""
    if subscriptions:
        await link.subscribe([subscription.topic_filter for subscription in subscriptions])
    while not canaries.all_came_back:
        now = time.monotonic()
        for canary in canaries.due(now):
            link.publish(canary)
        if missing := canaries.overdue(now, PROOF_S):
            raise withheld(missing, username)
        await link.wait(_TICK_S)


class _Notes:
    """Keeps what is retained, and knows its canaries."""

    def __init__(self, subscriptions: Sequence[Subscription]) -> None:
        self.retained: dict[str, bytes] = {}
        self.canaries = Canaries(subscriptions)
        self.link: Connection | None = None

    def on_incoming(self, message: Incoming) -> None:
        """Note a message that the broker kept, or a canary; commands of others are none of ours."""
        if self.link is not None:
            self.link.acknowledge(message)
        if self.canaries.swallows(message.topic, message.payload):
            if self.link is not None:
                self.link.poke()
        elif message.retain:
            self.retained[message.topic] = message.payload

    def on_unreadable(self) -> None:
        """A message whose topic is not text is none of those that are looked for."""

    def on_confirmed(self, mid: int, denied: bool) -> None:
        """Whether a canary was taken does not matter; it has to come back."""

    def on_written(self, count: int) -> None:
        """Canaries have QoS 1."""

    def on_progress(self) -> None:
        """Nothing waits to be sent."""
