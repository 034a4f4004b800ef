"""A short visit to a broker: whether it lets us in, with which MQTT, and what it keeps on some topics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from macnet_bridge.broker.connection import Connection
from macnet_bridge.broker.messages import BrokerSettings, Cause, Incoming, LinkLost, Protocol
from macnet_bridge.broker.retry import ProtocolChoice
from macnet_bridge.broker.sockets import tls_context

_ATTEMPTS = 4
"""MQTT 5, 3.1.1, and both once more: what it takes to be sure that a broker knows no 5."""


@dataclass(frozen=True, slots=True)
class Visit:
    """What was found.

    Attributes:
        protocol: the MQTT version that was spoken.
        retained: payloads by topic.
        refused: why the broker did not take the subscription, None when it did.
    """

    protocol: Protocol
    retained: dict[str, bytes] = field(default_factory=dict)
    refused: str | None = None


async def visit(settings: BrokerSettings, filters: Sequence[str], *, linger_s: float) -> Visit:
    """Connect, look at what is retained, and leave. Publishes nothing and leaves no session behind.

    Args:
        settings: with a client id that nobody else has; a bridge would be thrown out.
        linger_s: how long retained messages may take to come.

    Raises:
        ConfigError: the URL is wrong.
        BrokerError: it cannot be used, and what to do.
    """
    tls = tls_context(settings)
    choice = ProtocolChoice(settings.protocol)
    for attempt in range(_ATTEMPTS):
        notes = _Notes()
        link = Connection(
            settings, choice.current, epoch=attempt, will=None, clean=True, tls=tls, listener=notes
        )
        notes.link = link
        try:
            await link.open(choice.answer_s)
            if choice.accepted():
                return await _look(link, filters, notes, linger_s)
        except LinkLost as loss:
            choice.failed(loss.cause)
            is_last = attempt == _ATTEMPTS - 1 or settings.protocol != "auto"
            if is_last or loss.cause not in (Cause.OTHER_VERSION, Cause.UNANSWERED):
                raise
        finally:
            link.end(Cause.CLOSED, "closed")
    raise LinkLost(Cause.UNANSWERED, "the broker speaks MQTT now and then only")


async def _look(link: Connection, filters: Sequence[str], notes: _Notes, linger_s: float) -> Visit:
    refused = None
    try:
        await link.subscribe(filters, retained=True)
        # MQTT does not say when the last retained message has come.
        await link.wait(linger_s)
    except LinkLost as loss:
        if loss.cause is not Cause.DEAF:
            raise
        refused = str(loss)
    await link.disconnect()
    return Visit(link.version, notes.retained, refused)


class _Notes:
    """Keeps what is retained."""

    def __init__(self) -> None:
        self.retained: dict[str, bytes] = {}
        self.link: Connection | None = None

    def on_incoming(self, message: Incoming) -> None:
        """Note a message that the broker kept."""
        if self.link is not None:
            self.link.acknowledge(message)
        if message.retain:
            self.retained[message.topic] = message.payload

    def on_unreadable(self) -> None:
        """A message whose topic is not text is none of those that are looked for."""

    def on_confirmed(self, mid: int, denied: bool) -> None:
        """Nothing is published."""

    def on_written(self) -> None:
        """Nothing is published."""

    def on_progress(self) -> None:
        """Nothing waits to be sent."""
