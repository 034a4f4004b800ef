"""A command that was admitted, while it is carried out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from msgspec import structs

from macnet_bridge.commands.leases import Leases
from macnet_bridge.commands.limits import Limits
from macnet_bridge.commands.problems import problem
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
from macnet_bridge.payloads.arguments import Arguments
from macnet_bridge.payloads.envelope import MAX_PAYLOAD_BYTES
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
    verified: Verified = "reply"


@dataclass(frozen=True, slots=True)
class Verb(Generic[A]):
    """One row of the table of verbs.

    Attributes:
        arguments: the Struct that its `args` must fit.
        reads: changes nothing; allowed without a rule, and an empty payload is enough.
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


class Job(Generic[A]):
    """One command on its way, with the two gates that its requests pass.

    Attributes:
        sent: whether the deciding request has left.
        decided: set once the deciding request was answered, or is not going to be sent.
        finished: set once the final acknowledgement is out.
        steps: what was changed on the way, for the acknowledgement.
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
        leases: Leases | None = None,
    ) -> None:
        self.ticket = ticket
        self.verb = verb
        self.args = args
        self.sent = False
        self.decided = asyncio.Event()
        self.finished = asyncio.Event()
        self.steps: list[str] = []
        self._deadline = deadline
        self._clock = clock
        self._tester = tester
        self.rules = rules or CyclerRules()
        self._leases = leases
        self._overtaken: str | None = None

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
    def channel(self) -> int:
        """The channel, 1-based; 1 for verbs of the cycler, where it does not matter."""
        return self.ticket.channel or 1

    def stop(self, why: str = STOPPED) -> None:
        """A stop overtakes this command: nothing of it is to be sent any more."""
        self._overtaken = why

    def preparing(self) -> None:
        """Gate before a request that prepares: passes while the command is still wanted.

        Raises:
            Superseded, Expired
        """
        if self._overtaken is not None:
            raise Superseded("STOPPED", self._overtaken)
        if self._clock().monotonic >= self._deadline:
            raise Expired("its deadline passed before it could be sent")

    def deciding(self) -> None:
        """Gate before the deciding request, with the request's first byte still here.

        Raises:
            Superseded, Expired
        """
        if not self.sent:
            self.preparing()
        self.sent = True

    async def decide(self) -> None:
        """The deciding request has been answered, or never will be.

        A stop that waits for this sends its request before anything else of the job leaves.
        """
        self.decided.set()
        await asyncio.sleep(0)

    async def run(self) -> Acknowledgement:
        """Carry the command out. Whatever happens becomes its final acknowledgement."""
        try:
            if not self.sent:  # a stop may be carried out twice
                self.preparing()
            done = await self.verb.run(self)
            return self._final("done", result=done.result, verified=done.verified)
        except MacNetBridgeError as error:
            return self._final(self._status(error), problem=self._problem(error))
        except Exception:
            # A fault of ours must not leave the requester without an answer.
            log.exception("%s failed unexpectedly", self.ticket.verb)
            fault = MacNetBridgeError("an internal error; the bridge's log has the details")
            return self._final("unknown" if self.sent else "rejected", problem=problem(fault))
        finally:
            self.decided.set()

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
