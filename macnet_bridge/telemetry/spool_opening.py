"""Opens the spool, and again while it cannot be used: on a thread, for a disk may hang."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from macnet_bridge.store import Spool, SpoolUnavailable
from macnet_bridge.store.spool import Done

log = logging.getLogger(__name__)

AGAIN_S = 5.0


class SpoolOpening:
    """Whether the file of a spool is open, and what to do about it.

    Args:
        opened: called when it is.
        failed: called with what is wrong with it.
        file_lost: called with how many messages waited in a file that turned out to be damaged.
    """

    def __init__(
        self,
        spool: Spool,
        opened: Callable[[Spool], None],
        failed: Callable[[BaseException], None],
        file_lost: Callable[[int], None],
    ) -> None:
        self._spool = spool
        self._opened = opened
        self._failed = failed
        self._file_lost = file_lost
        self._is_needed = False
        self._is_damaged = False
        self._again_at = 0.0
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Open the file; one that cannot be opened now is tried again later."""
        self._take(self._error())

    def look_through(self) -> None:
        """See what waits in an open file, and whether it is whole; in the loop, after `open`."""
        if not self._is_needed:
            self._spool.count().add_done_callback(self._counted)

    def note_failure(self, error: BaseException) -> None:
        """Something that was asked of the spool failed: if it is damaged, a new one is needed."""
        if isinstance(error, SpoolUnavailable) and error.is_damaged:
            self._is_needed = self._is_damaged = True

    def open_again(self, now: float) -> None:
        """Begin to, if that is needed, and it is time. `now` is in monotonic seconds."""
        if self._is_needed and now >= self._again_at and self._task is None:
            self._again_at = now + AGAIN_S
            self._task = asyncio.create_task(self._open_again(), name="spool")

    async def _open_again(self) -> None:
        waiting = self._spool.waiting
        try:
            error = await asyncio.to_thread(self._error)
            self._take(error)
        finally:
            self._task = None
        if error is not None:
            return
        if self._spool.set_aside is not None:
            self._file_lost(waiting)
        self.look_through()

    def _error(self) -> SpoolUnavailable | None:
        try:
            self._spool.open(anew=self._is_damaged)
        except SpoolUnavailable as error:
            return error
        return None

    def _take(self, error: SpoolUnavailable | None) -> None:
        if error is not None:
            self._failed(error)
            self._is_needed = True
            return
        self._is_needed = self._is_damaged = False
        if (aside := self._spool.set_aside) is not None:
            log.error("the spool was damaged, and is kept as %s: what waited in it is lost", aside)
        self._opened(self._spool)

    def _counted(self, future: asyncio.Future[Done]) -> None:
        if not future.cancelled() and (error := future.exception()) is not None:
            self._failed(error)
