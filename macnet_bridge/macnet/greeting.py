"""What a socket to a tester is asked before anything else: to log us in, and who is there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from functools import partial

from macnet_bridge.errors import Malformed, TesterOffline, TesterRefused
from macnet_bridge.macnet.dialects import Dialect
from macnet_bridge.macnet.exchanges import Watch, Watcher
from macnet_bridge.macnet.protocol.functions import LOGIN, SYSTEM_INFO, check_result
from macnet_bridge.macnet.protocol.messages import Empty, Login, SystemInfo
from macnet_bridge.macnet.receiving import exchange
from macnet_bridge.macnet.transports import ConnectionClosed, Transport

Meet = Callable[[Callable[[], Awaitable[SystemInfo | None]]], Awaitable[None]]
"""Called with what asks a socket that was just opened who is there; raising closes it."""


async def greet(
    transport: Transport,
    dialect: Dialect,
    timeout_s: float,
    *,
    login: Login | None,
    meet: Meet | None,
    watcher: Watcher | None,
) -> None:
    """Log in where that is wanted, and see whether it is the tester that is meant.

    Raises:
        TesterOffline: it is another one, or does not come to an answer.
        TesterRefused: user and password do not fit.
        In any case the socket is closed.
    """
    with ExitStack() as in_doubt:
        in_doubt.callback(transport.close)
        if login is not None:
            with Watch(watcher, LOGIN, 1) as watch:
                await _log_in(transport, dialect, timeout_s, login, watch)
        if meet is not None:
            await meet(partial(_who, transport, dialect, timeout_s))
        in_doubt.pop_all()


async def _log_in(
    transport: Transport, dialect: Dialect, timeout_s: float, login: Login, watch: Watch
) -> None:
    """MacNet (8, 1)"""
    watch.leaves(login)
    try:
        async with asyncio.timeout(timeout_s):
            reply = await exchange(transport, dialect, dialect.encode(LOGIN, 1, login))
        check_result(LOGIN, reply)
    except TimeoutError:
        raise TesterOffline(f"no reply to the log-in within {timeout_s:g} s") from None
    except (ConnectionClosed, Malformed) as error:
        raise TesterOffline(f"the log-in failed: {error}") from None
    watch.reply = reply


async def _who(transport: Transport, dialect: Dialect, timeout_s: float) -> SystemInfo | None:
    """MacNet (1, 2); None where the tester does not tell."""
    try:
        async with asyncio.timeout(timeout_s):
            reply = await exchange(transport, dialect, dialect.encode(SYSTEM_INFO, 1, Empty()))
    except TimeoutError:
        raise TesterOffline(f"{SYSTEM_INFO}: no reply within {timeout_s:g} s") from None
    except (ConnectionClosed, Malformed) as error:
        raise TesterOffline(f"{SYSTEM_INFO}: {error}") from None
    except TesterRefused:
        return None
    return reply if isinstance(reply, SystemInfo) else None
