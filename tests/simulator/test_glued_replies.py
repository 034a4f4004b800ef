"""Requests that come together are answered together, and a fault strikes in its place."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from macnet_bridge.macnet.protocol.framing import JsonFramer
from macnet_bridge.simulator import Fault, SimulatedCycler

ASKED = b"".join(
    b'{"jsonrpc":"2.0","method":"MacNet","params":{"FClass":4,"FNum":7,"Chan":%d},"id":%d}' % (n, n)
    for n in range(4)
)


async def replies(cycler: SimulatedCycler) -> list[int]:
    """The ids that are answered until the connection ends, or all are."""
    reader, writer = await asyncio.open_connection("127.0.0.1", cycler.json_port)
    writer.write(ASKED)
    framer, found = JsonFramer(), list[int]()
    try:
        while len(found) < 4 and (data := await reader.read(1 << 16)):
            framer.feed(data)
            while (text := framer.take()) is not None:
                found.append(msgspec.json.decode(text)["id"])
    except ConnectionResetError:
        pass
    writer.close()
    return found


async def test_all_are_answered_in_their_order() -> None:
    async with SimulatedCycler(channels=4) as cycler:
        assert await replies(cycler) == [0, 1, 2, 3]


async def test_a_late_reply_is_overtaken() -> None:
    async with SimulatedCycler(channels=4, script=[Fault("delay", channel=2, second=0.05)]) as cycler:
        assert await replies(cycler) == [0, 2, 3, 1]


@pytest.mark.parametrize("kind", ["cut", "half-open"])
async def test_what_was_answered_before_the_end_has_left(kind: str) -> None:
    async with SimulatedCycler(channels=4, script=[Fault(kind, channel=3)]) as cycler:
        answered = asyncio.create_task(replies(cycler))
        await cycler.wait_for(lambda record: record.channel == 3 and record.answer is not None)
        if kind == "half-open":
            await cycler.stop()
        assert await answered == [0, 1]
