"""The packets that are many: PUBLISH as we send it, PUBACK, and where a packet ends. No I/O, no paho."""

from __future__ import annotations

from typing import NamedTuple

from macnet_bridge.broker.messages import Outgoing, Protocol

_PUBLISH = 0x30
_PUBACK = 0x40
_RESPONSE_TOPIC = 0x08
_CORRELATION_DATA = 0x09
_FAILED = 0x80

# paho numbers what it sends itself, a few subscriptions, from 1 on.
_FIRST_ID, _LAST_ID = 1 << 10, 0xFFFF


class Confirmation(NamedTuple):
    """A PUBACK: of which packet, whether the broker says no, and where the next packet begins."""

    mid: int
    denied: bool
    end: int


class PacketIds:
    """Packet ids of one connection, none of them under way twice."""

    def __init__(self) -> None:
        self._last = _LAST_ID
        self._taken: set[int] = set()

    def take(self) -> int:
        """The next id that is free. Of 64512 there always is one: the broker's window is far smaller."""
        while True:
            self._last = self._last + 1 if self._last < _LAST_ID else _FIRST_ID
            if self._last not in self._taken:
                self._taken.add(self._last)
                return self._last

    def free(self, mid: int) -> None:
        """It was confirmed; nothing for an id that was not taken."""
        self._taken.discard(mid)


def publish(message: Outgoing, version: Protocol, mid: int) -> bytes:
    """The packet that publishes a message; `mid` goes with QoS 1 only."""
    topic = message.topic.encode()
    head = len(topic).to_bytes(2, "big") + topic
    if message.qos:
        head += mid.to_bytes(2, "big")
    if version == "5":
        head += _properties(message)
    length = _varint(len(head) + len(message.payload))
    return b"%c%b%b%b" % (_PUBLISH | message.qos << 1 | message.retain, length, head, message.payload)


def puback(mid: int) -> bytes:
    """The packet that confirms a message that came; without a reason it is the same in both versions."""
    return b"%c\2%b" % (_PUBACK, mid.to_bytes(2, "big"))


def is_publish(data: bytes, at: int) -> bool:
    """Whether a PUBLISH begins here, as much of it as there is."""
    return data[at] & 0xF0 == _PUBLISH


def body(data: bytes, at: int) -> tuple[int, int] | None:
    """Where the packet that begins here has its body, and its end. None: it is not here as a whole."""
    length = shift = 0
    for place in range(at + 1, min(at + 5, len(data))):
        length |= (data[place] & 0x7F) << shift
        if data[place] < 0x80:
            end = place + 1 + length
            return (place + 1, end) if end <= len(data) else None
        shift += 7
    return None


def is_confirmation(data: bytes, at: int) -> bool:
    """Whether a PUBACK begins here, as much of it as there is."""
    return data[at] == _PUBACK


def confirmation(data: bytes, at: int) -> Confirmation | None:
    """The PUBACK that begins here, None while it is incomplete. A reason is told by 3 bytes or more.

    Raises:
        ValueError: this is no good PUBACK.
    """
    start, length = at + 2, data[at + 1] if at + 1 < len(data) else 2
    if length & 0x80:
        if at + 2 == len(data):
            return None
        start, length = at + 3, (length & 0x7F) + (data[at + 2] << 7)
    if length < 2 or length >= 1 << 14:
        raise ValueError("no PUBACK")
    if start + length > len(data):
        return None
    mid = data[start] << 8 | data[start + 1]
    return Confirmation(mid, length > 2 and data[start + 2] >= _FAILED, start + length)


def _properties(message: Outgoing) -> bytes:
    if message.correlation_data is None and message.response_topic is None:
        return b"\0"
    found = b""
    if message.response_topic is not None:
        found += _property(_RESPONSE_TOPIC, message.response_topic.encode())
    if message.correlation_data is not None:
        found += _property(_CORRELATION_DATA, message.correlation_data)
    return _varint(len(found)) + found


def _property(identifier: int, value: bytes) -> bytes:
    return bytes([identifier]) + len(value).to_bytes(2, "big") + value


def _varint(value: int) -> bytes:
    digits = bytearray()
    while value >= 0x80:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    digits.append(value)
    return bytes(digits)
