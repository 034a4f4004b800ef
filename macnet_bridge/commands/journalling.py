"""Commands that need an id, in the journal: begun at receipt, answered once their answer is kept.

The others are answered at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

import msgspec

from macnet_bridge import kill_points
from macnet_bridge.commands import record as records
from macnet_bridge.commands.answers import Answers
from macnet_bridge.commands.memory import AnswerMemory, Remembered, reused
from macnet_bridge.commands.record import Record
from macnet_bridge.commands.settling import Settler
from macnet_bridge.commands.ticket import Clock, Ticket
from macnet_bridge.errors import JournalUnavailable
from macnet_bridge.payloads.acknowledgements import Acknowledgement
from macnet_bridge.store import Journal, Row

log = logging.getLogger(__name__)

HOUSEKEEPING_S = 600.0
TOLD_WITHIN_S = 10.0
"""An answer that is older than this when the bridge begins had reached the broker, or its requester
has asked again."""
_DAY_S = 86400.0


class Journalling:
    """Keeps journal, memory and acknowledgements in step."""

    def __init__(
        self,
        journal: Journal,
        memory: AnswerMemory,
        answers: Answers,
        settler: Settler,
        clock: Clock,
        tasks: asyncio.TaskGroup,
    ) -> None:
        self._journal = journal
        self._memory = memory
        self._answers = answers
        self._settler = settler
        self._clock = clock
        self._tasks = tasks
        self._endings: set[asyncio.Task[None]] = set()
        self._recoveries: set[asyncio.Task[None]] = set()
        self._owed: dict[str, bytes] = {}

    def begin(self, ticket: Ticket) -> Record:
        """Have a new command written down."""
        return records.begin(self._journal, ticket, self._clock)

    async def recover(self) -> None:
        """Take up what earlier runs left without an answer, before any command comes.

        Answers of the last moments are given again: they may have been written and not published.
        """
        try:
            late = await self._journal.finished_since(self._clock().unix - TOLD_WITHIN_S)
            rows = await self._journal.unfinished()
        except JournalUnavailable as error:
            log.warning("%s", error)
            return
        for row in [*rows, *late]:
            try:
                self._go_on(self._remember(row), row)
            except msgspec.MsgspecError:
                # Of a version that is not ours: its id stays used, and nobody can be told.
                log.exception("the journal's row of %s cannot be read", row.key)

    def _remember(self, row: Row) -> Remembered:
        now = self._clock()
        ticket = records.ticket_of(row, now)
        assert ticket.key is not None, "only commands with a key are journalled"
        entry = self._memory.remember(ticket.key, row.fingerprint, now.monotonic)
        if row.answer is not None:
            entry.repeats.append(ticket)
        return entry

    def end(
        self, ticket: Ticket, entry: Remembered | None, answer: Acknowledgement, *, reads: bool = False
    ) -> None:
        """A command has ended: give it its final acknowledgement; if journalled, once it is on disk."""
        if entry is None or entry.record is None:
            self._answers.final(ticket, entry, answer, reads=reads)
        else:
            self._start(self.finish(ticket, entry, answer), self._endings)

    def end_part(
        self, ticket: Ticket, record: Record | None, answer: Acknowledgement, *, reads: bool = False
    ) -> None:
        """One channel of a command has ended: give it its answer, if the command is new."""
        if record is None:
            self._answers.final(ticket, None, answer, reads=reads)
        else:
            self._start(self._finish_part(ticket, record, answer), self._endings)

    def stop_recovering(self) -> None:
        """Wait for testers no longer; the next run goes on with it."""
        for recovery in self._recoveries:
            recovery.cancel()

    async def drain(self, timeout_s: float) -> None:
        """Wait for the final acknowledgements of what has ended."""
        if self._endings:
            await asyncio.wait(self._endings, timeout=timeout_s)

    async def finish(self, ticket: Ticket, entry: Remembered, answer: Acknowledgement) -> None:
        """Give a command its final acknowledgement: the one that the journal has, else this one."""
        try:
            await self._finish(ticket, entry, answer)
        except Exception:
            # A fault of ours in one answer must not end the bridge, and with it the stops.
            log.exception("the answer to %s of %s could not be given", ticket.verb, ticket.principal)

    async def _finish(self, ticket: Ticket, entry: Remembered, answer: Acknowledgement) -> None:
        assert entry.record is not None, "only for commands in the journal"
        try:
            row = await entry.record.known()
        except JournalUnavailable as error:
            log.warning("%s of %s is not journalled: %s", ticket.verb, ticket.principal, error)
            self._answers.final(ticket, entry, answer)
            return
        if row is None:
            await self._keep(entry.record, answer)
            kill_points.reach("before_acknowledgement")
            self._answers.final(ticket, entry, answer)
            kill_points.reach("after_acknowledgement")
        elif row.fingerprint != ticket.fingerprint:
            self._refuse_reuse(ticket, entry, row)
        else:
            entry.repeats.insert(0, ticket)
            self._go_on(entry, row)

    async def _finish_part(self, ticket: Ticket, record: Record, answer: Acknowledgement) -> None:
        try:
            if await record.known() is not None:
                return  # its answer was given when it was carried out, and is in the whole's
        except JournalUnavailable:
            pass  # that is the answer
        try:
            self._answers.final(ticket, None, answer)
        except Exception:
            log.exception("the answer to %s of %s could not be given", ticket.verb, ticket.principal)

    async def keep_house(self, journal_days: float) -> None:
        """Forget what is older than that, and write what could not be written, from time to time."""
        while True:
            try:
                for key, answer in list(self._owed.items()):
                    await self._journal.settle(key, answer, self._clock().unix)
                    del self._owed[key]
                await self._journal.purge(self._clock().unix - journal_days * _DAY_S)
            except JournalUnavailable as error:
                log.warning("%s", error)
            await asyncio.sleep(HOUSEKEEPING_S)

    async def _keep(self, record: Record, answer: Acknowledgement) -> None:
        kill_points.reach("before_result")
        payload = msgspec.json.encode(answer)
        try:
            await record.settle(payload)
        except JournalUnavailable as error:
            # It has happened, and its requester must learn that. A crash before it can be written
            # has the tester read in its place.
            log.error("a result is not journalled yet: %s", error)
            self._owed[record.key] = payload

    def _refuse_reuse(self, ticket: Ticket, entry: Remembered, row: Row) -> None:
        for wrong in (ticket, *entry.repeats):
            self._answers.final(wrong, None, wrong.refusal(reused(), self._clock()))
        entry.repeats.clear()
        entry.fingerprint = row.fingerprint
        self._go_on(entry, row)

    def _go_on(self, entry: Remembered, row: Row) -> None:
        """The journal knows the command: its answer, or who finds that out."""
        answer = row.answer or self._owed.get(row.key)
        if answer is None:
            self._take_up(entry, row)
        else:
            self._answers.recalled(entry, answer)

    def _take_up(self, entry: Remembered, row: Row) -> None:
        entry.record = records.resumed(self._journal, row, self._clock)
        self._start(self._settle(entry, row), self._recoveries)

    def _start(self, work: Coroutine[Any, Any, None], among: set[asyncio.Task[None]]) -> None:
        task = self._tasks.create_task(work, name="journal")
        among.add(task)
        task.add_done_callback(among.discard)

    async def _settle(self, entry: Remembered, row: Row) -> None:
        ticket = records.ticket_of(row, self._clock())
        try:
            outcome = await self._settler.outcome(ticket, row)
        except Exception:
            log.exception("what became of %s of %s cannot be read", ticket.verb, ticket.principal)
            outcome = self._settler.doubtful(ticket)
        await self.finish(ticket, entry, outcome)
