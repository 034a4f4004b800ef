"""One connection to the broker: the only module that knows paho.

Each connection is a paho client of its own, used once. So nothing of an older connection, packet
ids included, can leak into a newer one, and paho never reconnects or re-sends by itself. The event
loop drives paho's socket, with buffers of ours before it; a thread is used only to connect, because
name look-up blocks.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple, Protocol, TypeVar

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from macnet_bridge.broker import packets, sockets
from macnet_bridge.broker.buffered import BufferedSocket
from macnet_bridge.broker.messages import BrokerSettings, Cause, Incoming, LinkLost, Outgoing
from macnet_bridge.broker.messages import Protocol as MqttVersion
from macnet_bridge.broker.plain import PlainMessage, plain_message
from macnet_bridge.broker.reasons import PERHAPS_NO_BROKER, unreachable

T = TypeVar("T")

RECEIVE_MAXIMUM = 100
"""QoS 1 messages the broker may send us before we acknowledge (MQTT 5)."""
FAREWELL_S = 0.5
_CLOSED_TOO_SOON = "the broker closed the connection before it answered"
SUBSCRIBE_S = 5.0

_UNSUPPORTED_VERSION = 0x84
_BAD_CREDENTIALS = (0x86, 0x87)
_SHUTTING_DOWN = 0x8B
_TAKEN_OVER = 0x8E


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


def _properties(packet_type: int, **values: object) -> Properties:
    properties = Properties(packet_type)  # type: ignore[no-untyped-call]
    for name, value in values.items():
        setattr(properties, name, value)
    return properties


class _Client(paho.Client):
    """paho's client, on a socket with buffers."""

    on_plain_message: Callable[[PlainMessage], None] | None = None

    def _create_socket(self) -> Any:
        return BufferedSocket(super()._create_socket())

    def _handle_publish(self) -> MQTTErrorCode:
        packet = self._in_packet
        message = plain_message(packet["command"], packet["packet"], is_v5=self._protocol == paho.MQTTv5)
        if message is None or self.on_plain_message is None:
            return super()._handle_publish()
        self.on_plain_message(message)
        return MQTTErrorCode.MQTT_ERR_SUCCESS


class Connection:
    """A connection from its first packet to its last; `epoch` tells it from all others.

    Attributes:
        waited: set while what arrives may have waited in the broker's queue.
        is_paused: reading is stopped.
        last_read: time.monotonic() of the last sign of life of the broker.
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
        self.is_paused = False
        self.last_read = time.monotonic()
        self._settings = settings
        self._clean = clean
        self._listener = listener
        self._loop = loop
        self._unacknowledged: set[int] = set()
        self._ids = packets.PacketIds()
        self._writes_soon = False
        self._watches_writing = False
        self._farewell: ReasonCode | None = None
        self._poked = asyncio.Event()
        self._ended: asyncio.Future[LinkLost] = loop.create_future()
        self._answer: asyncio.Future[tuple[bool, ReasonCode, Properties]] = loop.create_future()
        self._granted: asyncio.Future[list[ReasonCode]] = loop.create_future()
        self._sock: BufferedSocket | None = None
        self._client = self._make_client(will, tls)

    def _make_client(self, will: Outgoing | None, tls: ssl.SSLContext | None) -> paho.Client:
        settings = self._settings
        is_v5 = self.version == "5"
        client = _Client(
            CallbackAPIVersion.VERSION2,
            client_id=settings.client_id,
            clean_session=None if is_v5 else not settings.keeps_session,
            protocol=paho.MQTTv5 if is_v5 else paho.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.connect_timeout = settings.connect_timeout_s
        if will is not None:
            client.will_set(will.topic, will.payload, will.qos, will.retain)
        if settings.username:
            client.username_pw_set(settings.username, settings.password or None)
        if tls is not None:
            client.tls_set_context(tls)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_plain_message = partial(self._on_message, client, None)
        return client

    # -- coming and going

    async def open(self, answer_s: float) -> Accepted:
        """Connect, and wait at most `answer_s` until the broker accepts. Raises LinkLost."""
        limit_s = self._settings.connect_timeout_s
        where = f"{self._settings.endpoint.host}:{self._settings.endpoint.port}"
        late = LinkLost(Cause.UNREACHABLE, f"no connection to the broker at {where} within {limit_s:g} s")
        error = await self._first_of(self._dial(), limit_s, late)
        if error is not None:
            raise unreachable(self._settings.endpoint, error)
        self._attach()
        late = LinkLost(
            Cause.UNANSWERED,
            f"the broker at {where} took the connection but did not answer",
            PERHAPS_NO_BROKER,
        )
        return self._judge(*await self._first_of(self._answer, min(limit_s, answer_s), late))

    def _dial(self) -> asyncio.Future[Exception | None]:
        # A thread of its own, not the loop's pool: a name server that hangs must hold up neither
        # other work nor the end of the program.
        done: asyncio.Future[Exception | None] = self._loop.create_future()
        threading.Thread(target=self._dial_in_thread, args=(done,), name="mqtt-connect", daemon=True).start()
        return done

    def _dial_in_thread(self, done: asyncio.Future[Exception | None]) -> None:
        outcome: Exception | None = None
        try:
            self._connect_client()
        except (OSError, ValueError) as error:  # ValueError: a host name that cannot be encoded
            outcome = error
        try:
            self._loop.call_soon_threadsafe(self._dialled, done, outcome)
        except RuntimeError:  # the loop was closed meanwhile
            self._close_socket()

    def _connect_client(self) -> None:
        endpoint, keepalive_s = self._settings.endpoint, self._settings.keepalive_s
        if self.version == "4":
            self._client.connect(endpoint.host, endpoint.port, keepalive_s)
            return
        properties = _properties(
            PacketTypes.CONNECT,
            SessionExpiryInterval=self._settings.session_expiry_s,
            ReceiveMaximum=RECEIVE_MAXIMUM,
            MaximumPacketSize=self._settings.max_incoming_bytes,
        )
        self._client.connect(
            endpoint.host, endpoint.port, keepalive_s, clean_start=self._clean, properties=properties
        )

    def _dialled(self, done: asyncio.Future[Exception | None], outcome: Exception | None) -> None:
        if done.done() or self._ended.done():
            self._close_socket()
        if not done.done():
            done.set_result(outcome)

    def _attach(self) -> None:
        if self._ended.done():  # while the thread was connecting; the socket is closed already
            raise self._ended.result()
        client = self._client
        sock: Any = client.socket()
        if sock is None:
            raise LinkLost(Cause.UNANSWERED, _CLOSED_TOO_SOON, PERHAPS_NO_BROKER)
        self._sock = sock
        with contextlib.suppress(OSError):  # the peer may be gone already; reading will say so
            sockets.tune(sock.raw)
        sock.gather()
        client.on_socket_close = lambda *_: self._detach()
        client.on_socket_register_write = lambda *_: self._want_write()
        self._loop.add_reader(sock, self._on_readable)
        if client.want_write():
            self._want_write()

    def _want_write(self) -> None:
        # Written at the end of this turn of the loop, together with what else it brings. The
        # socket is watched only when it is full: to begin and end that costs as much as to write.
        if self._sock is not None and not self._writes_soon and not self._watches_writing:
            self._writes_soon = True
            self._loop.call_soon(self._write_soon)

    def _write_soon(self) -> None:
        self._writes_soon = False
        if self._sock is not None:
            self._on_writable()

    def _watch_writing(self) -> None:
        """Wait for the socket to take more, while there is more."""
        if self._sock is None:
            return
        # What came to it meanwhile is written soon, unless the system has been found to take no more.
        wants = self._sock.has_unsent or (self._client.want_write() and not self._writes_soon)
        if wants and not self._watches_writing:
            self._loop.add_writer(self._sock, self._on_writable)
        elif not wants and self._watches_writing:
            self._loop.remove_writer(self._sock)
        self._watches_writing = wants

    def _detach(self) -> None:
        if self._sock is not None:
            self._loop.remove_reader(self._sock)
            self._loop.remove_writer(self._sock)
            self._sock = None

    def _close_socket(self) -> None:
        sock = self._client.socket()
        if sock is not None:
            sock.close()

    def _judge(self, session_present: bool, reason: ReasonCode, properties: Properties) -> Accepted:
        if reason.is_failure:
            raise self._refusal(reason)
        return Accepted(
            session_present,
            getattr(properties, "ReceiveMaximum", None),
            getattr(properties, "MaximumPacketSize", None),
            getattr(properties, "MaximumQoS", 2),
        )

    def _refusal(self, reason: ReasonCode) -> LinkLost:
        if reason.value == _UNSUPPORTED_VERSION:
            return LinkLost(Cause.OTHER_VERSION, "the broker does not speak this version of MQTT")
        if reason.value in _BAD_CREDENTIALS:
            user = self._settings.username
            who = f"user {user}" if user else "clients without a user name"
            what = "check mqtt.username and the password" if user else "set mqtt.username and a password"
            return LinkLost(Cause.REFUSED, f"the broker turns {who} away ({reason}): {what}")
        return LinkLost(Cause.REFUSED, f"the broker refuses the connection: {reason}")

    async def disconnect(self) -> None:
        """Say goodbye, so that the broker publishes no will, and forgets the session unless it is kept."""
        properties = None
        if self.version == "5" and not self._settings.keeps_session:
            properties = _properties(PacketTypes.DISCONNECT, SessionExpiryInterval=0)
        self._client.disconnect(properties=properties)
        await asyncio.wait({self._ended}, timeout=FAREWELL_S)
        self.end(Cause.CLOSED, "closed")

    def end(self, cause: Cause, message: str, guess: str = "") -> None:
        """Close at once and leave nothing behind. The first reason given is the one that counts."""
        self._detach()
        for name in ("on_socket_close", "on_socket_register_write"):
            setattr(self._client, name, None)
        self._close_socket()
        self._poked.set()
        if not self._ended.done():
            self._ended.set_result(LinkLost(cause, message, guess))

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
        self._granted = self._loop.create_future()
        # No Local must stay off, or the canary would not come back.
        handling = 0 if retained else 2
        options = SubscribeOptions(qos=1, noLocal=False, retainAsPublished=True, retainHandling=handling)
        if self.version == "5":
            self._client.subscribe([(topic_filter, options) for topic_filter in filters])
        else:
            self._client.subscribe([(topic_filter, 1) for topic_filter in filters])
        late = LinkLost(Cause.SILENT, "the broker does not answer to the subscription")
        reasons = await self._first_of(self._granted, SUBSCRIBE_S, late)
        for topic_filter, reason in zip(filters, reasons, strict=False):
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
        sock = self._sock
        if sock is None or self._ended.done():
            return None
        mid = self._ids.take() if message.qos else 0
        sock.append(packets.publish(message, self.version, mid))
        self._want_write()
        return mid

    def _tell_confirmed(self, sock: BufferedSocket) -> None:
        confirmed, sock.confirmed = sock.confirmed, []
        for mid, denied, _ in confirmed:
            self._ids.free(mid)
            self._listener.on_confirmed(mid, denied)

    def acknowledge(self, message: Incoming) -> None:
        """Send the PUBACK, once, and only for a message of this connection."""
        if message.epoch == self.epoch and message.mid in self._unacknowledged and not self._ended.done():
            self._unacknowledged.remove(message.mid)
            self._client.ack(message.mid, 1)

    @property
    def unacknowledged(self) -> int:
        """QoS 1 messages that came in and were not acknowledged yet."""
        return len(self._unacknowledged)

    def pause(self) -> None:
        """Stop reading, so that TCP slows the broker down.

        Confirmations and canaries wait as well, so nothing may be concluded from their absence.
        """
        if self._sock is not None and not self.is_paused:
            self.is_paused = True
            self._loop.remove_reader(self._sock)

    def resume(self) -> None:
        if self._sock is not None and self.is_paused:
            self.is_paused = False
            self.last_read = time.monotonic()
            self._loop.add_reader(self._sock, self._on_readable)
            # TLS may have read ahead, and the socket itself would never become readable for that.
            self._loop.call_soon(self._read_ahead)

    def tick(self) -> None:
        """Let paho look after its keep-alive. Not while paused: it would miss answers that wait unread."""
        if not self.is_paused and self._sock is not None:
            self._step(self._client.loop_misc)

    # -- the event loop calls

    def _on_readable(self) -> None:
        self.last_read = time.monotonic()
        self._read()
        self._read_ahead()
        if self._sock is not None:
            with contextlib.suppress(OSError):  # reset by the peer; the next read says so
                sockets.acknowledge_at_once(self._sock.raw)
        self._listener.on_progress()

    def _read_ahead(self) -> None:
        while self._sock is not None and not self.is_paused and self._sock.pending():
            self._read()

    def _read(self) -> None:
        sock = self._sock
        self._step(self._client.loop_read)
        if sock is not None:
            self._tell_confirmed(sock)

    def _on_writable(self) -> None:
        self._step(self._write)
        self._listener.on_progress()
        self._watch_writing()

    def _write(self) -> MQTTErrorCode:
        """Let paho write all it has, and hand it to the system in one piece."""
        sock = self._sock
        if sock is None:
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        try:
            if not self._flush(sock):
                return MQTTErrorCode.MQTT_ERR_SUCCESS
            outcome = self._client.loop_write()
            self._flush(sock)
        except OSError:
            return MQTTErrorCode.MQTT_ERR_CONN_LOST
        return outcome

    def _flush(self, sock: BufferedSocket) -> bool:
        """Hand over what was gathered; QoS 0 counts as written only when the system took all of it."""
        is_empty = sock.flush()
        if is_empty and sock.published:
            count, sock.published = sock.published, 0
            self._listener.on_written(count)
        return is_empty

    def _step(self, call: Callable[[], MQTTErrorCode]) -> None:
        try:
            outcome = call()
        except Exception as error:  # noqa: BLE001
            # paho lets some errors out for packets it cannot read, and would read the same packet
            # again for ever. Whatever it is may cost this connection, never the program.
            self._end_garbled(f": {error!r}")
            return
        if outcome == MQTTErrorCode.MQTT_ERR_PROTOCOL and not self._has_answer_failed:
            self._end_garbled()
        elif outcome != MQTTErrorCode.MQTT_ERR_SUCCESS or self._client.socket() is None:
            self.end(*self._parting())

    def _end_garbled(self, detail: str = "") -> None:
        guess = "" if self._answer.done() else PERHAPS_NO_BROKER
        self.end(Cause.GARBLED, f"a packet from the broker cannot be read{detail}", guess)

    @property
    def _has_answer_failed(self) -> bool:
        return self._answer.done() and not self._answer.cancelled() and self._answer.result()[1].is_failure

    def _parting(self) -> tuple[Cause, str, str]:
        if self._farewell is None:
            if not self._answer.done():
                return Cause.UNANSWERED, _CLOSED_TOO_SOON, PERHAPS_NO_BROKER
            return Cause.BY_BROKER, "the broker closed the connection", ""
        named = {_TAKEN_OVER: Cause.TAKEN_OVER, _SHUTTING_DOWN: Cause.SHUTTING_DOWN}
        cause = named.get(self._farewell.value, Cause.BY_BROKER)
        return cause, f"the broker ended the connection: {self._farewell}", ""

    # -- paho calls; nothing here may raise

    def _on_connect(self, _c: Any, _u: Any, flags: Any, reason: ReasonCode, properties: Any) -> None:
        # Here and not later: what waited may be read in the same turn.
        self.waited = flags.session_present
        if not self._answer.done():
            self._answer.set_result((flags.session_present, reason, properties))

    def _on_disconnect(self, _c: Any, _u: Any, flags: Any, reason: ReasonCode, _p: Any) -> None:
        if flags.is_disconnect_packet_from_server:
            self._farewell = reason

    def _on_subscribe(self, _c: Any, _u: Any, _mid: int, reasons: list[ReasonCode], _p: Any) -> None:
        if not self._granted.done():
            self._granted.set_result(reasons)

    def _on_message(self, _c: Any, _u: Any, message: paho.MQTTMessage | PlainMessage) -> None:
        if message.qos:
            self._unacknowledged.add(message.mid)
        incoming = self._raw(message)
        if incoming is not None:
            self._listener.on_incoming(incoming)
            return
        self._listener.on_unreadable()
        if message.qos:
            self._unacknowledged.discard(message.mid)
            self._client.ack(message.mid, 1)

    def _raw(self, message: paho.MQTTMessage | PlainMessage) -> Incoming | None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            return None
        properties = message.properties
        return Incoming(
            topic=topic,
            payload=bytes(message.payload),
            qos=message.qos,
            retain=message.retain,
            duplicate=message.dup,
            waited=self.waited,
            response_topic=getattr(properties, "ResponseTopic", None),
            correlation_data=getattr(properties, "CorrelationData", None),
            message_expiry_s=getattr(properties, "MessageExpiryInterval", None),
            received_at=time.time(),
            received_monotonic=time.monotonic(),
            mid=message.mid,
            epoch=self.epoch,
        )
