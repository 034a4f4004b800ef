"""Takes command messages, decides on each, carries out what is allowed, and answers them all.

The way of a command: ticket (who asks what) -> memory (was it asked before?) -> checks ->
lane of its channel -> job -> final acknowledgement. What goes wrong at any point becomes the
final acknowledgement too. A command that needs an id is in the journal from the memory on, and its
acknowledgement is written there before it is published.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from macnet_bridge import kill_points
from macnet_bridge.commands.answers import Answers, SendAcknowledgement
from macnet_bridge.commands.deadline import deadline
from macnet_bridge.commands.history import History
from macnet_bridge.commands.job import CyclerRules, Job, Verb
from macnet_bridge.commands.journalling import Journalling
from macnet_bridge.commands.lane import Lane
from macnet_bridge.commands.memory import AnswerMemory, Remembered
from macnet_bridge.commands.permission import Permission
from macnet_bridge.commands.problems import problem
from macnet_bridge.commands.settling import Settler
from macnet_bridge.commands.ticket import Clock, CommandMessage, Now, Ticket, read_ticket
from macnet_bridge.commands.verbs import VERBS, no_such_verb
from macnet_bridge.errors import CommandStopped, MacNetBridgeError, Rejected
from macnet_bridge.payloads.acknowledgements import Acknowledgement
from macnet_bridge.payloads.arguments import decode_arguments
from macnet_bridge.payloads.envelope import Envelope, decode_envelope
from macnet_bridge.store import Journal
from macnet_bridge.tester import Tester
from macnet_bridge.topics import Address, Topics

log = logging.getLogger(__name__)

ACCEPTED_AFTER_S = 0.25
"""A command that takes longer is acknowledged as accepted meanwhile."""

JOURNAL_S = 0.4
"""How long the journal may take for the last answers when the bridge stops."""


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
        *,
        journal: Journal,
    ) -> None:
        self._topics = topics
        self._rules = rules
        self._testers = testers
        self._tasks = tasks
        self._clock = clock
        self._memory = AnswerMemory(keep_s=2 * rules.max_ttl_s)
        self._answers = Answers(topics, testers, send, self._memory, clock)
        self._settler = Settler(testers, clock)
        self._journalling = Journalling(journal, self._memory, self._answers, self._settler, clock, tasks)
        self._history = History(self._memory, journal, testers, rules.permission)
        self._reply_prefixes = [f"{topics.root}/reply", *rules.reply_prefixes]
        self._lanes: dict[tuple[str | None, int | None], Lane] = {}
        self._running: dict[Job[Any], asyncio.TimerHandle | None] = {}
        self._remembered: dict[Job[Any], Remembered] = {}
        self._is_stopping = False

    def handle(self, message: CommandMessage) -> asyncio.Future[Any] | None:
        """Take one message from a command topic.

        Returns:
            What is done once the message need not come again, well or badly; None: it is now.
        """
        now = self._clock()
        ticket = read_ticket(message, self._topics, self._reply_prefixes, now)
        entry: Remembered | None = None
        try:
            known = (
                self._memory.look_up(ticket.key, ticket.fingerprint, now.monotonic) if ticket.key else None
            )
            if known is not None:
                self._answers.again(known, ticket)
                return known.record.begun if known.record else None
            kill_points.reach("read")
            if ticket.key:
                entry = self._memory.remember(ticket.key, ticket.fingerprint, now.monotonic)
                entry.record = self._journalling.begin(ticket) if _is_journalled(ticket) else None
            self._admit(message, ticket, entry)
        except CommandStopped as refusal:
            self._end(ticket, entry, ticket.refusal(refusal, self._clock()))
        except Exception:
            # Whatever a message contains, its sender gets an answer and the bridge goes on.
            log.exception("a message on %s could not be handled", message.topic)
            fault = problem(MacNetBridgeError("an internal error; the bridge's log has the details"))
            self._end(ticket, entry, ticket.acknowledgement("rejected", self._clock(), problem=fault))
        return entry.record.begun if entry is not None and entry.record else None

    async def recover(self) -> None:
        """Answer what an earlier run left behind; call it before the first message."""
        await self._journalling.recover()

    async def keep_house(self, journal_days: float) -> None:
        """Keep the journal small; runs until it is cancelled."""
        await self._journalling.keep_house(journal_days)

    def testers_changed(self) -> None:
        """A tester came online."""
        self._settler.testers_changed()

    async def drain(self, timeout_s: float) -> None:
        """Before the bridge stops: refuse what has not begun, wait for what has.

        What then still runs is given up, and answered with what is known of it. What comes from
        now on is refused too.
        """
        self._is_stopping = True
        self._journalling.stop_recovering()
        for lane in self._lanes.values():
            lane.cancel_waiting(Rejected("CANCELLED", "the bridge is stopping"))
        try:
            async with asyncio.timeout(timeout_s):
                await asyncio.gather(*(job.finished.wait() for job in self._running))
        except TimeoutError:
            log.warning("%d commands were still running when the bridge stopped", len(self._running))
            self._abandon()
        await self._journalling.drain(JOURNAL_S)

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
        record = entry.record if entry is not None else None
        job = Job(ticket, verb, args, until, self._clock, tester, rules, record, self._history)
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
        place = (job.ticket.cycler, job.ticket.channel)
        lane = self._lanes.get(place)
        if lane is None:
            lane = self._lanes[place] = Lane(self._tasks, "/".join(map(str, place)), self._finish_job)
        lane.add(job)  # begins in a task of its own, so that what follows is in time
        if entry is not None:
            self._remembered[job] = entry
        timer = None
        if progress:
            self._accept(job)
        else:
            loop = asyncio.get_running_loop()
            timer = loop.call_later(ACCEPTED_AFTER_S, self._accept, job)
        self._running[job] = timer

    def _accept(self, job: Job[Any]) -> None:
        """Say `accepted`, of a journalled command once it is in the journal, and new there."""
        if job.record is None:
            self._answers.accepted(job.ticket)
            return

        def say(begun: asyncio.Future[Any]) -> None:
            if not job.finished.is_set() and begun.exception() is None and begun.result() is None:
                self._answers.accepted(job.ticket)

        job.record.begun.add_done_callback(say)

    def _finish_job(self, job: Job[Any], answer: Acknowledgement) -> None:
        entry = self._forget(job)
        # Before the journal has it: a stop may wait for this, and never waits for a disk.
        job.finished.set()
        self._end(job.ticket, entry, answer, reads=job.verb.reads)

    def _end(
        self, ticket: Ticket, entry: Remembered | None, answer: Acknowledgement, *, reads: bool = False
    ) -> None:
        if entry is None or entry.record is None:
            self._answers.final(ticket, entry, answer, reads=reads)
        else:
            self._journalling.end(ticket, entry, answer)

    def _forget(self, job: Job[Any]) -> Remembered | None:
        timer = self._running.pop(job, None)
        if timer is not None:
            timer.cancel()
        return self._remembered.pop(job, None)


def _is_journalled(ticket: Ticket) -> bool:
    verb = VERBS.get((ticket.address.scope, ticket.address.verb)) if ticket.address else None
    return verb is not None and verb.needs_id
