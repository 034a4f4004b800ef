"""Channel N is N - 1 on the wire, for every function and both codecs, and nothing else passes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from macnet_bridge.errors import InvalidRequest, Malformed
from macnet_bridge.macnet.protocol import binary, functions, jsonrpc, messages
from macnet_bridge.macnet.protocol.codes import ALL_SELECTED
from macnet_bridge.macnet.protocol.framing import Header
from macnet_bridge.macnet.protocol.functions import Function, Target
from tests.protocol.samples import ROWS, sample_request

CHANNEL_ROWS = [row for row in ROWS if row.target in (Target.CHANNEL, Target.CHANNELS)]
WITHOUT_CHANNEL = {(0, 0), *((1, number) for number in range(1, 8)), (5, 1), (6, 12), (8, 1), (8, 2)}
each_row = pytest.mark.parametrize("row", CHANNEL_ROWS, ids=lambda row: f"{row.name}-{row.request.__name__}")
each_form = pytest.mark.parametrize(
    ("row", "form"),
    [(row, "binary") for row in CHANNEL_ROWS] + [(row, "json") for row in CHANNEL_ROWS if row.json],
    ids=str,
)


def wire_channel(row: Function[Any, Any], channel: int, request: messages.Message, form: str) -> int:
    if form == "json":
        number: int = json.loads(jsonrpc.encode_request(row, channel, request, 1))["params"]["Chan"]
        return number
    return int.from_bytes(binary.encode_request(row, channel, request)[4:6], "little")


def test_these_are_without_a_channel() -> None:
    assert {row.number for row in ROWS if row.target is Target.SYSTEM} == WITHOUT_CHANNEL


@each_form
def test_q4_the_wire_channel_is_one_less(row: Function[Any, Any], form: str) -> None:
    for channel in range(1, 129):
        assert wire_channel(row, channel, sample_request(row), form) == channel - 1


@each_row
def test_requests_are_read_back_for_the_same_channel(row: Function[Any, Any]) -> None:
    for channel in range(1, 129):
        if row.json:
            text = jsonrpc.encode_request(row, channel, sample_request(row), 1)
            assert jsonrpc.decode_request(text).channel == channel
        header, data = binary.split(binary.encode_request(row, channel, sample_request(row)))
        assert binary.decode_request(row, header, data) == sample_request(row)


@each_row
@pytest.mark.parametrize("channel", [0, -1, ALL_SELECTED + 1, 100_000])
def test_q23_no_request_reaches_a_channel_that_is_none(row: Function[Any, Any], channel: int) -> None:
    request = sample_request(row)
    if row.json:
        with pytest.raises(InvalidRequest, match="no channel") as caught:
            jsonrpc.encode_request(row, channel, request, 1)
        assert caught.value.field == "channel"
    with pytest.raises(InvalidRequest, match="no channel"):
        binary.encode_request(row, channel, request)


@pytest.mark.parametrize("row", [functions.START_SELECTED, functions.SELECT_CHANNELS], ids=str)
@pytest.mark.parametrize("channel", [0, 1, 128, ALL_SELECTED + 1])
def test_q23_what_is_for_all_selected_is_for_no_single_channel(row: Function[Any, Any], channel: int) -> None:
    assert binary.encode_request(row, channel, sample_request(row))[4:6] == b"\xff\xff"


def test_q4_the_channels_of_a_toggle_are_one_less() -> None:
    for channel in range(1, 129):
        request = messages.ToggleSelection.of(channel)
        assert binary.encode_request(functions.SELECT, channel, request)[4:] == bytes([channel - 1, 0, 0, 0])
        params = json.loads(jsonrpc.encode_request(functions.SELECT, 1, request, 1))["params"]
        assert params == {"FClass": 6, "FNum": 1, "Chans": [channel - 1]}
        assert request.channels == [channel]


@pytest.mark.parametrize("channel", [0, -1, ALL_SELECTED + 1])
def test_q23_a_toggle_reaches_no_channel_that_is_none(channel: int) -> None:
    with pytest.raises(InvalidRequest):
        messages.ToggleSelection.of(channel)
    with pytest.raises(InvalidRequest):
        jsonrpc.encode_request(functions.SELECT, 1, messages.ToggleSelection(wire_channels=[channel - 1]), 1)


def test_a_binary_toggle_is_for_one_channel() -> None:
    for request in (messages.ToggleSelection.of(1, 2), messages.ToggleSelection.of(2)):
        with pytest.raises(InvalidRequest, match="for one channel"):
            binary.encode_request(functions.SELECT, 1, request)


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


@pytest.mark.parametrize("channel", [2.9, 0.5, float("nan"), float("inf")])
def test_a_fraction_is_no_channel_and_is_not_cut_off(channel: float) -> None:
    number: Any = channel
    with pytest.raises(InvalidRequest, match="no channel"):
        jsonrpc.encode_request(functions.SUSPEND, number, messages.Empty(), 1)
    with pytest.raises(InvalidRequest, match="no channel"):
        binary.encode_request(functions.SUSPEND, number, messages.Empty())
