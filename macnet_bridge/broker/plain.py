"""PUBLISH packets, taken apart without paho.

For each packet of MQTT 5 paho makes a table of all properties that there are, 0.1 ms of the way of
a command. Of the properties, commands have those that are read here. What is not plain is left to
paho, everything malformed included.
"""

from __future__ import annotations

from typing import NamedTuple

_DUPLICATE, _QOS, _QOS_1, _RETAIN = 0b1000, 0b0110, 0b0010, 0b0001
_EXPIRY, _RESPONSE_TOPIC, _CORRELATION_DATA = 0x02, 0x08, 0x09
_SECOND_BYTE = 0x80
"""In the length of the properties: another byte of it follows."""


class PlainMessage(NamedTuple):
    """A message as it came.

    Attributes:
        dup: the broker has sent it before.
        mid: the packet id, 0 with QoS 0.
        response_topic, correlation_data, expiry_s: of MQTT 5; None where it says nothing of the kind.
    """

    topic: str
    payload: bytes
    qos: int
    retain: bool
    dup: bool
    mid: int
    response_topic: str | None = None
    correlation_data: bytes | None = None
    expiry_s: int | None = None


class _Odd(Exception):
    """This is for paho to read."""


def plain_message(first: int, body: bytes | bytearray, *, is_v5: bool) -> PlainMessage | None:
    """The message of a PUBLISH packet; None where it is for paho to read.

    Args:
        first: the packet's first byte.
        body: all that follows its length.
    """
    try:
        return _message(first, body, is_v5)
    except (_Odd, UnicodeDecodeError):
        return None


def _message(first: int, body: bytes | bytearray, is_v5: bool) -> PlainMessage:
    qos = first & _QOS
    at = 2 + int.from_bytes(body[:2], "big")
    start = end = at + (2 if qos else 0)
    if qos not in (0, _QOS_1) or at == 2 or len(body) < end + is_v5:
        raise _Odd
    if is_v5:
        start, end = end + 1, end + 1 + body[end]
        if end - start >= _SECOND_BYTE or end > len(body):
            raise _Odd
    mid = int.from_bytes(body[at : at + 2], "big") if qos else 0
    message = PlainMessage(
        body[2:at].decode(), bytes(body[end:]), qos >> 1, bool(first & _RETAIN), bool(first & _DUPLICATE), mid
    )
    return message if start == end else _with(message, _properties(body[start:end]))


def _with(message: PlainMessage, properties: dict[int, bytes]) -> PlainMessage:
    topic, expiry = properties.get(_RESPONSE_TOPIC), properties.get(_EXPIRY)
    return message._replace(
        response_topic=None if topic is None else topic.decode(),
        correlation_data=properties.get(_CORRELATION_DATA),
        expiry_s=None if expiry is None else int.from_bytes(expiry, "big"),
    )


def _properties(data: bytes | bytearray) -> dict[int, bytes]:
    """By their identifier. Raises _Odd: another one, one twice, or one that is cut."""
    found: dict[int, bytes] = {}
    at = 0
    while at < len(data):
        identifier = data[at]
        if identifier == _EXPIRY:
            start, end = at + 1, at + 5
        elif identifier in (_RESPONSE_TOPIC, _CORRELATION_DATA):
            start = at + 3
            end = start + int.from_bytes(data[at + 1 : start], "big")
        else:
            raise _Odd
        if identifier in found or not start <= end <= len(data):
            raise _Odd
        found[identifier] = bytes(data[start:end])
        at = end
    return found
