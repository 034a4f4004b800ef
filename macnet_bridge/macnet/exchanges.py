"""What went to a tester and came back, for whoever keeps a record of it.

Connections tell a watcher, where there is one, of every request that left. What never left is no
exchange. A watcher is called on the loop, right after the fact; it must be quick and raise nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from msgspec import Struct

from macnet_bridge.errors import MacNetBridgeError
from macnet_bridge.macnet.protocol.function import Function
from macnet_bridge.macnet.protocol.messages import Message


class Exchange(Struct, frozen=True, gc=False):
    """One request and its reply.

    Attributes:
        channel: 1-based; 1 for functions of the system.
        sent_at: when the request left, by time.monotonic() in seconds.
        duration_s: from then until its reply, or until it was given up.
        reply: None where an error came in its place, and for transfers of files.
        error: None where a reply came; "cancelled" where nobody waited for it any longer.
    """

    function: Function[Any, Any]
    channel: int
    request: Message
    sent_at: float
    duration_s: float
    reply: Message | None = None
    error: MacNetBridgeError | str | None = None


Watcher = Callable[[Exchange], None]


class Watch:
    """Around one exchange: `leaves` when the request does; told to the watcher at the end."""

    def __init__(self, watcher: Watcher | None, function: Function[Any, Any], channel: int) -> None:
        self._watcher = watcher
        self._function = function
        self._channel = channel
        self._request: Message | None = None
        self._sent_at = 0.0
        self.reply: Message | None = None

    def leaves(self, request: Message) -> None:
        """The first bytes of this are about to leave."""
        if self._request is None:
            self._request, self._sent_at = request, time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._watcher is None or self._request is None:
            return
        duration_s = time.monotonic() - self._sent_at
        self._watcher(
            Exchange(
                self._function,
                self._channel,
                self._request,
                self._sent_at,
                duration_s,
                None if error else self.reply,
                _known(error),
            )
        )


def _known(error: BaseException | None) -> MacNetBridgeError | str | None:
    if error is None or isinstance(error, MacNetBridgeError):
        return error
    return "cancelled" if isinstance(error, asyncio.CancelledError) else type(error).__name__
