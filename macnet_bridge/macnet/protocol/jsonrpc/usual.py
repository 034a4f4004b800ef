"""The quick way for the reply that nothing is unusual about, which is nearly every one.

A whole JSON object is never the beginning of a longer one. So what arrived may be handed to a
decoder as it is: when that takes it, it was one whole message. Whatever is odd in the least is left
to the framer and to `asking.decode_reply`, which know what to make of it and what to say.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType, field

from macnet_bridge.macnet.protocol.function import Function
from macnet_bridge.macnet.protocol.messages import ChannelRange, Message, Outcome

Read = Callable[[bytes, int, Message | None], Message | None]
"""From what arrived, the id that was asked with, and the request.

None says nothing about the bytes, not even that they are wrong.
"""

_READERS = 1 << 14
"""Of functions times channels. A tester's replies come from the same few again and again."""


class _Head(Struct, frozen=True, gc=False):
    fclass: int = field(name="FClass")
    fnum: int = field(name="FNum")
    channel: int | UnsetType = field(name="Chan", default=UNSET)


class _Usual(Struct, frozen=True, gc=False):
    id: int
    result: _Head
    error: Raw | UnsetType = UNSET


_decode_usual = msgspec.json.Decoder(_Usual).decode
_ODD = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


@lru_cache(maxsize=_READERS)
def usual_reader(function: Function[Any, Any], channel: int) -> Read:
    """What reads replies of this function and channel that answer a request without a doubt.

    Two passes over the same bytes, the first for what the reply is about and the second for what it
    says. A closure, for in here every attribute that is looked up again counts.
    """
    fclass, fnum = function.fclass, function.fnum
    wire_channel = function.wire_channel(channel) if function.addresses_channel else None
    decode_body = _body_decoders[function.reply].decode
    is_whole = _whole_check(function)

    def read(data: bytes, request_id: int, request: Message | None) -> Message | None:
        try:
            seen = _decode_usual(data)
            head = seen.result
            if (
                seen.id != request_id
                or head.fclass != fclass
                or head.fnum != fnum
                or (head.channel != wire_channel and wire_channel is not None)
                or seen.error is not UNSET
            ):
                return None
            reply: Message = decode_body(data).result
        except _ODD:
            return None
        return reply if is_whole is None or is_whole(reply, request) else None

    return _never if function.aliases else read


def _never(data: bytes, request_id: int, request: Message | None) -> None:
    """For functions whose fields may have other names: what lacks one is not known to be whole."""


def _whole_check(function: Function[Any, Any]) -> Callable[[Any, Any], bool] | None:
    """What a reply needs beyond its type, None for nothing."""
    items = function.binary_reply[0].items_attribute
    if issubclass(function.reply, Outcome):
        return lambda reply, request: reply.result is not None
    if items is not None and function.request is ChannelRange:
        return lambda reply, request: request is None or len(getattr(reply, items)) == request.count
    return None


class _BodyDecoders(dict[type[Message], msgspec.json.Decoder[Any]]):
    """One decoder per type of reply, made when first needed."""

    def __missing__(self, reply: type[Message]) -> msgspec.json.Decoder[Any]:
        whole = msgspec.defstruct("Reply", [("result", reply)], frozen=True)
        decoder = self[reply] = msgspec.json.Decoder(whole)
        return decoder


_body_decoders = _BodyDecoders()
