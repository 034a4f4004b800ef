"""A command that was admitted, while it is carried out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, TypeVar

from msgspec import structs

from macnet_bridge import kill_points
from macnet_bridge.commands import proof as proofs
from macnet_bridge.commands.audit import carry_out
from macnet_bridge.commands.conditions import UNCONDITIONAL, Conditions
from macnet_bridge.commands.history import History
from macnet_bridge.commands.leases import Leases
from macnet_bridge.commands.limits import Limits
from macnet_bridge.commands.problems import problem
from macnet_bridge.commands.record import Record
from macnet_bridge.commands.ticket import Clock, Ticket
from macnet_bridge.errors import (
    CommandStopped,
    Expired,
    InvalidRequest,
    MacNetBridgeError,
    NoReply,
    Rejected,
    Superseded,
    TesterRefused,
)
from macnet_bridge.macnet.cycler.pacing import OUTPUT_INTERVAL_S
from macnet_bridge.payloads.acknowledgements import Acknowledgement, Problem, Status, Verified
from macnet_bridge.payloads.arguments import Arguments, LogLevelName
from macnet_bridge.payloads.envelope import MAX_PAYLOAD_BYTES
from macnet_bridge.payloads.telemetry import Lock
from macnet_bridge.tester import Tester
from macnet_bridge.topics import Scope

A = TypeVar("A", bound=Arguments)

log = logging.getLogger(__name__)

_NO_LIMITS = Limits()

STOPPED = "a stop of this channel came before it was sent"


@dataclass(frozen=True, slots=True)
class Done:
    """A verb that succeeded: the acknowledgement's result, and how it is known."""

    result: dict[str, Any]
    verified: Verified | None = "reply"


@dataclass(frozen=True, slots=True)
class Verb(Generic[A]):
    """One row of the table of verbs.

    Attributes:
        arguments: the Struct that its `args` must fit.
        result: the type of an acknowledgement's `result` when it is done.
        reads: changes nothing at a tester; allowed without a rule, and an empty payload is enough.
        stops: overtakes whatever waits for the channel.
        starts: makes current flow, perhaps only some time after the request.
        needs_id: must not run twice, so it must say which command it is.
        newest_wins: takes the place of those of its kind that wait for the channel.
        ends_lease: direct control of the channel is over when it is done.
        admit: looks at a command before it is taken, and raises what is against it.
        payload_bytes: how large its payload may be.
        answer_bytes: how large its answer may be, where that is much.
    """

    name: str
    scope: Scope
    arguments: type[A]
    result: Any
    run: Callable[[Job[A]], Awaitable[Done]]
    reads: bool = False
    stops: bool = False
    starts: bool = False
    needs_id: bool = False
    newest_wins: bool = False
    ends_lease: bool = False
    admit: Callable[[Job[A]], None] | None = None
    payload_bytes: int = MAX_PAYLOAD_BYTES
    answer_bytes: int = 0


@dataclass(frozen=True, slots=True)
class CyclerRules:
    """What the configuration says about commands to one cycler.

    Attributes:
        timeout_s: how long a read-back is awaited.
        c_rate_ah: the capacity that 1 C stands for, 0 = every start must say it.
        direct_watchdog_s: the tester's own, of channels in direct mode; 0 = not armed.
        output_interval_s: least time between two outputs of a channel in direct mode.
    """

    timeout_s: float = 5.0
    c_rate_ah: float = 0.0
    limits: Limits = _NO_LIMITS
    channel_limits: dict[int, Limits] | None = None
    direct_watchdog_s: float = 0.0
    output_interval_s: float = OUTPUT_INTERVAL_S

    def limits_of(self, channel: int) -> Limits:
        """Configured limits of a channel, its own tightening included."""
        own = (self.channel_limits or {}).get(channel)
        return self.limits.tightened(own) if own else self.limits


class Desk(Protocol):
    """The bridge's own part, for verbs that ask no tester."""

    def withdraw(self, principal: str, command_id: str) -> tuple[int, int]:
        """Take commands back: of how many nothing will be sent, and for how many it is too late."""

    def set_log_level(self, level: LogLevelName, principal: str) -> LogLevelName:
        """Have the log say more or less from now on; what it was until now."""

    async def set_lock(self, tester: Tester, channel: int, lock: Lock | None) -> None:
        """Lock or unlock a channel; it is on disk when this returns. Raises Rejected."""


class WouldSend(Exception):
    """A dry run has come to a request that would change something; it is not sent."""


class Job(Generic[A]):
    """One command on its way, with the gates that its requests pass.

    Attributes:
        sent: whether the deciding request has left.
        looked: whether a stop has begun to look at its channel: what it finds may be older than
            a stop that comes later.
        sent_at: when it left first, in monotonic seconds.
        decided: set once the deciding request was answered, or is not going to be sent.
        finished: set once it is known what the final acknowledgement says.
        steps: what was changed on the way, for the acknowledgement.
        record: its row in the journal, which the parts of one command share; None for a command
            that is not journalled.
        history: of all commands.
        preview: what a dry run found out, for the acknowledgement.
        holding: whether it waits for its turn, and not for the tester.
        report: called with its final acknowledgement.
        desk: what verbs of the bridge itself need of it.
    """

    def __init__(
        self,
        ticket: Ticket,
        verb: Verb[A],
        args: A,
        deadline: float,
        clock: Clock,
        tester: Tester | None = None,
        rules: CyclerRules | None = None,
        conditions: Conditions = UNCONDITIONAL,
        *,
        record: Record | None = None,
        history: History | None = None,
        leases: Leases | None = None,
    ) -> None:
        self.ticket = ticket
        self.verb = verb
        self.args = args
        self.sent = False
        self.looked = False
        self.sent_at: float | None = None
        self.decided = asyncio.Event()
        self.finished = asyncio.Event()
        self.steps: list[str] = []
        self.record = record
        self.history = history
        self._deadline = deadline
        self._clock = clock
        self._tester = tester
        self.rules = rules or CyclerRules()
        self.conditions = conditions
        self.preview: dict[str, Any] = {}
        self.holding = False
        self.report: Callable[[Acknowledgement], None] = lambda answer: None
        self._desk: Desk | None = None
        self._withdrawn: CommandStopped | None = None
        self._wake = asyncio.Event()
        self._leases = leases

    @property
    def leases(self) -> Leases:
        assert self._leases is not None, "this job was made without leases"
        return self._leases

    @property
    def place(self) -> tuple[str, int]:
        """Cycler and channel."""
        return self.tester.name, self.channel

    @property
    def now(self) -> float:
        """Monotonic seconds."""
        return self._clock().monotonic

    @property
    def tester(self) -> Tester:
        assert self._tester is not None, "a verb of the bridge has no tester"
        return self._tester

    @property
    def desk(self) -> Desk:
        assert self._desk is not None, "the service gives every job its desk"
        return self._desk

    @desk.setter
    def desk(self, desk: Desk) -> None:
        self._desk = desk

    @property
    def channel(self) -> int:
        """The channel, 1-based; 1 for verbs of the cycler, where it does not matter."""
        return self.ticket.channel or 1

    @property
    def dry_run(self) -> bool:
        """Whether all is to be checked and nothing changed."""
        return self.conditions.dry_run

    @property
    def overtakes(self) -> bool:
        """Whether it is a stop, to be carried out before all else. To try one stops nothing."""
        return self.verb.stops and not self.dry_run

    def rehearsal(self) -> Job[A]:
        """The same command as a dry run."""
        conditions = replace(self.conditions, dry_run=True, rehearse=None, not_before=0.0)
        return Job(
            self.ticket,
            self.verb,
            self.args,
            self._deadline,
            self._clock,
            self._tester,
            self.rules,
            conditions,
            leases=self._leases,
        )

    def stop(self, why: str = STOPPED) -> None:
        """A stop overtakes this command: nothing of it is to be sent any more."""
        self._withdrawn = self._withdrawn or Superseded("STOPPED", why)
        self._wake.set()

    def withdraw(self, reason: CommandStopped) -> bool:
        """See that it ends with this reason, unsent. False = its deciding request has left."""
        if self.sent:
            return False
        self._withdrawn = self._withdrawn or reason
        self._wake.set()
        return True

    @property
    def wanted(self) -> bool:
        """Whether nobody has stopped or cancelled it."""
        return self._withdrawn is None

    def wake(self) -> None:
        """End its `hold`: what it waits for has come."""
        self._wake.set()

    async def hold(self, until: float | None = None) -> None:
        """Wait up to this monotonic second, or to the deadline; less when it is woken or withdrawn.

        Raises:
            Superseded, Rejected, Expired: it is not wanted any more.
        """
        self.still_wanted()
        self._wake.clear()
        self.holding = True
        end = self._deadline if until is None else min(until, self._deadline)
        try:
            async with asyncio.timeout(max(0.0, end - self._clock().monotonic)):
                await self._wake.wait()
        except TimeoutError:
            pass
        finally:
            self.holding = False
        self.still_wanted()

    def still_wanted(self) -> None:
        """Gate before a request that changes nothing.

        Raises:
            Superseded, Rejected, Expired
        """
        if self._withdrawn is not None:
            raise self._withdrawn
        if self._clock().monotonic >= self._deadline:
            raise Expired("its deadline passed before it could be sent")
        if self.verb.starts and self._tester is not None:
            self._tester.check_lock(self.channel)

    def preparing(self) -> None:
        """Gate before a request that prepares: passes while the command is still wanted.

        Raises:
            Superseded, Rejected, Expired
            WouldSend: it is a dry run.
        """
        self.still_wanted()
        if self.dry_run:
            raise WouldSend

    async def about_to_send(self, proof: proofs.Proof | None = None) -> None:
        """Have it on disk that the deciding request leaves next, where the command is journalled.

        Args:
            proof: what will show that the command took effect, should the bridge not live to see it.

        Raises:
            JournalUnavailable: it cannot be written; nothing may be sent.
        """
        if self.record is None or self.dry_run:
            return
        if self.ticket.whole is None:
            kill_points.reach("before_sent")
            await self.record.sent(proofs.encode(proof))
        elif not self.record.is_sent:
            # What one channel shows proves nothing of the others.
            kill_points.reach("before_sent")
            await self.record.sent(None)

    def deciding(self) -> None:
        """Gate before the deciding request, with the request's first byte still here.

        Raises:
            Superseded, Rejected, Expired
            WouldSend: it is a dry run.
        """
        if not self.sent:
            self.preparing()
            self._check_journal()
            self.sent_at = self._clock().monotonic
        self.sent = True

    def _check_journal(self) -> None:
        if self.record is None:
            return
        if not self.record.is_sent:
            raise MacNetBridgeError(f"{self.verb.name} was not journalled; it is not sent")
        kill_points.reach("before_send")
        if kill_points.is_wanted("after_send"):
            # Whoever passes this gate sends before anything else has its turn.
            asyncio.get_running_loop().call_soon(kill_points.reach, "after_send")

    async def decide(self) -> None:
        """The deciding request has been answered, or never will be.

        A stop that waits for this sends its request before anything else of the job leaves.
        """
        kill_points.reach("after_reply")
        self.decided.set()
        await asyncio.sleep(0)

    async def run(self) -> Acknowledgement:
        """Carry the command out. Whatever happens becomes its final acknowledgement."""
        carry_out(self.ticket)
        try:
            if self.record is not None and await self.record.known() is not None:
                # Whoever finishes this job gives the answer that the journal has.
                return self.refuse(Rejected("ID_REUSED", "this id was used before"))
            kill_points.reach("job_begins")
            if not self.sent:  # a stop may be carried out twice
                await self._come_to_turn()
            done = await self.verb.run(self)
            kill_points.reach("after_read_back")
            return self._final("done", result=done.result, verified=done.verified)
        except WouldSend:
            return self._final("done", result={"would": [self.verb.name]} | self.preview)
        except MacNetBridgeError as error:
            return self._final(self._status(error), problem=self._problem(error))
        except Exception:
            # A fault of ours must not leave the requester without an answer.
            log.exception("%s failed unexpectedly", self.ticket.verb)
            fault = MacNetBridgeError("an internal error; the bridge's log has the details")
            return self._final("unknown" if self.sent else "rejected", problem=problem(fault))
        finally:
            self.decided.set()

    async def _come_to_turn(self) -> None:
        self.still_wanted()
        if self.conditions.rehearse is not None:
            await self.conditions.rehearse(self)
        while self._clock().monotonic < self.conditions.not_before:
            await self.hold(self.conditions.not_before)
        if self.conditions.expected is not None:
            await self.conditions.expected(self)

    def refuse(self, error: CommandStopped) -> Acknowledgement:
        """The final acknowledgement of a command that never ran."""
        self.decided.set()
        return self.ticket.refusal(error, self._clock())

    def same_as(self, answer: Acknowledgement) -> Acknowledgement:
        """The final acknowledgement of a command that another one's request carried out as well."""
        self.decided.set()
        own = self.ticket.acknowledgement(answer.status, self._clock())
        outcome = ("result", "steps", "verified", "error")
        return structs.replace(own, **{name: getattr(answer, name) for name in outcome})

    def abandon(self) -> Acknowledgement:
        """The final acknowledgement of a command that is not waited for any longer."""
        if not self.sent:
            return self.refuse(Rejected("CANCELLED", "the bridge is stopping"))
        error = NoReply("the bridge stopped before it was known what became of this")
        return self._final(self._status(error), problem=self._problem(error))

    def _problem(self, error: MacNetBridgeError) -> Problem:
        return problem(error, harmless=self.verb.reads or not self.sent)

    def _status(self, error: MacNetBridgeError) -> Status:
        if isinstance(error, CommandStopped):
            return error.status
        if not self.sent or isinstance(error, InvalidRequest):
            return "rejected"
        if self.verb.reads or isinstance(error, TesterRefused):
            return "failed"
        return "unknown"

    def _final(self, status: Status, **content: Any) -> Acknowledgement:
        return self.ticket.acknowledgement(status, self._clock(), steps=self.steps, **content)
