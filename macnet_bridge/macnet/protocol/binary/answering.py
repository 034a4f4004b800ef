"""The side that answers: requests out of binary messages, replies into them."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from macnet_bridge.errors import InvalidRequest, Malformed
from macnet_bridge.macnet.protocol.channels import reply_to_wire
from macnet_bridge.macnet.protocol.framing import HEADER_BYTES, Header
from macnet_bridge.macnet.protocol.function import Function, RequestLength
from macnet_bridge.macnet.protocol.layout import Layout
from macnet_bridge.macnet.protocol.messages import Message, SaysByLen, ToggleSelection

Q = TypeVar("Q", bound=Message)
R = TypeVar("R", bound=Message)


def split(datagram: bytes) -> tuple[Header, bytes]:
    """Header and data of a whole message, as UDP delivers it.

    Raises:
        Malformed: shorter than a header.
    """
    if len(datagram) < HEADER_BYTES:
        raise Malformed(f"a binary message of {len(datagram)} bytes")
    return Header.unpack(datagram), datagram[HEADER_BYTES:]


def request_data_bytes(function: Function[Any, Any] | None, length: int) -> int:
    """How many bytes follow a request's header of this Len.

    For a function that no table knows, Len is read as bytes, the general rule.
    """
    counts = function is not None and function.request_length is not RequestLength.BYTES
    return 0 if counts else length


def decode_request(function: Function[Q, Any], header: Header, data: bytes) -> Q:
    """The Struct of a request, for the side that answers; `find_form` tells its function.

    Raises:
        Malformed: size or values do not fit the function.
    """
    from_header = _in_header(function, header)
    if from_header is not None:
        try:
            return msgspec.convert(from_header, function.request)
        except msgspec.ValidationError as error:
            raise Malformed(str(error)) from None
    for layout in function.binary_request:
        if layout.matches(data):
            request: Q = layout.unpack(data)
            return request
    raise Malformed(f"{function} does not take {len(data)} bytes")


def _in_header(function: Function[Any, Any], header: Header) -> dict[str, Any] | None:
    """The fields of a request that travels in its header alone, None when data follow."""
    if issubclass(function.request, SaysByLen):
        return {"Len": header.length}
    return {"Chans": [header.channel]} if function.request is ToggleSelection else None


def encode_reply(function: Function[Any, R], channel: int, reply: R) -> bytes:
    """Header and data of a reply; Len is the bytes of data.

    Raises:
        InvalidRequest: a value does not fit.
    """
    data = _reply_layout(function, reply).pack(reply)
    return Header(function.fclass, function.fnum, reply_to_wire(channel), len(data)).pack() + data


def _reply_layout(function: Function[Any, R], reply: R) -> Layout[R]:
    """The first layout for which the reply has all values."""
    for layout in function.binary_reply:
        if layout.message is type(reply) and not layout.lacks(reply):
            return layout
    raise InvalidRequest(f"{function}: the reply lacks values that its binary form has")
