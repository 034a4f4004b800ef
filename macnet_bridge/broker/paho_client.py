"""paho's client as the bridge sets it up: it sends nothing again, and acknowledges nothing by itself."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from macnet_bridge.broker.buffered import BufferedSocket
from macnet_bridge.broker.messages import BrokerSettings, Outgoing, Protocol
from macnet_bridge.broker.plain import PlainMessage, plain_message

RECEIVE_MAXIMUM = 100
"""QoS 1 messages the broker may send us before we acknowledge (MQTT 5)."""


class Client(paho.Client):
    """paho's client, on a socket with buffers.

    Attributes:
        on_plain_message: called with what `plain_message` reads, in place of `on_message`.
    """

    on_plain_message: Callable[[PlainMessage], None] | None = None

    def _create_socket(self) -> Any:
        return BufferedSocket(super()._create_socket(), self._take)

    def _handle_publish(self) -> MQTTErrorCode:
        # What did not arrive in one piece was put together by paho.
        if self._take(self._in_packet["command"], self._in_packet["packet"]):
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        return super()._handle_publish()

    def _take(self, first: int, body: bytes | bytearray) -> bool:
        message = plain_message(first, body, is_v5=self._protocol == paho.MQTTv5)
        if message is None or self.on_plain_message is None:
            return False
        self.on_plain_message(message)
        return True


def read_by_paho(message: paho.MQTTMessage) -> PlainMessage:
    """What paho has read, as `plain_message` would tell it.

    Raises:
        UnicodeDecodeError: its topic is not text.
    """
    properties = message.properties
    return PlainMessage(
        message.topic,
        bytes(message.payload),
        message.qos,
        message.retain,
        message.dup,
        message.mid,
        getattr(properties, "ResponseTopic", None),
        getattr(properties, "CorrelationData", None),
        getattr(properties, "MessageExpiryInterval", None),
    )


def new_client(
    settings: BrokerSettings, version: Protocol, will: Outgoing | None, tls: ssl.SSLContext | None
) -> Client:
    """A client for one connection. `clean_session` of MQTT 5 goes with `connect`."""
    is_v5 = version == "5"
    client = Client(
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
    return client


def connect(client: Client, settings: BrokerSettings, version: Protocol, *, clean: bool) -> None:
    """Connect the socket and send CONNECT; blocks for the name look-up.

    Args:
        clean: the broker shall forget our session first (MQTT 5).

    Raises:
        OSError: nobody is there.
        ValueError: a host name that cannot be encoded.
    """
    endpoint, keepalive_s = settings.endpoint, settings.keepalive_s
    if version == "4":
        client.connect(endpoint.host, endpoint.port, keepalive_s)
        return
    hello = _properties(
        PacketTypes.CONNECT,
        SessionExpiryInterval=settings.session_expiry_s,
        ReceiveMaximum=RECEIVE_MAXIMUM,
        MaximumPacketSize=settings.max_incoming_bytes,
    )
    client.connect(endpoint.host, endpoint.port, keepalive_s, clean_start=clean, properties=hello)


def disconnect(client: Client, settings: BrokerSettings, version: Protocol) -> None:
    """Send DISCONNECT, so that the broker publishes no will, and forgets the session unless it is kept."""
    properties = None
    if version == "5" and not settings.keeps_session:
        properties = _properties(PacketTypes.DISCONNECT, SessionExpiryInterval=0)
    client.disconnect(properties=properties)


def _properties(packet_type: int, **values: object) -> Properties:
    properties = Properties(packet_type)  # type: ignore[no-untyped-call]
    for name, value in values.items():
        setattr(properties, name, value)
    return properties
