"""The side that asks: what has to hold for every stream in place of a reply."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from bench.fuzz import oracle
from bench.fuzz.case import EVERYWHERE, REQUEST_ID, Case, Side
from bench.fuzz.findings import check_valid, is_ascii, is_finite, must, same
from macnet_bridge.errors import InvalidRequest, Malformed, TesterRefused
from macnet_bridge.macnet.dialects import BinaryDialect, Dialect, JsonDialect
from macnet_bridge.macnet.protocol import binary, functions, jsonrpc
from macnet_bridge.macnet.protocol.framing import HEADER_BYTES, Header, JsonFramer
from macnet_bridge.macnet.protocol.messages import ChannelRange, Message, Outcome
from tests.protocol.samples import Row

_OTHER_ID = 7


class Taken(NamedTuple):
    """The first thing that a dialect made of a stream: a value or a typed error, and how much it took."""

    what: Any
    fed: int


def check(case: Case) -> None:
    """Report what must not become of this stream."""
    taken = _taken(case, case.parts())
    if case.side.is_json or not _may_count_inputs(case):
        whole = _taken(case, [case.stream])
        must(same(taken and taken.what, whole and whole.what), "depends on how it is cut", taken, whole)
    _check_slow_way(case, taken)
    if taken is not None and isinstance(taken.what, Message):
        _check_items(case, taken.what)
    if case.side is Side.BINARY_REPLIES:
        _check_binary(case, taken)


def _taken(case: Case, parts: list[bytes]) -> Taken | None:
    dialect = _json_dialect(case) if case.side.is_json else BinaryDialect()
    dialect.encode(case.row, case.channel, case.request)
    fed = 0
    for part in parts:
        dialect.feed(part)
        fed += len(part)
        try:
            reply = dialect.take()
        except (Malformed, TesterRefused) as error:
            return Taken(_kind(error), fed)
        if reply is not None:
            return Taken(reply, fed)
    return None


def _json_dialect(case: Case) -> Dialect:
    """One that expects the id that the stream has: as its own, or as that of a server that has no other."""
    dialect = JsonDialect(constant_id=bool(case.cuts % 2))
    if not case.cuts % 2:
        dialect._id = REQUEST_ID - 1  # ids begin anywhere, so that nobody can foresee them
    return dialect


def _kind(error: Malformed | TesterRefused) -> tuple[Any, ...]:
    return (type(error), error.code, getattr(error, "result", None))


def _check_slow_way(case: Case, taken: Taken | None) -> None:
    """Whatever way a dialect takes, it comes to what the decoders alone come to."""
    if case.side.is_json:
        slow = _slowly(lambda: _framed_reply(case))
        must(same(taken and taken.what, slow), "another value by the quick way", taken, slow)
    elif taken is not None and case.cuts == EVERYWHERE and taken.fed > HEADER_BYTES:
        header, data = binary.split(case.stream[: taken.fed])
        slow = _slowly(lambda: binary.decode_reply(case.row, case.channel, case.request, header, data))
        must(same(taken.what, slow), "another value by the quick way", taken, slow)


def _slowly(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except (Malformed, TesterRefused) as error:
        return _kind(error)


def _framed_reply(case: Case) -> Message | None:
    framer = JsonFramer()
    framer.feed(case.stream)
    text = framer.take()
    if text is None:
        return None
    reply: Message = jsonrpc.decode_reply(case.row, case.channel, REQUEST_ID, text, request=case.request)
    return reply


def _check_items(case: Case, reply: Message) -> None:
    """Bulk replies have one item per channel, however long they say they are."""
    items = case.row.binary_reply[0].items_attribute
    if case.row.request is ChannelRange and items:
        must(len(getattr(reply, items)) == case.channels, f"not {case.channels} channels", reply)


def _may_count_inputs(case: Case) -> bool:
    """Whether Len may count inputs in place of bytes: then more bytes give it another meaning."""
    layout = case.row.binary_reply[0]
    if layout.item_size <= 1 or case.row.request is ChannelRange or len(case.stream) < HEADER_BYTES:
        return False
    length = oracle.header(case.stream)[3]
    return length % layout.item_size == 0 and len(case.stream) > HEADER_BYTES + length


def check_text(case: Case, text: bytes) -> None:
    """Report what must not become of one whole JSON object, in place of a reply to whatever was asked."""
    asked = [(case.row, case.channel, REQUEST_ID), (case.row, case.channel, _OTHER_ID)]
    asked += [(case.row, case.channel + 1, REQUEST_ID), (case.other_row, case.channel, REQUEST_ID)]
    for row, channel, request_id in asked:
        if row.json:
            _check_json(row, channel, request_id, text)


def _check_json(row: Row, channel: int, request_id: int, text: bytes) -> None:
    try:
        reply = jsonrpc.decode_reply(row, channel, request_id, text)
    except Malformed:
        return
    except TesterRefused as error:
        must(oracle.is_json_error_to(request_id, text), f"refused by something else: {error}", text)
        return
    asked = (row, channel, request_id, text)
    must(oracle.is_json_reply_to(*asked), "accepted, although it answers something else", *asked)
    _check_value(row, reply)
    if is_finite(reply):
        _check_json_round_trip(row, channel, reply)


def _check_json_round_trip(row: Row, channel: int, reply: Message) -> None:
    wire = row.wire_channel(channel) + 1
    text = jsonrpc.encode_reply(row, wire, reply, REQUEST_ID)
    again = jsonrpc.decode_reply(row, channel, REQUEST_ID, text)
    must(jsonrpc.encode_reply(row, wire, again, REQUEST_ID) == text, "does not come back", reply, again)
    for cut in (len(text) // 2, len(text) - 1):
        try:
            part: Any = jsonrpc.decode_reply(row, channel, REQUEST_ID, text[:cut])
        except Malformed:
            continue
        must(False, "a value out of a part of its message", text[:cut], part)


def _check_binary(case: Case, taken: Taken | None) -> None:
    if len(case.stream) < HEADER_BYTES:
        must(taken is None, "something out of less than a header", taken)
        return
    if taken is not None and isinstance(taken.what, Message):
        length = oracle.header(case.stream)[3]
        must(taken.fed >= HEADER_BYTES + length, "a value before its message was whole", taken)
        _check_binary_value(case.row, case.channel, case.request, case.stream, taken.what)
    header, data = binary.split(case.stream)
    for row, channel in ((case.row, case.channel + 1), (case.other_row, case.channel)):
        _check_decoded(case.request_of(row), row, channel, header, data)


def _check_decoded(request: Message, row: Row, channel: int, header: Header, data: bytes) -> None:
    try:
        reply = binary.decode_reply(row, channel, request, header, data)
    except (Malformed, TesterRefused):
        return
    _check_binary_value(row, channel, request, header.pack() + data, reply)


def _check_binary_value(row: Row, channel: int, request: Message, wire: bytes, reply: Message) -> None:
    must(oracle.is_binary_reply_to(row, channel, wire), "accepted, although it answers something else", wire)
    _check_value(row, reply)
    try:
        encoded = binary.encode_reply(row, row.wire_channel(channel) + 1, reply)
    except InvalidRequest as error:
        must(not is_ascii(reply), f"cannot be written again: {error}", reply)
        return
    header, data = binary.split(encoded)
    again = binary.decode_reply(row, channel, request, header, data)
    must(same(again, reply), "does not come back", reply, again)


def _check_value(row: Row, reply: Message) -> None:
    check_valid(reply, row.reply)
    try:
        functions.check_result(row, reply)
    except TesterRefused as error:
        must(isinstance(reply, Outcome), f"refused without a result: {error}", reply)
