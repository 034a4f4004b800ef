"""From a transport's bytes to the next reply, whatever pieces it comes in."""

from __future__ import annotations

import asyncio

from macnet_bridge.macnet.dialects import Dialect
from macnet_bridge.macnet.protocol.messages import Message
from macnet_bridge.macnet.transports import ConnectionClosed, Transport

SETTLING_S = 0.02
"""Parts of one message follow each other faster."""


async def exchange(transport: Transport, dialect: Dialect, message: bytes) -> Message:
    """Send a request and wait for its reply. Raises ConnectionClosed, Malformed, TesterRefused."""
    transport.send(message)
    return await receive(transport, dialect)


async def receive(transport: Transport, dialect: Dialect) -> Message:
    """The next reply, which may have come together with the one before it."""
    while (reply := dialect.take()) is None:
        dialect.feed(await transport.receive())
        while dialect.in_doubt:
            await _settle(transport, dialect)
    return reply


async def _settle(transport: Transport, dialect: Dialect) -> None:
    """Wait a moment for more; what makes a reply a longer one was sent together with it."""
    try:
        async with asyncio.timeout(SETTLING_S):
            dialect.feed(await transport.receive())
    except (TimeoutError, ConnectionClosed):
        dialect.settle()
