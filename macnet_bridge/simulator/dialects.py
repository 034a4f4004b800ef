"""What a reply looks like by one transport and not by the other; the device knows neither."""

from __future__ import annotations

from typing import Any

import msgspec

from macnet_bridge.macnet.protocol.codes import RESULT_OK, ChannelMode
from macnet_bridge.macnet.protocol.jsonrpc import BadRequest
from macnet_bridge.macnet.protocol.messages import DirectOutput, Message, Outcome, StartDirect, TestInfo

_OK_BY_JSON = Outcome(result="OK")
_TEXT_WIDTHS = {"test_name": 25, "comment": 80, "procedure": 25, "procedure_description": 80}


def for_json(reply: Message) -> Message:
    """Success as a word, and of the names of a test only the two that JSON gives."""
    if isinstance(reply, Outcome):
        return _OK_BY_JSON if reply.result == RESULT_OK else reply
    if isinstance(reply, TestInfo):
        return TestInfo(test_name=reply.test_name, procedure=reply.procedure)
    return reply


def for_binary(reply: Message) -> Message:
    """Texts cut to the widths that binary messages have, in ASCII."""
    if not isinstance(reply, TestInfo):
        return reply
    texts: dict[str, Any] = {
        name: (getattr(reply, name) or "").encode("ascii", "replace")[:width].decode("ascii")
        for name, width in _TEXT_WIDTHS.items()
    }
    return msgspec.structs.replace(reply, **texts)


def check_json_rest(body: Message) -> None:
    """Refuse to rest by JSON, as real testers were seen to do.

    Raises:
        BadRequest: `Illegal value`; what a tester really answers is not recorded anywhere.
    """
    if isinstance(body, DirectOutput | StartDirect) and body.mode == chr(ChannelMode.REST):
        raise BadRequest(BadRequest.ILLEGAL_VALUE)
