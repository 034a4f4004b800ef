"""The testers that answer from memory: byte for byte as the simulator does, and nothing untrue."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import msgspec
import pytest

from bench.fast_tester import Canned, Remembering, serve
from macnet_bridge.macnet import AsyncCycler, TesterAddress
from macnet_bridge.macnet.cycler import ReadTransport
from macnet_bridge.macnet.protocol.codes import RUNNING
from macnet_bridge.macnet.protocol.messages import StartTest
from tests.patience import PATIENCE_S

CHANNELS = 4


def request(fclass: int, fnum: int, request_id: int, **params: Any) -> bytes:
    content = {"FClass": fclass, "FNum": fnum, **params}
    return msgspec.json.encode({"jsonrpc": "2.0", "method": "MacNet", "params": content, "id": request_id})


async def ask(port: int, *pieces: bytes, replies: int) -> list[dict[str, Any]]:
    """Send pieces one by one, and return the first so many replies."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        return [json.loads(await reader.readuntil(b"\r\n")) for _ in range(replies)]
    finally:
        writer.close()


def test_only_id_and_time_of_day_differ() -> None:
    reply = b'{"result":{"Chan":3,"TesterTime":"2026-11-25T23:55:06"},"id":7}\r\n'
    told = Canned(reply).with_id(b"1234", b"2026-11-25T23:55:07")
    assert told == b'{"result":{"Chan":3,"TesterTime":"2026-11-25T23:55:07"},"id":1234}\r\n'


def test_a_reply_that_tells_no_time() -> None:
    told = Canned(b'{"result":{"Chan":3},"id":7}\r\n').with_id(b"8", b"2026-11-25T23:55:07")
    assert told == b'{"result":{"Chan":3},"id":8}\r\n'


async def test_every_request_gets_its_own_id_and_channel() -> None:
    ports = await serve(CHANNELS)
    asked = [(request_id, request_id % CHANNELS) for request_id in range(1, 20)]
    everything = b"".join(request(4, 7, number, Chan=channel) for number, channel in asked)
    replies = await ask(ports["json_port"], everything, replies=len(asked))
    assert [(reply["id"], reply["result"]["Chan"]) for reply in replies] == asked


async def test_requests_in_pieces() -> None:
    ports = await serve(CHANNELS)
    one, two = request(4, 7, 1, Chan=0), request(4, 7, 2, Chan=1)
    pieces = (one, one[:10], one[10:] + two[:30], two[30:] + one)
    replies = await ask(ports["json_port"], *pieces, replies=4)
    assert [reply["id"] for reply in replies] == [1, 1, 2, 1]


async def test_rubbish_is_refused_as_the_simulator_refuses_it() -> None:
    ports = await serve(CHANNELS)
    (reply,) = await ask(ports["json_port"], request(4, 99, 5, Chan=0), replies=1)
    assert "error" in reply


async def test_what_a_bridge_asks_first_does_not_end_the_memory() -> None:
    service = Remembering(CHANNELS)
    for number in ((0, 0), (1, 2), (4, 7), (6, 9), (6, 11), (6, 12)):
        service._may_remember(number)
    assert service._may_remember((4, 7))
    service._may_remember((6, 2))
    assert not service._may_remember((4, 7)), "a test was started"


@pytest.mark.parametrize("transport", ["json", "tcp", "udp"])
async def test_nothing_untrue_after_a_change(transport: ReadTransport) -> None:
    ports = await serve(CHANNELS)
    async with AsyncCycler(TesterAddress("127.0.0.1", *ports.values())) as cycler:
        cycler.use(transport)
        before = await cycler.read_status(2)
        assert (await cycler.read_status(2)).voltage_volt == before.voltage_volt
        await cycler.start_test(2, StartTest(test_name="t", procedure="CCCV_1C", c_rate_ah=1.0))
        async with asyncio.timeout(PATIENCE_S):
            while (await cycler.read_status(2)).test_time_second == 0.0:
                pass
        assert (await cycler.read_statuses(2, 1))[0].state in RUNNING
