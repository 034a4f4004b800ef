"""One connection to the broker, from its first packet to its last.

Each connection is a paho client of its own, used once. So nothing of an older connection, packet
ids included, can leak into a newer one, and paho never reconnects or re-sends by itself.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple, Protocol, TypeVar

from paho.mqtt import client as paho
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from macnet_bridge.broker import packets, paho_client, reasons
from macnet_bridge.broker.dialling import dial
from macnet_bridge.broker.messages import BrokerSettings, Cause, Incoming, LinkLost, Outgoing
from macnet_bridge.broker.messages import Protocol as MqttVersion
from macnet_bridge.broker.plain import PlainMessage
from macnet_bridge.broker.wire import Wire

T = TypeVar("T")

FAREWELL_S = 0.5
SUBSCRIBE_S = 5.0


class Accepted(NamedTuple):
    """What the broker said when it accepted us; None where it set no limit."""

    session_present: bool
    receive_maximum: int | None
    max_packet_bytes: int | None
    max_qos: int


class Events(Protocol):
    """Who is told what happens on a connection. None of these may raise: paho would trip over it."""

    def on_incoming(self, message: Incoming) -> None: ...
    def on_unreadable(self) -> None: ...
    def on_confirmed(self, mid: int, denied: bool) -> None: ...
    def on_written(self, count: int) -> None: ...
    def on_progress(self) -> None: ...


class Connection:
    """A connection; `epoch` tells it from all others.

    Attributes:
        waited: set while what arrives may have waited in the broker's queue.
        wire: its socket, of which reading can be paused.
    """

    def __init__(
        self,
        settings: BrokerSettings,
        version: MqttVersion,
        *,
        epoch: int,
        will: Outgoing | None,
        clean: bool,
        tls: ssl.SSLContext | None,
        listener: Events,
    ) -> None:
        loop = asyncio.get_running_loop()
        self.version: MqttVersion = version
        self.epoch = epoch
        self.waited = False
        self._settings = settings
        self._clean = clean
        self._listener = listener
        self._unacknowledged: set[int] = set()
        self._ids = packets.PacketIds()
        self._farewell: ReasonCode | None = None
        self._poked = asyncio.Event()
        self._ended: asyncio.Future[LinkLost] = loop.create_future()
        self._answer: asyncio.Future[tuple[bool, ReasonCode, Properties]] = loop.create_future()
        self._granted: asyncio.Future[list[ReasonCode]] = loop.create_future()
        self._client = paho_client.new_client(settings, version, will, tls)
        self._listen(self._client)
        self.wire = Wire(self._client, self)

    def _listen(self, client: paho_client.Client) -> None:
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_plain_message = self._take

    # -- coming and going

    async def open(self, answer_s: float) -> Accepted:
        """Connect, and wait at most `answer_s` until the broker accepts. Raises LinkLost."""
        limit_s = self._settings.connect_timeout_s
        where = f"{self._settings.endpoint.host}:{self._settings.endpoint.port}"
        late = LinkLost(Cause.UNREACHABLE, f"no connection to the broker at {where} within {limit_s:g} s")
        error = await self._first_of(self._dial(), limit_s, late)
        if error is not None:
            raise reasons.unreachable(self._settings.endpoint, error)
        if self._ended.done():  # while the thread was connecting
            raise self._ended.result()
        if not self.wire.attach():
            raise reasons.closed_too_soon()
        late = LinkLost(
            Cause.UNANSWERED,
            f"the broker at {where} took the connection but did not answer",
            reasons.PERHAPS_NO_BROKER,
        )
        return self._judge(*await self._first_of(self._answer, min(limit_s, answer_s), late))

    def _dial(self) -> asyncio.Future[Exception | None]:
        connect = partial(paho_client.connect, self._client, self._settings, self.version, clean=self._clean)
        return dial(connect, self.wire.hang_up)

    def _judge(self, session_present: bool, reason: ReasonCode, properties: Properties) -> Accepted:
        if reason.is_failure:
            raise reasons.refused(reason.value, str(reason), self._settings.username)
        return Accepted(
            session_present,
            getattr(properties, "ReceiveMaximum", None),
            getattr(properties, "MaximumPacketSize", None),
            getattr(properties, "MaximumQoS", 2),
        )

    async def disconnect(self) -> None:
        """Say goodbye, so that the broker publishes no will, and forgets the session unless it is kept."""
        paho_client.disconnect(self._client, self._settings, self.version)
        await asyncio.wait({self._ended}, timeout=FAREWELL_S)
        self.end()

    def end(self, loss: LinkLost | None = None) -> None:
        """Close at once and leave nothing behind. None: we are done. The first loss counts."""
        self.wire.close()
        self._poked.set()
        if not self._ended.done():
            self._ended.set_result(loss or LinkLost(Cause.CLOSED, "closed"))

    @property
    def is_over(self) -> bool:
        return self._ended.done()

    async def wait(self, seconds: float) -> None:
        """Wait until the time is over or somebody calls `poke`. Raises LinkLost when the link ended."""
        try:
            async with asyncio.timeout(seconds):
                await self._poked.wait()
        except TimeoutError:
            pass
        self._poked.clear()
        if self._ended.done():
            raise self._ended.result()

    def poke(self) -> None:
        """Let `wait` return now."""
        self._poked.set()

    async def _first_of(self, future: asyncio.Future[T], seconds: float, late: LinkLost) -> T:
        awaited: set[asyncio.Future[Any]] = {future, self._ended}
        try:
            await asyncio.wait(awaited, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if future.done():
                return future.result()
        finally:
            future.cancel()
        raise self._ended.result() if self._ended.done() else late

    # -- messages

    async def subscribe(self, filters: Sequence[str], *, retained: bool = False) -> None:
        """Subscribe to all filters with QoS 1. Raises LinkLost, naming a filter that was refused.

        Args:
            retained: whether messages that the broker keeps are wanted; MQTT 3.1.1 sends them anyway.
        """
        self._granted = asyncio.get_running_loop().create_future()
        # No Local must stay off, or the canary would not come back.
        handling = 0 if retained else 2
        options = SubscribeOptions(qos=1, noLocal=False, retainAsPublished=True, retainHandling=handling)
        if self.version == "5":
            self._client.subscribe([(topic_filter, options) for topic_filter in filters])
        else:
            self._client.subscribe([(topic_filter, 1) for topic_filter in filters])
        late = LinkLost(Cause.SILENT, "the broker does not answer to the subscription")
        granted = await self._first_of(self._granted, SUBSCRIBE_S, late)
        for topic_filter, reason in zip(filters, granted, strict=False):
            if reason.is_failure:
                raise LinkLost(Cause.DEAF, f"the broker refuses the subscription to {topic_filter}: {reason}")

    def unsubscribe(self, filters: Sequence[str]) -> None:
        """End subscriptions, of an earlier connection, too; what came by them may still come."""
        if filters and not self._ended.done():
            self._client.unsubscribe(list(filters))

    def publish(self, message: Outgoing) -> int | None:
        """Hand a message over. Returns its packet id, 0 with QoS 0; None without a connection.

        Past paho, which makes an object to wait for, with a lock, of every message, and puts it
        into queues of its own.
        """
        sock = self.wire.socket
        if sock is None or self._ended.done():
            return None
        mid = self._ids.take() if message.qos else 0
        sock.append(packets.publish(message, self.version, mid))
        self.wire.want_write()
        return mid

    def acknowledge(self, message: Incoming) -> None:
        """Send the PUBACK, once, and only for a message of this connection."""
        if message.epoch == self.epoch and message.mid in self._unacknowledged and not self._ended.done():
            self._confirm(message.mid)

    def _confirm(self, mid: int) -> None:
        self._unacknowledged.discard(mid)
        if self.wire.socket is not None:
            self.wire.socket.append(packets.puback(mid))
            self.wire.may_write()

    @property
    def unacknowledged(self) -> int:
        """QoS 1 messages that came in and were not acknowledged yet."""
        return len(self._unacknowledged)

    # -- the wire calls

    def on_confirmations(self, found: list[packets.Confirmation]) -> None:
        """PUBACKs came."""
        for mid, denied, _ in found:
            self._ids.free(mid)
            self._listener.on_confirmed(mid, denied)

    def on_written(self, count: int) -> None:
        """So many QoS 0 messages left."""
        self._listener.on_written(count)

    def on_progress(self) -> None:
        """More may leave now."""
        self._listener.on_progress()

    def on_garbled(self, detail: str) -> None:
        """The broker sent what paho cannot read."""
        if self._has_answer_failed:  # for paho a refusal is an error of the protocol
            self.on_gone()
            return
        guess = "" if self._answer.done() else reasons.PERHAPS_NO_BROKER
        self.end(LinkLost(Cause.GARBLED, f"a packet from the broker cannot be read{detail}", guess))

    def on_gone(self) -> None:
        """The connection is lost, or the broker has ended it."""
        if self._farewell is not None:
            self.end(reasons.ended(self._farewell.value, str(self._farewell)))
        elif self._answer.done():
            self.end(LinkLost(Cause.BY_BROKER, "the broker closed the connection"))
        else:
            self.end(reasons.closed_too_soon())

    @property
    def _has_answer_failed(self) -> bool:
        return self._answer.done() and not self._answer.cancelled() and self._answer.result()[1].is_failure

    # -- paho calls; nothing here may raise

    def _on_connect(self, _c: Any, _u: Any, flags: Any, reason: ReasonCode, properties: Any) -> None:
        # Here and not later: what waited may be read in the same turn.
        self.waited = flags.session_present
        if not self._answer.done():
            self._answer.set_result((flags.session_present, reason, properties))

    def _on_disconnect(self, _c: Any, _u: Any, flags: Any, reason: ReasonCode, _p: Any) -> None:
        if flags.is_disconnect_packet_from_server:
            self._farewell = reason

    def _on_subscribe(self, _c: Any, _u: Any, _mid: int, granted: list[ReasonCode], _p: Any) -> None:
        if not self._granted.done():
            self._granted.set_result(granted)

    def _on_message(self, _c: Any, _u: Any, message: paho.MQTTMessage) -> None:
        try:
            read = paho_client.read_by_paho(message)
        except UnicodeDecodeError:
            self._listener.on_unreadable()
            if message.qos:
                self._confirm(message.mid)
        else:
            self._take(read)

    def _take(self, message: PlainMessage) -> None:
        if message.qos:
            self._unacknowledged.add(message.mid)
        incoming = Incoming(
            topic=message.topic,
            payload=message.payload,
            qos=message.qos,
            retain=message.retain,
            duplicate=message.dup,
            waited=self.waited,
            response_topic=message.response_topic,
            correlation_data=message.correlation_data,
            message_expiry_s=message.expiry_s,
            received_at=time.time(),
            received_monotonic=time.monotonic(),
            mid=message.mid,
            epoch=self.epoch,
        )
        self._listener.on_incoming(incoming)
