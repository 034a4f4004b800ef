"""Coroutines for callers that block: an event loop in a thread of its own."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from macnet_bridge.errors import OutcomeUnknown, TesterOffline

T = TypeVar("T")

_LOOK_EVERY_S = 0.1
_END_WITHIN_S = 5.0


class Background:
    """A daemon thread with an event loop, from the moment it is made until `stop`."""

    def __init__(self, name: str, let_go: Callable[[], None]) -> None:
        """
        Args:
            let_go: closes what the coroutines use; called in the loop's thread when a caller
                was interrupted, and at the end.
        """
        self._let_go = let_go
        self._guard = threading.Lock()
        self._stopping = False
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()
        self._ready.wait()

    def run(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine there and wait for it here. Any thread may call this.

        When the caller is interrupted, as by Ctrl-C, the coroutine is cancelled and what it
        used is let go.

        Raises:
            TesterOffline: stopped before.
            OutcomeUnknown: stopped by another thread meanwhile.
        """
        abandoned = threading.Event()
        future: concurrent.futures.Future[T] | None = None
        try:
            future = self._begin(_unless(abandoned, work))
            # Windows lets Ctrl-C through only between waits, so none lasts.
            while not future.done():
                concurrent.futures.wait([future], _LOOK_EVERY_S)
        finally:
            # Ctrl-C may also come when the coroutine was handed over and its future not yet here.
            if future is None or future.cancel():
                abandoned.set()
                self._call(self._let_go)
        try:
            return future.result()
        except concurrent.futures.CancelledError:
            raise OutcomeUnknown("closed by another thread while this call was under way") from None

    def stop(self) -> None:
        """End the loop and the thread; what still runs there is cancelled. May be called twice."""
        with self._guard:
            if not self._stopping:
                self._stopping = True
                self._loop.call_soon_threadsafe(self._stop.set)
        # The collector of garbage may call this in the thread itself.
        if threading.current_thread() is not self._thread:
            self._thread.join(_END_WITHIN_S)

    def _call(self, work: Callable[[], None]) -> None:
        """Have something done in the loop's thread, if that has not ended."""
        with self._guard:
            if not self._stopping:
                self._loop.call_soon_threadsafe(work)

    def _begin(self, work: Callable[[], Coroutine[Any, Any, T]]) -> concurrent.futures.Future[T]:
        # Under the guard, because what is handed over after the end would wait for ever.
        with self._guard:
            if self._stopping:
                raise TesterOffline("the connection is closed; start() opens it again")
            return asyncio.run_coroutine_threadsafe(work(), self._loop)

    def _serve(self) -> None:
        asyncio.run(self._until_stopped())

    async def _until_stopped(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._ready.set()
        await self._stop.wait()
        self._let_go()


def _unless(
    abandoned: threading.Event, work: Callable[[], Coroutine[Any, Any, T]]
) -> Callable[[], Coroutine[Any, Any, T]]:
    """The work, unless nobody waits for it any more when it would begin."""

    async def run() -> T:
        if abandoned.is_set():
            raise asyncio.CancelledError
        return await work()

    return run
