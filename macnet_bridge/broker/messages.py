"""The values that go in and out of the broker driver. No I/O, no paho."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from macnet_bridge.broker.setting_names import IN_CONFIGURATION, SettingNames
from macnet_bridge.errors import BrokerError, ConfigError

Protocol = Literal["5", "4"]
"""MQTT 5, or MQTT 3.1.1, whose protocol level on the wire is 4."""

_DEFAULT_PORTS = {"mqtt": 1883, "mqtts": 8883}
_TOPIC_BYTES_MAX = 65_535


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a broker listens."""

    host: str
    port: int
    tls: bool


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """How to reach the broker, and as whom.

    Attributes:
        url: `mqtt://host[:port]` or `mqtts://host[:port]`; the ports default to 1883 and 8883.
        client_id: unique at the broker; two clients with one id throw each other out.
        protocol: "5", "4" (3.1.1), or "auto": 5, and 3.1.1 where the broker does not know 5.
        max_incoming_bytes: largest packet the broker may send (asked for with MQTT 5 only).
        session_expiry_s: how long the broker keeps messages for us after a loss (MQTT 5 only).
        keeps_session: leave the session at the broker when the connection ends, with 3.1.1, too.
        connect_timeout_s: time limit of each step up to the broker's answer.
        names: what errors call these settings.
    """

    url: str
    client_id: str
    protocol: Literal["auto", "5", "4"] = "auto"
    username: str = ""
    password: str = field(default="", repr=False)
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    keepalive_s: int = 10
    session_expiry_s: int = 60
    keeps_session: bool = False
    max_incoming_bytes: int = 262_144
    connect_timeout_s: float = 5.0
    names: SettingNames = IN_CONFIGURATION

    @property
    def endpoint(self) -> Endpoint:
        """The host and port of `url`. Raises ConfigError when it is not a broker's address."""
        return parse_url(self.url, self.names.url)


def parse_url(url: str, name: str = IN_CONFIGURATION.url) -> Endpoint:
    """Split an MQTT URL. Raises ConfigError, whose message says what a right one looks like."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    else:
        if parts.scheme not in _DEFAULT_PORTS or parts.path.strip("/") or parts.query or "@" in parts.netloc:
            host = None
    if not host or port == 0:
        raise ConfigError(f"{name} must look like mqtt://host:1883 or mqtts://host:8883, without a user")
    return Endpoint(host, port or _DEFAULT_PORTS[parts.scheme], parts.scheme == "mqtts")


def shown_url(url: str) -> str:
    """An MQTT URL for people to see; one that is refused is not shown, for it may hold a password."""
    try:
        parse_url(url)
    except ConfigError:
        return "mqtt.url"
    return url


@dataclass(frozen=True, slots=True)
class Subscription:
    """A topic filter to listen to, and a topic under it on which the driver tests that it delivers."""

    topic_filter: str
    canary_topic: str


class Outgoing(msgspec.Struct, frozen=True):
    """A message to publish.

    Attributes:
        correlation_data, response_topic: travel with MQTT 5 only.
        settled: called once for a message that was accepted: True when the broker took it (QoS 1) or
            it was written (QoS 0); False when it was given up with its connection, or denied. It
            must not raise, and may publish.
    """

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    correlation_data: bytes | None = None
    settled: Callable[[bool], None] | None = None
    response_topic: str | None = None


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message as it came, undecoded.

    Attributes:
        duplicate: the broker sent it before and saw no acknowledgement.
        waited: it waited in the broker's queue while we were away.
        message_expiry_s: what was left of the publisher's expiry when the broker sent it.
        received_at: Unix time in seconds.
        received_monotonic: the same moment by time.monotonic().
        mid, epoch: what `Broker.acknowledge` needs; packet id and number of the connection.
    """

    topic: str
    payload: bytes
    qos: int
    retain: bool
    duplicate: bool
    waited: bool
    response_topic: str | None
    correlation_data: bytes | None
    message_expiry_s: int | None
    received_at: float
    received_monotonic: float
    mid: int
    epoch: int


class Lane(Enum):
    """Which queue a message takes. Acknowledgements go first, with QoS 1, and survive a lost connection."""

    ACKNOWLEDGEMENT = "acknowledgement"
    TELEMETRY = "telemetry"


class Counters(msgspec.Struct):
    """What the driver did since it was made.

    Attributes:
        published: handed to the broker's connection, canaries not counted.
        confirmed: QoS 1 acknowledged by the broker, QoS 0 written to the socket.
        refused: `publish` said False: not ready, queue full, too large, or not a valid message.
        dropped: accepted, then given up: connection lost, or an acknowledgement pushed out by newer ones.
        denied: the broker took the message and said that it may not be published.
        incoming, incoming_bytes: messages for `receive`.
        unreadable: messages thrown away because their topic is not UTF-8.
        attempts: connections tried.
        connects: connections that became ready.
        losses: ready connections that ended without being asked to.
        pauses: how often reading stopped because too much waited for `receive`.
    """

    published: int = 0
    confirmed: int = 0
    refused: int = 0
    dropped: int = 0
    denied: int = 0
    incoming: int = 0
    incoming_bytes: int = 0
    unreadable: int = 0
    attempts: int = 0
    connects: int = 0
    losses: int = 0
    pauses: int = 0


class Cause(Enum):
    """Why a connection ended; decides what happens next."""

    UNREACHABLE = "no TCP or TLS connection"
    UNANSWERED = "closed or silent before it was accepted"
    OTHER_VERSION = "the broker does not speak this version of MQTT"
    REFUSED = "the broker said no"
    BY_BROKER = "closed by the broker"
    SHUTTING_DOWN = "the broker is being shut down"
    TAKEN_OVER = "another client came with our id"
    GARBLED = "a packet could not be read"
    SILENT = "nothing comes any more"
    DEAF = "a subscription does not deliver"
    CONFIRMING = "closed by us, to try another version of MQTT"
    CLOSED = "closed by us"


class LinkLost(BrokerError):
    """A connection ended, or never came to be. The supervisor tries again.

    Attributes:
        seen: what was seen, without the guess at why.
    """

    retryable = True

    def __init__(self, cause: Cause, seen: str, guess: str = "") -> None:
        """
        Args:
            guess: what may be behind it where this broker has never been reached.
        """
        super().__init__(f"{seen}; {guess}" if guess else seen)
        self.cause = cause
        self.seen = seen


def is_publishable(message: Outgoing) -> bool:
    """Whether MQTT can carry the message at all: a topic without wildcards, QoS 0 or 1."""
    return message.qos in (0, 1) and _is_topic(message.topic)


def packet_bytes(message: Outgoing) -> int:
    """Size of the PUBLISH packet in bytes, with MQTT 5's properties: what a broker's limit counts."""
    properties = 0 if message.correlation_data is None else 3 + len(message.correlation_data)
    properties += 0 if message.response_topic is None else 3 + _topic_bytes(message.response_topic)
    body = 2 + _topic_bytes(message.topic) + 2 * (message.qos > 0) + len(message.payload)
    body += _varint_bytes(properties) + properties
    return 1 + _varint_bytes(body) + body


# The topics of telemetry are the same ones again and again, a few of each channel.
_TOPICS = 1 << 15


@lru_cache(maxsize=_TOPICS)
def _is_topic(topic: str) -> bool:
    """Whether a message may be published there."""
    if not topic or not set("+#\0").isdisjoint(topic):
        return False
    try:
        return len(topic.encode()) <= _TOPIC_BYTES_MAX
    except UnicodeEncodeError:
        return False


@lru_cache(maxsize=_TOPICS)
def _topic_bytes(topic: str) -> int:
    return len(topic.encode())


def _varint_bytes(value: int) -> int:
    return 1 + (value >= 1 << 7) + (value >= 1 << 14) + (value >= 1 << 21)
