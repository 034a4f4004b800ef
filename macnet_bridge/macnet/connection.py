"""One connection to a tester: one request in flight, and closed after any doubt.

A reply that comes late, garbled or not at all leaves the stream in a state that nobody knows:
its next bytes could answer the wrong request. So whatever ends an exchange other than its own
reply, cancellation included, closes the connection, and the next exchange opens a new one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from macnet_bridge.errors import (
    BadReply,
    MacNetBridgeError,
    Malformed,
    NoReply,
    TesterRefused,
    TransportError,
)
from macnet_bridge.macnet.conversation import Conversation
from macnet_bridge.macnet.dialects import Call, Dialect
from macnet_bridge.macnet.exchanges import Watch, Watcher
from macnet_bridge.macnet.greeting import Meet, greet
from macnet_bridge.macnet.pipeline import ask_each
from macnet_bridge.macnet.protocol.functions import Effect, Function, check_result
from macnet_bridge.macnet.protocol.messages import Login, Message
from macnet_bridge.macnet.receiving import exchange
from macnet_bridge.macnet.transports import ConnectionClosed, Transport

Q = TypeVar("Q", bound=Message)
R = TypeVar("R", bound=Message)

BeforeSend = Callable[[], None]
"""Called when the connection is ready and nothing of the request has left; raising keeps it back."""


class Connection:
    """Calls functions of one tester over one socket, one at a time, in the order asked.

    The socket is opened when it is first needed and again after it was lost.

    Attributes:
        times_opened: rises whenever somebody else may be at the other end than before.
        watcher: told of every request that left, None for nobody.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[Transport]],
        dialect: Callable[[], Dialect],
        login: Login | None = None,
        meet: Meet | None = None,
    ) -> None:
        """With `login`, every socket that is opened begins with MacNet (8, 1)."""
        self._connect = connect
        self._login = login
        self._meet = meet
        self._make_dialect = dialect
        self.times_opened = 0
        self.watcher: Watcher | None = None
        self._last_used = 0.0
        self._open: tuple[Transport, Dialect] | None = None
        self._in_flight = asyncio.Lock()

    async def call(
        self,
        function: Function[Q, R],
        channel: int,
        request: Q,
        timeout_s: float,
        before_send: BeforeSend | None = None,
    ) -> R:
        """Send a request and wait for its reply.

        Args:
            channel: 1-based; 1 for functions of the system.
            timeout_s: from the moment the request leaves.
            before_send: last word of the caller, once nothing stands before the request any more.

        Raises:
            TesterOffline, InvalidRequest: nothing was sent.
            TesterRefused: the tester said no.
            NoReply, BadReply: sent, and its outcome is not known.
        """
        with Watch(self.watcher, function, channel) as watch:
            reply = await self._ask(function, channel, request, timeout_s, before_send, watch)
            watch.reply = reply
            check_result(function, reply)
        return reply  # type: ignore[return-value]  # the dialect decoded function.reply

    async def _ask(
        self,
        function: Function[Any, Any],
        channel: int,
        request: Message,
        timeout_s: float,
        before_send: BeforeSend | None,
        watch: Watch,
    ) -> Message:
        async with self._in_flight:
            self._last_used = time.monotonic()
            transport, dialect = await self._ready(timeout_s)
            message = dialect.encode(function, channel, request)
            if before_send is not None:
                before_send()
            watch.leaves(request)
            in_step = False
            try:
                async with asyncio.timeout(timeout_s):
                    reply = await exchange(transport, dialect, message)
                in_step = True
            except TesterRefused:
                in_step = True
                raise
            except TimeoutError:
                raise NoReply(f"{function}: no reply within {timeout_s:g} s") from None
            except ConnectionClosed as error:
                raise NoReply(f"{function}: {error} before it replied") from None
            except Malformed as error:
                raise BadReply(f"{function}: {error}") from None
            finally:
                if not in_step:
                    self.close()
        return reply

    async def call_each(self, calls: Sequence[Call], timeout_s: float) -> list[Message | MacNetBridgeError]:
        """Send these requests in one go, and wait for all their replies.

        Only for functions that read: what became of a command must be known before the next.

        Args:
            calls: at least one, and no two of the same function and channel.
            timeout_s: for each reply, from the moment the one before it came.

        Returns:
            One outcome for each. TesterRefused is that request's alone; after NoReply or
            BadReply nothing more is known of those behind it, which have NoReply.

        Raises:
            TesterOffline, InvalidRequest: nothing was sent.
        """
        assert all(call.function.effect is Effect.READS for call in calls), "one of them is a command"
        async with self._in_flight:
            self._last_used = time.monotonic()
            transport, dialect = await self._ready(timeout_s)
            in_step = False
            try:
                outcomes = await ask_each(transport, dialect, calls, timeout_s, self.watcher)
                in_step = not any(isinstance(outcome, TransportError) for outcome in outcomes[-1:])
            finally:
                if not in_step:
                    self.close()
        return outcomes

    @asynccontextmanager
    async def conversation(
        self, function: Function[Any, Any], timeout_s: float, before_send: BeforeSend | None = None
    ) -> AsyncIterator[Conversation]:
        """Have the connection to oneself for several messages of one function of the system.

        Args:
            before_send: as of `call`, before the first message.

        Raises:
            What `call` raises.
        """
        async with self._in_flight:
            transport, dialect = await self._ready(timeout_s)
            watch = Watch(self.watcher, function, 1)
            talk = Conversation(transport, dialect, function, timeout_s, before_send, watch)
            in_step = False
            try:
                with watch:
                    yield talk
                in_step = True
            except ConnectionClosed as error:
                raise NoReply(f"{function}: {error} before it replied") from None
            except Malformed as error:
                raise BadReply(f"{function}: {error}") from None
            finally:
                if talk.has_begun and not in_step:
                    self.close()

    def is_idle(self, for_s: float) -> bool:
        """Whether it was opened once, and nothing was asked on it for so long."""
        is_silent = time.monotonic() - self._last_used >= for_s
        return self._open is not None and is_silent and not self._in_flight.locked()

    def close(self) -> None:
        """Close the socket. A call that is waiting for its reply ends with NoReply."""
        if self._open is not None:
            self._open[0].close()
            self._open = None

    async def _ready(self, timeout_s: float) -> tuple[Transport, Dialect]:
        if self._open is not None and not _in_step(*self._open):
            self.close()
        if self._open is None:
            opened = (await self._connect(), self._make_dialect())
            await greet(*opened, timeout_s, login=self._login, meet=self._meet, watcher=self.watcher)
            self._open = opened
            self.times_opened += 1
        return self._open


def _in_step(transport: Transport, dialect: Dialect) -> bool:
    """Whether the next bytes to arrive will belong to the next request.

    A binary reply has no id, so one that came twice would pass for the answer to what is
    asked next. The end of a line after a reply is nothing, however late it comes.
    """
    dialect.feed(transport.leftover())
    return transport.is_open and not dialect.pending
