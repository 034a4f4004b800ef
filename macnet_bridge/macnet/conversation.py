"""Several messages of one function on a connection that nobody else uses, such as a file's transfer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from macnet_bridge.errors import NoReply
from macnet_bridge.macnet.dialects import Dialect
from macnet_bridge.macnet.exchanges import Watch
from macnet_bridge.macnet.protocol.functions import Function
from macnet_bridge.macnet.protocol.messages import Message
from macnet_bridge.macnet.receiving import receive
from macnet_bridge.macnet.transports import Transport

TRIES = 3
"""How often a message of a transfer is sent before it counts as lost."""


class Conversation:
    """Messages of one function that belong together, on a connection that nobody else uses.

    Attributes:
        has_begun: whether anything was sent.
        resent: how often a message was sent again.
    """

    def __init__(
        self,
        transport: Transport,
        dialect: Dialect,
        function: Function[Any, Any],
        timeout_s: float,
        before_send: Callable[[], None] | None,
        watch: Watch,
    ) -> None:
        self.has_begun = False
        self.resent = 0
        self._before_send = before_send
        self._watch = watch
        self._transport = transport
        self._dialect = dialect
        self._function = function
        self._timeout_s = timeout_s

    async def ask(self, request: Message, is_due: Callable[[Message], bool], tries: int = TRIES) -> Message:
        """Send a message until a reply comes that is due; others are late ones and are dropped.

        Raises:
            NoReply: none came, however often it was sent.
        """
        message = self._dialect.encode(self._function, 1, request)
        for attempt in range(tries):
            self.resent += bool(attempt)
            self._send(request, message)
            try:
                async with asyncio.timeout(self._timeout_s):
                    while True:
                        reply = await receive(self._transport, self._dialect)
                        if is_due(reply):
                            return reply
            except TimeoutError:
                continue
        raise NoReply(f"{self._function}: no reply within {self._timeout_s:g} s, messages sent: {tries}")

    def tell(self, request: Message) -> None:
        """Send a message that is not replied to."""
        self._send(request, self._dialect.encode(self._function, 1, request))

    def _send(self, request: Message, message: bytes) -> None:
        if not self.has_begun and self._before_send is not None:
            self._before_send()
        self._watch.leaves(request)
        self.has_begun = True
        self._transport.send(message)
