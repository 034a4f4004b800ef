"""`lock` and `unlock`: no test starts on a channel that is locked, restarts of the bridge included."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import msgspec

from macnet_bridge.commands.job import Done, Job
from macnet_bridge.errors import Rejected
from macnet_bridge.payloads.arguments import LockArguments, NoArguments
from macnet_bridge.payloads.telemetry import Lock
from macnet_bridge.tester import Tester

LockTable = dict[str, dict[int, Lock]]
"""Locks by cycler and channel."""

Save = Callable[[LockTable], None]
"""Writes them so that they outlive a power cut. Blocks; raises OSError."""


class Locks:
    """The locks of all testers, which hold them, and their copy on disk."""

    def __init__(self, table: LockTable, save: Save) -> None:
        self._elsewhere = table  # of cyclers that are not served now, too
        self._save = save
        self._testers: Mapping[str, Tester] = {}
        self._changes = 0
        self._saved = 0
        self._saving = asyncio.Lock()

    def hand_out(self, testers: Mapping[str, Tester]) -> None:
        """Give the testers what is known of them; from now on they have it."""
        self._testers = testers
        for name, tester in testers.items():
            tester.locks.update(self._elsewhere.pop(name, {}))

    async def change(self, tester: Tester, channel: int, lock: Lock | None) -> None:
        """Lock or unlock a channel; it is on disk when this returns.

        Raises:
            Rejected: JOURNAL_UNAVAILABLE, the disk does not take it; all is as before.
        """
        before = tester.locks.get(channel)
        _put(tester, channel, lock)
        try:
            await self._save_changes()
        except OSError as error:
            _put(tester, channel, before)
            why = f"bridge.data_dir cannot be written: {error.strerror}"
            raise Rejected("JOURNAL_UNAVAILABLE", why) from None
        tester.lock_changed(channel)

    async def _save_changes(self) -> None:
        """One write serves all who wait for it."""
        self._changes += 1
        own = self._changes
        async with self._saving:
            if self._saved >= own:
                return
            upto, table = self._changes, self._table()
            await asyncio.to_thread(self._save, table)
            self._saved = upto

    def _table(self) -> LockTable:
        held = {name: dict(tester.locks) for name, tester in self._testers.items() if tester.locks}
        return self._elsewhere | held


def _put(tester: Tester, channel: int, lock: Lock | None) -> None:
    if lock is None:
        tester.locks.pop(channel, None)
    else:
        tester.locks[channel] = lock


async def lock(job: Job[LockArguments]) -> Done:
    """Let no test start on the channel. One that runs goes on."""
    job.deciding()
    new = Lock(
        reason=job.args.reason, principal=job.ticket.principal, since=round(job.ticket.received.unix, 3)
    )
    await job.desk.set_lock(job.tester, job.channel, new)
    return Done({"lock": msgspec.structs.asdict(new)}, None)


async def unlock(job: Job[NoArguments]) -> Done:
    """Let tests start again."""
    job.deciding()
    was_locked = job.channel in job.tester.locks
    await job.desk.set_lock(job.tester, job.channel, None)
    return Done({"was_locked": was_locked}, None)
