"""The manual's printed messages, read and written again: the same JSON value comes out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from macnet_bridge.macnet.protocol import functions, jsonrpc, messages
from macnet_bridge.macnet.protocol.functions import FUNCTIONS
from tests.protocol.example import Example
from tests.protocol.examples import EXAMPLES

BY_NUMBER = pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: f"{e.fclass},{e.fnum}")


def channel_of(text: str) -> int:
    message = json.loads(text)
    channel: int = message.get("result", message.get("params")).get("Chan", 0) + 1
    return channel


def decode_reply(example: Example) -> Any:
    function = FUNCTIONS[example.fclass, example.fnum]
    return jsonrpc.decode_reply(function, channel_of(example.reply), 1987, example.reply.encode())


def test_these_are_the_112_messages_of_all_functions_that_json_has() -> None:
    assert 2 * len(EXAMPLES) == 112
    assert {(e.fclass, e.fnum) for e in EXAMPLES} == {row.number for row in FUNCTIONS.values() if row.json}


@BY_NUMBER
def test_a_request_is_read_and_written_as_printed(example: Example) -> None:
    request = jsonrpc.decode_request(example.request.encode())
    assert request.function.number == (example.fclass, example.fnum)
    assert request.request_id == 1987
    written = jsonrpc.encode_request(request.function, request.channel, request.body, 1987)
    assert json.loads(written) == json.loads(example.request)


@BY_NUMBER
def test_a_reply_is_read_and_written_as_printed(example: Example) -> None:
    function = FUNCTIONS[example.fclass, example.fnum]
    reply = decode_reply(example)
    written = jsonrpc.encode_reply(function, channel_of(example.reply), reply, 1987, as_printed=True)
    assert json.loads(written) == json.loads(example.reply)


@BY_NUMBER
def test_every_printed_result_is_taken_for_a_yes(example: Example) -> None:
    functions.check_result(FUNCTIONS[example.fclass, example.fnum], decode_reply(example))


def test_the_message_that_prints_its_channel_twice_is_read() -> None:
    example = next(e for e in EXAMPLES if (e.fclass, e.fnum) == (4, 8))
    assert example.reply.count('"Chan"') == 2
    reply = decode_reply(example)
    assert isinstance(reply, messages.FlagsAndVariables)
    assert (reply.flags, len(reply.variables)) == (0x20, 15)


def test_singles_printed_with_15_digits_keep_their_value() -> None:
    limits = next(decode_reply(e) for e in EXAMPLES if (e.fclass, e.fnum) == (6, 10))
    assert limits.charge_max_ampere == 4.30000019073486
    assert limits.voltage_min_volt == 0.100000001490116
