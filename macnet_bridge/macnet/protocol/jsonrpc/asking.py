"""The side that asks: requests into JSON, replies out of it.

Envelope and body are decoded apart, so that a reply can be matched with its request before
anything is made of its content.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, TypeVar

from msgspec import UNSET, Raw, Struct, UnsetType, field

from macnet_bridge.errors import FunctionMissing, InvalidRequest, Malformed, TesterRefused
from macnet_bridge.macnet.protocol.fieldtypes import checked_json
from macnet_bridge.macnet.protocol.function import Function
from macnet_bridge.macnet.protocol.jsonrpc.envelope import (
    CONSTANT_ID,
    CONSTANT_ID_ADVICE,
    RequestId,
    body,
    encoder,
    without_binary,
)
from macnet_bridge.macnet.protocol.jsonrpc.errors import ERROR_CODES, BadRequest
from macnet_bridge.macnet.protocol.jsonrpc.no_value import decode_reply_part
from macnet_bridge.macnet.protocol.messages import ChannelRange, Empty, Message, Outcome

Q = TypeVar("Q", bound=Message)
R = TypeVar("R", bound=Message)


_NULL = Raw(b"null")


class _Envelope(Struct, frozen=True):
    result: Raw | UnsetType = UNSET
    params: Raw | UnsetType = UNSET
    error: Raw | UnsetType = UNSET
    id: RequestId | UnsetType = UNSET


class _Head(Struct, frozen=True):
    fclass: int | UnsetType = field(name="FClass", default=UNSET)
    fnum: int | UnsetType = field(name="FNum", default=UNSET)
    channel: int | UnsetType = field(name="Chan", default=UNSET)


class _Error(Struct, frozen=True):
    message: str = ""
    code: int | str | None = None


def encode_request(function: Function[Q, Any], channel: int, request: Q, request_id: int) -> bytes:
    """A request as compact JSON, with nothing after it. `channel` is 1-based, 1 for system functions.

    Raises:
        InvalidRequest: a value does not fit.
    """
    short = isinstance(request, Empty | ChannelRange)
    return b'%b,"id":%d}' % ((_short if short else _question)(function, channel, request), request_id)


def _question(function: Function[Any, Any], channel: int, request: Message) -> bytes:
    """A request up to its id."""
    if not function.json:
        raise InvalidRequest(f"{function} does not exist in JSON")
    content = without_binary(function, request, checked_json(request))
    params = body(function, function.wire_channel(channel), content)
    return b'{"jsonrpc":"2.0","method":"MacNet","params":%b' % params


# Requests that hold no more than a place and a count are the same few again and again.
_short = lru_cache(maxsize=1 << 14)(_question)


def decode_reply(
    function: Function[Any, R],
    channel: int,
    request_id: int,
    text: bytes,
    *,
    constant_id: bool = False,
    request: Message | None = None,
    alone: bool = True,
) -> R:
    """The Struct of a reply, after checking that it answers this request.

    Args:
        constant_id: also accept 1987 as id, for servers that always answer with it.
        request: what was asked; when given, a bulk reply must have one item per channel.
        alone: False where other requests are under way, so that an error must say whose it is.

    Raises:
        Malformed: not JSON, or another id, function or channel, or fields of wrong types.
        TesterRefused: the tester reports an error. `FunctionMissing` when it is for want of
            the function.
    """
    envelope: _Envelope = decode_reply_part(_Envelope, text)
    content = envelope.params if envelope.result is UNSET else envelope.result
    error = _error(envelope.error, content)
    if content is UNSET and error is None:
        shown = " ".join(text[:60].decode("utf-8", errors="replace").split())
        raise Malformed(f"the reply has neither result nor error: {shown}")
    if envelope.id != request_id:
        _check_other_id(envelope, request_id, constant_id, alone)
    if error is not None:
        raise _refusal(function, error)
    assert content is not UNSET, "without an error there is content"
    _check_head(function, channel, decode_reply_part(_Head, content))
    reply: R = decode_reply_part(function.reply, _renamed(function, content))
    if isinstance(reply, Outcome) and reply.result is None:
        raise Malformed("the reply has no Result")
    if request is not None:
        _check_items(function, request, reply)
    return reply


def _error(error: Raw | UnsetType, content: Raw | UnsetType) -> Raw | None:
    """The error of a reply, None when it has none.

    Some servers always have both keys. A null beside a result denies nothing, and to call a test that
    was started a failure would be the worst mistake.
    """
    if error is UNSET:
        return None
    denies_nothing = error == _NULL and content is not UNSET and content != _NULL
    return None if denies_nothing else error


def _check_other_id(envelope: _Envelope, request_id: int, constant_id: bool, alone: bool) -> None:
    if constant_id and envelope.id == CONSTANT_ID:
        return
    if envelope.id == CONSTANT_ID:
        raise Malformed(f"it answers id {CONSTANT_ID} whatever is asked; {CONSTANT_ID_ADVICE}")
    if envelope.id is not UNSET and envelope.id is not None:
        raise Malformed(f"asked with id {request_id}, was answered {envelope.id!r}")
    # An error about a request that could not be parsed has no id to give.
    if envelope.error is UNSET or not alone:
        raise Malformed(f"asked with id {request_id}, was answered without one")


def _check_head(function: Function[Any, Any], channel: int, head: _Head) -> None:
    # The id has matched already, so the number that the manual misprints can be nothing else.
    if head.fclass != function.fclass or head.fnum not in (function.fnum, function.misprinted_fnum):
        raise Malformed(f"asked function {function.number}, was answered ({head.fclass}, {head.fnum})")
    if function.addresses_channel and head.channel != function.wire_channel(channel):
        asked = function.wire_channel(channel)
        raise Malformed(f"asked wire channel {asked}, was answered {head.channel}")


def _renamed(function: Function[Any, Any], content: Raw) -> bytes | Raw:
    """A reply's content with its fields under the names of the manual, where others are known."""
    if not function.aliases or not any(alias.encode() in bytes(content) for alias in function.aliases):
        return content
    fields = decode_reply_part(dict[str, Any], content)
    return encoder.encode({**{function.aliases.get(key, key): fields[key] for key in fields}, **fields})


def _check_items(function: Function[Any, Any], request: Message, reply: Message) -> None:
    items = function.binary_reply[0].items_attribute
    if isinstance(request, ChannelRange) and items and len(getattr(reply, items)) != request.count:
        raise Malformed(f"{len(getattr(reply, items))} items for {request.count} channels")


def _refusal(function: Function[Any, Any], error: Raw) -> TesterRefused:
    content = _error_content(error)
    missing = content.message in (BadRequest.INVALID_FCLASS, BadRequest.INVALID_FNUM)
    kind = FunctionMissing if missing else TesterRefused
    return kind(
        f"{function}: the tester answered {content.message!r}",
        fclass=function.fclass,
        fnum=function.fnum,
        result=content.message or content.code,
        code=ERROR_CODES.get(content.message, "MACNET_ERROR"),
    )


def _error_content(error: Raw) -> _Error:
    """What an error says, whatever its inside looks like: its shape is not documented."""
    try:
        content: _Error | str = decode_reply_part(_Error | str, error)
    except Malformed:
        content = bytes(error)[:80].decode("utf-8", errors="replace")
    return _Error(message=content) if isinstance(content, str) else content
