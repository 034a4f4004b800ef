"""Requests split, glued, pretty-printed and broken; replies in both shapes."""

from __future__ import annotations

import asyncio
import json
import struct

import pytest

from macnet_bridge.simulator import SimulatedCycler, Transport
from tests.patience import PATIENCE_S
from tests.simulator.peers import FakeClock, JsonPeer, binary_peer, json_peer, request

STATUS = request(4, 1, Chan=0, Len=2)
EXPECTED = {
    "jsonrpc": "2.0",
    "result": {
        "FClass": 4,
        "FNum": 1,
        "Chan": 0,
        "Len": 2,
        "Status": [{"RF1": 0, "RF2": 128, "Stat": 0}, {"RF1": 0, "RF2": 128, "Stat": 0}],
    },
    "id": 1987,
}


async def test_u2_a_request_split_anywhere_is_understood(cycler: SimulatedCycler, peer: JsonPeer) -> None:
    async with json_peer(cycler) as other:
        for at in range(1, len(STATUS)):
            peer.writer.write(STATUS[:at])
            await other.ask(1, 2)  # answered, so the first part has arrived alone
            peer.writer.write(STATUS[at:])
            assert await peer.reply() == EXPECTED


async def test_u2_a_request_byte_by_byte_over_the_wire_is_understood(peer: JsonPeer) -> None:
    for byte in STATUS:
        peer.writer.write(bytes([byte]))
        await peer.writer.drain()
    assert await peer.reply() == EXPECTED


async def test_u1_glued_requests_are_answered_in_order(peer: JsonPeer) -> None:
    peer.writer.write(b" \r\n".join(request(4, 9, request_id=n, Chan=n, Len=1) for n in range(8)))
    replies = [await peer.reply() for _ in range(8)]
    assert [(reply["id"], reply["result"]["Chan"]) for reply in replies] == [(n, n) for n in range(8)]


async def test_a_pretty_printed_request_is_understood(peer: JsonPeer) -> None:
    peer.writer.write(json.dumps(json.loads(STATUS), indent=4).replace("\n", "\r\n").encode())
    assert await peer.reply() == EXPECTED


async def test_braces_and_quotes_in_a_name_do_not_confuse(peer: JsonPeer) -> None:
    reply = await peer.result(6, 11, Chan=0, TestName='}{\\"', ProcName="Rest")
    assert reply["Result"] == 5
    assert (await peer.ask(1, 2))["result"]["TestChannels"] == 8


@pytest.mark.parametrize("request_id", [0, 1, 2**40, "text", None])
async def test_q38_the_id_comes_back_as_it_was(request_id: object, peer: JsonPeer) -> None:
    peer.writer.write(request(1, 2, request_id=request_id))
    assert (await peer.reply())["id"] == request_id


async def test_replies_are_compact_with_one_line_end(peer: JsonPeer) -> None:
    peer.writer.write(STATUS)
    assert await peer.line() == json.dumps(EXPECTED, separators=(",", ":")).encode() + b"\r\n"


async def test_u3_pretty_replies_have_line_ends_inside(clock: FakeClock) -> None:
    async with SimulatedCycler(clock=clock, pretty=True) as cycler, json_peer(cycler) as peer:
        peer.writer.write(STATUS)
        assert await peer.line() == b"{\r\n"
        rest = await asyncio.wait_for(peer.reader.readuntil(b"\r\n}\r\n"), PATIENCE_S)
        assert json.loads(b"{" + rest) == EXPECTED
        assert rest.count(b"\n") == rest.count(b"\r\n") > 10


async def test_q38_a_constant_id_answers_everything(clock: FakeClock) -> None:
    async with SimulatedCycler(clock=clock, constant_id=True) as cycler, json_peer(cycler) as peer:
        assert (await peer.ask(1, 2, request_id=5))["id"] == 1987
        assert (await peer.ask(4, 7, request_id=6, Chan=99))["id"] == 1987


@pytest.mark.parametrize(
    "garbage",
    [b"hello", b"\x00\x01", b"}", b"[1]", b"\xff\xfe", b"GET / HTTP/1.1\r\n\r\n", b"\0" * 1_000_000],
)
async def test_garbage_is_answered_and_the_connection_closed(garbage: bytes, cycler: SimulatedCycler) -> None:
    async with json_peer(cycler) as peer, json_peer(cycler) as other:
        peer.writer.write(STATUS + garbage)
        assert await peer.reply() == EXPECTED
        assert await peer.reply() == {
            "jsonrpc": "2.0",
            "error": {"code": -32700, "message": "Parse error"},
            "id": None,
        }
        assert await peer.is_closed()
        assert (await other.ask(1, 2))["result"]["TestChannels"] == 8


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        (b"{broken}", -32700, "Parse error"),
        (b'{"a":NaN}', -32700, "Parse error"),
        (b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}", -32700, "Parse error"),
        (b"{}", -32600, "Method MacNet, jsonrpc 2.0 or id not found"),
        (STATUS.replace(b"MacNet", b"MACNET"), -32600, "Method MacNet, jsonrpc 2.0 or id not found"),
        (STATUS.replace(b"2.0", b"1.0"), -32600, "Method MacNet, jsonrpc 2.0 or id not found"),
        (b'{"jsonrpc":"2.0","method":"MacNet","id":1}', -32602, "Invalid params"),
        (b'{"jsonrpc":"2.0","method":"MacNet","params":[4,7],"id":1}', -32602, "Invalid params"),
    ],
)
async def test_a_wrong_object_is_answered_and_the_connection_lives(
    text: bytes, code: int, message: str, peer: JsonPeer
) -> None:
    peer.writer.write(text + STATUS)
    reply = await peer.reply()
    assert reply["error"] == {"code": code, "message": message}
    assert await peer.reply() == EXPECTED


async def test_bytes_that_are_no_text_are_refused(peer: JsonPeer) -> None:
    peer.writer.write(request(6, 11, Chan=0, TestName="x", ProcName="Rest").replace(b'"x"', b'"\xff"'))
    assert (await peer.reply())["error"]["message"] in ("Parse error", "Illegal value")


async def test_garbage_is_logged_with_its_bytes(cycler: SimulatedCycler, peer: JsonPeer) -> None:
    peer.writer.write(b"hello")
    record = await cycler.wait_for(lambda record: record.body is None, timeout=PATIENCE_S)
    assert (record.transport, record.number, record.raw) == (Transport.JSON, None, b"hello")


async def test_binary_requests_split_anywhere_and_glued(cycler: SimulatedCycler) -> None:
    variable = struct.pack("<4HBf", 6, 9, 3, 5, 3, -1.25)
    done = struct.pack("<4HH", 6, 9, 3, 2, 0)
    async with binary_peer(cycler) as peer, binary_peer(cycler) as other:
        for at in range(1, len(variable)):
            peer.writer.write(variable[:at])
            await other.ask(bytes(8))
            peer.writer.write(variable[at:])
            assert await peer.reply() == done
    async with binary_peer(cycler) as peer:
        peer.writer.write(variable * 10 + bytes(8))
        assert [await peer.reply() for _ in range(11)] == [done] * 10 + [bytes(8)]


async def test_the_second_after_the_first_of_two_that_want_one_channel(cycler: SimulatedCycler) -> None:
    fields = {"Chan": 4, "ProcName": "Rest", "Crate": 1}
    async with json_peer(cycler) as one, json_peer(cycler) as other:
        first, second = await asyncio.gather(
            one.result(6, 2, TestName="one", **fields), other.result(6, 2, TestName="other", **fields)
        )
        assert {str(first["Result"]), str(second["Result"])} == {"OK", "23"}
        winner = "one" if first["Result"] == "OK" else "other"
        assert (await one.result(4, 6, Chan=4))["TestName"] == winner
