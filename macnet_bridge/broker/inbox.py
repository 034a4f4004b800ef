"""Messages that wait to be read by the application, bounded."""

from __future__ import annotations

import asyncio
from collections import deque

from macnet_bridge.broker.messages import Incoming

MESSAGES_MAX = 2_000
BYTES_MAX = 8 << 20


class Inbox:
    """A queue that tells when reading from the socket should stop, and when it may go on.

    It never refuses: what paho had already read when the limit was reached still comes in. The
    overshoot is what one turn of paho reads, at most as many packets as messages are under way.
    """

    def __init__(self, max_messages: int = MESSAGES_MAX, max_bytes: int = BYTES_MAX) -> None:
        self._messages: deque[Incoming] = deque()
        self._bytes = 0
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._filled = asyncio.Event()

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def is_full(self) -> bool:
        return len(self._messages) >= self._max_messages or self._bytes >= self._max_bytes

    @property
    def is_half_empty(self) -> bool:
        return len(self._messages) * 2 < self._max_messages and self._bytes * 2 < self._max_bytes

    def put(self, message: Incoming) -> None:
        self._messages.append(message)
        self._bytes += len(message.payload)
        self._filled.set()

    async def get(self) -> Incoming:
        """The oldest message; waits for one. Cancelling it loses nothing."""
        while not self._messages:
            self._filled.clear()
            await self._filled.wait()
        message = self._messages.popleft()
        self._bytes -= len(message.payload)
        return message
