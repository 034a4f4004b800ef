"""Channel N is N - 1 on the wire, for every function and both codecs, and nothing else passes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from macnet_bridge.errors import InvalidRequest, Malformed
from macnet_bridge.macnet.protocol import binary, functions, jsonrpc, messages
from macnet_bridge.macnet.protocol.codes import ALL_SELECTED
from macnet_bridge.macnet.protocol.framing import Header
from macnet_bridge.macnet.protocol.functions import Function
from tests.protocol.samples import ROWS, sample_request

CHANNEL_ROWS = [row for row in ROWS if row.addresses_channel]
each_row = pytest.mark.parametrize("row", CHANNEL_ROWS, ids=lambda row: row.name)


def test_only_echo_and_class_1_are_without_a_channel() -> None:
    assert {row.number for row in ROWS} - {row.number for row in CHANNEL_ROWS} == {(0, 0), (1, 1), (1, 2)}


@each_row
@pytest.mark.parametrize("encode", ["json", "binary"])
def test_the_wire_channel_is_one_less(row: Function[Any, Any], encode: str) -> None:
    request = sample_request(row)
    for channel in range(1, 129):
        if encode == "json":
            wire = json.loads(jsonrpc.encode_request(row, channel, request, 1))["params"]["Chan"]
        else:
            data = binary.encode_request(row, channel, request)
            wire = int.from_bytes(data[4:6], "little")
        assert wire == channel - 1


@each_row
def test_requests_are_read_back_for_the_same_channel(row: Function[Any, Any]) -> None:
    for channel in range(1, 129):
        text = jsonrpc.encode_request(row, channel, sample_request(row), 1)
        assert jsonrpc.decode_request(text).channel == channel


@each_row
@pytest.mark.parametrize("channel", [0, -1, ALL_SELECTED + 1, 100_000])
def test_no_request_reaches_a_channel_that_is_none(row: Function[Any, Any], channel: int) -> None:
    request = sample_request(row)
    with pytest.raises(InvalidRequest, match="no channel") as caught:
        jsonrpc.encode_request(row, channel, request, 1)
    assert caught.value.field == "channel"
    with pytest.raises(InvalidRequest, match="no channel"):
        binary.encode_request(row, channel, request)


VOLTAGES = b'{"jsonrpc":"2.0","result":{"FClass":%d,"FNum":%d,"Chan":%d,"Voltage":[1]},"id":%b}'


@pytest.mark.parametrize(
    "content",
    [(4, 3, 4, b"7"), (3, 2, 4, b"7"), (4, 2, 3, b"7"), (4, 2, 5, b"7"), (4, 2, 4, b"8"), (4, 2, 4, b'"7"')],
)
def test_a_json_reply_to_something_else_is_refused(content: tuple[int, int, int, bytes]) -> None:
    with pytest.raises(Malformed):
        jsonrpc.decode_reply(functions.VOLTAGES, 5, 7, VOLTAGES % content)


def test_a_json_reply_to_this_is_taken() -> None:
    reply = jsonrpc.decode_reply(functions.VOLTAGES, 5, 7, VOLTAGES % (4, 2, 4, b"7"))
    assert reply.voltage_volt == [1.0]


@pytest.mark.parametrize("text", [b"{}", b'{"FClass":0}', b'{"FClass":9,"FNum":9}', b"[]", b"5"])
def test_an_echo_is_an_echo_only(text: bytes) -> None:
    with pytest.raises(Malformed):
        jsonrpc.decode_reply(functions.ECHO, 1, 7, b'{"params":%b,"id":7}' % text)


@pytest.mark.parametrize("head", [(4, 3, 4), (3, 2, 4), (4, 2, 3), (4, 2, 5)])
def test_a_binary_reply_to_something_else_is_refused(head: tuple[int, int, int]) -> None:
    with pytest.raises(Malformed):
        binary.decode_reply(functions.VOLTAGES, 5, messages.ChannelRange(count=1), Header(*head, 4), bytes(4))


def test_a_server_with_one_id_for_all_is_for_those_who_ask_for_it() -> None:
    text = VOLTAGES % (4, 2, 4, b"1987")
    with pytest.raises(Malformed):
        jsonrpc.decode_reply(functions.VOLTAGES, 5, 7, text)
    assert jsonrpc.decode_reply(functions.VOLTAGES, 5, 7, text, constant_id=True).voltage_volt == [1.0]
