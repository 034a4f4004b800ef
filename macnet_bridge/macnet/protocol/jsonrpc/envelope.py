"""What both sides of a JSON exchange share: the ends of messages and how their parts are read."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

from macnet_bridge.errors import Malformed
from macnet_bridge.macnet.protocol.fieldtypes import decoders, wire_names
from macnet_bridge.macnet.protocol.function import Function

REPLY_END = b"\r\n"
"""What testers send after a reply, and only there. Readers do not rely on it."""

CONSTANT_ID = 1987
"""The id of every example in the manual; some servers answer it whatever was asked."""

CONSTANT_ID_ADVICE = (
    'to accept that, constant_id=True in Python, quirks = ["constant_id"] in the configuration of a bridge'
)

RequestId = int | str | None


encoder = msgspec.json.Encoder()


def decode(kind: Any, data: bytes | Raw) -> Any:
    """The value of this type in JSON text.

    Raises:
        Malformed: not JSON, or not of this type.
    """
    try:
        return decoders[kind].decode(data)
    except UnicodeDecodeError:
        # One character of a tester's code page, in a name, must not hide a whole reply.
        return decode(kind, bytes(data).decode("utf-8", errors="replace").encode())
    except (msgspec.DecodeError, RecursionError) as error:
        raise Malformed(f"not a MacNet message: {error}") from None


def without_binary(function: Function[Any, Any], message: msgspec.Struct, content: bytes) -> bytes:
    """The encoded fields of a message, less those that JSON does not have."""
    if not function.binary_only or function.binary_only.isdisjoint(wire_names(type(message))):
        return content
    fields = msgspec.json.decode(content)
    return encoder.encode({key: fields[key] for key in fields if key not in function.binary_only})


def body(function: Function[Any, Any], wire_channel: int, content: bytes) -> bytes:
    """Function, channel and the fields of an encoded Struct in one JSON object."""
    chan = b',"Chan":%d' % wire_channel if function.addresses_channel else b""
    rest = b"}" if content == b"{}" else b"," + content[1:]
    return b'{"FClass":%d,"FNum":%d%b%b' % (function.fclass, function.fnum, chan, rest)
