"""The way to the broker's driver, with bounds of what was handed over and is not settled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from macnet_bridge.broker import Outgoing


class Outlet:
    """Publishes as long as there is room.

    Args:
        publish: hands a message to the broker; False when it was not taken.
        is_ready: whether there is a broker.
        max_messages, max_bytes: how much may be unsettled.
        room_came: called soon after room came for which somebody waits.
    """

    def __init__(
        self,
        publish: Callable[[Outgoing], bool],
        is_ready: Callable[[], bool],
        max_messages: int,
        max_bytes: int,
        room_came: Callable[[], None],
    ) -> None:
        self.is_ready = is_ready
        self._publish = publish
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._room_came = room_came
        self._messages = 0
        self._bytes = 0
        self._is_awaited = False
        self._eased = asyncio.Event()

    @property
    def has_room(self) -> bool:
        """Whether there is a broker, and room for another message."""
        return self._messages < self._max_messages and self._bytes < self._max_bytes and self.is_ready()

    def send(
        self,
        topic: str,
        payload: bytes,
        qos: int,
        settled: Callable[[bool], None],
        *,
        retain: bool = False,
    ) -> bool:
        """Publish; once it is taken or given up, `settled` has to call `free`. False: it was not taken."""
        size = len(topic) + len(payload)
        self._messages += 1
        self._bytes += size
        if self._publish(Outgoing(topic, payload, qos, retain, None, settled)):
            return True
        self.free(size)
        return False

    def free(self, size: int) -> None:
        """A message of so many bytes, topic and payload, was settled."""
        self._messages -= 1
        self._bytes -= size
        if self._messages <= self._max_messages // 8 and self._bytes <= self._max_bytes // 8:
            self._eased.set()
        if self._is_awaited:
            self._is_awaited = False
            asyncio.get_running_loop().call_soon(self._room_came)

    def await_room(self) -> None:
        """Something waits until there is room."""
        self._is_awaited = True

    async def ease(self, at_most_s: float) -> None:
        """While there is a broker, and more than a quarter is taken: wait until an eighth is, or less."""
        is_much = self._messages > self._max_messages // 4 or self._bytes > self._max_bytes // 4
        if not is_much or not self.is_ready():
            return
        self._eased.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(at_most_s):
                await self._eased.wait()
