"""What a message looks like by one transport and not by the other; the device knows neither."""

from __future__ import annotations

from typing import Any

import msgspec

from macnet_bridge.macnet.protocol.codes import RESULT_OK, SMART_BATTERY_STATUS_LABELS, ChannelMode
from macnet_bridge.macnet.protocol.fieldtypes import wire_names
from macnet_bridge.macnet.protocol.functions import ECHO, TEST_INFO, Function
from macnet_bridge.macnet.protocol.jsonrpc import BadRequest, Request
from macnet_bridge.macnet.protocol.messages import (
    DirectOutput,
    Message,
    Outcome,
    SmartBatteryInfo,
    StartDirect,
    SystemInfo,
    TestInfo,
    ToggleSelection,
)
from macnet_bridge.simulator.sockets.forms import Forms

_WIDTH = 25
_COMMENT_WIDTH = 80
_WIDTHS = {
    "test_name": _WIDTH,
    "comment": _COMMENT_WIDTH,
    "procedure": _WIDTH,
    "procedure_description": _COMMENT_WIDTH,
}
_LONG_WIDTHS = dict.fromkeys(_WIDTHS, 255)
_WORDS: dict[tuple[int, int], dict[Any, str]] = {
    (8, 1): {1: "PASSED", 0: "FAILED"},
    (8, 2): {1: "LOGGED OUT", 0: "FAILED"},
}
_USUAL_WORDS = {RESULT_OK: "OK"}
_USUAL_FORMS = Forms()


def for_json(function: Function[Any, Any], reply: Message, forms: Forms = _USUAL_FORMS) -> Message:
    """Success as a word, and of the names of a test only the two that JSON gives."""
    if isinstance(reply, Outcome):
        words = _WORDS.get(function.number, _USUAL_WORDS)
        return msgspec.structs.replace(reply, result=words.get(reply.result, reply.result))
    if isinstance(reply, TestInfo) and not forms.all_test_info:
        return TestInfo(test_name=reply.test_name, procedure=reply.procedure)
    if isinstance(reply, SystemInfo) and forms.smart_battery_count == "boards":
        boards = {"smb1_positions": reply.smb1_boards, "smb3_positions": reply.smb3_boards}
        return msgspec.structs.replace(reply, **boards)
    if isinstance(reply, SmartBatteryInfo):
        return msgspec.structs.replace(reply, status=SMART_BATTERY_STATUS_LABELS[int(reply.status)])
    return reply


def for_binary(function: Function[Any, Any], reply: Message) -> Message:
    """Texts cut to the widths that binary messages have, in ASCII."""
    if not isinstance(reply, TestInfo):
        return reply
    widths = _WIDTHS if function is TEST_INFO else _LONG_WIDTHS
    texts: dict[str, Any] = {
        name: (getattr(reply, name) or "").encode("ascii", "replace")[:width].decode("ascii")
        for name, width in widths.items()
    }
    return msgspec.structs.replace(reply, **texts)


def check_json_rest(body: Message) -> None:
    """Refuse to rest by JSON, as real testers were seen to do.

    Raises:
        BadRequest: `Illegal value`; what a tester really answers is not recorded anywhere.
    """
    if isinstance(body, DirectOutput | StartDirect) and body.mode == chr(ChannelMode.REST):
        raise BadRequest(BadRequest.ILLEGAL_VALUE)


def check_members(text: bytes, request: Request) -> None:
    """Refuse a JSON request that does not have exactly the keys that the manual prints.

    Raises:
        BadRequest: `Missing object` or `Illegal value`.
    """
    if request.function is ECHO:  # carries anything
        return
    function, has = request.function, set(msgspec.json.decode(text)["params"])
    kind: type[msgspec.Struct] = function.request
    optional = {info.encode_name for info in msgspec.structs.fields(kind) if info.default is None}
    due = {"FClass", "FNum"} | wire_names(kind).keys() - function.binary_only
    due |= {"Chan"} if function.addresses_channel else set()
    if due - optional - has:
        raise BadRequest(BadRequest.MISSING_OBJECT)
    if has - due:
        raise BadRequest(BadRequest.ILLEGAL_VALUE)


def as_counted(body: Message, base: int) -> Message:
    """A request whose list of channels counts from `base`, as one that counts from 0.

    Raises:
        BadRequest: `Illegal value`, for a channel before the first one.
    """
    if not isinstance(body, ToggleSelection) or not base:
        return body
    counted = [number - base for number in body.wire_channels]
    if min(counted) < 0:
        raise BadRequest(BadRequest.ILLEGAL_VALUE)
    return ToggleSelection(wire_channels=counted)
