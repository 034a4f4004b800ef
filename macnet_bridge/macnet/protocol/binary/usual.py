"""The quick way for the reply that nothing is unusual about, which is nearly every one.

Whatever is odd in the least is left to `asking`, which knows what to make of it and what to say.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from macnet_bridge.errors import Malformed
from macnet_bridge.macnet.protocol.framing import HEADER_BYTES, Header
from macnet_bridge.macnet.protocol.function import Function
from macnet_bridge.macnet.protocol.layout import Layout
from macnet_bridge.macnet.protocol.messages import ChannelRange, Message

Read = Callable[[bytes, Message], Message | None]
"""From what arrived, and the request; None says nothing about the bytes, not even that they are wrong."""

_READERS = 1 << 14
"""Of functions times channels. A tester's replies come from the same few again and again."""


@lru_cache(maxsize=_READERS)
def usual_reader(function: Function[Any, Any], channel: int) -> Read | None:
    """What reads replies of this function and channel that have its first layout and say so.

    None where the length of a reply depends on more than the request.
    """
    layout: Layout[Message] = function.binary_reply[0]
    if function.request is ChannelRange:
        return _bulk_reader(function, function.wire_channel(channel), layout)
    if not layout.is_fixed:
        return None
    header = Header(function.fclass, function.fnum, function.wire_channel(channel), layout.size).pack()
    total = HEADER_BYTES + layout.size

    def read(data: bytes, request: Message) -> Message | None:
        if len(data) != total or not data.startswith(header):
            return None
        return _unpacked(layout, data)

    return read


def _bulk_reader(function: Function[Any, Any], wire_channel: int, layout: Layout[Message]) -> Read:
    """For replies with one item per channel that was asked for."""

    def read(data: bytes, request: Any) -> Message | None:
        size = layout.item_size * request.count
        if len(data) != HEADER_BYTES + size:
            return None
        if not data.startswith(Header(function.fclass, function.fnum, wire_channel, size).pack()):
            return None
        return _unpacked(layout, data)

    return read


def _unpacked(layout: Layout[Message], data: bytes) -> Message | None:
    try:
        return layout.unpack(data[HEADER_BYTES:])
    except Malformed:
        return None
