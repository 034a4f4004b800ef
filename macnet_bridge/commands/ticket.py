"""What every acknowledgement of a command needs, read from any message whatever it contains."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from msgspec import UNSET

from macnet_bridge.commands.problems import problem
from macnet_bridge.errors import CommandStopped, Rejected
from macnet_bridge.payloads.acknowledgements import Acknowledgement, Problem, Status, Verified
from macnet_bridge.payloads.envelope import fingerprint, readable_id
from macnet_bridge.topics import ANONYMOUS, Address, Scope, Topics, is_below


class Route(NamedTuple):
    """Where an acknowledgement goes besides its own topic: an MQTT 5 Response Topic."""

    topic: str
    correlation_data: bytes | None


class Now(NamedTuple):
    """The same moment by two clocks, both in seconds: UTC since 1970, and one that never jumps."""

    unix: float
    monotonic: float


Clock = Callable[[], Now]


class CommandMessage(Protocol):
    """What the bridge needs of a message that came from the broker."""

    @property
    def topic(self) -> str: ...
    @property
    def payload(self) -> bytes: ...
    @property
    def retain(self) -> bool: ...
    @property
    def waited(self) -> bool: ...
    @property
    def response_topic(self) -> str | None: ...
    @property
    def correlation_data(self) -> bytes | None: ...
    @property
    def message_expiry_s(self) -> int | None: ...


@dataclass(slots=True)
class Ticket:
    """A command as far as it can be read, and where its acknowledgements go.

    Attributes:
        address: None when the topic is none of ours in form; `topic_error` says why.
        routes: Response Topics that the configuration lets us publish to.
        reply_ignored: whether a Response Topic was asked for that it does not.
        whole: the command for several channels that this one is a part of.
        dry_run: whether nothing is to be changed.
        number: in the audit, see `Audit.received`.
    """

    id: str | None
    verb: str
    cycler: str | None
    channel: int | None
    principal: str
    received: Now
    address: Address | None = None
    topic_error: Rejected | None = None
    routes: list[Route] = field(default_factory=list)
    reply_ignored: bool = False
    fingerprint: bytes = b""
    whole: Ticket | None = None
    dry_run: bool = False
    number: int = 0

    def part(self, cycler: str, channel: int | None) -> Ticket:
        """The ticket of one channel of this command. Its Response Topic gets the summary alone."""
        scope = Scope.CYCLER if channel is None else Scope.CHANNEL
        address = Address(scope, self.verb, self.principal, cycler, channel)
        return Ticket(
            self.id,
            self.verb,
            cycler,
            channel,
            self.principal,
            self.received,
            address,
            whole=self,
            dry_run=self.dry_run,
            number=self.number,
        )

    @property
    def key(self) -> tuple[object, ...] | None:
        """The idempotency key: principal and id, else principal and correlation, else none.

        That of a part is the key of the whole, with its channel.
        """
        if self.whole is not None:
            return None if self.whole.key is None else (*self.whole.key, self.cycler, self.channel)
        if self.id is not None:
            return (self.principal, self.id)
        for route in self.routes:
            if route.correlation_data:
                # Of the data, which may be large, only what tells it from other.
                return (self.principal, route.topic, hashlib.sha256(route.correlation_data).digest())
        return None

    def acknowledgement(
        self,
        status: Status,
        now: Now | None = None,
        *,
        result: dict[str, object] | None = None,
        verified: Verified | None = None,
        steps: list[str] | None = None,
        problem: Problem | None = None,
    ) -> Acknowledgement:
        """An acknowledgement of this command; a final one when `now` says when it ended."""
        latency_ms = None if now is None else (now.monotonic - self.received.monotonic) * 1000
        return Acknowledgement(
            id=self.id,
            command=self.verb,
            cycler=self.cycler or UNSET,
            channel=self.channel or UNSET,
            principal=self.principal,
            status=status,
            final=now is not None,
            part=self.whole is not None or UNSET,
            dry_run=self.dry_run or UNSET,
            result=UNSET if result is None else result,
            steps=steps or UNSET,
            verified=verified or UNSET,
            error=problem or UNSET,
            reply_ignored=self.reply_ignored or UNSET,
            received_at=round(self.received.unix, 3),
            finished_at=UNSET if now is None else round(now.unix, 3),
            latency_ms=UNSET if latency_ms is None else round(latency_ms, 3),
        )

    def refusal(self, error: CommandStopped, now: Now) -> Acknowledgement:
        """The final acknowledgement of a command whose deciding request is not sent."""
        return self.acknowledgement(error.status, now, problem=problem(error))


def read_ticket(message: CommandMessage, topics: Topics, reply_prefixes: list[str], now: Now) -> Ticket:
    """The ticket of any message; never fails."""
    command_id = readable_id(message.payload)
    try:
        address = topics.parse_command(message.topic)
    except Rejected as error:
        cycler, channel = topics.address_hint(message.topic)
        ticket = Ticket(command_id, "", cycler, channel, ANONYMOUS, now, topic_error=error)
    else:
        ticket = Ticket(
            command_id, address.verb, address.cycler, address.channel, address.principal, now, address
        )
    ticket.fingerprint = _fingerprint(ticket, message.payload)
    if message.response_topic is not None:
        if is_below(message.response_topic, reply_prefixes):
            ticket.routes.append(Route(message.response_topic, message.correlation_data))
        else:
            ticket.reply_ignored = True
    return ticket


def _fingerprint(ticket: Ticket, payload: bytes) -> bytes:
    place = f"{ticket.cycler}/{ticket.channel}/{ticket.verb}\0".encode()
    return hashlib.sha256(place + fingerprint(payload)).digest()
