"""PUBACKs in the order in which messages came, each once its command is in safe hands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from macnet_bridge import kill_points
from macnet_bridge.broker import Incoming

Acknowledge = Callable[[Incoming], None]


class Receipts:
    """Messages that the broker still keeps for us.

    Nobody waits here for anything but the right to forget a message: commands are carried out
    meanwhile. What is owed to a connection that has ended, `acknowledge` leaves out.
    """

    def __init__(self, acknowledge: Acknowledge) -> None:
        self._acknowledge = acknowledge
        self._owed: asyncio.Queue[tuple[Incoming, asyncio.Future[Any] | None]] = asyncio.Queue()

    def put(self, message: Incoming, safe: asyncio.Future[Any] | None) -> None:
        """Acknowledge a message once `safe` is done, and after those before it."""
        self._owed.put_nowait((message, safe))

    async def run(self) -> None:
        """Acknowledge until it is cancelled."""
        while True:
            message, safe = await self._owed.get()
            if safe is not None:
                await asyncio.wait([safe])  # neither raises nor cancels it
            kill_points.reach("before_puback")
            self._acknowledge(message)
            kill_points.reach("after_puback")
