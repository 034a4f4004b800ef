"""What must not be lost, on its way to the disk: gathered into batches, and what became of them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from macnet_bridge.payloads.health import SpoolHealth
from macnet_bridge.store import Spool, SpoolUnavailable
from macnet_bridge.store.spool_tables import Message, Safe
from macnet_bridge.telemetry.owed import Owed
from macnet_bridge.telemetry.progress import Progress
from macnet_bridge.telemetry.spool_opening import SpoolOpening

log = logging.getLogger(__name__)

BATCH = 200
"""Messages that go to the disk in one operation, at most."""

_WRITING_MAX = 20_000
"""Messages that may wait for a disk that hangs; more are lost."""
_TRUSTED_AGAIN_S = 10.0
"""How long after a batch that failed a mere note, which needs less room, shows that all is well."""

_RUN_BITS = 40

_OFF = SpoolHealth(
    state="off",
    waiting=0,
    megabytes=0.0,
    oldest_second=None,
    kept=0,
    replayed=0,
    dropped_for_size=0,
    dropped_for_age=0,
)


class Safekeeping:
    """The spool as delivery uses it, without waiting for it.

    Args:
        spool: None when it is turned off; then nothing can be kept.
        progress: noted with the spool now and then.
        not_kept: called with what could not be kept.
        file_lost: called with how many messages waited in a file that turned out to be damaged.

    Attributes:
        replayed: confirmed by the broker after they had been on disk.
        is_failing: the disk takes nothing.
    """

    def __init__(
        self,
        spool: Spool | None,
        progress: Progress,
        not_kept: Callable[[Sequence[Owed]], None],
        file_lost: Callable[[int], None],
    ) -> None:
        self._spool = spool
        self._opening = None if spool is None else SpoolOpening(spool, self._opened, self._failed, file_lost)
        self._progress = progress
        self._not_kept = not_kept
        self._pending: list[Owed] = []
        self._done: list[int] = []
        self._writing = 0
        self._next_number = progress.run << _RUN_BITS
        self._is_tending = False
        self._failed_at = 0.0
        self._kept = 0
        self.replayed = 0
        self.is_failing = False

    @property
    def is_on(self) -> bool:
        """Whether there is a spool."""
        return self._spool is not None

    @property
    def waiting(self) -> int:
        """Messages on disk."""
        return self._spool.waiting if self._spool else 0

    def open(self) -> None:
        """Open the file; one that cannot be opened now is tried again later."""
        if self._opening is not None:
            self._opening.open()

    def begin(self) -> None:
        """See what waits on disk; in the loop, after `open`."""
        if self._opening is not None:
            self._opening.look_through()

    def next_number(self) -> int:
        """For what is owed next; larger than that of all that is on disk."""
        number = self._next_number
        self._next_number += 1
        return number

    # --- to the disk

    def keep(self, owed: Owed) -> None:
        """Put it on disk with the next batch."""
        self._pending.append(owed)
        if len(self._pending) >= BATCH:
            self.flush()

    def forget(self, number: int) -> None:
        """It has arrived, and need not be on disk any more."""
        self._done.append(number)
        if len(self._done) >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Give what was gathered to the thread that writes."""
        if self._pending:
            batch, self._pending = self._pending, []
            self._write(batch)
        if self._done and self._spool is not None:
            done, self._done = self._done, []
            self._spool.forget(done).add_done_callback(self._finished)

    def tend(self, now: float) -> None:
        """Note how far channels got, and let go what is too old.

        To be called once a second, and when channels have begun. `now` is in monotonic seconds.
        """
        if self._spool is None or self._opening is None:
            return
        self._opening.open_again(now)
        # One at a time: for a disk that hangs they would pile up.
        if (self._progress or self._spool.waiting or self.is_failing) and not self._is_tending:
            self._tend(self._spool)

    def _tend(self, spool: Spool) -> None:
        self._is_tending, noted = True, self._progress.take()
        spool.tend(noted, time.time()).add_done_callback(partial(self._tended, noted))

    def fetch(self, after: int, before: int, limit: int, then: Callable[[list[Message]], None]) -> None:
        """Read the oldest messages with numbers between these two; none when the disk fails."""
        self.flush()
        if self._spool is None:
            then([])
            return
        self._spool.oldest(after, before, limit).add_done_callback(partial(self._fetched, then))

    def health(self) -> SpoolHealth:
        """`spool` in `R/bridge/B/health`."""
        spool = self._spool
        if spool is None:
            return _OFF
        has_oldest = spool.waiting > 0 and spool.oldest_at is not None
        return SpoolHealth(
            state="failing" if self.is_failing else "ok",
            waiting=spool.waiting,
            megabytes=round(spool.used_bytes / 1e6, 2),
            oldest_second=round(max(0.0, time.time() - (spool.oldest_at or 0.0)), 1) if has_oldest else None,
            kept=self._kept,
            replayed=self.replayed,
            dropped_for_size=spool.dropped_for_size,
            dropped_for_age=spool.dropped_for_age,
        )

    def close(self) -> None:
        """Write what was gathered, and close the file."""
        self.flush()
        if self._spool is not None:
            self._tend(self._spool)
            self._spool.close()

    # --- what became of it

    def _opened(self, spool: Spool) -> None:
        self._next_number = max(self._next_number, spool.last_id + 1)
        self._progress.recall(spool.safe)

    def _write(self, batch: list[Owed]) -> None:
        is_behind = self._writing + len(batch) > _WRITING_MAX
        if is_behind:
            self._failed(SpoolUnavailable("the disk does not keep up"))
        if is_behind or self._spool is None:
            self._not_kept(batch)
            return
        self._writing += len(batch)
        now, run = time.time(), self._progress.run
        messages = [
            Message(owed.number, now, owed.topic, owed.payload)
            if owed.place is None
            else Message(owed.number, now, owed.topic, owed.payload, *owed.place, run, owed.seq)
            for owed in batch
        ]
        self._spool.keep(messages).add_done_callback(partial(self._written, batch))

    def _written(self, batch: list[Owed], future: asyncio.Future[Any]) -> None:
        self._writing -= len(batch)
        if self._finished(future):
            self._kept += len(batch)
            for owed in batch:
                if owed.place is not None:
                    self._progress.safe(owed.place, owed.seq)
            if self._writing <= _WRITING_MAX // 2:
                self._recovered()
        else:
            self._failed_at = time.monotonic()
            self._not_kept(batch)

    def _tended(self, noted: list[Safe], future: asyncio.Future[Any]) -> None:
        self._is_tending = False
        if not self._finished(future):
            self._progress.put_back(noted)
        elif noted and time.monotonic() > self._failed_at + _TRUSTED_AGAIN_S:
            self._recovered()

    def _fetched(self, then: Callable[[list[Message]], None], future: asyncio.Future[list[Message]]) -> None:
        then(future.result() if self._finished(future) else [])

    def _finished(self, future: asyncio.Future[Any]) -> bool:
        if future.cancelled():
            return False
        error = future.exception()
        if error is not None:
            self._failed(error)
        return error is None

    def _failed(self, error: BaseException) -> None:
        if self._opening is not None:
            self._opening.note_failure(error)
        if not self.is_failing:
            self.is_failing = True
            log.error("readings cannot be kept on disk, and are lost while the broker is away: %s", error)

    def _recovered(self) -> None:
        if self.is_failing:
            self.is_failing = False
            log.warning("readings can be kept on disk again")
