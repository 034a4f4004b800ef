"""A look at the broker before a bridge takes its client id: whoever has that id would be thrown out."""

from __future__ import annotations

import contextlib
import ssl
import time
from collections.abc import Callable, Sequence

from macnet_bridge.broker.connection import Connection
from macnet_bridge.broker.listener import Listener
from macnet_bridge.broker.messages import BrokerSettings, Cause, Incoming, LinkLost
from macnet_bridge.broker.retry import ProtocolChoice

LINGER_S = 0.05
"""What a broker that answers to a subscription before it sends what it keeps is given for that."""

_AWAY = {Cause.UNREACHABLE, Cause.CONFIRMING, Cause.SHUTTING_DOWN}
"""Nobody is there to be asked, so that to ask again may help."""

_MUTE = {Cause.UNANSWERED, Cause.SILENT}
"""So does a broker that starts or hangs, and one that drops whom it does not know without a word."""

MUTE_MAX = 3
"""After so many of these whoever waits for the look has to try without: it would wait for ever."""


class Lookout(Listener):
    """Hears what the broker keeps, and what comes. `run` ends with LinkLost where a broker is there and
    has never let us look.

    Args:
        settings: with a client id that nobody else has.
        topics: what to listen to; no wildcards.
        choice: the version of MQTT, shared with whoever connects after the look.
        on_message: called with what comes; it must not raise.
        on_looked: called at each connection, after what the broker keeps has come.
        on_gone: called when a connection has ended or none came to be.
    """

    def __init__(
        self,
        settings: BrokerSettings,
        topics: Sequence[str],
        choice: ProtocolChoice,
        *,
        on_message: Callable[[Incoming], None],
        on_looked: Callable[[], None],
        on_gone: Callable[[], None],
        on_lost: Callable[[str], None],
    ) -> None:
        super().__init__(settings, topics, on_lost=on_lost)
        self._choice = choice
        self._tell_message = on_message
        self._tell_looked = on_looked
        self._tell_gone = on_gone
        self._has_looked = False
        self._has_heard = False
        self._is_leaving = False
        self._mute = 0

    async def leave(self) -> None:
        """Say goodbye, as the last thing."""
        self._is_leaving = True
        if self._link is not None and self._protocol is not None:
            with contextlib.suppress(LinkLost):
                await self._link.disconnect()

    async def _one_connection(self, tls: ssl.SSLContext | None) -> LinkLost:
        loss = await super()._one_connection(tls)
        self._tell_gone()
        if not self._has_looked and self._is_turned_away(loss.cause):
            raise loss
        return loss

    def _is_turned_away(self, cause: Cause) -> bool:
        self._mute += cause in _MUTE
        return self._mute == MUTE_MAX if cause in _MUTE else cause not in _AWAY

    def _announce(self, reason: str) -> None:
        if not self._is_leaving:
            super()._announce(reason)

    async def _subscribe(self, link: Connection) -> None:
        self._has_heard = False
        await super()._subscribe(link)
        # MQTT does not say when the last retained message has come. Most brokers send them before they
        # answer to what was asked after that.
        await link.subscribe(self._filters)
        end = time.monotonic() + LINGER_S
        while not self._has_heard and (left_s := end - time.monotonic()) > 0:
            await link.wait(left_s)
        self._has_looked = True
        self._tell_looked()

    def on_incoming(self, message: Incoming) -> None:
        """Hand a message over; amqtt sends some that nobody asked for."""
        if self._link is None:
            return
        self._link.acknowledge(message)
        if message.topic in self._filters:
            self._has_heard |= message.retain
            self._link.poke()
            self._tell_message(message)
