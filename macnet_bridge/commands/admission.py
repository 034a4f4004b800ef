"""Decides on a command: whether it is valid, in time, and allowed; and makes what is carried out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from msgspec import UNSET, Raw

from macnet_bridge.commands.command import Command
from macnet_bridge.commands.deadline import deadline
from macnet_bridge.commands.expectations import Expectation
from macnet_bridge.commands.history import History
from macnet_bridge.commands.job import Desk, Job, Verb
from macnet_bridge.commands.keys import check_keys
from macnet_bridge.commands.leases import Leases
from macnet_bridge.commands.memory import AnswerMemory, Remembered
from macnet_bridge.commands.record import Record
from macnet_bridge.commands.rules import CommandRules
from macnet_bridge.commands.ticket import Clock, CommandMessage, Ticket
from macnet_bridge.commands.verbs import VERBS, no_such_verb
from macnet_bridge.errors import Rejected
from macnet_bridge.payloads.arguments import decode_arguments
from macnet_bridge.payloads.envelope import Envelope, decode_envelope, names_channels
from macnet_bridge.tester import Tester
from macnet_bridge.topics import Address, Scope, Topics


@dataclass(frozen=True, slots=True)
class Order:
    """A command that may be carried out, if its channels and arguments are right.

    Attributes:
        until: its deadline in monotonic seconds.
        entry: its place in the memory of answers, None without a key.
    """

    ticket: Ticket
    verb: Verb[Any]
    envelope: Envelope
    until: float
    entry: Remembered | None

    @property
    def record(self) -> Record | None:
        """Its row in the journal."""
        return None if self.entry is None else self.entry.record


class Admission:
    """What is allowed, of one bridge."""

    def __init__(
        self,
        topics: Topics,
        rules: CommandRules,
        testers: Mapping[str, Tester],
        clock: Clock,
        memory: AnswerMemory,
        history: History,
        leases: Leases,
        desk: Desk,
    ) -> None:
        self._topics = topics
        self._rules = rules
        self._testers = testers
        self._clock = clock
        self._memory = memory
        self._history = history
        self._leases = leases
        self._desk = desk

    def is_journalled(self, ticket: Ticket, payload: bytes) -> bool:
        """Whether it must not run twice, as far as can be told of any message."""
        try:
            return ticket.address is not None and self._find_verb(ticket.address, payload).needs_id
        except Rejected:
            return False

    def admit(self, message: CommandMessage, ticket: Ticket, entry: Remembered | None) -> Order:
        """What is to be carried out.

        Raises:
            Rejected, Expired
        """
        if ticket.topic_error is not None:
            raise ticket.topic_error
        address = ticket.address
        assert address is not None, "a ticket without a topic error has an address"
        if message.retain:
            raise Rejected("RETAINED", "a retained command is never executed; publish it without retain")
        verb = self._find_verb(address, message.payload)
        envelope = self._decode(message, verb)
        ticket.dry_run = envelope.dry_run
        check_keys(envelope, verb, address.scope)
        self.find_tester(address)
        until = deadline(
            ticket.received,
            expires_at=envelope.expires_at,
            message_expiry_s=message.message_expiry_s,
            waited=message.waited,
            max_ttl_s=self._rules.max_ttl_s,
            required=self._rules.require_expiry,
        )
        if envelope.channels is UNSET:
            self._rules.permission.check(address, reads=verb.reads, stops=verb.stops)
        if verb.needs_id and ticket.key is None:
            raise Rejected("MISSING_ID", f"{verb.name} needs an id, so that it never runs twice", "id")
        if verb.reads and entry is not None:
            self._memory.reserve(entry, verb.answer_bytes)
        return Order(ticket, verb, envelope, until, entry)

    def make(
        self,
        order: Order,
        ticket: Ticket,
        tester: Tester | None,
        args: Raw | None = None,
        *,
        verb: Verb[Any] | None = None,
        stagger_s: float = 0.0,
        rehearse: Callable[[Command], Awaitable[None]] | None = None,
    ) -> Command:
        """A command that was admitted, or one channel of it.

        Args:
            stagger_s: how much later than the command its turn comes, and its deadline is.

        Raises:
            Rejected: NOT_ALLOWED, NOT_SERVED, or BAD_ARGS.
        """
        address, envelope = ticket.address, order.envelope
        assert address is not None, "a ticket without a topic error has an address"
        verb = verb or order.verb
        if ticket.whole is not None and verb is order.verb:
            self._rules.permission.check(address, reads=verb.reads, stops=verb.stops)
        self.find_tester(address)
        job = Job(
            ticket,
            verb,
            decode_arguments(verb.arguments, envelope.args if args is None else args),
            order.until + stagger_s,
            self._clock,
            tester=tester,
            rules=self._rules.cyclers.get(address.cycler or ""),
            dry_run=envelope.dry_run,
            expected=None if envelope.expect is UNSET else Expectation(envelope.expect),
            record=order.record,
            history=self._history,
            leases=self._leases,
            desk=self._desk,
        )
        if verb.admit is not None:
            verb.admit(job)
        staggered = stagger_s > 0 and not envelope.dry_run
        not_before = ticket.received.monotonic + stagger_s if staggered else 0.0
        return Command(job, not_before=not_before, rehearse=rehearse)

    def find_tester(self, address: Address) -> Tester | None:
        """The tester that an address is for, None where it is for none alone.

        Raises:
            Rejected: NOT_SERVED
        """
        if address.cycler is None:
            return None
        tester = self._testers.get(address.cycler)
        if tester is None:
            raise Rejected("NOT_SERVED", f"this bridge serves no cycler {address.cycler}")
        if address.channel is not None and not tester.serves(address.channel):
            raise Rejected("NOT_SERVED", f"{address.cycler} has no channel {address.channel} that is served")
        return tester

    def _find_verb(self, address: Address, payload: bytes) -> Verb[Any]:
        verb = VERBS.get((address.scope, address.verb))
        if address.scope is Scope.CYCLER and names_channels(payload):
            verb = VERBS.get((Scope.CHANNEL, address.verb), verb)
        if verb is None:
            listed = self._topics.bridge_topic("info")
            raise Rejected("UNKNOWN_VERB", no_such_verb(address.scope, address.verb, listed))
        return verb

    def _decode(self, message: CommandMessage, verb: Verb[Any]) -> Envelope:
        if message.payload:
            return decode_envelope(message.payload, verb.payload_bytes)
        if verb.reads or verb.stops:
            return Envelope()
        raise Rejected("BAD_JSON", f'{verb.name} needs a payload, such as {{"id": …, "args": {{…}}}}')
