"""Keeps one connection to the broker alive and proves that it works."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import ssl
import time
from collections.abc import Awaitable, Callable, Sequence

from macnet_bridge.broker.canary import Canaries, matches
from macnet_bridge.broker.connection import Accepted, Connection
from macnet_bridge.broker.inbox import Inbox
from macnet_bridge.broker.messages import (
    BrokerSettings,
    Cause,
    Counters,
    Incoming,
    Lane,
    LinkLost,
    Outgoing,
    Protocol,
    Subscription,
)
from macnet_bridge.broker.outbox import Outbox, OutboxLimits
from macnet_bridge.broker.retry import Attempts, ProtocolChoice
from macnet_bridge.broker.sockets import tls_context
from macnet_bridge.broker.vigil import Vigil
from macnet_bridge.errors import BrokerError

_log = logging.getLogger(__name__)


class Broker:
    """The bridge's end of an MQTT broker. All methods belong to the loop that `run` runs on.

    Args:
        subscriptions: what to listen to, each with a topic on which delivery is tested.
        will: published by the broker when the connection ends without `close`.
        on_ready: called with True when the broker kept our session, so that retained state
            and subscriptions are still there. Called anew after every reconnect.
        on_lost: called with one line that says what is wrong and what to do: when a ready
            connection ends, and when attempts fail, but then only once per reason.
        watched: further topic filters, whose retained messages are wanted, too.
        on_watched: called with what comes by them, in place of `receive`, before `on_ready`
            with what the broker keeps; it must not raise.
        permit: awaited before each attempt, with the seconds since a connection was seen to deliver,
            infinite before the first time. A process that was frozen finds out by that, too.
        choice: the version of MQTT, where somebody else finds it out, too.
    """

    def __init__(
        self,
        settings: BrokerSettings,
        subscriptions: Sequence[Subscription],
        *,
        will: Outgoing,
        on_ready: Callable[[bool], None],
        on_lost: Callable[[str], None],
        watched: Sequence[str] = (),
        on_watched: Callable[[Incoming], None] = lambda message: None,
        permit: Callable[[float], Awaitable[None]] | None = None,
        choice: ProtocolChoice | None = None,
        limits: OutboxLimits | None = None,
        inbox: Inbox | None = None,
    ) -> None:
        self.counters = Counters()
        self._settings = settings
        self._subscriptions = list(subscriptions)
        self._watched = list(watched)
        self._tell_watched = on_watched
        self._will = will
        self._tell_ready = on_ready
        self._tell_lost = on_lost
        self._outbox = Outbox(self.counters, limits)
        self._inbox = Inbox() if inbox is None else inbox
        self._permit = permit
        self._attempts = Attempts(ProtocolChoice(settings.protocol) if choice is None else choice)
        self._canaries = Canaries(())
        self._link: Connection | None = None
        self._ready_since: float | None = None
        self._proven_at = -math.inf
        self._protocol: Protocol | None = None
        self._told = ""
        self._has_logged_denial = False
        self._closing = asyncio.Event()
        self._stopped = asyncio.Event()
        self._stopped.set()
        self._nothing_owed = asyncio.Event()
        self._nothing_owed.set()

    # -- what users call

    @property
    def ready(self) -> bool:
        """Connected, subscribed, and every subscription has been seen to deliver."""
        return self._link is not None and self._ready_since is not None

    @property
    def protocol(self) -> Protocol | None:
        """ "5" or "4" (MQTT 3.1.1) while ready, else None."""
        return self._protocol

    @property
    def waiting(self) -> int:
        """Incoming messages that `receive` has not returned yet."""
        return len(self._inbox)

    @property
    def queued(self) -> int:
        """Outgoing messages that have not been handed over yet."""
        return self._outbox.queued

    async def run(self) -> None:
        """Keep connected until `close` or cancellation.

        Cancelled, it closes the connection without goodbye, and the broker publishes the will.

        Raises:
            ConfigError: the URL is wrong.
            BrokerError: something that trying again cannot mend: certificate files that do not
                serve, or another client with our id.
        """
        tls = tls_context(self._settings)
        self._stopped.clear()
        try:
            while await self._may_try():
                loss = await self._one_connection(tls)
                if not self._closing.is_set():
                    await self._after(loss)
        finally:
            self._stopped.set()

    async def receive(self) -> Incoming:
        """The next message, oldest first. Redelivered ones come again; canaries never show up."""
        message = await self._inbox.get()
        if self._link is not None and self._link.wire.is_paused and self._inbox.is_half_empty:
            self._link.wire.resume()
        return message

    def acknowledge(self, message: Incoming) -> None:
        """Tell the broker that the message is in safe hands; ignored for one of an older connection."""
        if message.qos and self._link is not None:
            self._link.acknowledge(message)

    def publish(self, message: Outgoing, lane: Lane = Lane.TELEMETRY) -> bool:
        """Send a message, or queue it.

        An acknowledgement is kept until the broker confirms it, over any number of connections,
        so it may arrive twice. Telemetry is given up when the connection is lost.

        Returns:
            False when the message was refused and counted as such: larger than the broker takes,
            no valid topic or QoS, or, as telemetry, while not ready or with a full queue.
        """
        accepted = self._outbox.offer(message, lane)
        if accepted:
            self.on_progress()
        return accepted

    async def flush(self, timeout_s: float) -> bool:
        """Wait until acknowledgements and retained messages are confirmed. False = some were not."""
        lost_before = self._outbox.owed_lost
        try:
            async with asyncio.timeout(timeout_s):
                await self._nothing_owed.wait()
        except TimeoutError:
            return False
        return self._outbox.owed_lost == lost_before

    async def close(self) -> None:
        """Say goodbye and let `run` return. The broker forgets our session and sends no will."""
        self._closing.set()
        if self._link is not None:
            if self.ready:
                await self._link.disconnect()
            elif not self._link.is_over:
                self._link.end()
        await self._stopped.wait()

    # -- one connection

    async def _may_try(self) -> bool:
        """Wait for the permission to try. False = closed meanwhile."""
        if self._permit is None or self._closing.is_set():
            return not self._closing.is_set()
        permitted = asyncio.ensure_future(self._permit(time.monotonic() - self._proven_at))
        closing = asyncio.create_task(self._closing.wait())
        try:
            await asyncio.wait({permitted, closing}, return_when=asyncio.FIRST_COMPLETED)
            if permitted.done():
                permitted.result()
        finally:
            permitted.cancel()
            closing.cancel()
            await asyncio.gather(permitted, closing, return_exceptions=True)
        return not self._closing.is_set()

    async def _one_connection(self, tls: ssl.SSLContext | None) -> LinkLost:
        link = self._new_link(tls)
        vigil = Vigil(link, self._outbox, self._canaries, self._settings.username)
        try:
            accepted = await self._connect(link)
            if self._watched:
                await link.subscribe(self._watched, retained=True)
            await link.subscribe([subscription.topic_filter for subscription in self._subscriptions])
            await vigil.prove()
            self._become_ready(link, accepted)
            await vigil.keep()
        except LinkLost as loss:
            return loss
        finally:
            self._let_go(link)

    def _new_link(self, tls: ssl.SSLContext | None) -> Connection:
        self.counters.attempts += 1
        self._canaries = Canaries(self._subscriptions)
        self._has_logged_denial = False
        self._link = Connection(
            self._settings,
            self._attempts.version.current,
            epoch=self.counters.attempts,
            will=self._will,
            clean=self._attempts.needs_clean_start,
            tls=tls,
            listener=self,
        )
        return self._link

    async def _connect(self, link: Connection) -> Accepted:
        try:
            accepted = await link.open(self._attempts.version.answer_s)
        except LinkLost as loss:
            self._attempts.version.failed(loss.cause)
            raise
        if not self._attempts.accepted():
            raise LinkLost(Cause.CONFIRMING, "trying MQTT 5 once more")
        if accepted.max_qos == 0:
            raise LinkLost(Cause.REFUSED, "the broker offers QoS 0 only; commands need QoS 1: allow it there")
        self._outbox.connected(accepted.receive_maximum, accepted.max_packet_bytes)
        return accepted

    def _become_ready(self, link: Connection, accepted: Accepted) -> None:
        link.waited = False
        self._ready_since = time.monotonic()
        self._protocol = link.version
        self._told = ""
        self.counters.connects += 1
        name = "MQTT 5" if link.version == "5" else "MQTT 3.1.1"
        _log.info("connected to %s by %s", self._settings.url, name)
        self._outbox.opened()
        self._tell_ready(accepted.session_present)
        self.on_progress()

    def _let_go(self, link: Connection) -> None:
        link.end()
        self._link = None
        self._protocol = None
        self._outbox.lost()
        self._check_owed()

    # -- after a loss

    async def _after(self, loss: LinkLost) -> None:
        ready_for_s = None if self._ready_since is None else time.monotonic() - self._ready_since
        self._proven_at = max(self._proven_at, self._canaries.proven_at)
        self._ready_since = None
        if loss.cause is Cause.CONFIRMING:
            return
        # That it is no MQTT broker is no good guess at an address where one answered before.
        reason = self._settings.names.put_into(loss.seen if self.counters.connects else str(loss))
        if not self._attempts.version.is_undecided:
            self._announce(reason, was_ready=ready_for_s is not None)
        pause_s = self._attempts.lost(loss.cause, ready_for_s)
        if pause_s is None:
            raise BrokerError(
                "the broker keeps closing the connection right after accepting it: another client uses the "
                f"client id {self._settings.client_id}; give each bridge its own, or see the broker's log"
            )
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                await self._closing.wait()

    def _announce(self, reason: str, *, was_ready: bool) -> None:
        self.counters.losses += was_ready
        if was_ready or reason != self._told:
            self._told = reason
            _log.warning("no MQTT: %s", reason)
            self._tell_lost(reason)

    # -- the connection calls

    def on_incoming(self, message: Incoming) -> None:
        """A message came in: a canary, or one for `receive`."""
        link = self._link
        if link is None:
            return
        if self._canaries.swallows(message.topic, message.payload):
            link.acknowledge(message)
            link.poke()
            return
        self._canaries.heard(message.topic, message.received_monotonic)
        if any(matches(topic_filter, message.topic) for topic_filter in self._watched):
            link.acknowledge(message)
            self._tell_watched(message)
            return
        self._keep(link, message)

    def _keep(self, link: Connection, message: Incoming) -> None:
        self.counters.incoming += 1
        self.counters.incoming_bytes += len(message.payload)
        self._inbox.put(message)
        if self._inbox.is_full and not link.wire.is_paused:
            self.counters.pauses += 1
            link.wire.pause()

    def on_unreadable(self) -> None:
        """A message whose topic is not text was thrown away."""
        self.counters.unreadable += 1

    def on_confirmed(self, mid: int, denied: bool) -> None:
        """The broker answered for a QoS 1 message."""
        entry = self._outbox.confirmed(mid, denied=denied)
        if denied and entry is not None and not self._has_logged_denial:
            self._has_logged_denial = True
            _log.warning("the broker does not let us publish to %s: check its ACL", entry.message.topic)

    def on_written(self, count: int) -> None:
        """So many QoS 0 messages left."""
        self._outbox.written(count)

    def on_progress(self) -> None:
        """Hand over as much as may leave now."""
        link = self._link
        while link is not None and (entry := self._outbox.take()) is not None:
            mid = link.publish(entry.message)
            if mid is None:
                self._outbox.put_back(entry)
                break
            self._outbox.handed(entry, mid)
        self._check_owed()

    def _check_owed(self) -> None:
        if self._outbox.owed:
            self._nothing_owed.clear()
        else:
            self._nothing_owed.set()
