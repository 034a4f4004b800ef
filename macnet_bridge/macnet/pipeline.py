"""Several requests that leave in one go, and their replies in the same order.

A tester that answers at once is asked faster so: what a request costs is waking up, here and there.
The order is all that tells which reply comes next; each must have its own id, where there are ids,
and its own function or channel. Any doubt ends the whole, for what comes behind it could belong to anything.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from macnet_bridge.errors import (
    BadReply,
    MacNetBridgeError,
    Malformed,
    NoReply,
    TesterRefused,
    TransportError,
)
from macnet_bridge.macnet.dialects import Call, Dialect
from macnet_bridge.macnet.exchanges import Exchange, Watcher
from macnet_bridge.macnet.protocol.functions import check_result
from macnet_bridge.macnet.protocol.messages import Message
from macnet_bridge.macnet.receiving import receive
from macnet_bridge.macnet.transports import ConnectionClosed, Transport


async def ask_each(
    transport: Transport,
    dialect: Dialect,
    calls: Sequence[Call],
    timeout_s: float,
    watcher: Watcher | None,
) -> list[Message | MacNetBridgeError]:
    """Send all of these at once and wait for their replies; see `Connection.call_each`.

    When the last outcome is a TransportError, the connection is out of step.
    """
    message = dialect.encode_each(calls)
    flight = _Flight(calls, watcher)
    try:
        transport.send(message)
        await _receive_all(transport, dialect, flight, timeout_s)
    except TimeoutError:
        flight.end(NoReply(f"{flight.next.function}: no reply within {timeout_s:g} s"))
    except ConnectionClosed as error:
        flight.end(NoReply(f"{flight.next.function}: {error} before it replied"))
    except Malformed as error:
        flight.end(BadReply(f"{flight.next.function}: {error}"))
    except asyncio.CancelledError:
        flight.cancelled()
        raise
    return flight.outcomes


async def _receive_all(transport: Transport, dialect: Dialect, flight: _Flight, timeout_s: float) -> None:
    now = asyncio.get_running_loop().time
    # One limit for all, set anew for each reply that has to be waited for: to set it costs as much
    # as to read a reply. Those that came together came at the same time.
    async with asyncio.timeout(None) as limit:
        for function, _, _ in flight.calls:
            try:
                reply = dialect.take()
                if reply is None:
                    limit.reschedule(now() + timeout_s)
                    reply = await receive(transport, dialect)
                check_result(function, reply)
                flight.came(reply)
            except TesterRefused as error:
                flight.came(error)
            dialect.turn()


class _Flight:
    """Requests under way, and what became of them so far."""

    def __init__(self, calls: Sequence[Call], watcher: Watcher | None) -> None:
        self.calls = calls
        self.outcomes: list[Message | MacNetBridgeError] = []
        self._watcher = watcher
        self._sent_at = time.monotonic()

    @property
    def next(self) -> Call:
        """The request whose reply comes next."""
        return self.calls[len(self.outcomes)]

    def came(self, outcome: Message | MacNetBridgeError) -> None:
        """The reply to the next request came, or its refusal."""
        self._tell(self.next, outcome)
        self.outcomes.append(outcome)

    def end(self, error: TransportError) -> None:
        """It went wrong with the next one, and nobody waits for those behind it any more."""
        channel = self.next.channel
        self.came(error)
        while len(self.outcomes) < len(self.calls):
            self.came(NoReply(f"{self.next.function}: given up after channel {channel}: {error}"))

    def cancelled(self) -> None:
        for call in self.calls[len(self.outcomes) :]:
            self._tell(call, "cancelled")

    def _tell(self, call: Call, outcome: Message | MacNetBridgeError | str) -> None:
        if self._watcher is None:
            return
        reply = outcome if isinstance(outcome, Message) else None
        self._watcher(
            Exchange(
                *call,
                self._sent_at,
                time.monotonic() - self._sent_at,
                reply,
                None if isinstance(outcome, Message) else outcome,
            )
        )
