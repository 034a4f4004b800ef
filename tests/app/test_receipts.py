"""PUBACKs wait for what makes a message safe, and keep the order of receipt."""

from __future__ import annotations

import asyncio
from typing import Any

from macnet_bridge.app.receipts import Receipts
from macnet_bridge.broker import Incoming
from macnet_bridge.errors import JournalUnavailable


def message(mid: int) -> Incoming:
    return Incoming("t", b"", 1, False, False, False, None, None, None, 0.0, 0.0, mid, 1)


async def test_in_order_each_once_it_is_safe() -> None:
    acknowledged: list[int] = []
    receipts = Receipts(lambda message: acknowledged.append(message.mid))
    loop = asyncio.get_running_loop()
    first: asyncio.Future[Any] = loop.create_future()
    third: asyncio.Future[Any] = loop.create_future()
    running = asyncio.create_task(receipts.run())
    for mid, safe in enumerate((first, None, third, None), start=1):
        receipts.put(message(mid), safe)

    async def turns() -> list[int]:
        for _ in range(10):
            await asyncio.sleep(0)
        return list(acknowledged)

    assert await turns() == []
    third.set_result(None)
    assert await turns() == [], "the second is safe and comes after the first"
    first.set_exception(JournalUnavailable("full"))
    assert await turns() == [1, 2, 3, 4], "what cannot be journalled was refused; it need not come again"
    running.cancel()


async def test_being_stopped_calls_off_nothing() -> None:
    receipts = Receipts(lambda message: None)
    safe: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    receipts.put(message(1), safe)
    running = asyncio.create_task(receipts.run())
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait([running])
    assert not safe.cancelled()
