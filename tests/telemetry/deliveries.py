"""A delivery between a broker's driver, played by hand, and a spool on a real disk."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from macnet_bridge.broker import Counters, Lane, Outgoing
from macnet_bridge.broker.outbox import Entry, Outbox, OutboxLimits
from macnet_bridge.payloads.events import DirectLapsed
from macnet_bridge.payloads.telemetry import RawCodes
from macnet_bridge.store import Spool
from macnet_bridge.telemetry import repeats
from macnet_bridge.telemetry.delivery import Delivery, DeliveryLimits
from macnet_bridge.telemetry.safekeeping import Safekeeping
from macnet_bridge.telemetry.spool_opening import SpoolOpening
from macnet_bridge.telemetry.unconfirmed import Unconfirmed
from tests.patience import PATIENCE_S

SMALL = DeliveryLimits(messages=10, patience_s=0.25)
EVENT = DirectLapsed(
    id="e1", unix_time_second=1.0, run=7, principal="alice", test_name="p", reason="silence", suspended=True
)


async def until(holds: Callable[[], object]) -> None:
    """Wait for a fact."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110 - facts about another thread set no event
            await asyncio.sleep(0.005)


class Driver:
    """The broker's driver with its real outbox; a test plays the broker."""

    def __init__(self) -> None:
        self.outbox = Outbox(Counters(), OutboxLimits())
        self.ready = False
        self.sent: list[Outgoing] = []
        self._under_way: dict[int, Entry] = {}
        self.confirms = True
        self._mid = 0

    def publish(self, message: Outgoing) -> bool:
        accepted = self.outbox.offer(message, Lane.TELEMETRY)
        self._progress()
        return accepted

    def _progress(self) -> None:
        while (entry := self.outbox.take()) is not None:
            self._mid += 1
            self.outbox.handed(entry, self._mid)
            self.sent.append(entry.message)
            if entry.message.qos == 0:
                asyncio.get_running_loop().call_soon(self.outbox.written)
                continue
            self._under_way[self._mid] = entry
            if self.confirms:
                asyncio.get_running_loop().call_soon(self.confirm, self._mid)

    def confirm(self, mid: int | None = None, *, denied: bool = False) -> None:
        """Confirm one, or all that are under way."""
        for number in [mid] if mid is not None else list(self._under_way):
            if self._under_way.pop(number, None) is not None:
                self.outbox.confirmed(number, denied=denied)
        self._progress()

    def lose(self) -> None:
        self.ready = False
        self._under_way.clear()
        self.outbox.lost()

    def connect(self, max_packet_bytes: int | None = None) -> None:
        self.outbox.connected(None, max_packet_bytes)
        self.ready = True
        self.outbox.opened()

    @property
    def readings(self) -> list[dict[str, Any]]:
        return [json.loads(m.payload) | {"topic": m.topic} for m in self.sent if m.topic.endswith("reading")]

    def seqs(self, topic: str = "lab1/1/reading", *, historical: bool | None = None) -> list[int]:
        return [
            reading["seq"]
            for reading in self.readings
            if reading["topic"] == topic and historical in (None, reading["is_historical"])
        ]


class Bench:
    """A delivery that runs, and its driver."""

    def __init__(self, folder: Path | None, run: int, limits: DeliveryLimits | None) -> None:
        self.driver = Driver()
        self.spool = None if folder is None else Spool(folder, max_bytes=8 << 20, max_age_s=1e9)
        self.delivery = Delivery(
            self.driver.publish, lambda: self.driver.ready, self.spool, run=run, limits=limits
        )

    def read(self, count: int = 1, channel: int = 1, qos: int = 1, **changes: Any) -> None:
        topic = f"lab1/{channel}/reading"
        for _ in range(count):
            self.delivery.reading("lab1", channel, topic, values(**changes), qos)

    def connect(self, **options: Any) -> None:
        self.driver.connect(**options)
        self.delivery.connected()

    def lose(self) -> None:
        self.driver.lose()
        self.delivery.lost()

    @property
    def safekeeping(self) -> Safekeeping:
        return self.delivery._forward.safekeeping

    @property
    def unconfirmed(self) -> Unconfirmed:
        return self.delivery._forward._unconfirmed

    @property
    def opening(self) -> SpoolOpening:
        assert self.safekeeping._opening is not None
        return self.safekeeping._opening

    def open_again_soon(self) -> None:
        """Not only after the seconds that it takes as a rule."""
        self.opening._again_at = 0.0

    @property
    def waiting(self) -> int:
        return self.delivery.spool_health().waiting


def values(**changes: Any) -> dict[str, Any]:
    return {
        "unix_time_second": 1.0,
        "state": "active",
        "mode": "charge",
        "test_name": 'a "is_historical":false',
        "test_time_second": 1.0,
        "step_time_second": 1.0,
        "cycle_count": 0,
        "step_id": 1,
        "record_index": 1,
        "voltage_volt": 3.7,
        "step_cumulative_capacity_ah": 0.0,
        "step_cumulative_energy_wh": 0.0,
        "tester_time": "2026-11-22T07:00:00",
        "raw": RawCodes(1, 1, 1),
    } | changes


@asynccontextmanager
async def bench(
    folder: Path | None, *, run: int = 1, limits: DeliveryLimits | None = None
) -> AsyncIterator[Bench]:
    """A delivery that runs. What a broker may have forgotten goes to it again soon."""
    it = Bench(folder, run, limits)
    it.delivery.open()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(repeats, "REPEAT_AFTER_S", 0.1)
        task = asyncio.create_task(it.delivery.run())
        try:
            yield it
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            it.lose()
            it.delivery.close()


def _wait(gate: threading.Event, connection: sqlite3.Connection) -> None:
    gate.wait(PATIENCE_S)


@contextmanager
def hanging(spool: Spool | None) -> Iterator[None]:
    """The disk does nothing within; what is asked for waits."""
    gate = threading.Event()
    assert spool is not None
    assert spool._writer is not None
    spool._writer.apart(partial(_wait, gate))
    try:
        yield
    finally:
        gate.set()


@contextmanager
def hanging_to_its_end(spool: Spool | None) -> Iterator[None]:
    """The disk does nothing within, and what is asked of it then or later fails."""
    with hanging(spool):
        assert spool is not None
        assert spool._writer is not None
        spool._writer.apart(lambda connection: connection.close())
        yield
