"""The journal's row of one command, while the command is under way."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from msgspec import Struct

from macnet_bridge.commands.ticket import Clock, Now, Route, Ticket
from macnet_bridge.store import Journal, Row


class Request(Struct, frozen=True, kw_only=True):
    """What is needed to answer a command after a restart."""

    id: str | None
    verb: str
    cycler: str | None
    channel: int | None
    principal: str
    routes: list[tuple[str, bytes | None]] = []
    reply_ignored: bool = False


_decoder = msgspec.json.Decoder(Request)


class Record:
    """A command in the journal.

    Attributes:
        begun: what was known under its key, None when it is new; raises JournalUnavailable. Wait
            for it in a way that does not cancel it: others do as well.
        is_sent: whether it is on disk that the deciding request is about to leave.
    """

    def __init__(self, journal: Journal, key: str, begun: asyncio.Future[Row | None], clock: Clock) -> None:
        self.key = key
        self.begun = begun
        self.is_sent = False
        self._journal = journal
        self._clock = clock

    async def known(self) -> Row | None:
        """What was known under its key before it, None when it is new.

        Raises:
            JournalUnavailable
        """
        return await asyncio.shield(self.begun)

    async def sent(self, proof: bytes | None) -> None:
        """Write down that the deciding request leaves next. Raises JournalUnavailable."""
        await self._journal.sent(self.key, proof, self._clock().unix)
        self.is_sent = True

    async def settle(self, answer: bytes) -> None:
        """Write down the final acknowledgement. Raises JournalUnavailable."""
        await asyncio.shield(self._journal.settle(self.key, answer, self._clock().unix))


def begin(journal: Journal, ticket: Ticket, clock: Clock) -> Record:
    """Have a command written down. It is, once `begun` says so."""
    request = Request(
        id=ticket.id,
        verb=ticket.verb,
        cycler=ticket.cycler,
        channel=ticket.channel,
        principal=ticket.principal,
        routes=[(route.topic, route.correlation_data) for route in ticket.routes],
        reply_ignored=ticket.reply_ignored,
    )
    assert ticket.key is not None, "only commands with a key are journalled"
    key = key_text(ticket.key)
    content = msgspec.json.encode(request)
    begun = journal.begin(key, ticket.fingerprint, content, ticket.received.unix)
    return Record(journal, key, begun, clock)


def resumed(journal: Journal, row: Row, clock: Clock) -> Record:
    """The record of a command that an earlier run began."""
    begun: asyncio.Future[Row | None] = asyncio.get_running_loop().create_future()
    begun.set_result(None)
    record = Record(journal, row.key, begun, clock)
    record.is_sent = row.sent_at is not None
    return record


def request_of(row: Row) -> Request:
    return _decoder.decode(row.request)


def ticket_of(row: Row, now: Now) -> Ticket:
    """The ticket of a command that an earlier run received."""
    request = request_of(row)
    return Ticket(
        request.id,
        request.verb,
        request.cycler,
        request.channel,
        request.principal,
        # This run's clock was not there yet: what it would have shown.
        Now(row.received_at, now.monotonic - (now.unix - row.received_at)),
        routes=[Route(*route) for route in request.routes],
        reply_ignored=request.reply_ignored,
        fingerprint=row.fingerprint,
    )


def key_text(key: tuple[Any, ...]) -> str:
    """A command's key as the journal has it: JSON, bytes in hex."""
    return msgspec.json.encode([part.hex() if isinstance(part, bytes) else part for part in key]).decode()
