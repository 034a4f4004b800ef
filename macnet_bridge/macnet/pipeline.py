"""Several requests that leave in one go, and their replies in the same order.

A tester that answers at once is asked faster so: what a request costs is waking up, here and there.
The order is all that tells which reply comes next; each must have its own id, where there are ids,
and its own channel. Any doubt ends the whole, for what comes behind it could belong to anything.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from macnet_bridge.errors import (
    BadReply,
    MacNetBridgeError,
    Malformed,
    NoReply,
    TesterRefused,
    TransportError,
)
from macnet_bridge.macnet.dialects import Dialect
from macnet_bridge.macnet.exchanges import Exchange, Watcher
from macnet_bridge.macnet.protocol.functions import Function, check_result
from macnet_bridge.macnet.protocol.messages import Message
from macnet_bridge.macnet.receiving import receive
from macnet_bridge.macnet.transports import ConnectionClosed, Transport

Q = TypeVar("Q", bound=Message)
R = TypeVar("R", bound=Message)


async def ask_each(
    transport: Transport,
    dialect: Dialect,
    function: Function[Q, R],
    channels: Sequence[int],
    request: Q,
    timeout_s: float,
    watcher: Watcher | None,
) -> list[R | MacNetBridgeError]:
    """Ask the same of each channel; see `Connection.call_each`.

    When the last outcome is a TransportError, the connection is out of step.
    """
    message = dialect.encode_each(function, channels, request)
    flight = _Flight(function, channels, request, watcher)
    try:
        transport.send(message)
        await _receive_all(transport, dialect, flight, timeout_s)
    except TimeoutError:
        flight.end(NoReply(f"{function}: no reply within {timeout_s:g} s"))
    except ConnectionClosed as error:
        flight.end(NoReply(f"{function}: {error} before it replied"))
    except Malformed as error:
        flight.end(BadReply(f"{function}: {error}"))
    except asyncio.CancelledError:
        flight.cancelled()
        raise
    return flight.outcomes


async def _receive_all(
    transport: Transport, dialect: Dialect, flight: _Flight[Any], timeout_s: float
) -> None:
    now = asyncio.get_running_loop().time
    # One limit for all, moved by each reply that had to be waited for: to move it costs as much
    # as to read a reply. Those that came together came at the same time.
    async with asyncio.timeout(timeout_s) as limit:
        for _ in range(flight.count):
            try:
                reply = dialect.take()
                if reply is None:
                    limit.reschedule(now() + timeout_s)
                    reply = await receive(transport, dialect)
                check_result(flight.function, reply)
                flight.came(reply)
            except TesterRefused as error:
                flight.came(error)
            dialect.turn()


class _Flight(Generic[R]):
    """Requests under way, and what became of them so far."""

    def __init__(
        self, function: Function[Any, R], channels: Sequence[int], request: Message, watcher: Watcher | None
    ) -> None:
        self.function = function
        self.outcomes: list[R | MacNetBridgeError] = []
        self.count = len(channels)
        self._channels = channels
        self._request = request
        self._watcher = watcher
        self._sent_at = time.monotonic()

    def came(self, outcome: Any) -> None:
        """The reply to the next request came, or its refusal."""
        self._tell(outcome)
        self.outcomes.append(outcome)

    def end(self, error: TransportError) -> None:
        """It went wrong with the next one, and nobody waits for those behind it any more."""
        channel = self._channels[len(self.outcomes)]
        self.came(error)
        while len(self.outcomes) < self.count:
            self.came(NoReply(f"{self.function}: given up after channel {channel}: {error}"))

    def cancelled(self) -> None:
        for at in range(len(self.outcomes), len(self._channels)):
            self._tell("cancelled", at)

    def _tell(self, outcome: Message | MacNetBridgeError | str, at: int | None = None) -> None:
        if self._watcher is None:
            return
        reply = outcome if isinstance(outcome, Message) else None
        self._watcher(
            Exchange(
                self.function,
                self._channels[len(self.outcomes) if at is None else at],
                self._request,
                self._sent_at,
                time.monotonic() - self._sent_at,
                reply,
                None if isinstance(outcome, Message) else outcome,
            )
        )
