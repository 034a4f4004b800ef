"""What the log says at debug: commands, and requests to testers, telemetry's included.

The numbers of commands are those of the audit, which has their ids and arguments. Here is nothing
that came in a payload or went to a tester: neither values, nor names of tests, nor a log-in.
"""

from __future__ import annotations

import logging

from msgspec import UNSET

from macnet_bridge.commands.ticket import Ticket
from macnet_bridge.errors import MacNetBridgeError
from macnet_bridge.macnet.exchanges import Exchange, Watcher
from macnet_bridge.macnet.protocol.function import Target
from macnet_bridge.payloads.acknowledgements import Acknowledgement

log = logging.getLogger(__name__)


def received(ticket: Ticket) -> None:
    """A message came to a command topic."""
    if log.isEnabledFor(logging.DEBUG):
        # The topic is its sender's, who may have put an end of a line into the verb.
        log.debug("command %d: %r for %s by %s", ticket.number, ticket.verb, _place(ticket), ticket.principal)


def answered(ticket: Ticket, answer: Acknowledgement) -> None:
    """A final acknowledgement was published."""
    if log.isEnabledFor(logging.DEBUG):
        code = "" if answer.error is UNSET else f" ({answer.error.code})"
        log.debug("command %d: %s is %s%s", ticket.number, _place(ticket), answer.status, code)


def watching(cycler: str, watcher: Watcher) -> Watcher:
    """Tell the log, and then the watcher, of the exchanges with a tester."""

    def watch(exchange: Exchange) -> None:
        if log.isEnabledFor(logging.DEBUG):
            _tell(cycler, exchange)
        watcher(exchange)

    return watch


def _tell(cycler: str, exchange: Exchange) -> None:
    function, error = exchange.function, exchange.error
    place = f"{cycler}/{exchange.channel}" if function.target is Target.CHANNEL else cycler
    outcome = error.code if isinstance(error, MacNetBridgeError) else error or "a reply"
    log.debug("%s: %s: %s after %.1f ms", place, function, outcome, exchange.duration_s * 1000)


def _place(ticket: Ticket) -> str:
    places = [str(part) for part in (ticket.cycler, ticket.channel) if part is not None]
    return "/".join(places) or "the bridge"
