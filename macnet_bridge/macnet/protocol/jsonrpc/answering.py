"""The side that answers: requests out of JSON, replies and errors into it."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple, TypeVar

import msgspec

from macnet_bridge.errors import Malformed
from macnet_bridge.macnet.protocol.channels import from_wire, reply_to_wire
from macnet_bridge.macnet.protocol.function import Function
from macnet_bridge.macnet.protocol.functions import ECHO, find, find_form
from macnet_bridge.macnet.protocol.jsonrpc.envelope import RequestId, body, decode, encoder
from macnet_bridge.macnet.protocol.jsonrpc.errors import ERROR_NUMBERS, OTHER_ERROR_NUMBER, BadRequest
from macnet_bridge.macnet.protocol.messages import Message

R = TypeVar("R", bound=Message)


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
        envelope: dict[str, Any] = decode(dict[str, Any], text)
    except Malformed:
        raise BadRequest(BadRequest.PARSE_ERROR) from None
    request_id = _request_id(envelope)
    try:
        if (envelope.get("method"), envelope.get("jsonrpc")) != ("MacNet", "2.0"):
            raise BadRequest(BadRequest.BAD_ENVELOPE)
        return _decode_params(envelope.get("params"), request_id)
    except BadRequest as error:
        error.request_id = request_id
        raise


def _request_id(envelope: dict[str, Any]) -> RequestId:
    request_id: RequestId = envelope.get("id", ...)
    if request_id is not None and type(request_id) not in (int, str):
        raise BadRequest(BadRequest.BAD_ENVELOPE)
    return request_id


def _decode_params(params: Any, request_id: RequestId) -> Request:
    if not isinstance(params, dict):
        raise BadRequest(BadRequest.INVALID_PARAMS)
    function = _function(params)
    channel = _channel(function, params)
    form = find_form(function.fclass, function.fnum, reply_to_wire(channel), b"")
    if form is not None and form.json:
        function = form
    if _needed(function) - params.keys():
        raise BadRequest(BadRequest.MISSING_OBJECT)
    try:
        return Request(function, channel, msgspec.convert(params, function.request), request_id)
    except msgspec.ValidationError:
        raise BadRequest(BadRequest.ILLEGAL_VALUE) from None


@cache
def _needed(function: Function[Any, Any]) -> frozenset[str]:
    """MacNet's names of the fields that a request must have."""
    return frozenset(info.encode_name for info in msgspec.structs.fields(function.request) if info.required)


def _function(params: dict[str, Any]) -> Function[Any, Any]:
    fclass, fnum = params.get("FClass"), params.get("FNum")
    if type(fclass) is not int:  # a bool is an int to isinstance
        raise BadRequest(BadRequest.NO_FCLASS)
    if type(fnum) is not int:
        raise BadRequest(BadRequest.NO_FNUM)
    function = find(fclass, fnum)
    if function is None or not function.json:
        known_class = 0 <= fclass <= 8 and fclass != 2  # class 2 has a heading in the manual, no function
        raise BadRequest(BadRequest.INVALID_FNUM if known_class else BadRequest.INVALID_FCLASS)
    return function


def _channel(function: Function[Any, Any], params: dict[str, Any]) -> int:
    if not function.addresses_channel:
        return 1
    if "Chan" not in params:
        raise BadRequest(BadRequest.MISSING_OBJECT)
    number = params["Chan"]
    if type(number) is not int or not 0 <= number <= 0xFFFF:
        raise BadRequest(BadRequest.ILLEGAL_VALUE)
    return from_wire(number)


def encode_reply(
    function: Function[Any, R], channel: int, reply: R, request_id: RequestId, *, as_printed: bool = False
) -> bytes:
    """A reply as compact JSON. The line end that testers send is the server's to add.

    Args:
        as_printed: with the envelope that the manual prints for this function, which for some
            of class 7 is that of a request.
    """
    # The answer to an echo is the request.
    is_request = function is ECHO or (as_printed and function.printed_as_request)
    envelope = b'"method":"MacNet","params"' if is_request else b'"result"'
    return b'{"jsonrpc":"2.0",%b:%b,"id":%b}' % (
        envelope,
        body(function, reply_to_wire(channel), _content(function, reply)),
        encoder.encode(request_id),
    )


def _content(function: Function[Any, Any], reply: Message) -> bytes:
    """The fields that the reply has and JSON knows."""
    if not function.binary_only and None not in msgspec.structs.astuple(reply):
        return encoder.encode(reply)
    fields: dict[str, Any] = msgspec.to_builtins(reply)
    hidden = function.binary_only
    return encoder.encode(
        {key: value for key, value in fields.items() if value is not None and key not in hidden}
    )


def encode_error(error: BadRequest) -> bytes:
    """An error as JSON-RPC reports it. Its shape is assumed: the manual gives the texts only."""
    message = str(error)
    number = ERROR_NUMBERS.get(message, OTHER_ERROR_NUMBER)
    return encoder.encode(
        {"jsonrpc": "2.0", "error": {"code": number, "message": message}, "id": error.request_id}
    )
