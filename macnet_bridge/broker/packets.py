"""PUBLISH packets with QoS 0, which need nothing of a client but its socket. No I/O."""

from __future__ import annotations

from macnet_bridge.broker.messages import Outgoing, Protocol

_PUBLISH = 0x30
_NO_PROPERTIES: dict[Protocol, bytes] = {"5": b"\0", "4": b""}


def unconfirmed(message: Outgoing, version: Protocol) -> bytes:
    """The packet that publishes a message with QoS 0, without correlation data."""
    topic = message.topic.encode()
    head = len(topic).to_bytes(2, "big") + topic + _NO_PROPERTIES[version]
    length = _varint(len(head) + len(message.payload))
    return b"%c%b%b%b" % (_PUBLISH | message.retain, length, head, message.payload)


def _varint(value: int) -> bytes:
    digits = bytearray()
    while value >= 0x80:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    digits.append(value)
    return bytes(digits)
