"""The manual's printed messages, read and written again: the same JSON value comes out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from macnet_bridge.macnet.protocol import functions, jsonrpc, messages
from tests.protocol.examples import EXAMPLES, Example

BY_NUMBER = pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: f"{e.fclass},{e.fnum}")


def channel_of(text: str, key: str) -> int:
    channel: int = json.loads(text).get(key, {}).get("Chan", 0) + 1
    return channel


def decode_reply(example: Example) -> Any:
    function = functions.FUNCTIONS[example.fclass, example.fnum]
    text = example.reply.encode()
    return jsonrpc.decode_reply(function, channel_of(example.reply, "result"), 1987, text)


def test_there_is_an_example_of_every_function() -> None:
    assert {(e.fclass, e.fnum) for e in EXAMPLES} == set(functions.FUNCTIONS)


@BY_NUMBER
def test_a_request_is_read_and_written_as_printed(example: Example) -> None:
    request = jsonrpc.decode_request(example.request.encode())
    assert request.function.number == (example.fclass, example.fnum)
    assert request.request_id == 1987
    written = jsonrpc.encode_request(request.function, request.channel, request.body, 1987)
    assert json.loads(written) == json.loads(example.request)


@BY_NUMBER
def test_a_reply_is_read_and_written_as_printed(example: Example) -> None:
    function = functions.FUNCTIONS[example.fclass, example.fnum]
    reply = decode_reply(example)
    channel = channel_of(example.reply, "result")
    written = jsonrpc.encode_reply(function, channel, reply, 1987)
    assert json.loads(written) == json.loads(example.reply)


@BY_NUMBER
def test_every_printed_result_is_taken_for_a_yes(example: Example) -> None:
    functions.check_result(functions.FUNCTIONS[example.fclass, example.fnum], decode_reply(example))


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
