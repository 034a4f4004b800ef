"""Takes command messages, decides on each, carries out what is allowed, and answers them all.

The way of a command: ticket (who asks what) -> memory (was it asked before?) -> checks ->
lane of its channel -> job of its verb -> final acknowledgement. What goes wrong at any point becomes
the final acknowledgement too. A command that needs an id is in the journal from the memory on, and
its acknowledgement is written there before it is published.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

import msgspec
from msgspec import UNSET

from macnet_bridge import kill_points
from macnet_bridge.commands import debug_lines
from macnet_bridge.commands.admission import Admission, Order
from macnet_bridge.commands.answers import Answers, SendAcknowledgement
from macnet_bridge.commands.audit import Audit
from macnet_bridge.commands.command import Command
from macnet_bridge.commands.direct import LAPSE, LapseArguments
from macnet_bridge.commands.history import History
from macnet_bridge.commands.job import Job
from macnet_bridge.commands.journalling import Journalling
from macnet_bridge.commands.keeper import LeaseKeeper, SendEvent
from macnet_bridge.commands.lease import LeaseRecord
from macnet_bridge.commands.leases import Leases, LeasesInMemory
from macnet_bridge.commands.locks import Locks
from macnet_bridge.commands.log_level import LogLevel
from macnet_bridge.commands.memory import AnswerMemory, Remembered
from macnet_bridge.commands.problems import problem
from macnet_bridge.commands.rules import CommandRules
from macnet_bridge.commands.settling import Settler
from macnet_bridge.commands.several import Several
from macnet_bridge.commands.stop_reports import StopReports
from macnet_bridge.commands.ticket import Clock, CommandMessage, Now, Ticket, read_ticket
from macnet_bridge.commands.under_way import UnderWay
from macnet_bridge.errors import CommandStopped, MacNetBridgeError, Rejected
from macnet_bridge.payloads.acknowledgements import Acknowledgement
from macnet_bridge.payloads.arguments import LogLevelName
from macnet_bridge.payloads.telemetry import Lock
from macnet_bridge.store import Journal
from macnet_bridge.tester import Tester
from macnet_bridge.topics import Scope, Topics

log = logging.getLogger(__name__)

JOURNAL_S = 0.4
"""How long the journal may take for the last answers when the bridge stops."""

LEASE_STOP_S = 0.1
"""How much longer the bridge may take to stop for each channel under direct control."""


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
        self._clock = clock
        self._memory = AnswerMemory(keep_s=2 * rules.max_ttl_s)
        self._audit = audit or Audit(lambda line: None, clock)
        self._answers = Answers(topics, testers, send, self._memory, clock, self._audit)
        self._settler = Settler(testers, clock)
        self._journalling = Journalling(journal, self._memory, self._answers, self._settler, clock, tasks)
        self._history = History(self._memory, journal, testers, rules.permission)
        self._reply_prefixes = [f"{topics.root}/reply", *rules.reply_prefixes]
        self._log_level = log_level or LogLevel()
        self._leases = Leases(LeasesInMemory()) if leases is None else leases
        self._admission = Admission(
            topics, rules, testers, clock, self._memory, self._history, self._leases, self
        )
        self._locks = locks or Locks({}, lambda table: None)
        self._locks.hand_out(testers)
        stops = StopReports(testers, clock, self._audit)
        self.stop_latency = stops.latency
        self._under_way = UnderWay(self._answers, self._journalling, self._leases, stops, self._audit, tasks)
        self._several = Several(self._admission, self._under_way, self._journalling, testers, clock, left)
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
            self._journalling.end(ticket, entry, ticket.refusal(refusal, self._clock()))
        except Exception:
            # Whatever a message contains, its sender gets an answer and the bridge goes on.
            log.exception("a message on %s could not be handled", message.topic)
            error = MacNetBridgeError("an internal error; the bridge's log has the details")
            self._audit.refused(ticket, error)
            answer = ticket.acknowledgement("rejected", self._clock(), problem=problem(error))
            self._journalling.end(ticket, entry, answer)
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
        return len(self._under_way.commands)

    async def drain(self, timeout_s: float) -> None:
        """Before the bridge stops: refuse what has not begun, wait for what has, stop what is leased.

        Each lease has `LEASE_STOP_S` more.

        What then still runs is given up, and answered with what is known of it. What comes from
        now on is refused too.
        """
        self._journalling.stop_recovering()
        self._keeper.stop()
        self._under_way.stop()
        try:
            async with asyncio.timeout(timeout_s + LEASE_STOP_S * self._leases.count):
                await asyncio.gather(*self._several.looking, return_exceptions=True)
                await self._under_way.finished()
                await self._keeper.finished()
        except TimeoutError:
            log.warning("%d commands were still running when the bridge stopped", self.running)
            for task in self._several.looking:
                task.cancel()
            self._under_way.abandon()
            await asyncio.sleep(0)  # in which it is published what lapsed
            self._keeper.abandon()
        await self._journalling.drain(JOURNAL_S)

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
            command = self._admission.make(order, order.ticket, tester)
            self._under_way.begin(command, order.entry, progress=envelope.progress)

    async def _order(self, record: LeaseRecord, args: LapseArguments) -> Acknowledgement:
        """Have the channel of a lease stopped by the bridge itself. Nobody is told of it."""
        now, rules = self._clock(), self._rules.cyclers.get(record.cycler)
        ticket = Ticket(None, LAPSE.name, record.cycler, record.channel, record.principal, now)
        job = Job(
            ticket,
            LAPSE,
            args,
            math.inf,
            self._clock,
            tester=self._testers[record.cycler],
            rules=rules,
            history=self._history,
            leases=self._leases,
            desk=self,
        )
        return await self._under_way.carry_out(Command(job))

    # --- for verbs of the bridge itself

    def withdraw(self, principal: str, command_id: str) -> tuple[int, int]:
        reason = Rejected("CANCELLED", "it was cancelled before it was sent")
        meant = [
            command
            for command in self._under_way.commands
            if (command.ticket.principal, command.ticket.id) == (principal, command_id)
            and (command.ticket.cycler is not None)
        ]
        done = [self._under_way.withdraw(command, reason) for command in meant]
        return done.count(True), done.count(False)

    def set_log_level(self, level: LogLevelName, principal: str) -> LogLevelName:
        return self._log_level.change(level, principal)

    async def set_lock(self, tester: Tester, channel: int, lock: Lock | None) -> None:
        await self._locks.change(tester, channel, lock)
