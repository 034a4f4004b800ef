"""The side that asks: requests into binary messages, replies out of them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from macnet_bridge.errors import InvalidRequest, Malformed, TesterRefused
from macnet_bridge.macnet.protocol.fieldtypes import checked_json
from macnet_bridge.macnet.protocol.framing import Header
from macnet_bridge.macnet.protocol.function import Effect, Function, RequestLength
from macnet_bridge.macnet.protocol.layout import Layout
from macnet_bridge.macnet.protocol.messages import ChannelRange, Empty, Message, SaysByLen, ToggleSelection

Q = TypeVar("Q", bound=Message)
R = TypeVar("R", bound=Message)

_RESULT_BYTES = 2


def encode_request(function: Function[Q, Any], channel: int, request: Q) -> bytes:
    """Header and data of a request. `channel` is 1-based, 1 for system functions.

    Raises:
        InvalidRequest: a value does not fit.
    """
    if isinstance(request, Empty | ChannelRange):
        return _encode_short(function, channel, request)
    return _encode(function, channel, request)


def _encode(function: Function[Any, Any], channel: int, request: Message) -> bytes:
    # Constraints live in the types, and msgspec looks at them only when it decodes.
    checked_json(request)
    wire_channel = function.wire_channel(channel)
    if isinstance(request, ToggleSelection) and request.wire_channels != [wire_channel]:
        raise InvalidRequest(f"a binary {function} is for one channel, that of its header", "wire_channels")
    data = _request_layout(function, request).pack(request)
    length = len(data)
    if function.request_length is not RequestLength.BYTES:
        length = request.header_length if isinstance(request, SaysByLen) else 1
    return Header(function.fclass, function.fnum, wire_channel, length).pack() + data


# Requests that hold no more than a place and a count are the same few again and again.
_encode_short = lru_cache(maxsize=1 << 14)(_encode)


def reply_data_bytes(function: Function[Any, Any], request: Message, length: int, waiting: int = 0) -> int:
    """How many bytes follow a reply's header of this Len.

    Testers count channels or inputs in place of bytes in some replies (4, 2), (4, 3), (4, 4),
    (4, 5) and (4, 9), so Len alone does not tell.

    Args:
        waiting: bytes that have arrived after the header. With one request in flight they
            belong to this reply, so as many as a count of inputs would need make Len a count.

    Raises:
        Malformed: Len is neither of what the request allows.
    """
    item_bytes = function.binary_reply[0].item_size
    if not item_bytes:
        return function.misprinted_lengths.get(length, length)
    if isinstance(request, ChannelRange):
        if length in (request.count, request.count * item_bytes):
            return request.count * item_bytes
        if length:
            raise Malformed(f"Len {length} for {request.count} channels")
        return 0
    counts = length % item_bytes or waiting == length * item_bytes
    return length * item_bytes if counts else length


def decode_reply(
    function: Function[Any, R], channel: int, request: Message, header: Header, data: bytes
) -> R:
    """The Struct of a reply, after checking that it answers this request.

    Raises:
        Malformed: another function or channel, or a size that the function does not have.
        TesterRefused: no data where the function gives some, which is how a tester refuses.
    """
    asked = (function.fclass, function.fnum, function.wire_channel(channel))
    if header[:3] != asked and not _is_misprinted(function, asked, header):
        raise Malformed(f"asked {asked} (class, number, channel), was answered {header[:3]}")
    layout = next((layout for layout in function.binary_reply if layout.matches(data)), None)
    if not data and (layout is None or layout.item_size):
        raise _nothing(function)
    items = request.count if isinstance(request, ChannelRange) else None
    if layout is None or (items is not None and len(data) != items * layout.item_size):
        raise _unfit(function, data)
    reply: R = layout.unpack(data)
    return reply


def _is_misprinted(function: Function[Any, Any], asked: tuple[int, int, int], header: Header) -> bool:
    """Whether a reply has the number that the manual prints for it by mistake.

    Not where the reply to the function of that number looks the same: without an id in the
    message, voltages that come late would pass for test times.
    """
    if function.misprinted_fnum is None or function.binary_reply[0].item_size:
        return False
    return header[:3] == (asked[0], function.misprinted_fnum, asked[2])


def _nothing(function: Function[Any, Any]) -> Malformed | TesterRefused:
    """What a bare header means where data are due."""
    if function.effect is Effect.CHANGES and not function.results:
        # The manual prints no binary reply for these: a bare header may mean that it was done.
        return Malformed("answered with a bare header, which does not tell what became of it")
    return TesterRefused(f"{function}: refused", fclass=function.fclass, fnum=function.fnum)


def _unfit(function: Function[Any, Any], data: bytes) -> Malformed | TesterRefused:
    """What data mean that have no layout of the function: a result in place of a reply, or nothing."""
    code = int.from_bytes(data, "little") if len(data) <= _RESULT_BYTES else 0
    if code and function.effect is Effect.CHANGES:
        return TesterRefused(
            f"{function}: refused with {code}", fclass=function.fclass, fnum=function.fnum, result=code
        )
    return Malformed(f"it does not answer with {len(data)} bytes")


def _request_layout(function: Function[Q, Any], request: Q) -> Layout[Q]:
    """The first layout that loses nothing: what it lacks has its default value."""
    first = function.binary_request[0]
    if first.message is type(request) and _loses_nothing(function, first):
        return first
    layouts = [layout for layout in function.binary_request if layout.message is type(request)]
    fields = msgspec.structs.fields(request)
    needed = {info.name for info in fields if getattr(request, info.name) != info.default}
    for layout in layouts:
        if needed <= layout.attributes and not layout.lacks(request):
            return layout
    raise InvalidRequest(
        f"{function} has no binary form for {sorted(needed)}", next(iter(sorted(needed)), None)
    )


def _loses_nothing(function: Function[Any, Any], only: Layout[Any]) -> bool:
    """Whether a layout is the only one, and carries all that does not travel in the header."""
    in_header = issubclass(only.message, SaysByLen | ToggleSelection)
    return len(function.binary_request) == 1 and (only.is_complete or in_header)
