"""Running coroutines from the command line: one kind of event loop, and a clean Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

T = TypeVar("T")

_LOOK_UP_S = 0.2


def run_async(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on a selector loop.

    Windows' own default loop cannot watch the sockets of the MQTT driver.
    """
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        return runner.run(main)


def on_signals(stop: Callable[[], object]) -> None:
    """Call `stop` on Ctrl-C, on SIGTERM and when the terminal is closed, from within the running loop."""
    loop = asyncio.get_running_loop()

    def on_signal(number: int, frame: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: it has stopped already
            loop.call_soon_threadsafe(stop)

    for number in _stopping_signals():
        # Not loop.add_signal_handler: Windows has none.
        signal.signal(number, on_signal)
    if sys.platform == "win32":
        _look_up_now_and_then(loop)


def leave_output() -> None:
    """Write to nowhere from now on, as who read the output has gone, such as `head`.

    What is still in the buffer would be complained about at exit.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _stopping_signals() -> Iterator[signal.Signals]:
    yield from (signal.SIGINT, signal.SIGTERM)
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # as nohup sets it
        yield signal.SIGHUP


def _look_up_now_and_then(loop: asyncio.AbstractEventLoop) -> None:
    """On Windows a signal does not interrupt a waiting selector; Python sees it at the next event."""
    loop.call_later(_LOOK_UP_S, _look_up_now_and_then, loop)
