"""The commands of one channel, in the order they came, and stops that overtake them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from macnet_bridge.commands.job import Job
from macnet_bridge.errors import Rejected, Superseded
from macnet_bridge.payloads.acknowledgements import Acknowledgement

MAX_WAITING = 100
"""Commands that may wait for one channel; more are refused with BUSY."""

Finish = Callable[[Job[Any], Acknowledgement], None]


class Lane:
    """One channel's commands, or those of a cycler as a whole.

    `finish` is called once with each job that was added and its final acknowledgement.
    """

    def __init__(self, tasks: asyncio.TaskGroup, name: str, finish: Finish) -> None:
        self._tasks = tasks
        self._name = name
        self._finish = finish
        self._waiting: deque[Job[Any]] = deque()
        self._running: Job[Any] | None = None
        self._stops = 0
        self._worker: asyncio.Task[None] | None = None
        self._stoppers: set[asyncio.Task[None]] = set()

    def add(self, job: Job[Any]) -> None:
        """Take a command. Its turn comes after those that came before it.

        Raises:
            Rejected: BUSY, too many wait already.
        """
        if job.verb.stops:
            self._stop(job)
            return
        if len(self._waiting) >= MAX_WAITING:
            raise Rejected("BUSY", f"{MAX_WAITING} commands wait for this channel already")
        self._waiting.append(job)
        self._work()

    def cancel_waiting(self, reason: Rejected) -> None:
        """Refuse all commands that have not begun."""
        while self._waiting:
            job = self._waiting.popleft()
            self._finish(job, job.refuse(reason))

    def abandon(self) -> None:
        """Cancel whatever runs; `finish` will not be called for it."""
        for task in (self._worker, *self._stoppers):
            if task is not None:
                task.cancel()

    def _stop(self, job: Job[Any]) -> None:
        # Counted here and not in the task: what arrives after the stop has to wait for it.
        self._stops += 1
        while self._waiting:
            overtaken = self._waiting.popleft()
            refusal = Superseded("STOPPED", "a stop of this channel came before it was sent")
            self._finish(overtaken, overtaken.refuse(refusal))
        running = self._running
        if running is not None:
            running.stop()
        stopper = self._tasks.create_task(self._run_stop(job, running), name=f"{self._name} stop")
        self._stoppers.add(stopper)
        stopper.add_done_callback(self._stoppers.discard)

    # No `finally` in what follows: these tasks fail only when the bridge itself ends, and then
    # nothing more may begin.

    async def _run_stop(self, job: Job[Any], running: Job[Any] | None) -> None:
        if running is not None and running.sent and not running.verb.reads:
            # A start in flight must be answered first: a stop that overtook it on the
            # wire would find nothing to stop, and the test would start after it.
            await running.decided.wait()
        self._finish(job, await job.run())
        self._stops -= 1
        self._work()

    def _work(self) -> None:
        if self._worker is None and self._waiting and not self._stops:
            self._worker = self._tasks.create_task(self._run_waiting(), name=f"{self._name} commands")

    async def _run_waiting(self) -> None:
        while self._waiting and not self._stops:
            self._running = job = self._waiting.popleft()
            self._finish(job, await job.run())
            self._running = None
        self._worker = None
