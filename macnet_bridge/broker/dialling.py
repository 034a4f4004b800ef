"""Connecting in a thread, because name look-up blocks."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable


def dial(connect: Callable[[], None], hang_up: Callable[[], None]) -> asyncio.Future[Exception | None]:
    """Call `connect` in a thread. The future has its OSError or ValueError, None for success.

    Nobody waits for the thread: when the future is cancelled before, or the loop is closed, it
    ends with `hang_up`. It is a thread of its own, not one of the loop's pool: a name server that
    hangs must hold up neither other work nor the end of the program.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Exception | None] = loop.create_future()

    def tell(outcome: Exception | None) -> None:
        if done.done():
            hang_up()
        else:
            done.set_result(outcome)

    def run() -> None:
        outcome = _failure(connect)
        try:
            loop.call_soon_threadsafe(tell, outcome)
        except RuntimeError:  # the loop was closed meanwhile
            hang_up()

    threading.Thread(target=run, name="mqtt-connect", daemon=True).start()
    return done


def _failure(connect: Callable[[], None]) -> Exception | None:
    try:
        connect()
    except (OSError, ValueError) as error:  # ValueError: a host name that cannot be encoded
        return error
    return None
