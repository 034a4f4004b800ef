"""Waiting until a tester shows what it was told to do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from macnet_bridge.errors import MacNetBridgeError

_PAUSE_S = 0.05


async def wait_until(check: Callable[[], Awaitable[bool]], within_s: float) -> bool:
    """Ask at least once, and again until the answer is yes or the time is over.

    A read that fails is no answer; the next one may succeed.
    """
    end = asyncio.get_running_loop().time() + within_s
    while True:
        try:
            if await check():
                return True
        except MacNetBridgeError:
            pass
        if asyncio.get_running_loop().time() >= end:
            return False
        await asyncio.sleep(_PAUSE_S)
