"""Takes command messages, decides on each, carries out what is allowed, and answers them all.

The way of a command: ticket (who asks what) -> memory (was it asked before?) -> checks ->
lane of its channel -> job -> final acknowledgement. What goes wrong at any point becomes the
final acknowledgement too.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from macnet_bridge.commands.answers import Answers, SendAcknowledgement
from macnet_bridge.commands.deadline import deadline
from macnet_bridge.commands.direct import LAPSE, LapseArguments
from macnet_bridge.commands.job import CyclerRules, Job, Verb
from macnet_bridge.commands.keeper import LeaseKeeper
from macnet_bridge.commands.lane import Lane
from macnet_bridge.commands.lease import LeaseRecord
from macnet_bridge.commands.leases import Leases, LeasesInMemory
from macnet_bridge.commands.memory import AnswerMemory, Remembered
from macnet_bridge.commands.permission import Permission
from macnet_bridge.commands.problems import problem
from macnet_bridge.commands.ticket import Clock, CommandMessage, Now, Ticket, read_ticket
from macnet_bridge.commands.verbs import VERBS, no_such_verb
from macnet_bridge.errors import CommandStopped, MacNetBridgeError, Rejected
from macnet_bridge.payloads.acknowledgements import Acknowledgement
from macnet_bridge.payloads.arguments import decode_arguments
from macnet_bridge.payloads.envelope import Envelope, decode_envelope
from macnet_bridge.tester import Tester
from macnet_bridge.topics import Address, Topics

log = logging.getLogger(__name__)

ACCEPTED_AFTER_S = 0.25
"""A command that takes longer is acknowledged as accepted meanwhile."""

LEASE_STOP_S = 0.1
"""How much longer the bridge may take to stop for each channel under direct control."""


def system_clock() -> Now:
    """This moment."""
    return Now(time.time(), time.monotonic())


@dataclass(frozen=True, slots=True)
class CommandRules:
    """What the configuration says about commands."""

    permission: Permission = field(default_factory=Permission)
    max_ttl_s: float = 60.0
    require_expiry: bool = False
    reply_prefixes: Sequence[str] = ()
    cyclers: Mapping[str, CyclerRules] = field(default_factory=dict)


class CommandService:
    """Commands of one bridge.

    `handle` is quick and never raises; the commands themselves run in tasks of the group.
    """

    def __init__(
        self,
        topics: Topics,
        rules: CommandRules,
        testers: Mapping[str, Tester],
        send: SendAcknowledgement,
        tasks: asyncio.TaskGroup,
        clock: Clock = system_clock,
        leases: Leases | None = None,
    ) -> None:
        self._topics = topics
        self._rules = rules
        self._testers = testers
        self._tasks = tasks
        self._clock = clock
        self._memory = AnswerMemory(keep_s=2 * rules.max_ttl_s)
        self._answers = Answers(topics, testers, send, self._memory, clock)
        self._reply_prefixes = [f"{topics.root}/reply", *rules.reply_prefixes]
        self._lanes: dict[tuple[str | None, int | None], Lane] = {}
        self._running: dict[Job[Any], asyncio.TimerHandle | None] = {}
        self._remembered: dict[Job[Any], Remembered] = {}
        self._orders: dict[Job[Any], asyncio.Future[Acknowledgement]] = {}
        self._is_stopping = False
        self._leases = Leases(LeasesInMemory()) if leases is None else leases
        self._keeper = LeaseKeeper(self._leases, testers, topics, self._order, send, tasks, clock)

    def recover(self) -> None:
        """Take up what an earlier run left undone: leases whose channels may still run."""
        self._keeper.recover()

    def seen(self, cycler: str, channel: int, state: int) -> None:
        """A poll saw a channel in this state, by MacNet's number."""
        self._keeper.seen(cycler, channel, state)

    def handle(self, message: CommandMessage) -> None:
        """Take one message from a command topic."""
        now = self._clock()
        ticket = read_ticket(message, self._topics, self._reply_prefixes, now)
        entry: Remembered | None = None
        try:
            known = (
                self._memory.look_up(ticket.key, ticket.fingerprint, now.monotonic) if ticket.key else None
            )
            if known is not None:
                self._answers.again(known, ticket)
                return
            if ticket.key:
                entry = self._memory.remember(ticket.key, ticket.fingerprint, now.monotonic)
            self._admit(message, ticket, entry)
        except CommandStopped as refusal:
            self._answers.final(ticket, entry, ticket.refusal(refusal, self._clock()))
        except Exception:
            # Whatever a message contains, its sender gets an answer and the bridge goes on.
            log.exception("a message on %s could not be handled", message.topic)
            fault = problem(MacNetBridgeError("an internal error; the bridge's log has the details"))
            self._answers.final(
                ticket, entry, ticket.acknowledgement("rejected", self._clock(), problem=fault)
            )

    async def drain(self, timeout_s: float) -> None:
        """Before the bridge stops: refuse what has not begun, wait for what has, stop what is leased.

        Each lease has `LEASE_STOP_S` more.

        What then still runs is given up, and answered with what is known of it. What comes from
        now on is refused too.
        """
        self._is_stopping = True
        self._keeper.stop()
        for lane in self._lanes.values():
            lane.cancel_waiting(Rejected("CANCELLED", "the bridge is stopping"))
        try:
            async with asyncio.timeout(timeout_s + LEASE_STOP_S * self._leases.count):
                await asyncio.gather(*(job.finished.wait() for job in self._running))
                await self._keeper.finished()
        except TimeoutError:
            log.warning("%d commands were still running when the bridge stopped", len(self._running))
            self._abandon()
            await asyncio.sleep(0)  # in which it is published what lapsed
            self._keeper.abandon()

    def _abandon(self) -> None:
        for lane in self._lanes.values():
            lane.abandon()
        for job in list(self._running):
            self._finish_job(job, job.abandon())

    # --- deciding

    def _admit(self, message: CommandMessage, ticket: Ticket, entry: Remembered | None) -> None:
        if ticket.topic_error is not None:
            raise ticket.topic_error
        address = ticket.address
        assert address is not None, "a ticket without a topic error has an address"
        if message.retain:
            raise Rejected("RETAINED", "a retained command is never executed; publish it without retain")
        verb = self._find_verb(address)
        envelope = self._decode(message, verb)
        tester = self._find_tester(address)
        until = deadline(
            ticket.received,
            expires_at=envelope.expires_at,
            message_expiry_s=message.message_expiry_s,
            waited=message.waited,
            max_ttl_s=self._rules.max_ttl_s,
            required=self._rules.require_expiry,
        )
        self._rules.permission.check(address, reads=verb.reads, stops=verb.stops)
        if verb.needs_id and ticket.key is None:
            raise Rejected("MISSING_ID", f"{verb.name} needs an id, so that it never runs twice", "id")
        args = decode_arguments(verb.arguments, envelope.args)
        if verb.reads and entry is not None:
            self._memory.reserve(entry, verb.answer_bytes)
        rules = self._rules.cyclers.get(address.cycler or "")
        job = Job(ticket, verb, args, until, self._clock, tester, rules, self._leases)
        if verb.admit is not None:
            verb.admit(job)
        self._begin(job, entry, progress=envelope.progress)

    def _find_verb(self, address: Address) -> Verb[Any]:
        verb = VERBS.get((address.scope, address.verb))
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

    def _find_tester(self, address: Address) -> Tester | None:
        if address.cycler is None:
            return None
        tester = self._testers.get(address.cycler)
        if tester is None:
            raise Rejected("NOT_SERVED", f"this bridge serves no cycler {address.cycler}")
        if address.channel is not None and not tester.serves(address.channel):
            raise Rejected("NOT_SERVED", f"{address.cycler} has no channel {address.channel} that is served")
        return tester

    # --- carrying out

    def _begin(self, job: Job[Any], entry: Remembered | None, *, progress: bool) -> None:
        if self._is_stopping:
            raise Rejected("CANCELLED", "the bridge is stopping")
        self._lane(job).add(job)  # begins in a task of its own, so that what follows is in time
        if entry is not None:
            self._remembered[job] = entry
        timer = None
        if progress:
            self._answers.accepted(job.ticket)
        else:
            loop = asyncio.get_running_loop()
            timer = loop.call_later(ACCEPTED_AFTER_S, self._answers.accepted, job.ticket)
        self._running[job] = timer

    def _lane(self, job: Job[Any]) -> Lane:
        place = (job.ticket.cycler, job.ticket.channel)
        lane = self._lanes.get(place)
        if lane is None:
            lane = self._lanes[place] = Lane(self._tasks, "/".join(map(str, place)), self._finish_job)
        return lane

    async def _order(self, record: LeaseRecord, args: LapseArguments) -> Acknowledgement:
        """Have the channel of a lease stopped by the bridge itself. Nobody is told of it."""
        now, rules = self._clock(), self._rules.cyclers.get(record.cycler)
        ticket = Ticket(None, LAPSE.name, record.cycler, record.channel, record.principal, now)
        tester = self._testers[record.cycler]
        job = Job(ticket, LAPSE, args, math.inf, self._clock, tester, rules, self._leases)
        answer: asyncio.Future[Acknowledgement] = asyncio.get_running_loop().create_future()
        self._orders[job] = answer
        self._running[job] = None
        self._lane(job).add(job)
        return await answer

    def _finish_job(self, job: Job[Any], answer: Acknowledgement) -> None:
        entry = self._forget(job)
        if order := self._orders.pop(job, None):
            if not order.done():
                order.set_result(answer)
            job.finished.set()
            return
        if job.verb.ends_lease and answer.status == "done" and self._leases.end(job.place):
            self._tasks.create_task(self._leases.keep(), name="leases")
        self._answers.final(job.ticket, entry, answer, reads=job.verb.reads)
        job.finished.set()

    def _forget(self, job: Job[Any]) -> Remembered | None:
        timer = self._running.pop(job, None)
        if timer is not None:
            timer.cancel()
        return self._remembered.pop(job, None)
