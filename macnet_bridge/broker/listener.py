"""A subscriber like any other: sees what is published, and may publish a command now and then.

It has no canaries, no will and no session: what it misses while it is away is gone, and the
retained messages that the broker sends on every new subscription make up for it.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable, Sequence

from macnet_bridge.broker.connection import Accepted, Connection
from macnet_bridge.broker.inbox import Inbox
from macnet_bridge.broker.messages import BrokerSettings, Cause, Incoming, LinkLost, Outgoing, Protocol
from macnet_bridge.broker.retry import Backoff, ProtocolChoice
from macnet_bridge.broker.sockets import tls_context

TICK_S = 0.25
"""How often paho may look after its keep-alive."""

_log = logging.getLogger(__name__)


class Listener:
    """Subscribes, and hands over what comes. All methods belong to the loop that `run` runs on.

    Args:
        filters: what to subscribe to, retained messages included.
        on_lost: called with one line when there is no connection, once per reason.
    """

    def __init__(
        self,
        settings: BrokerSettings,
        filters: Sequence[str],
        *,
        on_lost: Callable[[str], None] = _log.warning,
    ) -> None:
        self._settings = settings
        self._filters = list(filters)
        self._tell_lost = on_lost
        self._inbox = Inbox()
        self._choice = ProtocolChoice(settings.protocol)
        self._backoff = Backoff()
        self._link: Connection | None = None
        self._epoch = 0
        self._told = ""
        self._protocol: Protocol | None = None
        self._subscribing = asyncio.Lock()
        self._is_subscribed = asyncio.Event()

    @property
    def protocol(self) -> Protocol | None:
        """ "5" or "4" (MQTT 3.1.1) while connected, else None."""
        return self._protocol

    async def run(self) -> None:
        """Stay subscribed until cancelled.

        Raises:
            ConfigError: the URL is wrong.
            BrokerError: certificate files that do not serve.
        """
        tls = tls_context(self._settings)
        while True:
            loss = await self._one_connection(tls)
            if loss.cause is not Cause.CONFIRMING:
                self._announce(str(loss))
                await asyncio.sleep(self._backoff.next_s())

    async def receive(self) -> Incoming:
        """The next message, oldest first. After a reconnect, retained ones come again."""
        message = await self._inbox.get()
        if self._link is not None and self._link.wire.is_paused and self._inbox.is_half_empty:
            self._link.wire.resume()
        return message

    async def subscribed(self) -> Protocol:
        """Wait until there is a connection with all subscriptions; the version of MQTT it speaks."""
        while self._protocol is None or not self._is_subscribed.is_set():
            await self._is_subscribed.wait()
        return self._protocol

    async def subscribe(self, topic_filter: str) -> None:
        """Listen to one more filter, now and after every reconnect. Once more: retained ones come again.

        A connection that is lost meanwhile is no error: the next one has the filter. Neither is a
        filter that the broker refuses: the connection ends with that reason, as it does for the others.
        """
        if topic_filter not in self._filters:
            self._filters.append(topic_filter)
        async with self._subscribing:
            link = self._link if self._is_subscribed.is_set() else None
            if link is None:
                return
            try:
                await link.subscribe([topic_filter], retained=True)
            except LinkLost as loss:
                link.end(loss)

    def publish(self, message: Outgoing) -> bool:
        """Send a message now. False = there is no connection; it is not kept for later."""
        if self._link is None or self._protocol is None:
            return False
        return self._link.publish(message) is not None

    # -- one connection

    async def _one_connection(self, tls: ssl.SSLContext | None) -> LinkLost:
        self._epoch += 1
        link = self._link = Connection(
            self._settings,
            self._choice.current,
            epoch=self._epoch,
            will=None,
            clean=not self._settings.keeps_session,
            tls=tls,
            listener=self,
        )
        try:
            await self._subscribe(link)
            while True:
                await link.wait(TICK_S)
                link.wire.tick()
        except LinkLost as loss:
            return loss
        finally:
            link.end()
            self._is_subscribed.clear()
            self._link = self._protocol = None

    async def _subscribe(self, link: Connection) -> None:
        try:
            accepted = await link.open(self._choice.answer_s)
        except LinkLost as loss:
            self._choice.failed(loss.cause)
            if self._choice.is_undecided:
                raise LinkLost(Cause.CONFIRMING, "trying MQTT 3.1.1") from loss
            raise
        if not self._choice.accepted():
            raise LinkLost(Cause.CONFIRMING, "trying MQTT 5 once more")
        self._accepted(link, accepted)
        # From here on, and not only once subscribed: amqtt delivers before it confirms.
        self._protocol = link.version
        async with self._subscribing:
            await link.subscribe(self._filters, retained=True)
            self._is_subscribed.set()
        self._backoff.reset()
        self._told = ""

    def _accepted(self, link: Connection, accepted: Accepted) -> None:
        """The broker took the connection; nothing is subscribed to on it yet."""

    def _announce(self, reason: str) -> None:
        if reason != self._told:
            self._told = reason
            self._tell_lost(self._settings.names.put_into(reason))

    # -- the connection calls

    def on_incoming(self, message: Incoming) -> None:
        """Keep a message for `receive`; it needs no safer hands than ours."""
        if self._link is None:
            return
        # It may have come in one piece with the broker's answer: amqtt sends what nobody asked for yet.
        self._protocol = self._link.version
        self._link.acknowledge(message)
        self._inbox.put(message)
        if self._inbox.is_full and not self._link.wire.is_paused:
            self._link.wire.pause()

    def on_unreadable(self) -> None:
        """A message whose topic is not text; there is nobody to tell."""

    def on_confirmed(self, mid: int, denied: bool) -> None:
        """The broker took a command, or refused it: the acknowledgement, or its absence, tells."""

    def on_written(self, count: int) -> None:
        """A QoS 0 message left."""

    def on_progress(self) -> None:
        """Nothing waits to be sent."""
