"""The commands of one channel, in the order they came, and stops that overtake them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from macnet_bridge.commands.command import Command
from macnet_bridge.errors import Rejected, Superseded
from macnet_bridge.payloads.acknowledgements import Acknowledgement

MAX_WAITING = 100
"""Commands that may wait for one channel; more are refused with BUSY."""

_NEWER = "a newer setpoint came before it was sent"
_STOPPED = "a stop of this channel came before it was sent"

Finish = Callable[[Command, Acknowledgement], None]


@dataclass(slots=True)
class _Stop:
    """A stop, and those of the same kind that came before its request had left."""

    command: Command
    joined: list[Command] = field(default_factory=list)


class Lane:
    """One channel's commands, or those of a cycler as a whole.

    `finish` is called once with each command that was added and its final acknowledgement.
    """

    def __init__(self, tasks: asyncio.TaskGroup, name: str, finish: Finish) -> None:
        self._tasks = tasks
        self._name = name
        self._finish = finish
        self._waiting: deque[Command] = deque()
        self._running: Command | None = None
        self._stops = 0
        self._unsent_stop: _Stop | None = None
        self._worker: asyncio.Task[None] | None = None
        self._stoppers: set[asyncio.Task[None]] = set()

    def add(self, command: Command) -> None:
        """Take a command. Its turn comes after those that came before it.

        Raises:
            Rejected: BUSY, too many wait already.
        """
        if command.overtakes:
            self._stop(command)
            return
        if command.verb.newest_wins:
            self._overtake(command)
        if len(self._waiting) >= MAX_WAITING:
            raise Rejected("BUSY", f"{MAX_WAITING} commands wait for this channel already")
        self._waiting.append(command)
        self._work()

    def cancel_waiting(self, reason: Rejected) -> None:
        """Refuse all commands that have not begun."""
        while self._waiting:
            command = self._waiting.popleft()
            self._finish(command, command.refuse(reason))
        if self._running is not None and self._running.job.validity.is_waited_in:
            self._running.withdraw(reason)

    def withdraw(self, command: Command, reason: Rejected) -> bool:
        """Refuse one command. False = its deciding request has left, or it is a stop."""
        if command.overtakes:
            return False  # others may have joined it
        if command in self._waiting:
            self._waiting.remove(command)
            self._finish(command, command.refuse(reason))
            return True
        return command.withdraw(reason)

    def abandon(self) -> None:
        """Cancel whatever runs; `finish` will not be called for it."""
        for task in (self._worker, *self._stoppers):
            if task is not None:
                task.cancel()

    def _overtake(self, command: Command) -> None:
        """Let a command take the place of those of its kind that were not sent yet."""
        older = [other for other in self._waiting if other.verb is command.verb]
        for other in older:
            self._waiting.remove(other)
            self._finish(other, other.refuse(Superseded("STOPPED", _NEWER)))
        if self._running is not None and self._running.verb is command.verb:
            self._running.job.validity.end(Superseded("STOPPED", _NEWER))

    def _stop(self, command: Command) -> None:
        # Counted here and not in the task: what arrives after the stop has to wait for it.
        self._stops += 1
        while self._waiting:
            overtaken = self._waiting.popleft()
            self._finish(overtaken, overtaken.refuse(Superseded("STOPPED", _STOPPED)))
        if self._running is not None:
            self._running.job.validity.end(Superseded("STOPPED", _STOPPED))
        self._join_or_lead(command, self._running)

    def _join_or_lead(self, command: Command, running: Command | None) -> None:
        # A request that has yet to leave stops the channel for all who asked by then. With one
        # each, a requester gone wild would hold up the stops of all other channels.
        pending = self._unsent_stop
        under_way = pending is None or pending.command.job.sent or pending.command.job.looked
        if pending is not None and not under_way and pending.command.verb is command.verb:
            pending.joined.append(command)
            return
        stop = self._unsent_stop = _Stop(command)
        stopper = self._tasks.create_task(self._run_stop(stop, running), name=f"{self._name} stop")
        self._stoppers.add(stopper)
        stopper.add_done_callback(self._stoppers.discard)

    # No `finally` in what follows: these tasks fail only when the bridge itself ends, and then
    # nothing more may begin.

    async def _run_stop(self, stop: _Stop, running: Command | None) -> None:
        in_flight = running if running is not None and running.job.sent and not running.verb.reads else None
        if in_flight is not None:
            # A start in flight must be answered first: a stop that overtook it on the
            # wire would find nothing to stop, and the test would start after it.
            await in_flight.job.decided.wait()
        answer = await stop.command.run()
        if in_flight is not None and in_flight.verb.starts and answer.verified == "read_back":
            # Its reply may have been lost while the tester was busy, or its yes have come early:
            # the test would begin behind the back of a stop that found nothing. So stop again
            # once the start knows what became of it.
            await in_flight.finished.wait()
            answer = await stop.command.run()
        if self._unsent_stop is stop:
            self._unsent_stop = None
        self._finish_stop(stop.command, answer)
        for command in stop.joined:
            if answer.status == "expired":  # each has a deadline of its own
                self._join_or_lead(command, running)
            else:
                self._finish_stop(command, command.same_as(answer))
        self._work()

    def _finish_stop(self, command: Command, answer: Acknowledgement) -> None:
        self._finish(command, answer)
        self._stops -= 1

    def _work(self) -> None:
        if self._worker is None and self._waiting and not self._stops:
            self._worker = self._tasks.create_task(self._run_waiting(), name=f"{self._name} commands")

    async def _run_waiting(self) -> None:
        while self._waiting and not self._stops:
            self._running = command = self._waiting.popleft()
            self._finish(command, await command.run())
            self._running = None
        self._worker = None
