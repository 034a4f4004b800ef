"""What the verbs are made of: their rows, what each is given, and the gates that its requests pass."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from macnet_bridge import kill_points
from macnet_bridge.commands import proof as proofs
from macnet_bridge.commands.history import History
from macnet_bridge.commands.leases import Leases
from macnet_bridge.commands.record import Record
from macnet_bridge.commands.rules import CyclerRules
from macnet_bridge.commands.ticket import Clock, Ticket
from macnet_bridge.commands.validity import Validity
from macnet_bridge.errors import MacNetBridgeError
from macnet_bridge.payloads.acknowledgements import Verified
from macnet_bridge.payloads.arguments import Arguments, LogLevelName
from macnet_bridge.payloads.envelope import MAX_PAYLOAD_BYTES
from macnet_bridge.payloads.telemetry import Lock
from macnet_bridge.tester import Tester
from macnet_bridge.topics import Scope

A = TypeVar("A", bound=Arguments)


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
    """One command as its verb sees it, with the gates that its requests pass.

    Attributes:
        validity: how long it is wanted.
        sent: whether the deciding request has left.
        looked: whether a stop has begun to look at its channel: what it finds may be older than
            a stop that comes later.
        sent_at: when it left first, in monotonic seconds.
        decided: set once the deciding request was answered, or is not going to be sent.
        steps: what was changed on the way, for the acknowledgement.
        preview: what a dry run found out, for the acknowledgement.
        dry_run: whether all is to be checked and nothing changed.
        expected: judges on a fresh read whether the channel is as the command expects, or raises the refusal.
        record: its row in the journal, which the parts of one command share; None for a command
            that is not journalled.
        history: of all commands.
        desk: what verbs of the bridge itself need of it.
    """

    def __init__(
        self,
        ticket: Ticket,
        verb: Verb[A],
        args: A,
        deadline: float,
        clock: Clock,
        *,
        tester: Tester | None,
        rules: CyclerRules | None,
        dry_run: bool = False,
        expected: Callable[[Job[A]], Awaitable[None]] | None = None,
        record: Record | None = None,
        history: History,
        leases: Leases,
        desk: Desk,
    ) -> None:
        self.ticket = ticket
        self.verb = verb
        self.args = args
        self.clock = clock
        self.validity = Validity(deadline, clock)
        self.sent = False
        self.looked = False
        self.sent_at: float | None = None
        self.decided = asyncio.Event()
        self.steps: list[str] = []
        self.preview: dict[str, Any] = {}
        self.rules = rules or CyclerRules()
        self.dry_run = dry_run
        self.expected = expected
        self.record = record
        self.history = history
        self.leases = leases
        self.desk = desk
        self._tester = tester

    @property
    def place(self) -> tuple[str, int]:
        """Cycler and channel."""
        return self.tester.name, self.channel

    @property
    def now(self) -> float:
        """Monotonic seconds."""
        return self.clock().monotonic

    @property
    def tester(self) -> Tester:
        assert self._tester is not None, "a verb of the bridge has no tester"
        return self._tester

    @property
    def channel(self) -> int:
        """The channel, 1-based; 1 for verbs of the cycler, where it does not matter."""
        return self.ticket.channel or 1

    def rehearsal(self) -> Job[A]:
        """The same as a dry run."""
        return Job(
            self.ticket,
            self.verb,
            self.args,
            self.validity.deadline,
            self.clock,
            tester=self._tester,
            rules=self.rules,
            dry_run=True,
            expected=self.expected,
            history=self.history,
            leases=self.leases,
            desk=self.desk,
        )

    def still_wanted(self) -> None:
        """Gate before a request that changes nothing.

        Raises:
            Superseded, Rejected, Expired
        """
        self.validity.check()
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
            self.sent_at = self.now
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
