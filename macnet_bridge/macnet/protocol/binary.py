"""Binary messages: a header of eight bytes, then data. The same over TCP and UDP."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from macnet_bridge.errors import InvalidRequest, Malformed, TesterRefused
from macnet_bridge.macnet.protocol.channels import reply_to_wire, to_wire
from macnet_bridge.macnet.protocol.fieldtypes import checked_json
from macnet_bridge.macnet.protocol.framing import HEADER_BYTES, Header
from macnet_bridge.macnet.protocol.function import Effect, Function, RequestLength
from macnet_bridge.macnet.protocol.layout import Layout
from macnet_bridge.macnet.protocol.messages import ChannelRange, Message

Q = TypeVar("Q", bound=Message)
R = TypeVar("R", bound=Message)


def encode_request(function: Function[Q, Any], channel: int, request: Q) -> bytes:
    """Header and data of a request. `channel` is 1-based, 1 for system functions.

    Raises:
        InvalidRequest: a value does not fit.
    """
    # Constraints live in the types, and msgspec looks at them only when it decodes.
    checked_json(request)
    data = _request_layout(function, request).pack(request)
    length = len(data)
    if function.request_length is RequestLength.CHANNELS:
        length = request.count if isinstance(request, ChannelRange) else 1
    return Header(function.fclass, function.fnum, to_wire(channel), length).pack() + data


def request_data_bytes(function: Function[Any, Any] | None, length: int) -> int:
    """How many bytes follow a request's header of this Len.

    For a function that no table knows, Len is read as bytes, the general rule.
    """
    counts = function is not None and function.request_length is RequestLength.CHANNELS
    return 0 if counts else length


def decode_request(function: Function[Q, Any], header: Header, data: bytes) -> Q:
    """The Struct of a request, for the side that answers.

    Raises:
        Malformed: size or values do not fit the function.
    """
    if function.request is ChannelRange:
        try:
            return msgspec.convert({"Len": header.length}, function.request)
        except msgspec.ValidationError as error:
            raise Malformed(str(error)) from None
    for layout in function.binary_request:
        if layout.fits(len(data)):
            return layout.unpack(data)
    raise Malformed(f"{function} does not take {len(data)} bytes")


def encode_reply(function: Function[Any, R], channel: int, reply: R) -> bytes:
    """Header and data of a reply; Len is the bytes of data.

    Raises:
        InvalidRequest: a value does not fit.
    """
    data = _reply_layout(function, reply).pack(reply)
    return Header(function.fclass, function.fnum, reply_to_wire(channel), len(data)).pack() + data


def reply_data_bytes(function: Function[Any, Any], request: Message, length: int) -> int:
    """How many bytes follow a reply's header of this Len.

    Testers count channels or inputs in place of bytes in some replies (4, 2), (4, 3), (4, 4),
    (4, 5) and (4, 9), so Len alone does not tell.

    Raises:
        Malformed: Len is neither of what the request allows.
    """
    item_bytes = function.binary_reply[0].item_size
    if not item_bytes:
        return length
    if isinstance(request, ChannelRange):
        if length in (request.count, request.count * item_bytes):
            return request.count * item_bytes
        if length:
            raise Malformed(f"Len {length} for {request.count} channels")
        return 0
    return length if length % item_bytes == 0 else length * item_bytes


def decode_reply(
    function: Function[Any, R], channel: int, request: Message, header: Header, data: bytes
) -> R:
    """The Struct of a reply, after checking that it answers this request.

    Raises:
        Malformed: another function or channel, or a size that the function does not have.
        TesterRefused: no data where the function gives some, which is how a tester refuses.
    """
    asked = (function.fclass, function.fnum, to_wire(channel))
    if header[:3] != asked:
        raise Malformed(f"asked {asked} (class, number, channel), was answered {header[:3]}")
    layout = next((layout for layout in function.binary_reply if layout.fits(len(data))), None)
    if not data and (layout is None or layout.item_size):
        raise _nothing(function)
    items = request.count if isinstance(request, ChannelRange) else None
    if layout is None or (items is not None and len(data) != items * layout.item_size):
        raise Malformed(f"it does not answer with {len(data)} bytes")
    return layout.unpack(data)


def _nothing(function: Function[Any, Any]) -> Malformed | TesterRefused:
    """What a bare header means where data are due."""
    if function.effect is Effect.CHANGES and not function.results:
        # The manual prints no binary reply for these: a bare header may mean that it was done.
        return Malformed("answered with a bare header, which does not tell what became of it")
    return TesterRefused(f"{function}: refused", fclass=function.fclass, fnum=function.fnum)


def split(datagram: bytes) -> tuple[Header, bytes]:
    """Header and data of a whole message, as UDP delivers it.

    Raises:
        Malformed: shorter than a header.
    """
    if len(datagram) < HEADER_BYTES:
        raise Malformed(f"a binary message of {len(datagram)} bytes")
    return Header.unpack(datagram), datagram[HEADER_BYTES:]


def _request_layout(function: Function[Q, Any], request: Q) -> Layout[Q]:
    """The first layout that loses nothing: what it lacks has its default value."""
    if len(function.binary_request) == 1:
        return function.binary_request[0]
    fields = msgspec.structs.fields(request)
    needed = {info.name for info in fields if getattr(request, info.name) != info.default}
    for layout in function.binary_request:
        if needed <= layout.attributes:
            return layout
    raise InvalidRequest(f"{function} has no binary form for {sorted(needed)}")


def _reply_layout(function: Function[Any, R], reply: R) -> Layout[R]:
    """The first layout for which the reply has all values."""
    for layout in function.binary_reply:
        if all(getattr(reply, name) is not None for name in layout.attributes):
            return layout
    raise InvalidRequest(f"{function}: the reply lacks values that its binary form has")
