"""The quick ways take nothing that the careful ones would not, and make the same of it."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from macnet_bridge.errors import Malformed
from macnet_bridge.macnet.protocol import binary, functions, jsonrpc, messages
from macnet_bridge.macnet.protocol.framing import HEADER_BYTES, Header, JsonFramer
from macnet_bridge.macnet.protocol.layout import Layout
from tests.protocol.damage import Damage, damaged, damages
from tests.protocol.samples import ROWS, Row, json_replies, replies, request_for

CHANNEL = 5
REQUEST_ID = 7
LAYOUTS = [layout for row in ROWS for layout in (*row.binary_request, *row.binary_reply)]

# What a dict of JSON keys would hide: the same key twice, another order, what stands beside.
ODD_REPLIES = [
    b'{"result":{"FClass":6,"FNum":3,"Chan":4,"Result":"OK"},"id":7,"id":8}',
    b'{"result":{"FClass":6,"FNum":3,"Chan":4,"Result":"OK","Chan":5},"id":7}',
    b'{"result":{"FClass":6,"FNum":3,"Chan":5,"Result":"OK","Chan":4},"id":7}',
    b'{"result":{"FClass":6,"FNum":3,"Chan":4,"Result":"OK"},"result":{"Result":"OK"},"id":7}',
    b'{"result":{"FClass":6,"FNum":3,"Chan":4,"Result":"OK"},"id":7,"error":null}',
    b'{"result":{"FClass":6,"FNum":3,"Chan":4,"Result":"OK"},"params":{"FClass":6},"id":7}',
    b'{"params":{"FClass":6,"FNum":3,"Chan":4,"Result":"OK"},"id":7}',
    b'{"result":{"FClass":6,"FNum":3,"Chan":4,"Result":null},"id":7}',
    b'{"result":{"FClass":6,"FNum":3,"Chan":4},"id":7}',
    b'{"result":{"FClass":6,"FNum":3,"Chan":4.0,"Result":"OK"},"id":7.0}',
    b' \r\n {"id":7,"result":{"Result":0,"Chan":4,"FNum":3,"FClass":6}}\r\n\r\n',
    b'{"result":{"FClass":6,"FNum":3,"Chan":4,"Result":"OK"},"id":7}{"id":7}',
    b'{"result":{"FClass":6,"FNum":3,"Chan":4,"Result":"OK"},"id":7}]',
    b'[{"result":{"FClass":6,"FNum":3,"Chan":4,"Result":"OK"},"id":7}]',
]


def json_ways_agree(row: Row, data: bytes, request: messages.Message) -> bool:
    """Whether the quick way took it; fails when it made something else of it."""
    quick = jsonrpc.usual_reader(row, CHANNEL)(data, REQUEST_ID, request)
    if quick is None:
        return False
    assert isinstance(quick, row.reply)
    framer = JsonFramer()
    framer.feed(data)
    text = framer.take()
    assert text is not None
    careful = jsonrpc.decode_reply(row, CHANNEL, REQUEST_ID, text, request=request)
    assert repr(quick) == repr(careful)  # numbers that are none do not equal themselves
    assert framer.take() is None
    assert not framer.pending
    return True


@given(json_replies)
def test_json_replies_take_the_quick_way(reply: tuple[Row, messages.Message]) -> None:
    row, body = reply
    data = jsonrpc.encode_reply(row, row.wire_channel(CHANNEL) + 1, body, REQUEST_ID) + b"\r\n"
    says_nothing = isinstance(body, messages.Outcome) and body.result is None
    is_odd = bool(row.aliases) or row is functions.ECHO or says_nothing
    assert json_ways_agree(row, data, request_for(row, body)) is not is_odd


@given(json_replies, damages)
def test_damaged_json_replies_are_the_same_both_ways(
    reply: tuple[Row, messages.Message], harm: list[Damage]
) -> None:
    row, body = reply
    data = jsonrpc.encode_reply(row, row.wire_channel(CHANNEL) + 1, body, REQUEST_ID)
    json_ways_agree(row, damaged(data, harm), request_for(row, body))


@pytest.mark.parametrize("data", ODD_REPLIES, ids=lambda data: data.decode())
def test_odd_json_replies_are_the_same_both_ways(data: bytes) -> None:
    json_ways_agree(functions.SUSPEND, data, messages.Empty())


@pytest.mark.parametrize("name", ["FClass", "FNum", "Chan"])
def test_a_json_reply_about_something_else_goes_the_careful_way(name: str) -> None:
    head = {"FClass": 6, "FNum": 3, "Chan": 4, "Result": "OK"}
    read = jsonrpc.usual_reader(functions.SUSPEND, CHANNEL)
    right = msgspec.json.encode({"result": head, "id": REQUEST_ID})
    other = msgspec.json.encode({"result": head | {name: 9}, "id": REQUEST_ID})
    assert read(right, REQUEST_ID, messages.Empty()) == messages.Outcome(result="OK")
    assert read(other, REQUEST_ID, messages.Empty()) is None
    assert read(right, REQUEST_ID + 1, messages.Empty()) is None


def binary_ways_agree(row: Row, data: bytes, request: messages.Message) -> bool:
    read = binary.usual_reader(row, CHANNEL)
    quick = read(data, request) if read else None
    if quick is None:
        return False
    header, content = Header.unpack(data), data[HEADER_BYTES:]
    assert binary.reply_data_bytes(row, request, header.length, len(content)) == len(content)
    assert repr(quick) == repr(binary.decode_reply(row, CHANNEL, request, header, content))
    return True


@given(replies, damages, st.booleans())
def test_binary_replies_are_the_same_both_ways(
    reply: tuple[Row, messages.Message], harm: list[Damage], whole: bool
) -> None:
    row, body = reply
    data = binary.encode_reply(row, row.wire_channel(CHANNEL) + 1, body)
    taken = binary_ways_agree(row, data if whole else damaged(data, harm), request_for(row, body))
    if whole and row.binary_reply[0].is_fixed and row.binary_reply[0].matches(data[HEADER_BYTES:]):
        assert taken


def test_a_binary_time_that_is_none_goes_the_careful_way() -> None:
    row = functions.VERSION_INFO
    data = bytes([0, 0, 0, 0, 0, 0, 0, 0, 0, 0]) + (2**48).to_bytes(8, "little") + bytes(8)
    read = binary.usual_reader(row, 1)
    assert read is not None
    assert read(Header(1, 1, 0, len(data)).pack() + data, messages.Empty()) is None


@given(st.sampled_from(LAYOUTS), st.data())
def test_what_is_made_without_a_check_would_have_passed_it(layout: Layout, data: st.DataObject) -> None:  # type: ignore[type-arg]
    size = layout.size + 3 * layout.item_size
    content = data.draw(st.binary(min_size=size, max_size=size))
    try:
        made = layout.unpack(content)
    except Malformed:
        return
    names = {name: getattr(made, name) for name in made.__struct_fields__}
    checked = msgspec.convert(
        {info.encode_name: names[info.name] for info in msgspec.structs.fields(made)}, type(made)
    )
    assert repr(checked) == repr(made)
