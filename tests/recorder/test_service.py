"""The recorder in this process, at a real broker: what it does while its disk takes nothing."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest

from macnet_bridge.broker import BrokerSettings, Subscriber
from macnet_bridge.errors import ConfigError
from macnet_bridge.recorder.interest import Interest
from macnet_bridge.recorder.service import WAITING_BYTES_MAX, Recorder
from macnet_bridge.store import Recording
from macnet_bridge.store.recording_file import connect
from tests.bridge.mqtt_peer import MqttPeer
from tests.brokers import RunningBroker
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.needs_real_broker


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110 - the disk sets no event
            await asyncio.sleep(0.02)


class Bench:
    """A recorder whose database can be made to be full."""

    def __init__(self, broker: RunningBroker, path: Path, root: str = "") -> None:
        self.root = root or f"t{uuid4().hex[:10]}"
        self.path = path
        self.recording = Recording(path, self._connect)
        self.recording.open()
        interest = Interest(self.root)
        settings = BrokerSettings(
            f"mqtt://{broker.host}:{broker.port}", f"{self.root}-recorder", keeps_session=True
        )
        self.connected = asyncio.Event()
        subscriber = Subscriber(
            settings,
            interest.filters(),
            on_lost=lambda reason: None,
            on_session=lambda is_kept: self.connected.set(),
        )
        self.recorder = Recorder(subscriber, self.recording, interest)
        self.stop = asyncio.Event()

    def _connect(self) -> sqlite3.Connection:
        self.database = connect(self.path)
        return self.database

    async def limit(self, pages: int) -> None:
        """How large the file may be; what it has is its least."""
        await self.recording._submit(
            "limit", lambda database: database.execute(f"PRAGMA max_page_count = {pages}")
        )

    def rows(self) -> int:
        with closing(sqlite3.connect(self.path)) as database:
            (found,) = database.execute("SELECT count(*) FROM readings").fetchone()
        return int(found)


def publish(peer: MqttPeer, root: str, first: int, last: int) -> bool:
    for seq in range(first, last + 1):
        reading = {"run": 1, "seq": seq, "unix_time_second": float(seq), "more": "x" * 200}
        peer.publish(f"{root}/lab1/1/telemetry/reading", reading)
    return False


async def test_what_a_full_disk_does_not_take_is_taken_later(broker: RunningBroker, tmp_path: Path) -> None:
    bench = Bench(broker, tmp_path / "r.sqlite")
    figures = bench.recorder.figures
    async with MqttPeer(broker.host, broker.port, f"{bench.root}/none") as peer, asyncio.TaskGroup() as tasks:
        running = tasks.create_task(bench.recorder.run(bench.stop))
        await bench.connected.wait()
        await bench.limit(1)
        await until(lambda: publish(peer, bench.root, 1, 1) or figures.new)
        publish(peer, bench.root, 2, 600)
        await until(lambda: "database or disk is full" in figures.trouble)
        kept = bench.rows()
        assert kept < 600
        await bench.limit(1 << 20)
        await until(lambda: bench.rows() == 600)
        assert figures.trouble == ""
        assert figures.new == 600
        bench.stop.set()
        await running
    bench.recording.close()


async def test_large_messages_that_nobody_confirms_do_not_heap_up(
    broker: RunningBroker, tmp_path: Path
) -> None:
    bench = Bench(broker, tmp_path / "r.sqlite")
    recorder = bench.recorder
    async with MqttPeer(broker.host, broker.port, f"{bench.root}/none") as peer, asyncio.TaskGroup() as tasks:
        running = tasks.create_task(recorder.run(bench.stop))
        await bench.connected.wait()
        await until(lambda: publish(peer, bench.root, 1, 1) or recorder.figures.new)
        await bench.limit(1)

        def flood() -> bool:
            peer.publish(f"{bench.root}/lab1/1/telemetry/aux", uuid4().bytes + b"x" * 200_000, qos=0)
            return not recorder._has_room.is_set()

        await until(flood)
        assert recorder.figures.trouble
        held = sum(len(each.message.payload) for each in recorder._waiting)
        assert held < WAITING_BYTES_MAX + 1_000_000
        bench.stop.set()
        await bench.limit(1 << 20)
        await running
    bench.recording.close()


async def test_what_was_not_confirmed_comes_to_the_next_recorder(
    broker: RunningBroker, tmp_path: Path
) -> None:
    first = Bench(broker, tmp_path / "first.sqlite")
    async with MqttPeer(broker.host, broker.port, f"{first.root}/none") as peer:
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(first.recorder.run(first.stop))
            await first.connected.wait()
            await until(lambda: publish(peer, first.root, 1, 1) or first.recorder.figures.new)
            await first.limit(1)
            publish(peer, first.root, 2, 600)
            await until(lambda: first.recorder.figures.trouble)
            first.stop.set()
            await running
        kept = first.rows()
        await first.limit(1 << 20)
        first.recording.close()
        second = Bench(broker, tmp_path / "first.sqlite", first.root)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(second.recorder.run(second.stop))
            await until(lambda: second.rows() == 600)
            second.stop.set()
            await running
        second.recording.close()
    assert kept < 600


async def test_a_damaged_file_ends_it_in_one_line(broker: RunningBroker, tmp_path: Path) -> None:
    bench = Bench(broker, tmp_path / "r.sqlite")
    async with MqttPeer(broker.host, broker.port, f"{bench.root}/none") as peer:
        running = asyncio.create_task(bench.recorder.run(bench.stop))
        await bench.connected.wait()

        def damage(database: sqlite3.Connection) -> None:
            database.execute("PRAGMA writable_schema = ON")
            database.execute("UPDATE sqlite_master SET rootpage = 999999 WHERE name = 'readings'")
            database.execute("PRAGMA writable_schema = RESET")

        await bench.recording._submit("damage", damage)
        await until(lambda: publish(peer, bench.root, 1, 1) or running.done())
        error = running.exception()
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        assert isinstance(error, ConfigError)
        assert "move the file away to start anew" in str(error)
    bench.recording.close()
