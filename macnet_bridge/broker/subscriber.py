"""A subscriber that misses nothing: the broker keeps its session, and each message until it is confirmed.

With a fixed client id and QoS 1 the broker keeps what comes while the subscriber is away, as far as its
queue goes. A message is confirmed when whoever reads it says so; one that was not is delivered again.
"""

from __future__ import annotations

import contextlib
import ssl
import time
from collections.abc import Callable, Sequence

from macnet_bridge.broker.connection import Accepted, Connection
from macnet_bridge.broker.listener import Listener
from macnet_bridge.broker.messages import BrokerSettings, Cause, Incoming, LinkLost
from macnet_bridge.broker.retry import TakeoverWatch
from macnet_bridge.errors import BrokerError


class Subscriber(Listener):
    """All methods belong to the loop that `run` runs on.

    Args:
        settings: with `keeps_session`, and a client id that is the same at every start.
        former: filters of an earlier start that are not wanted any more; the session has them still.
        on_lost: called with one line when there is no connection, once per reason.
        on_session: called at each connection: whether the broker had kept the session.
    """

    def __init__(
        self,
        settings: BrokerSettings,
        filters: Sequence[str],
        *,
        former: Sequence[str] = (),
        on_lost: Callable[[str], None],
        on_session: Callable[[bool], None],
    ) -> None:
        super().__init__(settings, filters, on_lost=on_lost)
        self._former = [each for each in former if each not in filters]
        self._tell_session = on_session
        self._watch = TakeoverWatch()
        self._accepted_at: float | None = None
        self._is_leaving = False

    def acknowledge(self, message: Incoming) -> None:
        """A message is in safe hands: the broker may forget it. Nothing for one of an older connection."""
        if self._link is not None and message.qos:
            self._link.acknowledge(message)

    async def leave(self) -> None:
        """Say goodbye, as the last thing; the broker keeps the session. What was acknowledged is told."""
        self._is_leaving = True
        if self._link is not None and self._protocol is not None:
            with contextlib.suppress(LinkLost):
                await self._link.disconnect()

    def on_incoming(self, message: Incoming) -> None:
        """Keep a message for `receive`."""
        if self._link is None:
            return
        self._protocol = self._link.version
        self._inbox.put(message)
        if self._inbox.is_full and not self._link.wire.is_paused:
            self._link.wire.pause()

    def _accepted(self, link: Connection, accepted: Accepted) -> None:
        self._watch.accepted()
        self._accepted_at = time.monotonic()
        link.unsubscribe(self._former)
        self._tell_session(accepted.session_present)

    async def _one_connection(self, tls: ssl.SSLContext | None) -> LinkLost:
        """
        Raises:
            BrokerError: another client has our session. To come back would throw it out, for ever.
        """
        loss = await super()._one_connection(tls)
        if loss.cause is not Cause.CONFIRMING and not self._is_leaving:
            self._judge(loss)
        return loss

    def _judge(self, loss: LinkLost) -> None:
        lasted_s = None if self._accepted_at is None else time.monotonic() - self._accepted_at
        self._accepted_at = None
        self._watch.lost(loss.cause, lasted_s)
        if self._watch.is_certain:
            raise BrokerError(
                f"another client has taken over the session {self._settings.client_id} at the broker: "
                "stop the other recorder, or give this one another --client-id"
            )

    def _announce(self, reason: str) -> None:
        if not self._is_leaving:
            super()._announce(reason)
