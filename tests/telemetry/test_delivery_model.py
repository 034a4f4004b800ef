"""Delivery after any history: every numbered reading arrived, or was counted as lost, exactly."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from macnet_bridge.broker import Outgoing
from macnet_bridge.store import Spool
from macnet_bridge.telemetry import repeats
from macnet_bridge.telemetry.delivery import Delivery, DeliveryLimits
from macnet_bridge.telemetry.outlet import Outlet
from macnet_bridge.telemetry.safekeeping import Safekeeping
from tests.telemetry.deliveries import Driver, until, values

LIMITS = DeliveryLimits(messages=12, patience_s=0.0)
Name = tuple[str, int, int]
"""The topic, run and sequence number of a reading."""


class Model:
    """A delivery through restarts, a broker and a disk that fail, and what became of each reading."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.run = 0
        self.broken = sqlite3.connect(":memory:")
        self.broken.close()
        self.arrived: set[Name] = set()
        self.denied: set[Name] = set()
        self.numbered: set[Name] = set()
        self.previous: set[Name] = set()
        self.died_with_process: set[Name] = set()
        self.lost_before = 0
        self.sent: dict[tuple[str, bool], list[tuple[int, int]]] = defaultdict(list)
        self.furthest: dict[str, tuple[int, int]] = {}
        self.start()

    def start(self) -> None:
        self.run += 1
        self.driver = Driver()
        self.driver.confirms = False
        self.spool = Spool(self.folder, max_bytes=64 << 20, max_age_s=1e9)
        self.delivery = Delivery(
            self.publish, lambda: self.driver.ready, self.spool, run=self.run, limits=LIMITS
        )
        self.delivery.open()
        self.safekeeping.begin()
        self.sound = self.writer._connection
        self.seqs: dict[int, int] = defaultdict(int)
        self.sent.clear()

    @property
    def writer(self) -> Any:
        return self.spool._writer

    def publish(self, message: Outgoing) -> bool:
        settled = partial(self.settled, message)
        watched = Outgoing(message.topic, message.payload, message.qos, message.retain, None, settled)
        accepted = self.driver.publish(watched)
        if accepted:
            reading = json.loads(message.payload)
            self.numbered.add(self.name(message))
            order = self.sent[message.topic, reading["is_historical"]]
            assert not order or order[-1] < (reading["run"], reading["seq"]), "in order"
            if reading["is_historical"] and self.name(message) not in self.arrived:
                assert self.furthest.get(message.topic, (0, 0)) < (reading["run"], reading["seq"]), "late"
            order.append((reading["run"], reading["seq"]))
            if before := reading.get("previous"):
                self.previous.add((message.topic, before["run"], before["seq"]))
        return accepted

    def settled(self, message: Outgoing, is_taken: bool) -> None:
        if is_taken:
            topic, *order = self.name(message)
            self.arrived.add((topic, order[0], order[1]))
            if json.loads(message.payload)["is_historical"]:
                self.furthest[topic] = max(self.furthest.get(topic, (0, 0)), (order[0], order[1]))
        elif self.driver.ready:
            self.denied.add(self.name(message))
        assert message.settled is not None
        message.settled(is_taken)

    def name(self, message: Outgoing) -> Name:
        reading = json.loads(message.payload)
        return (message.topic, reading["run"], reading["seq"])

    # --- what may happen

    async def read(self, channel: int, qos: int, count: int) -> None:
        topic = f"lab1/{channel}/reading"
        for _ in range(count):
            self.delivery.reading("lab1", channel, topic, values(), qos)

    async def confirm(self, count: int) -> None:
        for mid in list(self.driver._under_way)[:count]:
            self.driver.confirm(mid)

    async def deny(self) -> None:
        for mid, entry in self.driver._under_way.items():
            # One that is sent again may have been confirmed before.
            if not json.loads(entry.message.payload)["is_historical"]:
                return self.driver.confirm(mid, denied=True)
        return None

    async def connect(self) -> None:
        if not self.driver.ready:
            self.sent.clear()
            self.driver.connect()
            self.delivery.connected()

    async def lose(self) -> None:
        if self.driver.ready:
            self.driver.lose()
            self.delivery.lost()
            await asyncio.sleep(0)  # the driver's own callbacks are of the old connection

    async def tick(self) -> None:
        await asyncio.sleep(0.001)
        self.delivery._tick(time.monotonic())

    async def second(self) -> None:
        self.delivery._every_second(time.monotonic(), 1.0)

    async def disk(self) -> None:
        """All that the disk was asked for is done."""
        self.safekeeping.flush()
        await asyncio.wrap_future(self.writer._thread.submit(int))
        for _ in range(5):
            await asyncio.sleep(0)

    async def disk_fails(self) -> None:
        self.writer._connection = self.broken

    async def disk_is_back(self) -> None:
        self.writer._connection = self.sound

    async def stop(self) -> None:
        await self.delivery.drain(0.0)
        await self.lose()
        self.delivery.keep_the_rest()
        await self.disk()
        self.delivery.close()
        await self.end()

    async def crash(self) -> None:
        at_risk = list(self.safekeeping._pending)
        self.safekeeping._pending.clear()
        await self.disk()  # what it was asked for may still come to nothing
        at_risk += self.delivery._forward._unconfirmed.older_than(float("inf"))
        for owed in at_risk:
            if not owed.was_settled:
                self.died_with_process.add((owed.topic, self.run, owed.seq))
        await self.end()

    async def end(self) -> None:
        for _ in range(3):
            await asyncio.sleep(0)
        self.writer_closed()
        self.remember_numbers()
        self.lost_before += self.delivery.health().lost
        self.start()

    def writer_closed(self) -> None:
        self.writer_was = self.spool._writer
        if self.writer_was is not None:
            self.writer_was._connection = self.sound
            self.spool.close()

    @property
    def safekeeping(self) -> Safekeeping:
        return self.delivery._forward.safekeeping

    @property
    def outlet(self) -> Outlet:
        return self.delivery._outlet

    def remember_numbers(self) -> None:
        for (_, channel), last in self.delivery._numbering._last.items():
            topic = f"lab1/{channel}/reading"
            self.numbered |= {(topic, self.run, seq) for seq in range(1, last + 1)}

    # --- in the end

    async def settle(self) -> None:
        await self.disk_is_back()
        await self.lose()
        await self.disk()
        self.delivery.keep_the_rest()
        await self.disk()
        await self.connect()
        self.driver.confirms = True
        async with asyncio.timeout(20):
            while self.spool.waiting or self.delivery._conflation._newest:
                await self.tick()
        self.remember_numbers()
        await until(lambda: not self.delivery.health().unconfirmed and not self.outlet._messages)

    def check(self) -> None:
        lost = self.lost_before + self.delivery.health().lost
        missing = self.numbered - self.arrived
        assert self.arrived <= self.numbered
        assert self.denied <= missing
        died = self.died_with_process & missing
        assert len(missing) == lost + len(died)
        assert self.previous <= self.arrived | self.denied | missing
        assert self.delivery.health().unconfirmed == 0
        assert self.outlet._messages == self.outlet._bytes == 0


Step = Callable[[Model], Awaitable[None]]

_READ = st.builds(
    lambda channel, count: lambda model: model.read(channel, channel == 1, count),
    st.sampled_from([1, 2]),
    st.integers(1, 30),
)
_CONFIRM = st.builds(lambda count: lambda model: model.confirm(count), st.integers(1, 40))
_OTHERS = st.sampled_from(
    [
        Model.connect,
        Model.connect,
        Model.lose,
        Model.tick,
        Model.tick,
        Model.second,
        Model.disk,
        Model.disk,
        Model.deny,
        Model.disk_fails,
        Model.disk_is_back,
        Model.stop,
        Model.crash,
    ]
)


async def play(steps: list[Step], folder: Path) -> None:
    model = Model(folder)
    try:
        for step in steps:
            await step(model)
        await model.settle()
        model.check()
    finally:
        model.writer_closed()


@given(st.lists(_READ | _CONFIRM | _OTHERS, min_size=15, max_size=50))
@settings(max_examples=60, deadline=None)
def test_every_reading_arrived_or_was_counted(steps: list[Step]) -> None:
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setattr(repeats, "REPEATED_S", 1e9)
        patch.setattr(repeats, "REPEAT_AFTER_S", 0.0)
        asyncio.run(play(steps, Path(folder)))
