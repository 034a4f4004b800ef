"""The thread that connects: nobody waits for it, and it leaves no socket open."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from macnet_bridge.broker.dialling import dial
from tests.patience import PATIENCE_S


@pytest.mark.parametrize("error", [None, ConnectionRefusedError("no"), ValueError("no name")])
async def test_how_it_went(error: Exception | None) -> None:
    hung_up = threading.Event()

    def connect() -> None:
        if error is not None:
            raise error

    assert await dial(connect, hung_up.set) is error
    assert not hung_up.is_set()


def slow(may_connect: threading.Event) -> Callable[[], None]:
    def connect() -> None:
        may_connect.wait(PATIENCE_S)

    return connect


async def test_a_connection_that_comes_too_late_is_hung_up() -> None:
    may_connect, hung_up = threading.Event(), asyncio.Event()
    done = dial(slow(may_connect), hung_up.set)
    done.cancel()
    may_connect.set()
    async with asyncio.timeout(PATIENCE_S):
        await hung_up.wait()


def test_a_connection_that_comes_after_the_loop_is_hung_up() -> None:
    may_connect, hung_up = threading.Event(), threading.Event()

    async def leave() -> None:
        dial(slow(may_connect), hung_up.set)

    asyncio.run(leave())
    may_connect.set()
    assert hung_up.wait(PATIENCE_S)
