"""What a blocking object has open: the asyncio side of it, and the thread where that runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Coroutine
from typing import Any, Generic, Protocol, TypeVar

from macnet_bridge.errors import TesterOffline
from macnet_bridge.macnet.interface.background import Background

T = TypeVar("T")


class Closeable(Protocol):
    """Something that has connections."""

    def close(self) -> None:
        """Close them; the next call would open them again."""


C = TypeVar("C", bound=Closeable)


class Session(Generic[C]):
    """Opened by `open` or by the first call; after `close`, by `open` alone."""

    def __init__(self, name: str, make: Callable[[], C]) -> None:
        """
        Args:
            name: of the thread.
            make: makes the asyncio side, anew for every time that this is opened.
        """
        self._name = name
        self._make = make
        self._guard = threading.Lock()
        self._open: tuple[C, Background] | None = None
        self._is_closed = False

    def open(self) -> None:
        """Let calls in, again after `close`. Connects to nothing yet."""
        with self._guard:
            self._is_closed = False

    def call(self, work: Callable[[C], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine of the asyncio side and wait for it.

        Raises:
            TesterOffline: this is closed.
            OutcomeUnknown: it was closed while the coroutine ran.
        """
        side, background = self._opened()
        return background.run(lambda: work(side))

    def close(self) -> None:
        """Close connections and thread. Calls of other threads end with errors."""
        with self._guard:
            opened, self._open, self._is_closed = self._open, None, True
        if opened:
            opened[1].stop()

    def _opened(self) -> tuple[C, Background]:
        with self._guard:
            if self._is_closed:
                raise TesterOffline("the connection is closed; start() opens it again")
            if self._open is None:
                side = self._make()
                self._open = (side, Background(self._name, side.close))
            return self._open
