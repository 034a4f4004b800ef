"""What must not be lost, on its way to the disk: gathered into batches, and what became of them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from macnet_bridge.payloads.health import SpoolHealth
from macnet_bridge.payloads.telemetry import Previous
from macnet_bridge.store import Spool, SpoolUnavailable
from macnet_bridge.store.spool_tables import Message, Safe

log = logging.getLogger(__name__)

Place = tuple[str, int]
"""A cycler and one of its channels."""

BATCH = 200
"""Messages that go to the disk in one operation, at most."""

_WRITING_MAX = 20_000
"""Messages that may wait for a disk that hangs; more are lost."""
_OPEN_AGAIN_S = 5.0
_TRUSTED_AGAIN_S = 10.0
"""How long after a batch that failed a mere note, which needs less room, shows that all is well."""

_RUN_BITS = 40


@dataclass(slots=True, eq=False)
class Owed:
    """A reading or an event that has to arrive.

    Attributes:
        number: rises from one to the next, over all channels and over restarts.
        since: when it was handed over, by the monotonic clock.
        place, seq: of a reading.
        was_settled: the broker had it, or it was counted as lost; it may still be kept once more.
    """

    number: int
    since: float
    topic: str
    payload: bytes
    place: Place | None = None
    seq: int = 0
    was_settled: bool = False


class Safekeeping:
    """The spool as delivery uses it, without waiting for it.

    Args:
        spool: None when it is turned off; then nothing can be kept.
        not_kept: called with what could not be kept.
        file_lost: called with how many messages waited in a file that turned out to be damaged.

    Attributes:
        has_begun_some: channels had their first reading of this run and nothing says so on disk. Should
            the bridge be killed now, the next run could not name what they had.
    """

    def __init__(
        self,
        spool: Spool | None,
        run: int,
        not_kept: Callable[[Sequence[Owed]], None] = lambda owed: None,
        file_lost: Callable[[int], None] = lambda waiting: None,
    ) -> None:
        self._spool = spool
        self._run = run
        self._not_kept = not_kept
        self._file_lost = file_lost
        self._pending: list[Owed] = []
        self._done: list[int] = []
        self._safe: dict[Place, int] = {}
        self._begun: set[Place] = set()
        self._writing = 0
        self._next_number = run << _RUN_BITS
        self._open_again_at = 0.0
        self._must_open = False
        self._is_opening = False
        self._opening: asyncio.Task[None] | None = None
        self._is_tending = False
        self._is_damaged = False
        self._failed_at = 0.0
        self._kept = 0
        self.replayed = 0
        self.is_failing = False
        self.has_begun_some = False
        self.previous: dict[Place, Previous] = {}

    @property
    def is_on(self) -> bool:
        return self._spool is not None

    @property
    def waiting(self) -> int:
        """Messages on disk."""
        return self._spool.waiting if self._spool else 0

    def open(self) -> None:
        """Open the file; one that cannot be opened now is tried again later."""
        if self._spool is not None:
            self._opened(self._spool, self._error_of_opening(self._spool))

    def _error_of_opening(self, spool: Spool) -> SpoolUnavailable | None:
        try:
            spool.open(anew=self._is_damaged)
        except SpoolUnavailable as error:
            return error
        return None

    async def _open_again(self, spool: Spool) -> None:
        # On a thread: a disk that hangs must not hold up the stops.
        waiting = spool.waiting
        try:
            self._opened(spool, await asyncio.to_thread(self._error_of_opening, spool))
        finally:
            self._is_opening = False
        if not self._must_open and spool.set_aside is not None:
            self._file_lost(waiting)
        self.begin()

    def _opened(self, spool: Spool, error: SpoolUnavailable | None) -> None:
        if error is not None:
            self._failed(error)
            self._must_open = True
            return
        self._must_open = self._is_damaged = False
        if spool.set_aside is not None:
            log.error("the spool was damaged, and is kept as %s: what waited in it is lost", spool.set_aside)
        self._next_number = max(self._next_number, spool.last_id + 1)
        # A run that began before the file could be opened has nothing to say of earlier ones. A file that
        # was put aside leaves what is known to channels that were not read yet.
        self.previous |= {
            (safe.cycler, safe.channel): Previous(safe.run, safe.seq)
            for safe in spool.safe
            if safe.run < self._run
        }

    def begin(self) -> None:
        """See what waits on disk; in the loop, after `open`."""
        if self._spool is not None and not self._must_open:
            self._spool.count().add_done_callback(self._finished)

    def next_number(self) -> int:
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

    def note(self, place: Place, seq: int) -> None:
        """A reading of this run was confirmed, or is on disk."""
        if seq > self._safe.get(place, 0):
            self._safe[place] = seq
        if place not in self._begun:
            self._begun.add(place)
            self.has_begun_some = True

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

        To be called once a second, and when channels have begun.
        """
        if self._spool is None:
            return
        if self._must_open and now >= self._open_again_at and not self._is_opening:
            self._open_again_at = now + _OPEN_AGAIN_S
            self._is_opening = True
            self._opening = asyncio.create_task(self._open_again(self._spool), name="spool")
        # One at a time: for a disk that hangs they would pile up.
        if (self._safe or self._spool.waiting or self.is_failing) and not self._is_tending:
            self._tend(self._spool)

    def _tend(self, spool: Spool) -> None:
        self._is_tending, self.has_begun_some = True, False
        noted, self._safe = self._safe, {}
        safe = [Safe(cycler, channel, self._run, seq) for (cycler, channel), seq in noted.items()]
        spool.tend(safe, time.time()).add_done_callback(partial(self._tended, noted))

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
            return SpoolHealth(
                state="off",
                waiting=0,
                megabytes=0.0,
                oldest_second=None,
                kept=0,
                replayed=0,
                dropped_for_size=0,
                dropped_for_age=0,
            )
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

    def _write(self, batch: list[Owed]) -> None:
        is_behind = self._writing + len(batch) > _WRITING_MAX
        if is_behind:
            self._failed(SpoolUnavailable("the disk does not keep up"))
        if is_behind or self._spool is None:
            self._not_kept(batch)
            return
        self._writing += len(batch)
        now = time.time()
        messages = [
            Message(owed.number, now, owed.topic, owed.payload)
            if owed.place is None
            else Message(owed.number, now, owed.topic, owed.payload, *owed.place, self._run, owed.seq)
            for owed in batch
        ]
        self._spool.keep(messages).add_done_callback(partial(self._written, batch))

    def _written(self, batch: list[Owed], future: asyncio.Future[Any]) -> None:
        self._writing -= len(batch)
        if self._finished(future):
            self._kept += len(batch)
            for owed in batch:
                if owed.place is not None:
                    self.note(owed.place, owed.seq)
            if self._writing <= _WRITING_MAX // 2:
                self._recovered()
        else:
            self._failed_at = time.monotonic()
            self._not_kept(batch)

    def _tended(self, noted: dict[Place, int], future: asyncio.Future[Any]) -> None:
        self._is_tending = False
        if not self._finished(future):
            self._safe = noted | self._safe
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
        if isinstance(error, SpoolUnavailable) and error.is_damaged:
            self._must_open = self._is_damaged = True
        if not self.is_failing:
            self.is_failing = True
            log.error("readings cannot be kept on disk, and are lost while the broker is away: %s", error)

    def _recovered(self) -> None:
        if self.is_failing:
            self.is_failing = False
            log.warning("readings can be kept on disk again")
