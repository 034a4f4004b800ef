"""The recorder: messages in, rows on disk, and only then the broker's confirmation."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from macnet_bridge.broker import Incoming, Subscriber
from macnet_bridge.errors import ConfigError
from macnet_bridge.recorder.columns import TABLES
from macnet_bridge.recorder.interest import Interest, together, unread
from macnet_bridge.recorder.losses import Losses
from macnet_bridge.recorder.progress import Figures
from macnet_bridge.recorder.rows import Unread
from macnet_bridge.store import RecordingUnavailable
from macnet_bridge.store.recording import Done, Standing
from macnet_bridge.store.rows import Row, Rows
from macnet_bridge.topics import Scope, Source

ENOUGH = 50
"""Messages for one commit. A broker sends no more than 100, as a rule, before the first is confirmed."""
GATHER_S = 0.1
"""How long a message waits for others to be committed with it."""
WAITING_MAX = 5_000
WAITING_BYTES_MAX = 16 << 20
LOOK_S = 2.0
AGAIN_S = 1.0
STOP_S = 5.0
"""How long a stop waits for a disk that takes nothing; what it keeps waiting comes again later."""

_log = logging.getLogger(__name__)
_READING = TABLES["reading"].names
_TIME_AT, _HISTORICAL_AT = _READING.index("unix_time_second"), _READING.index("is_historical")


class Keeps(Protocol):
    """Where rows go."""

    def keep(self, batch: Sequence[Rows], lost: Sequence[tuple[str, float]] = ()) -> asyncio.Future[Done]: ...
    def look(self) -> asyncio.Future[Standing]: ...
    async def tend(self) -> None: ...
    async def finish(self) -> None: ...
    def megabytes(self) -> float: ...


class Taken(NamedTuple):
    """A message that is not on disk yet, and its rows; None for one that brings none."""

    message: Incoming
    rows: Rows | None


class Recorder:
    """Records until it is told to stop.

    Attributes:
        figures: what it has done.
    """

    def __init__(self, subscriber: Subscriber, recording: Keeps, interest: Interest) -> None:
        self.figures = Figures()
        self._subscriber = subscriber
        self._recording = recording
        self._interest = interest
        self._losses = Losses()
        self._lost: dict[str, float] = {}
        self._waiting: list[Taken] = []
        self._waiting_bytes = 0
        self._changed = asyncio.Event()
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._is_ending = False
        self._warned: set[str] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set; then all that was taken is on disk, and confirmed.

        Raises:
            ConfigError: the file is damaged.
            BrokerError: another recorder has our session.
        """
        async with asyncio.TaskGroup() as tasks:
            connecting = tasks.create_task(self._subscriber.run(), name="subscriber")
            taking = tasks.create_task(self._take_all(), name="take")
            looking = tasks.create_task(self._look(), name="look")
            writing = tasks.create_task(self._write_all(), name="write")
            await stop.wait()
            taking.cancel()
            self._is_ending = True
            self._changed.set()
            await asyncio.wait({writing}, timeout=STOP_S)
            await self._subscriber.leave()
            for task in (connecting, looking, writing):
                task.cancel()
        with contextlib.suppress(RecordingUnavailable):  # what is kept is kept; the next start goes on
            await self._recording.finish()
        await self._look_once()

    # --- in

    async def _take_all(self) -> None:
        while True:
            await self._has_room.wait()
            message = await self._subscriber.receive()
            self._waiting.append(Taken(message, self._rows(message)))
            self._waiting_bytes += len(message.payload)
            self._changed.set()
            if len(self._waiting) >= WAITING_MAX or self._waiting_bytes >= WAITING_BYTES_MAX:
                self._has_room.clear()

    def _rows(self, message: Incoming) -> Rows | None:
        source = self._interest.source(message.topic)
        if source is None or self._is_told(source, message.payload):
            return None
        try:
            rows = self._interest.rows(source, message.payload)
        except Unread as error:
            self._note_unread(message.topic, error)
            return unread(message.topic, message.payload, error, message.received_at)
        if rows is not None and source.leaf == "reading":
            self._see(source, rows.rows[0], message.received_at)
        return rows

    def _is_told(self, source: Source, payload: bytes) -> bool:
        """Take in what bridges say of themselves."""
        if source.scope is Scope.BRIDGE:
            self._losses.see_health(source.name, payload)
            return True
        if source.scope is Scope.CYCLER and source.leaf == "status":
            self._losses.see_status(source.name, payload)
            return True
        return False

    def _see(self, source: Source, reading: Row, received_at: float) -> None:
        if reading[_HISTORICAL_AT]:
            return
        measured_at: float = reading[_TIME_AT]
        self.figures.lag_second = received_at - measured_at
        until = self._losses.see_live(source.name, measured_at)
        if until is not None:
            self._lost[source.name] = until

    def _note_unread(self, topic: str, error: Unread) -> None:
        self.figures.unread += 1
        self._warn(
            topic, "%s has a message that cannot be read (%s); it is in the table unread", topic, error
        )

    def _warn(self, what: str, message: str, *values: object) -> None:
        """Say something, once."""
        if what not in self._warned and len(self._warned) < WAITING_MAX:
            self._warned.add(what)
            _log.warning(message, *values)

    # --- out

    async def _write_all(self) -> None:
        while True:
            await self._gather()
            taken, self._waiting, self._waiting_bytes = self._waiting, [], 0
            self._has_room.set()
            if taken:
                await self._write(taken)
            elif self._is_ending:
                return

    async def _gather(self) -> None:
        """Wait until there is enough for a commit, or something for long enough."""
        while not self._waiting and not self._is_ending:
            await self._next_change()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GATHER_S):
                while len(self._waiting) < ENOUGH and not self._is_ending:
                    await self._next_change()

    async def _next_change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    async def _write(self, taken: Sequence[Taken]) -> None:
        lost, self._lost = self._lost, {}
        batch = together([each.rows for each in taken if each.rows is not None])
        if batch or lost:
            self._count(await self._keep(batch, list(lost.items())))
        for each in taken:
            self._subscriber.acknowledge(each.message)

    async def _keep(self, batch: Sequence[Rows], lost: Sequence[tuple[str, float]]) -> Done:
        """Keep it, however long a full disk takes; the broker keeps what is not confirmed."""
        while True:
            try:
                done = await self._recording.keep(batch, lost)
            except RecordingUnavailable as error:
                if error.is_damaged:
                    raise ConfigError(f"--to: {error}; move the file away to start anew") from None
                self._announce(str(error))
                await asyncio.sleep(AGAIN_S)
            else:
                self._announce("")
                return done

    def _announce(self, trouble: str) -> None:
        if trouble == self.figures.trouble:
            return
        self.figures.trouble = trouble
        if trouble:
            _log.error("%s; trying again, the broker keeps what comes meanwhile", trouble)
        else:
            _log.info("recording again")

    def _count(self, done: Done) -> None:
        readings = done.new.get("readings", 0)
        self.figures.new += readings
        self.figures.readings += readings
        self.figures.rows += sum(done.new.values()) - readings
        self.figures.doubles += done.doubles

    async def _look(self) -> None:
        while True:
            await self._look_once()
            await asyncio.sleep(LOOK_S)

    async def _look_once(self) -> None:
        figures = self.figures
        try:
            await self._recording.tend()
            figures.readings, figures.missing, figures.lost = await self._recording.look()
        except RecordingUnavailable as error:
            self._warn(str(error), "%s", error)
        figures.megabytes = self._recording.megabytes()
        figures.rate(time.monotonic())
