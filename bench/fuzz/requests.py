"""The side that answers: what has to hold for every stream in place of requests."""

from __future__ import annotations

from typing import Any

import msgspec

from bench.fuzz import oracle
from bench.fuzz.case import Case
from bench.fuzz.findings import check_valid, is_ascii, must, same
from macnet_bridge.errors import InvalidRequest, Malformed
from macnet_bridge.macnet.protocol import binary, codes, jsonrpc
from macnet_bridge.macnet.protocol.framing import HEADER_BYTES, Header
from macnet_bridge.macnet.protocol.functions import START_SELECTED, find_form
from macnet_bridge.macnet.protocol.messages import Message
from macnet_bridge.simulator.machine.session import Session
from macnet_bridge.simulator.sockets.connections import (
    BinaryConnection,
    Connection,
    Connections,
    JsonConnection,
)
from macnet_bridge.simulator.sockets.line import Line
from macnet_bridge.simulator.sockets.received import Transport
from macnet_bridge.simulator.sockets.service import Service
from tests.protocol.samples import Row

OUT_OF_STEP = "out of step"


class _Kept(Service):
    """Keeps what a connection cuts out of its stream, and answers nothing."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def take_json(self, text: bytes, session: Session, line: Line) -> None:
        self.seen.append(text)

    def refuse_json(self, error: jsonrpc.BadRequest, text: bytes, line: Line) -> None:
        self.seen.append(OUT_OF_STEP)

    def take_binary(
        self, header: Header, data: bytes, transport: Transport, session: Session, line: Line
    ) -> None:
        self.seen.append((header, data))


def check(case: Case) -> None:
    """Report what must not become of this stream."""
    whole, split = _cut(case, [case.stream]), _cut(case, case.parts())
    must(whole == split, "depends on how the stream is cut", whole, split)
    if not case.side.is_json:
        _check_lengths(case.stream, whole)
        datagrams = [binary.split(case.stream)] if len(case.stream) >= HEADER_BYTES else []
        for header, data in (*whole, *datagrams):
            check_binary(header, data)


def _cut(case: Case, parts: list[bytes]) -> list[Any]:
    kept = _Kept()
    kind: type[Connection] = JsonConnection if case.side.is_json else BinaryConnection
    connection = kind(kept, Connections())
    for part in parts:
        connection.data_received(part)
    return kept.seen


def _check_lengths(stream: bytes, messages: list[tuple[Header, bytes]]) -> None:
    """Messages are what the stream has, one after the other, each of them whole, and no whole one is left."""
    rest = stream
    for header, data in messages:
        must(rest.startswith(header.pack() + data), "not what the stream has", header, data)
        must(len(data) == oracle.request_size(rest), "not a whole message", header, data)
        rest = rest[HEADER_BYTES + len(data) :]
    if len(rest) >= HEADER_BYTES:
        must(len(rest) < HEADER_BYTES + oracle.request_size(rest), "a whole message is left", rest)


def check_text(text: bytes) -> None:
    """Report what must not become of one whole JSON object in place of a request."""
    try:
        request = jsonrpc.decode_request(text)
    except jsonrpc.BadRequest as error:
        answer = msgspec.json.decode(jsonrpc.encode_error(error))
        must(answer["error"]["message"] == str(error), "an error that does not come back", answer)
        return
    _check_numbers(request, text)
    check_valid(request.body, request.function.request)
    _check_json_round_trip(request)


def _check_numbers(request: jsonrpc.Request, text: bytes) -> None:
    envelope = oracle.json_request(text)
    if not envelope:
        return
    params, row = envelope["params"], request.function
    must((envelope["method"], envelope["jsonrpc"]) == ("MacNet", "2.0"), "a strange envelope", text)
    must(same(envelope["id"], request.request_id), "another id", text, request)
    must(params["FClass"] == row.fclass, "another class", text, request)
    must(row.fclass == 0 or params["FNum"] == row.fnum, "another function", text, request)
    channel = params["Chan"] + 1 if row.addresses_channel else 1
    must(channel == request.channel, "another channel", text, request)


def _check_json_round_trip(request: jsonrpc.Request) -> None:
    row, channel, body, _ = request
    try:
        text = jsonrpc.encode_request(row, channel, body, 1)
    except InvalidRequest as error:
        must(channel == codes.ALL_SELECTED + 1, f"cannot be written again: {error}", request)
        return
    again = jsonrpc.decode_request(text)
    if row.binary_only:
        return  # what JSON lacks does not come back
    must(same(again[:3], request[:3]), "does not come back", request, again)


def check_binary(header: Header, data: bytes) -> None:
    """Report what must not become of one binary message in place of a request."""
    row = find_form(*header[:3], data)
    if row is None:
        return
    must(row.fclass == header.fclass, "another class", header, row)
    must(row.fclass == 0 or row.fnum == header.fnum, "another function", header, row)
    try:
        body = binary.decode_request(row, header, data)
    except Malformed:
        return
    check_valid(body, row.request)
    _check_binary_round_trip(row, header, body)


def _check_binary_round_trip(row: Row, header: Header, body: Message) -> None:
    try:
        encoded = binary.encode_request(row, header.channel + 1, body)
    except InvalidRequest as error:
        allowed = header.channel == codes.ALL_SELECTED or not is_ascii(body)
        must(allowed, f"cannot be written again: {error}", header, body)
        return
    again_header, data = binary.split(encoded)
    # A start of type 1 does not look at its channel, and an echo may have any number.
    free = row is START_SELECTED or row.fclass == 0
    must(free or again_header[:3] == header[:3], "another function or channel", header, again_header)
    must(same(binary.decode_request(row, again_header, data), body), "does not come back", body)
