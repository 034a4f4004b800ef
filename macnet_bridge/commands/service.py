"""Takes command messages, decides on each, carries out what is allowed, and answers them all.

The way of a command: ticket (who asks what) -> memory (was it asked before?) -> checks ->
lane of its channel -> job -> final acknowledgement. What goes wrong at any point becomes the
final acknowledgement too. A command that needs an id is in the journal from the memory on, and its
acknowledgement is written there before it is published.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import math
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

import msgspec
from msgspec import UNSET

from macnet_bridge import kill_points
from macnet_bridge.commands import debug_lines
from macnet_bridge.commands.admission import Admission, CommandRules
from macnet_bridge.commands.answers import Answers, SendAcknowledgement
from macnet_bridge.commands.audit import Audit
from macnet_bridge.commands.direct import LAPSE, LapseArguments
from macnet_bridge.commands.history import History
from macnet_bridge.commands.job import Job
from macnet_bridge.commands.journalling import Journalling
from macnet_bridge.commands.keeper import LeaseKeeper, SendEvent
from macnet_bridge.commands.lane import Lane
from macnet_bridge.commands.lease import LeaseRecord
from macnet_bridge.commands.leases import Leases, LeasesInMemory
from macnet_bridge.commands.locks import Locks
from macnet_bridge.commands.log_level import LogLevel
from macnet_bridge.commands.memory import AnswerMemory, Remembered
from macnet_bridge.commands.problems import problem
from macnet_bridge.commands.record import Record
from macnet_bridge.commands.settling import Settler
from macnet_bridge.commands.several import Order, Several
from macnet_bridge.commands.stop_latency import StopLatency
from macnet_bridge.commands.ticket import Clock, CommandMessage, Now, Ticket, read_ticket
from macnet_bridge.errors import CommandStopped, MacNetBridgeError, Rejected
from macnet_bridge.payloads.acknowledgements import Acknowledgement
from macnet_bridge.payloads.arguments import LogLevelName
from macnet_bridge.payloads.telemetry import Lock
from macnet_bridge.store import Journal
from macnet_bridge.tester import Tester
from macnet_bridge.topics import Scope, Topics

log = logging.getLogger(__name__)

ACCEPTED_AFTER_S = 0.25
"""A command that takes longer is acknowledged as accepted meanwhile."""

JOURNAL_S = 0.4
"""How long the journal may take for the last answers when the bridge stops."""

LEASE_STOP_S = 0.1
"""How much longer the bridge may take to stop for each channel under direct control."""

STOP_DOUBTFUL_S = 4.0
"""A stop that has not ended by then raises an alarm, and is repeated all the same. Less would alarm
for channels that only wait for their turn when all of a large tester are stopped."""


def system_clock() -> Now:
    """This moment."""
    return Now(time.time(), time.monotonic())


class CommandService:
    """Commands of one bridge.

    `handle` is quick and never raises; the commands themselves run in tasks of the group.

    Attributes:
        stop_latency: how long the confirmed stops took.
        heard_at: when the last message came, in monotonic seconds.
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
        locks: Locks | None = None,
        audit: Audit | None = None,
        leases: Leases | None = None,
        log_level: LogLevel | None = None,
        left: Callable[[], Collection[str]] = frozenset,
        send_event: SendEvent | None = None,
        run: int = 0,
    ) -> None:
        """
        Args:
            send_event: for events of direct control; without it they go as acknowledgements do.
            run: which start of the bridge this is, for events.
            left: names of cyclers that another bridge serves at the moment; no command to one comes here.
        """
        self._topics = topics
        self._rules = rules
        self._testers = testers
        self._tasks = tasks
        self._clock = clock
        self._memory = AnswerMemory(keep_s=2 * rules.max_ttl_s)
        self._audit = audit or Audit(lambda line: None, clock)
        self._answers = Answers(topics, testers, send, self._memory, clock, self._audit)
        self._settler = Settler(testers, clock)
        self._journalling = Journalling(journal, self._memory, self._answers, self._settler, clock, tasks)
        self._history = History(self._memory, journal, testers, rules.permission)
        self._reply_prefixes = [f"{topics.root}/reply", *rules.reply_prefixes]
        self._lanes: dict[tuple[str | None, int | None], Lane] = {}
        self._running: dict[Job[Any], asyncio.TimerHandle | None] = {}
        self._remembered: dict[Job[Any], Remembered] = {}
        self._orders: dict[Job[Any], asyncio.Future[Acknowledgement]] = {}
        self._is_stopping = False
        self._log_level = log_level or LogLevel()
        self._leases = Leases(LeasesInMemory()) if leases is None else leases
        self._admission = Admission(
            topics, rules, testers, clock, self._memory, self._history, self._leases, self
        )
        self._locks = locks or Locks({}, lambda table: None)
        self._locks.hand_out(testers)
        self._several = Several(self._admission, self, testers, clock, left)
        self.stop_latency = StopLatency()
        self.heard_at = -math.inf
        send_event = send_event or (lambda topic, event: send(topic, msgspec.json.encode(event), None))
        self._keeper = LeaseKeeper(
            self._leases, testers, topics, self._order, send_event, tasks, clock, run=run
        )

    @property
    def latencies_ms(self) -> Collection[float]:
        """From the receipt of commands to their final acknowledgement, of the last thousand."""
        return self._answers.latencies_ms

    def seen(self, cycler: str, channel: int, state: int) -> None:
        """A poll saw a channel in this state, by MacNet's number."""
        self._keeper.seen(cycler, channel, state)

    def handle(self, message: CommandMessage) -> asyncio.Future[Any] | None:
        """Take one message from a command topic.

        Returns:
            What is done once the message need not come again, well or badly; None: it is now.
        """
        now = self._clock()
        self.heard_at = now.monotonic
        ticket = read_ticket(message, self._topics, self._reply_prefixes, now)
        self._audit.received(message, ticket)
        debug_lines.received(ticket)
        entry: Remembered | None = None
        try:
            known = (
                self._memory.look_up(ticket.key, ticket.fingerprint, now.monotonic) if ticket.key else None
            )
            if known is not None:
                self._audit.repeated(ticket)
                self._answers.again(known, ticket)
                return known.record.begun if known.record else None
            kill_points.reach("read")
            if ticket.key:
                entry = self._memory.remember(ticket.key, ticket.fingerprint, now.monotonic)
                if self._admission.is_journalled(ticket, message.payload):
                    entry.record = self._journalling.begin(ticket)
            self._carry_out(self._admission.admit(message, ticket, entry))
        except CommandStopped as refusal:
            self._audit.refused(ticket, refusal)
            self.end(ticket, entry, ticket.refusal(refusal, self._clock()))
        except Exception:
            # Whatever a message contains, its sender gets an answer and the bridge goes on.
            log.exception("a message on %s could not be handled", message.topic)
            error = MacNetBridgeError("an internal error; the bridge's log has the details")
            self._audit.refused(ticket, error)
            fault = problem(error)
            self.end(ticket, entry, ticket.acknowledgement("rejected", self._clock(), problem=fault))
        return entry.record.begun if entry is not None and entry.record else None

    async def recover(self) -> None:
        """Answer what an earlier run left behind, and stop what it had under direct control.

        Call it before the first message.
        """
        self._keeper.recover()
        await self._journalling.recover()

    async def keep_house(self, journal_days: float) -> None:
        """Keep the journal small; runs until it is cancelled."""
        await self._journalling.keep_house(journal_days)

    def testers_changed(self) -> None:
        """A tester came online."""
        self._settler.testers_changed()

    @property
    def running(self) -> int:
        """How many commands are on their way, or wait for their turn."""
        return len(self._running)

    async def drain(self, timeout_s: float) -> None:
        """Before the bridge stops: refuse what has not begun, wait for what has, stop what is leased.

        Each lease has `LEASE_STOP_S` more.

        What then still runs is given up, and answered with what is known of it. What comes from
        now on is refused too.
        """
        self._is_stopping = True
        self._journalling.stop_recovering()
        self._keeper.stop()
        for lane in self._lanes.values():
            lane.cancel_waiting(Rejected("CANCELLED", "the bridge is stopping"))
        try:
            async with asyncio.timeout(timeout_s + LEASE_STOP_S * self._leases.count):
                await asyncio.gather(*self._several.looking, return_exceptions=True)
                await asyncio.gather(*(job.finished.wait() for job in self._running))
                await self._keeper.finished()
        except TimeoutError:
            log.warning("%d commands were still running when the bridge stopped", len(self._running))
            self._abandon()
            await asyncio.sleep(0)  # in which it is published what lapsed
            self._keeper.abandon()
        await self._journalling.drain(JOURNAL_S)

    def _abandon(self) -> None:
        for task in self._several.looking:
            task.cancel()
        for lane in self._lanes.values():
            lane.abandon()
        for job in list(self._running):
            self._finish_job(job, job.abandon())

    # --- carrying out

    def _carry_out(self, order: Order) -> None:
        address, envelope = order.ticket.address, order.envelope
        assert address is not None, "it was admitted"
        tester = self._admission.find_tester(address)
        if address.scope is Scope.ALL:
            self._several.stop_all(order)
        elif tester is not None and envelope.channels is not UNSET:
            self._several.begin(order, tester)
        else:
            job = self._admission.make_job(order, order.ticket, tester)
            self.begin(job, order.entry, progress=envelope.progress)

    def begin(self, job: Job[Any], entry: Remembered | None, *, progress: bool) -> None:
        """Give a job to its lane.

        Raises:
            Rejected: BUSY; CANCELLED, the bridge is stopping.
        """
        if self._is_stopping:
            raise Rejected("CANCELLED", "the bridge is stopping")
        self._add(job)  # begins in a task of its own, so that what follows is in time
        self._audit.admitted(job.ticket)
        if entry is not None:
            self._remembered[job] = entry
        timer = None
        accept = functools.partial(self.accept, job.ticket, job.record, job.finished)
        if progress:
            accept()
        else:
            loop = asyncio.get_running_loop()
            timer = loop.call_later(ACCEPTED_AFTER_S, accept)
        self._running[job] = timer

    def accept(self, ticket: Ticket, record: Record | None, finished: asyncio.Event) -> None:
        """Say `accepted`, of a journalled command once it is in the journal, and new there."""
        if record is None:
            self._answers.accepted(ticket)
            return

        def say(begun: asyncio.Future[Any]) -> None:
            if not finished.is_set() and begun.exception() is None and begun.result() is None:
                self._answers.accepted(ticket)

        record.begun.add_done_callback(say)

    def _add(self, job: Job[Any]) -> None:
        self._lane(job).add(job)
        if job.overtakes:
            asyncio.get_running_loop().call_later(STOP_DOUBTFUL_S, self._doubt, job)

    def _doubt(self, job: Job[Any]) -> None:
        """A stop should have ended by now."""
        if not job.finished.is_set():
            self._tell_stop(job, f"it has been under way for {STOP_DOUBTFUL_S:g} s")

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
        job = Job(ticket, LAPSE, args, math.inf, self._clock, tester, rules, leases=self._leases)
        answer: asyncio.Future[Acknowledgement] = asyncio.get_running_loop().create_future()
        self._orders[job] = answer
        self._running[job] = None
        self._add(job)
        return await answer

    def _finish_job(self, job: Job[Any], answer: Acknowledgement) -> None:
        entry = self._forget(job)
        self._tell_of_stop(job, answer)
        # Before the journal has it: a stop may wait for this, and never waits for a disk.
        job.finished.set()
        if order := self._orders.pop(job, None):
            if not order.done():
                order.set_result(answer)
            return
        if self._ends_lease(job, answer) and self._leases.end(job.place):
            self._tasks.create_task(self._leases.keep(), name="leases")
        if job.ticket.whole is None:
            self.end(job.ticket, entry, answer, reads=job.verb.reads)
        else:
            self.end_part(job.ticket, job.record, answer, reads=job.verb.reads)
        self._measure_stop(job, answer)
        job.report(answer)

    def _tell_of_stop(self, job: Job[Any], answer: Acknowledgement) -> None:
        """Have an alarm raised where a channel may still run that was to stop, or cleared."""
        if not job.overtakes:
            return
        problem = answer.error or None
        why = problem and problem.message
        is_doubtful = answer.status in ("failed", "unknown") or (
            problem is not None and problem.code == "TESTER_OFFLINE"
        )
        if answer.status == "done" or is_doubtful:
            self._tell_stop(job, why)

    def _tell_stop(self, job: Job[Any], why: str | None) -> None:
        """Pass on what keeps a stop from being confirmed, None when it is."""
        verb, channel = job.verb.name, job.ticket.channel
        tester = self._testers.get(job.ticket.cycler or "")
        if tester is not None and channel is not None:
            tester.stop_ended(channel, verb, verb != "rest", why, self._clock().unix)

    @staticmethod
    def _ends_lease(job: Job[Any], answer: Acknowledgement) -> bool:
        return job.verb.ends_lease and answer.status == "done" and not job.dry_run

    def end(
        self, ticket: Ticket, entry: Remembered | None, answer: Acknowledgement, *, reads: bool = False
    ) -> None:
        """Give a command its final acknowledgement."""
        if entry is None or entry.record is None:
            self._answers.final(ticket, entry, answer, reads=reads)
        else:
            self._journalling.end(ticket, entry, answer)

    def end_part(
        self, ticket: Ticket, record: Record | None, answer: Acknowledgement, *, reads: bool = False
    ) -> None:
        """Give one channel of a command its final acknowledgement."""
        if record is None:
            self._answers.final(ticket, None, answer, reads=reads)
        else:
            self._journalling.end_part(ticket, record, answer)

    # --- for verbs of the bridge itself

    def withdraw(self, principal: str, command_id: str) -> tuple[int, int]:
        reason = Rejected("CANCELLED", "it was cancelled before it was sent")
        meant = [
            job
            for job in self._running
            if (job.ticket.principal, job.ticket.id) == (principal, command_id)
            and (job.ticket.cycler is not None)
        ]
        done = [self._lanes[job.ticket.cycler, job.ticket.channel].withdraw(job, reason) for job in meant]
        return done.count(True), done.count(False)

    def set_log_level(self, level: LogLevelName, principal: str) -> LogLevelName:
        return self._log_level.change(level, principal)

    async def set_lock(self, tester: Tester, channel: int, lock: Lock | None) -> None:
        await self._locks.change(tester, channel, lock)

    def _measure_stop(self, job: Job[Any], answer: Acknowledgement) -> None:
        # One that joined another's request has none of its own.
        if not job.verb.stops or answer.status != "done" or job.sent_at is None or answer.latency_ms is UNSET:
            return
        sent_ms = round((job.sent_at - job.ticket.received.monotonic) * 1000, 3)
        self.stop_latency.add(sent_ms=sent_ms, confirmed_ms=answer.latency_ms)
        self._audit.stopped(job.ticket, sent_ms=sent_ms, confirmed_ms=answer.latency_ms)

    def _forget(self, job: Job[Any]) -> Remembered | None:
        timer = self._running.pop(job, None)
        if timer is not None:
            timer.cancel()
        return self._remembered.pop(job, None)
