"""JSON messages: a JSON-RPC 2.0 envelope, and in it function, channel and fields side by side.

Envelope and body are decoded apart, so that a reply can be matched with its request before
anything is made of its content.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType, field

from macnet_bridge.errors import FunctionMissing, MacNetBridgeError, Malformed, TesterRefused
from macnet_bridge.macnet.protocol.functions import ECHO, Function, find
from macnet_bridge.macnet.protocol.messages import Message

Q = TypeVar("Q", bound=Message)
R = TypeVar("R", bound=Message)

REPLY_END = b"\r\n"
"""What testers send after a reply, and only there. Readers do not rely on it."""

CONSTANT_ID = 1987
"""The id of every example in the manual; some servers answer it whatever was asked."""

RequestId = int | str | None


class _Envelope(Struct, frozen=True):
    result: Raw | UnsetType = UNSET
    params: Raw | UnsetType = UNSET
    error: Raw | UnsetType = UNSET
    method: Raw | UnsetType = UNSET
    jsonrpc: Raw | UnsetType = UNSET
    id: RequestId | UnsetType = UNSET


class _Head(Struct, frozen=True):
    fclass: int | UnsetType = field(name="FClass", default=UNSET)
    fnum: int | UnsetType = field(name="FNum", default=UNSET)
    channel: int | UnsetType = field(name="Chan", default=UNSET)


class _Error(Struct, frozen=True):
    message: str = ""
    code: int | str | None = None


class _Decoders(dict[type, msgspec.json.Decoder[Any]]):
    """One decoder per type, made when first needed."""

    def __missing__(self, kind: type) -> msgspec.json.Decoder[Any]:
        decoder = self[kind] = msgspec.json.Decoder(kind)
        return decoder


_decoders = _Decoders()
_encoder = msgspec.json.Encoder()


def _decode(kind: type[Any], data: bytes | Raw) -> Any:
    try:
        return _decoders[kind].decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(f"not a MacNet message: {error}") from None


def _body(function: Function[Any, Any], channel: int, content: bytes) -> bytes:
    """Function, channel and the fields of an encoded Struct in one JSON object."""
    chan = b',"Chan":%d' % (channel - 1) if function.addresses_channel else b""
    rest = b"}" if content == b"{}" else b"," + content[1:]
    return b'{"FClass":%d,"FNum":%d%b%b' % (function.fclass, function.fnum, chan, rest)


# --- the side that asks


def encode_request(function: Function[Q, Any], channel: int, request: Q, request_id: int) -> bytes:
    """A request as compact JSON, with nothing after it. `channel` is 1-based."""
    body = _body(function, channel, _encoder.encode(request))
    return b'{"jsonrpc":"2.0","method":"MacNet","params":%b,"id":%d}' % (body, request_id)


def decode_reply(
    function: Function[Any, R],
    channel: int,
    request_id: int,
    text: bytes,
    *,
    constant_id: bool = False,
) -> R:
    """The Struct of a reply, after checking that it answers this request.

    Args:
        constant_id: also accept 1987 as id, for servers that always answer with it.

    Raises:
        Malformed: not JSON, or another id, function or channel, or fields of wrong types.
        TesterRefused: the tester reports an error. `FunctionMissing` when it is for want of
            the function.
    """
    envelope: _Envelope = _decode(_Envelope, text)
    accepted = (request_id, CONSTANT_ID) if constant_id else (request_id,)
    # An error about a request that could not be parsed has no id to give.
    if envelope.id not in accepted and not (envelope.error and envelope.id in (None, UNSET)):
        raise Malformed(f"asked with id {request_id}, was answered {_shown_id(envelope.id)}")
    if envelope.error is not UNSET:
        raise _refusal(function, envelope.error)
    body = envelope.params if envelope.result is UNSET else envelope.result
    if body is UNSET:
        raise Malformed(f"{function}: the reply has neither result nor error: {text[:60]!r}")
    _check_head(function, channel, _decode(_Head, body))
    reply: R = _decode(function.reply, body)
    return reply


def reply_id(text: bytes) -> RequestId:
    """The id of a reply, None when it has none.

    Raises:
        Malformed: not a JSON object.
    """
    envelope: _Envelope = _decode(_Envelope, text)
    return None if envelope.id is UNSET else envelope.id


def _shown_id(request_id: RequestId | UnsetType) -> str:
    return "without one" if request_id in (UNSET, None) else repr(request_id)


def _check_head(function: Function[Any, Any], channel: int, head: _Head) -> None:
    asked = (function.fclass, function.fnum)
    if function is not ECHO and (head.fclass, head.fnum) != asked:
        raise Malformed(f"asked function {asked}, was answered ({head.fclass}, {head.fnum})")
    if function.addresses_channel and head.channel != channel - 1:
        raise Malformed(f"{function}: asked wire channel {channel - 1}, was answered {head.channel}")


def _refusal(function: Function[Any, Any], error: Raw) -> TesterRefused:
    """What an error object says, whatever its inside looks like."""
    try:
        content = _decode(_Error, error)
    except Malformed:
        content = _Error(message=bytes(error)[:80].decode("utf-8", errors="replace"))
    missing = content.message in (BadRequest.INVALID_FCLASS, BadRequest.INVALID_FNUM)
    kind = FunctionMissing if missing else TesterRefused
    return kind(
        f"{function}: the tester answered {content.message!r}",
        fclass=function.fclass,
        fnum=function.fnum,
        result=content.message or content.code,
        code=_ERROR_CODES.get(content.message, "MACNET_ERROR"),
    )


# --- the side that answers


class BadRequest(MacNetBridgeError):
    """A request that the answering side cannot take. The message is MacNet's own text."""

    PARSE_ERROR = "Parse error"
    BAD_ENVELOPE = "Method MacNet, jsonrpc 2.0 or id not found"
    INVALID_PARAMS = "Invalid params"
    NO_FCLASS = '"FClass" key does not exist or value syntax error'
    NO_FNUM = '"FNum" key does not exist or value syntax error'
    INVALID_FCLASS = "Invalid FClass"
    INVALID_FNUM = "Invalid FNum"
    MACNET_ERROR = "MacNet error"
    MISSING_OBJECT = "Missing object"
    ILLEGAL_VALUE = "Illegal value"

    def __init__(self, message: str, request_id: RequestId = None) -> None:
        super().__init__(message)
        self.request_id = request_id


_ERROR_NUMBERS = {
    BadRequest.PARSE_ERROR: -32700,
    BadRequest.BAD_ENVELOPE: -32600,
    BadRequest.MACNET_ERROR: -32000,
}
_OTHER_ERROR_NUMBER = -32602
_ERROR_CODES = {
    BadRequest.PARSE_ERROR: "PARSE_ERROR",
    BadRequest.BAD_ENVELOPE: "INVALID_REQUEST",
    BadRequest.INVALID_PARAMS: "INVALID_PARAMS",
    BadRequest.NO_FCLASS: "INVALID_FUNCTION",
    BadRequest.NO_FNUM: "INVALID_FUNCTION",
    BadRequest.INVALID_FCLASS: "INVALID_FUNCTION",
    BadRequest.INVALID_FNUM: "INVALID_FUNCTION",
    BadRequest.MISSING_OBJECT: "MISSING_OBJECT",
    BadRequest.ILLEGAL_VALUE: "ILLEGAL_VALUE",
}
ERROR_RESULT_CODES = frozenset({*_ERROR_CODES.values(), "MACNET_ERROR"})
"""Acknowledgement codes for the errors that MacNet reports by JSON-RPC."""


class Request(NamedTuple):
    """A decoded request. `channel` is 1-based, 1 for system functions."""

    function: Function[Any, Any]
    channel: int
    body: Message
    request_id: RequestId


def decode_request(text: bytes) -> Request:
    """A request, for the side that answers.

    Raises:
        BadRequest: with the text that MacNet gives for this mistake, and the id when there is one.
    """
    try:
        envelope: _Envelope = _decode(_Envelope, text)
    except Malformed:
        raise BadRequest(BadRequest.PARSE_ERROR) from None
    request_id = None if envelope.id is UNSET else envelope.id
    if envelope.id is UNSET or envelope.method != Raw(b'"MacNet"') or envelope.jsonrpc != Raw(b'"2.0"'):
        raise BadRequest(BadRequest.BAD_ENVELOPE, request_id)
    try:
        return _decode_params(envelope.params, request_id)
    except BadRequest as error:
        error.request_id = request_id
        raise


def _decode_params(params: Raw | UnsetType, request_id: RequestId) -> Request:
    if params is UNSET or bytes(params)[:1] != b"{":
        raise BadRequest(BadRequest.INVALID_PARAMS)
    content: dict[str, Any] = _decode(dict[str, Any], params)
    function = _find_function(content)
    channel = content.get("Chan", 0)
    if function.addresses_channel and "Chan" not in content:
        raise BadRequest(BadRequest.MISSING_OBJECT)
    if not isinstance(channel, int) or channel < 0:
        raise BadRequest(BadRequest.ILLEGAL_VALUE)
    needed = {info.encode_name for info in msgspec.structs.fields(function.request) if info.required}
    if needed - content.keys():
        raise BadRequest(BadRequest.MISSING_OBJECT)
    try:
        body = _decode(function.request, params)
    except Malformed:
        raise BadRequest(BadRequest.ILLEGAL_VALUE) from None
    return Request(function, channel + 1, body, request_id)


def _find_function(content: dict[str, Any]) -> Function[Any, Any]:
    fclass, fnum = content.get("FClass"), content.get("FNum")
    if not isinstance(fclass, int):
        raise BadRequest(BadRequest.NO_FCLASS)
    if not isinstance(fnum, int):
        raise BadRequest(BadRequest.NO_FNUM)
    function = find(fclass, fnum)
    if function is None:
        known_class = 0 <= fclass <= 8 and fclass != 2  # class 2 has a heading in the manual, no function
        raise BadRequest(BadRequest.INVALID_FNUM if known_class else BadRequest.INVALID_FCLASS)
    return function


def encode_reply(function: Function[Any, R], channel: int, reply: R, request_id: RequestId) -> bytes:
    """A reply as compact JSON. The line end that testers send is the server's to add."""
    fields = msgspec.to_builtins(reply)
    shown = {key: value for key, value in fields.items() if value is not None}
    content = _encoder.encode({key: value for key, value in shown.items() if key not in function.binary_only})
    return b'{"jsonrpc":"2.0","result":%b,"id":%b}' % (
        _body(function, channel, content),
        _encoder.encode(request_id),
    )


def encode_error(error: BadRequest) -> bytes:
    """An error as JSON-RPC reports it. Its shape is assumed: the manual gives the texts only."""
    message = str(error)
    number = _ERROR_NUMBERS.get(message, _OTHER_ERROR_NUMBER)
    return _encoder.encode(
        {"jsonrpc": "2.0", "error": {"code": number, "message": message}, "id": error.request_id}
    )
