"""Bytes on the wire, as literals, and the sizes that the manual prints."""

from __future__ import annotations

from typing import Any

import pytest

from macnet_bridge.macnet.protocol import binary, codes, functions, messages
from macnet_bridge.macnet.protocol.framing import Header
from macnet_bridge.macnet.protocol.functions import FUNCTIONS, Function, RequestLength
from tests.protocol import vectors, vectors_smart_battery, vectors_system
from tests.protocol.samples import ROWS

REQUESTS = [*vectors.REQUESTS, *vectors_system.REQUESTS, *vectors_smart_battery.REQUESTS]
REPLIES = [*vectors.REPLIES, *vectors_system.REPLIES, *vectors_smart_battery.REPLIES]

# Bytes of data, as the manual (2022-05-18) prints them with each function or as its fields add up.
REPLY_SIZES: dict[tuple[int, int], list[int]] = {
    (1, 1): [26],
    (1, 2): [67, 63],
    (1, 3): [1],
    (1, 4): [1],
    (1, 5): [22, 4],  # 22 without the word that gives the length of the name, and the name
    (3, 1): [84],
    (3, 2): [80],
    (4, 6): [210],
    (4, 7): [46],
    (4, 8): [64],
    (4, 10): [4],
    (5, 1): [4],
    (6, 2): [2],
    (6, 7): [2],
    (6, 8): [2],
    (6, 10): [24],
    (6, 11): [2],
    (6, 13): [2],
    (7, 1): [124],
    (7, 4): [4, 3],
    (7, 14): [12],
    (7, 20): [34, 33],
    (8, 1): [1],
    (8, 2): [1],
}
REQUEST_SIZES: dict[tuple[int, int], list[int]] = {
    (1, 5): [2],
    (5, 1): [4],
    (6, 2): [186, 211, 186],
    (6, 7): [55],
    (6, 8): [18],
    (6, 9): [5],
    (6, 10): [24],
    (6, 11): [137],
    (6, 13): [199],
    (7, 4): [2, 1],
    (7, 11): [5],
    (7, 15): [12],
    (7, 20): [1],
    (7, 21): [34, 33],
}
ITEM_SIZES = dict.fromkeys([(4, 1), (4, 2), (4, 3), (4, 4), (4, 5), (4, 9)], 4)


@pytest.mark.parametrize(("number", "sizes"), REPLY_SIZES.items(), ids=str)
def test_sizes_of_replies(number: tuple[int, int], sizes: list[int]) -> None:
    assert [layout.size for layout in FUNCTIONS[number].binary_reply] == sizes


@pytest.mark.parametrize(("number", "sizes"), REQUEST_SIZES.items(), ids=str)
def test_sizes_of_requests(number: tuple[int, int], sizes: list[int]) -> None:
    assert [layout.size for layout in FUNCTIONS[number].binary_request] == sizes


@pytest.mark.parametrize(("number", "size"), ITEM_SIZES.items(), ids=str)
def test_sizes_of_items(number: tuple[int, int], size: int) -> None:
    (layout,) = FUNCTIONS[number].binary_reply
    assert (layout.size, layout.item_size) == (0, size)


def test_sizes_of_the_second_forms() -> None:
    assert [layout.size for layout in functions.START_SELECTED.binary_request] == [137, 186, 211, 186]
    assert functions.CHANNEL_SPECIFICATIONS.binary_reply[0].item_size == 84


def test_what_len_counts_in_requests() -> None:
    by_meaning = {
        meaning: {row.number for row in ROWS if row.request_length is meaning} for meaning in RequestLength
    }
    assert by_meaning[RequestLength.CHANNELS] == {(3, 1), (4, 1), (4, 2), (4, 3), (4, 9)}
    assert by_meaning[RequestLength.SELECTOR] == {(7, 5), (7, 7)}


def test_every_row_has_a_vector_each_way() -> None:
    assert {row for row, *_ in REQUESTS} == set(ROWS)
    assert {row for row, *_ in REPLIES} == set(ROWS)


@pytest.mark.parametrize(("row", "channel", "request_", "wire"), REQUESTS)
def test_requests(row: Function[Any, Any], channel: int, request_: messages.Message, wire: bytes) -> None:
    assert binary.encode_request(row, channel, request_) == wire
    header, data = binary.split(wire)
    assert header[:3] == (row.fclass, row.fnum, row.wire_channel(channel))
    assert binary.request_data_bytes(row, header.length) == len(data)
    assert binary.decode_request(row, header, data) == request_


@pytest.mark.parametrize(("row", "channel", "request_", "wire"), REQUESTS)
def test_a_request_shows_which_form_it_has(
    row: Function[Any, Any], channel: int, request_: messages.Message, wire: bytes
) -> None:
    header, data = binary.split(wire)
    found = functions.find_form(*header[:3], data)
    # One channel or several look the same in (3, 1), so they are answered in one way.
    assert found is (functions.CHANNEL_SPECIFICATIONS if row.number == (3, 1) else row)


@pytest.mark.parametrize(("row", "channel", "request_", "reply", "wire"), REPLIES)
def test_replies(
    row: Function[Any, Any], channel: int, request_: messages.Message, reply: messages.Message, wire: bytes
) -> None:
    assert binary.encode_reply(row, row.wire_channel(channel) + 1, reply) == wire
    header, data = binary.split(wire)
    assert binary.reply_data_bytes(row, request_, header.length) == len(data)
    assert binary.decode_reply(row, channel, request_, header, data) == reply


def test_a_reply_to_all_selected_channels_is_to_all() -> None:
    wire = binary.encode_reply(functions.START_TEST, codes.ALL_SELECTED + 1, messages.Outcome(result=0))
    assert Header.unpack(wire).channel == codes.ALL_SELECTED
