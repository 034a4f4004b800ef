"""Whatever comes in, a value or a typed error goes out; whatever goes out comes back in."""

from __future__ import annotations

import json
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from macnet_bridge.errors import Malformed, TesterRefused
from macnet_bridge.macnet.protocol import binary, functions, jsonrpc, messages
from macnet_bridge.macnet.protocol.framing import Header
from tests.protocol.damage import Damage, damaged, damages
from tests.protocol.samples import (
    Row,
    channels,
    for_channel,
    json_replies,
    json_requests,
    json_rows,
    replies,
    request_for,
    requests,
    rows,
    sample_request,
)

envelope_keys = st.sampled_from(["jsonrpc", "method", "result", "params", "error", "id", "message", "code"])
field_keys = st.sampled_from(["FClass", "FNum", "Chan", "Len", "Status", "Voltage", "GlobFlags", "VARs"])
more_keys = st.sampled_from(["Result", "TesterTime", "RF1", "TestName", "Value", "VarNum"])
keys = envelope_keys | field_keys | more_keys
odd_numbers = st.sampled_from([1e308, -1, 2**63, 2**64, 10**30, 1987, 0.5, float("nan"), float("inf")])
scalars = st.none() | st.booleans() | st.integers(-2, 10) | odd_numbers | st.text(max_size=5)
words = st.sampled_from(
    ["MacNet", "2.0", "OK", "Invalid FNum", "2016-11-14T09:24:08", "0x00000020", "\ud800"]
)
values = st.recursive(
    scalars | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=6),
    max_leaves=20,
)
rubbish = st.dictionaries(keys, values, max_size=6).map(lambda content: json.dumps(content).encode())

NASTY = [
    b"",
    b"null",
    b"[" * 100_000,
    b'{"result":' + b"[" * 100_000 + b"]" * 100_000 + b',"id":7}',
    b'{"error":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b',"id":7}',
    b'{"result":{"FClass":4,"FNum":2,"Chan":NaN,"Voltage":[1]},"id":7}',
    b'{"result":{"FClass":4,"FNum":2,"Chan":0,"Voltage":[1e999]},"id":7}',
    b'{"result":{"FClass":4,"FNum":2,"Chan":0,"Voltage":[%b]},"id":7}' % (b"9" * 5000),
    b'{"result":{"FClass":4,"FNum":2,"Chan":%b,"Voltage":[1]},"id":7}' % (b"9" * 5000),
    b'{"result":{"FClass":4,"FNum":2,"Chan":0,"Voltage":["\xff\xfe"]},"id":7}',
    b'{"id":7,"id":[],"result":{}}',
    b'{"id":7.5,"result":{}}',
    b'{"id":true,"result":{}}',
    b'{"id":{},"result":{}}',
    b'{"id":%b,"result":{}}' % (b"9" * 5000),
    b'{"result":null,"id":7}',
    b'{"result":"OK","id":7}',
    b'{"err": 1}',
]


def value_or_typed_error(row: Row, text: bytes) -> None:
    try:
        reply = jsonrpc.decode_reply(row, 1, 7, text)
        functions.check_result(row, reply)
    except (Malformed, TesterRefused):
        return
    assert isinstance(reply, row.reply)


@pytest.mark.parametrize("text", NASTY, ids=lambda text: text[:40].decode("latin-1"))
@pytest.mark.parametrize("row", [functions.VOLTAGES, functions.ECHO, functions.SUSPEND], ids=str)
def test_nasty_replies_are_typed_errors(row: Row, text: bytes) -> None:
    with pytest.raises((Malformed, TesterRefused)):
        jsonrpc.decode_reply(row, 1, 7, text)


@given(json_rows, st.binary(max_size=300) | rubbish)
def test_any_json_reply_gives_a_value_or_a_typed_error(row: Row, text: bytes) -> None:
    value_or_typed_error(row, text)


@given(json_replies, damages)
def test_damaged_json_replies_give_a_value_or_a_typed_error(
    reply: tuple[Row, messages.Message], harm: list[Damage]
) -> None:
    text = jsonrpc.encode_reply(reply[0], reply[0].wire_channel(1) + 1, reply[1], 7)
    value_or_typed_error(reply[0], damaged(text, harm))


@given(rows, channels, st.binary(max_size=300), st.booleans())
def test_any_binary_reply_gives_a_value_or_a_typed_error(
    row: Row, channel: int, data: bytes, right: bool
) -> None:
    header = Header(row.fclass, row.fnum, row.wire_channel(channel) if right else 0, len(data))
    try:
        reply = binary.decode_reply(row, channel, sample_request(row), header, data)
    except (Malformed, TesterRefused):
        return
    assert isinstance(reply, row.reply)


@given(st.data())
def test_binary_replies_of_the_right_size_give_a_value_or_malformed(data: st.DataObject) -> None:
    row = data.draw(rows)
    layout = data.draw(st.sampled_from(row.binary_reply))
    size = layout.size + 2 * layout.item_size
    more = 0 if layout.item_size else data.draw(st.integers(0, 600))
    content = data.draw(st.binary(min_size=size, max_size=size)) + bytes(more)
    header = Header(row.fclass, row.fnum, row.wire_channel(1), len(content))
    with suppress(Malformed, TesterRefused):
        assert isinstance(binary.decode_reply(row, 1, sample_request(row), header, content), row.reply)


@given(st.binary(max_size=300) | rubbish)
def test_any_json_request_is_a_request_or_a_bad_one(text: bytes) -> None:
    request_or_bad_request(text)


@pytest.mark.parametrize("text", NASTY, ids=lambda text: text[:40].decode("latin-1"))
def test_nasty_requests_are_bad_requests(text: bytes) -> None:
    with pytest.raises(jsonrpc.BadRequest):
        jsonrpc.decode_request(text)


@given(json_requests, damages)
def test_damaged_json_requests_are_requests_or_bad_ones(
    request_: tuple[Row, messages.Message], harm: list[Damage]
) -> None:
    text = jsonrpc.encode_request(request_[0], 1, request_[1], 7)
    request_or_bad_request(damaged(text, harm))


def request_or_bad_request(text: bytes) -> None:
    try:
        request = jsonrpc.decode_request(text)
    except jsonrpc.BadRequest as error:
        answer = jsonrpc.encode_error(error)
        assert list(json.loads(answer)) == ["jsonrpc", "error", "id"]
    else:
        assert isinstance(request.body, request.function.request)


@given(rows, st.integers(0, 0xFFFF), st.binary(max_size=250))
def test_any_binary_request_is_a_request_or_malformed(row: Row, length: int, data: bytes) -> None:
    header = Header(row.fclass, row.fnum, 0, length)
    with suppress(Malformed):
        assert isinstance(binary.decode_request(row, header, data), row.request)


@given(json_requests, channels, st.integers(0, 2**31))
def test_requests_make_the_round_trip_by_json(
    request_: tuple[Row, messages.Message], channel: int, request_id: int
) -> None:
    row, body = request_
    read = jsonrpc.decode_request(jsonrpc.encode_request(row, channel, body, request_id))
    expected = row.wire_channel(channel) + 1 if row.addresses_channel else 1
    assert (read.function.number, *read[1:]) == (row.number, expected, shown(row, body), request_id)


def shown(row: Row, body: messages.Message) -> messages.Message:
    """A request as JSON carries it."""
    left_out = {
        name: info.default
        for info in msgspec.structs.fields(body)
        for name in [info.name]
        if info.encode_name in row.binary_only
    }
    return msgspec.structs.replace(body, **left_out)


@given(requests, channels)
def test_requests_make_the_round_trip_by_binary(request_: tuple[Row, messages.Message], channel: int) -> None:
    row, body = request_[0], for_channel(request_[1], channel)
    header, data = binary.split(binary.encode_request(row, channel, body))
    assert header[:3] == (row.fclass, row.fnum, row.wire_channel(channel))
    assert binary.request_data_bytes(row, header.length) == len(data)
    assert binary.decode_request(row, header, data) == body


@given(json_replies, channels, st.integers(0, 2**31), st.booleans())
def test_replies_make_the_round_trip_by_json(
    reply: tuple[Row, messages.Message], channel: int, request_id: int, as_printed: bool
) -> None:
    row, body = reply
    channel = row.wire_channel(channel) + 1
    text = jsonrpc.encode_reply(row, channel, body, request_id, as_printed=as_printed)
    read = jsonrpc.decode_reply(row, channel, request_id, text, request=request_for(row, body))
    assert jsonrpc.encode_reply(row, channel, read, request_id, as_printed=as_printed) == text


@given(replies, channels)
def test_replies_make_the_round_trip_by_binary(reply: tuple[Row, messages.Message], channel: int) -> None:
    row, body = reply
    header, data = binary.split(binary.encode_reply(row, row.wire_channel(channel) + 1, body))
    assert binary.reply_data_bytes(row, request_for(row, body), header.length) == len(data)
    assert binary.decode_reply(row, channel, request_for(row, body), header, data) == body


@given(json_replies)
def test_every_prefix_of_a_json_reply_is_malformed(reply: tuple[Row, messages.Message]) -> None:
    text = jsonrpc.encode_reply(reply[0], 1, reply[1], 7)
    for cut in range(0, len(text), max(1, len(text) // 50)):
        with pytest.raises(Malformed):
            jsonrpc.decode_reply(reply[0], 1, 7, text[:cut])
