"""One command that was admitted, from its turn to its final acknowledgement."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from msgspec import structs

from macnet_bridge import kill_points
from macnet_bridge.commands.audit import carry_out
from macnet_bridge.commands.job import Job, WouldSend
from macnet_bridge.commands.outcome import status_after
from macnet_bridge.commands.problems import problem
from macnet_bridge.errors import CommandStopped, MacNetBridgeError, NoReply, Rejected
from macnet_bridge.payloads.acknowledgements import Acknowledgement, Status

log = logging.getLogger(__name__)


class Command:
    """A job in its lane.

    Attributes:
        job: what the verb is given.
        finished: set once it is known what the final acknowledgement says.
        report: called with its final acknowledgement.
    """

    def __init__(
        self,
        job: Job[Any],
        *,
        not_before: float = 0.0,
        rehearse: Callable[[Command], Awaitable[None]] | None = None,
    ) -> None:
        """
        Args:
            not_before: the monotonic second at which its turn comes at the earliest.
            rehearse: waits until all parts of an atomic command were checked, or raises the refusal.
        """
        self.job = job
        self.ticket = job.ticket
        self.verb = job.verb
        self.finished = asyncio.Event()
        self.report: Callable[[Acknowledgement], None] = lambda answer: None
        self._not_before = not_before
        self._rehearse = rehearse

    @property
    def overtakes(self) -> bool:
        """Whether it is a stop, to be carried out before all else. To try one stops nothing."""
        return self.verb.stops and not self.job.dry_run

    def withdraw(self, reason: CommandStopped) -> bool:
        """See that it ends with this reason, unsent. False = its deciding request has left."""
        if self.job.sent:
            return False
        self.job.validity.end(reason)
        return True

    async def hold(self, until: float | None = None) -> None:
        """Wait up to this monotonic second, or to the deadline; less when it is woken.

        Raises:
            Superseded, Rejected, Expired: it is not wanted any more.
        """
        self.job.still_wanted()
        await self.job.validity.wait(until)
        self.job.still_wanted()

    async def run(self) -> Acknowledgement:
        """Carry it out. Whatever happens becomes its final acknowledgement."""
        job = self.job
        carry_out(self.ticket)
        try:
            if job.record is not None and await job.record.known() is not None:
                # Whoever finishes this command gives the answer that the journal has.
                return self.refuse(Rejected("ID_REUSED", "this id was used before"))
            kill_points.reach("job_begins")
            if not job.sent:  # a stop may be carried out twice
                await self._come_to_turn()
            done = await self.verb.run(job)
            kill_points.reach("after_read_back")
            return self._final("done", result=done.result, verified=done.verified)
        except WouldSend:
            return self._final("done", result={"would": [self.verb.name]} | job.preview)
        except MacNetBridgeError as error:
            return self._failed(error)
        except Exception:
            # A fault of ours must not leave the requester without an answer.
            log.exception("%s failed unexpectedly", self.ticket.verb)
            fault = MacNetBridgeError("an internal error; the bridge's log has the details")
            return self._final("unknown" if job.sent else "rejected", problem=problem(fault))
        finally:
            job.decided.set()

    async def _come_to_turn(self) -> None:
        self.job.still_wanted()
        if self._rehearse is not None:
            await self._rehearse(self)
        while self.job.now < self._not_before:
            await self.hold(self._not_before)
        if self.job.expected is not None:
            await self.job.expected(self.job)

    async def rehearsal(self) -> Acknowledgement:
        """The final acknowledgement that the same command has as a dry run."""
        return await Command(self.job.rehearsal()).run()

    def refuse(self, error: CommandStopped) -> Acknowledgement:
        """The final acknowledgement when it never ran."""
        self.job.decided.set()
        return self.ticket.refusal(error, self.job.clock())

    def same_as(self, answer: Acknowledgement) -> Acknowledgement:
        """The final acknowledgement when another one's request carried it out as well."""
        self.job.decided.set()
        own = self.ticket.acknowledgement(answer.status, self.job.clock())
        outcome = ("result", "steps", "verified", "error")
        return structs.replace(own, **{name: getattr(answer, name) for name in outcome})

    def abandon(self) -> Acknowledgement:
        """The final acknowledgement when it is not waited for any longer."""
        if not self.job.sent:
            return self.refuse(Rejected("CANCELLED", "the bridge is stopping"))
        return self._failed(NoReply("the bridge stopped before it was known what became of this"))

    def _failed(self, error: MacNetBridgeError) -> Acknowledgement:
        sent, reads = self.job.sent, self.verb.reads
        harmless = reads or not sent
        return self._final(
            status_after(error, sent=sent, reads=reads), problem=problem(error, harmless=harmless)
        )

    def _final(self, status: Status, **content: Any) -> Acknowledgement:
        return self.ticket.acknowledgement(status, self.job.clock(), steps=self.job.steps, **content)
