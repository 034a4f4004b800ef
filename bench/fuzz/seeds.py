"""Inputs to begin with: the manual's examples and the vectors of the tests; and words for mutations."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from bench.fuzz.case import HEAD_BYTES, REQUEST_ID, Case, Side
from macnet_bridge.macnet.protocol import codes, jsonrpc
from macnet_bridge.macnet.protocol.fieldtypes import wire_names
from macnet_bridge.macnet.protocol.functions import FUNCTIONS
from macnet_bridge.macnet.protocol.jsonrpc.errors import ERROR_CODES
from macnet_bridge.macnet.protocol.messages import ChannelRange, Message
from tests.protocol.examples import EXAMPLES
from tests.protocol.samples import ROWS, Row
from tests.protocol.test_binary_vectors import REPLIES, REQUESTS
from tests.protocol.test_properties import NASTY

_MOST = 16
_ENVELOPE = [
    "jsonrpc",
    "method",
    "params",
    "result",
    "error",
    "code",
    "message",
    "id",
    "FClass",
    "FNum",
    "Chan",
]
_VALUES = ["2.0", "MacNet", "OK", "PASSED", "TRUE", "FALSE", "2016-11-14T09:24:08", "0x00000020", "Random"]
_BARE = ["1987", "65535", "65536", "-1", "null", "true", "NaN", "-Infinity", "1e999", "[]", "{}", "}\r\n{"]


def seeds() -> list[bytes]:
    """All inputs to begin with, without doubles."""
    cases = [*_printed(), *_binary(), *_json(), *_errors(), *_nasty()]
    pairs = [case._replace(stream=case.stream * 2, cuts=case.cuts + 1) for case in cases[::5]]
    return list(dict.fromkeys(case.data() for case in [*cases, *pairs]))


def words() -> list[bytes]:
    """What JSON messages are made of: keys, values and texts."""
    keys = {name for row in ROWS for kind in _kinds(row) for name in wire_names(kind)}
    labels = codes.SMART_BATTERY_STATUS_LABELS.values()
    quoted = [*_ENVELOPE, *sorted(keys), *_VALUES, *ERROR_CODES, *labels]
    return [*(json.dumps(word).encode() for word in dict.fromkeys(quoted)), *map(str.encode, _BARE)]


def _kinds(row: Row) -> Iterator[type[Message]]:
    for layout in (*row.binary_request, *row.binary_reply):
        yield layout.message


def _case(row: Row, side: Side, channel: int, count: int, stream: bytes) -> Case:
    # Some are cut at every byte, the others in different ways.
    return Case(row, side, min(channel, _MOST), min(count, _MOST), len(stream) % 4, stream)


def _printed() -> Iterator[Case]:
    for example in EXAMPLES:
        row = FUNCTIONS[example.fclass, example.fnum]
        params = json.loads(example.request)["params"]
        channel, count = params.get("Chan", 0) + 1, params.get("Len", 1)
        for text in filter(None, (example.request, example.printed_request)):
            yield _case(row, Side.JSON_REQUESTS, channel, count, text.encode())
        yield _case(row, Side.JSON_REPLIES, channel, count, example.reply.encode())


def _binary() -> Iterator[Case]:
    for row, channel, _, wire in REQUESTS:
        yield _case(row, Side.BINARY_REQUESTS, channel, 1, wire)
    for row, channel, request, _, wire in REPLIES:
        yield _case(row, Side.BINARY_REPLIES, channel, _count(request), wire)


def _json() -> Iterator[Case]:
    """The vectors again, as JSON; without an end, and with one."""
    for row, channel, request, _ in REQUESTS:
        if row.json:
            text = jsonrpc.encode_request(row, channel, request, REQUEST_ID)
            yield _case(row, Side.JSON_REQUESTS, channel, 1, text)
    for row, channel, request, reply, _ in REPLIES:
        if row.json:
            text = jsonrpc.encode_reply(row, row.wire_channel(channel) + 1, reply, REQUEST_ID)
            yield _case(row, Side.JSON_REPLIES, channel, _count(request), text + jsonrpc.REPLY_END)


def _errors() -> Iterator[Case]:
    """Each error that the manual has, and shapes that it may have instead."""
    row = FUNCTIONS[4, 7]
    for text in ERROR_CODES:
        error = jsonrpc.encode_error(jsonrpc.BadRequest(text, REQUEST_ID))
        yield _case(row, Side.JSON_REPLIES, 1, 1, error)
    for shape in (
        '"Invalid FNum"',
        "1",
        "null",
        '{"code":"E1"}',
        '{"message":1}',
        '[{"message":"MacNet error"}]',
    ):
        yield _case(row, Side.JSON_REPLIES, 1, 1, b'{"error":%b,"id":null}' % shape.encode())


def _nasty() -> Iterator[Case]:
    voltages = FUNCTIONS[4, 2]
    for side in (Side.JSON_REPLIES, Side.JSON_REQUESTS):
        for text in NASTY:
            yield _case(voltages, side, 1, 1, text.replace(b'"id":7', b'"id":1987')[: 1024 - HEAD_BYTES])


def _count(request: Any) -> int:
    return request.count if isinstance(request, ChannelRange) else 1
