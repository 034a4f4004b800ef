"""Commands that are under way: begun in the lanes of their channels, and answered when they end."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Collection
from dataclasses import dataclass

from macnet_bridge.commands.answers import Answers
from macnet_bridge.commands.audit import Audit
from macnet_bridge.commands.command import Command
from macnet_bridge.commands.journalling import Journalling
from macnet_bridge.commands.lane import Lane
from macnet_bridge.commands.leases import Leases
from macnet_bridge.commands.memory import Remembered
from macnet_bridge.commands.record import Record
from macnet_bridge.commands.stop_reports import StopReports
from macnet_bridge.commands.ticket import Ticket
from macnet_bridge.errors import Rejected
from macnet_bridge.payloads.acknowledgements import Acknowledgement
from macnet_bridge.store import Row

ACCEPTED_AFTER_S = 0.25
"""A command that takes longer is acknowledged as accepted meanwhile."""


@dataclass(frozen=True, slots=True)
class _End:
    """Who is told of a command's end.

    Attributes:
        entry: its place in the memory of answers, None without a key.
        order: of a command that the bridge itself ordered; nobody else is told of it.
    """

    entry: Remembered | None = None
    order: asyncio.Future[Acknowledgement] | None = None


class UnderWay:
    """The commands of one bridge that wait for their turn, or are being carried out."""

    def __init__(
        self,
        answers: Answers,
        journalling: Journalling,
        leases: Leases,
        stops: StopReports,
        audit: Audit,
        tasks: asyncio.TaskGroup,
    ) -> None:
        self._answers = answers
        self._journalling = journalling
        self._leases = leases
        self._stops = stops
        self._audit = audit
        self._tasks = tasks
        self._lanes: dict[tuple[str | None, int | None], Lane] = {}
        self._ends: dict[Command, _End] = {}
        self._is_stopping = False

    @property
    def commands(self) -> Collection[Command]:
        """All of them."""
        return self._ends.keys()

    def begin(self, command: Command, entry: Remembered | None, *, progress: bool) -> None:
        """Give a command to its lane.

        Raises:
            Rejected: BUSY; CANCELLED, the bridge is stopping.
        """
        if self._is_stopping:
            raise Rejected("CANCELLED", "the bridge is stopping")
        self._add(command, _End(entry))
        self._audit.admitted(command.ticket)
        self.accept(command.ticket, command.job.record, command.finished, progress=progress)

    async def carry_out(self, command: Command) -> Acknowledgement:
        """See to a command of the bridge's own."""
        order: asyncio.Future[Acknowledgement] = asyncio.get_running_loop().create_future()
        self._add(command, _End(order=order))
        return await order

    def accept(
        self, ticket: Ticket, record: Record | None, finished: asyncio.Event, *, progress: bool
    ) -> None:
        """Say `accepted` unless it is finished by then: now with `progress`, else when it takes long."""
        accept = functools.partial(self._accept, ticket, record, finished)
        if progress:
            accept()
        else:
            asyncio.get_running_loop().call_later(ACCEPTED_AFTER_S, accept)

    def _accept(self, ticket: Ticket, record: Record | None, finished: asyncio.Event) -> None:
        """A journalled command is accepted once it is in the journal, and new there."""
        if finished.is_set():
            return
        if record is None:
            self._answers.accepted(ticket)
        else:
            record.begun.add_done_callback(functools.partial(self._accept_if_new, ticket, finished))

    def _accept_if_new(
        self, ticket: Ticket, finished: asyncio.Event, begun: asyncio.Future[Row | None]
    ) -> None:
        if not finished.is_set() and begun.exception() is None and begun.result() is None:
            self._answers.accepted(ticket)

    def withdraw(self, command: Command, reason: Rejected) -> bool:
        """Refuse one command. False = it is too late for that."""
        return self._lanes[command.ticket.cycler, command.ticket.channel].withdraw(command, reason)

    def stop(self) -> None:
        """The bridge is stopping: refuse what has not begun, and what comes from now on."""
        self._is_stopping = True
        for lane in self._lanes.values():
            lane.cancel_waiting(Rejected("CANCELLED", "the bridge is stopping"))

    async def finished(self) -> None:
        """Wait until all that are under way now have ended."""
        await asyncio.gather(*(command.finished.wait() for command in self._ends))

    def abandon(self) -> None:
        """Give up what still runs, and answer it with what is known of it."""
        for lane in self._lanes.values():
            lane.abandon()
        for command in list(self._ends):
            self._finish(command, command.abandon())

    def _add(self, command: Command, end: _End) -> None:
        self._lane(command).add(command)  # begins in a task of its own, so that what follows is in time
        self._ends[command] = end
        self._stops.began(command)

    def _lane(self, command: Command) -> Lane:
        place = (command.ticket.cycler, command.ticket.channel)
        lane = self._lanes.get(place)
        if lane is None:
            lane = self._lanes[place] = Lane(self._tasks, "/".join(map(str, place)), self._finish)
        return lane

    def _finish(self, command: Command, answer: Acknowledgement) -> None:
        end = self._ends.pop(command, _End())
        self._stops.ended(command, answer)
        # Before the journal has it: a stop may wait for this, and never waits for a disk.
        command.finished.set()
        if end.order is None:
            self._answer(command, end.entry, answer)
        elif not end.order.done():
            end.order.set_result(answer)

    def _answer(self, command: Command, entry: Remembered | None, answer: Acknowledgement) -> None:
        if _ends_lease(command, answer) and self._leases.end(command.job.place):
            self._tasks.create_task(self._leases.keep(), name="leases")
        if command.ticket.whole is None:
            self._journalling.end(command.ticket, entry, answer, reads=command.verb.reads)
        else:
            self._journalling.end_part(command.ticket, command.job.record, answer, reads=command.verb.reads)
        self._stops.answered(command, answer)
        command.report(answer)


def _ends_lease(command: Command, answer: Acknowledgement) -> bool:
    return command.verb.ends_lease and answer.status == "done" and not command.job.dry_run
