"""How much may be handed to the broker's driver and not be settled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Room:
    """Bounds in messages and bytes. True while there is a broker and room for another message."""

    def __init__(self, max_messages: int, max_bytes: int, is_ready: Callable[[], bool]) -> None:
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._is_ready = is_ready
        self._messages = 0
        self._bytes = 0
        self._eased = asyncio.Event()

    def __bool__(self) -> bool:
        return self._messages < self._max_messages and self._bytes < self._max_bytes and self._is_ready()

    def take(self, size: int) -> None:
        """A message of so many bytes was handed over."""
        self._messages += 1
        self._bytes += size

    def free(self, size: int) -> None:
        """It was settled."""
        self._messages -= 1
        self._bytes -= size
        if self._messages <= self._max_messages // 8 and self._bytes <= self._max_bytes // 8:
            self._eased.set()

    @property
    def is_crowded(self) -> bool:
        """Whether more than a quarter is taken, and there is a broker to free it."""
        is_much = self._messages > self._max_messages // 4 or self._bytes > self._max_bytes // 4
        return is_much and self._is_ready()

    async def eased(self) -> None:
        """Wait until no more than an eighth is taken."""
        self._eased.clear()
        await self._eased.wait()
