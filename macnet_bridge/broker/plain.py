"""PUBLISH packets without properties, taken apart without paho.

For each packet of MQTT 5 paho makes a table of all properties that there are, 0.1 ms of the way of
a command. Most have none. What is not plain here is left to paho, everything malformed included.
"""

from __future__ import annotations

from typing import NamedTuple

_DUPLICATE, _QOS, _QOS_1, _RETAIN = 0b1000, 0b0110, 0b0010, 0b0001


class PlainMessage(NamedTuple):
    """What of paho's message is used, by the same names."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    dup: bool
    mid: int
    properties: None = None


def plain_message(first: int, body: bytes | bytearray, *, is_v5: bool) -> PlainMessage | None:
    """The message of a PUBLISH packet; None where it is for paho to read.

    Args:
        first: the packet's first byte.
        body: all that follows its length.
    """
    at = 2 + int.from_bytes(body[:2], "big")
    qos = first & _QOS
    end = at + (2 if qos else 0) + is_v5
    if qos not in (0, _QOS_1) or at == 2 or len(body) < end or (is_v5 and body[end - 1]):
        return None
    try:
        topic = body[2:at].decode()
    except UnicodeDecodeError:
        return None
    mid = int.from_bytes(body[at : at + 2], "big") if qos else 0
    return PlainMessage(
        topic, bytes(body[end:]), qos >> 1, bool(first & _RETAIN), bool(first & _DUPLICATE), mid
    )
