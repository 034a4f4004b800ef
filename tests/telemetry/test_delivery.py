"""Delivery between a broker's driver, played by hand, and a spool on a real disk."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from macnet_bridge.broker import Counters, Lane, Outgoing
from macnet_bridge.broker.outbox import Entry, Outbox, OutboxLimits
from macnet_bridge.payloads.events import DirectLapsed
from macnet_bridge.payloads.telemetry import RawCodes
from macnet_bridge.store import Spool, SpoolUnavailable
from macnet_bridge.store.spool_file import FILE
from macnet_bridge.store.spool_tables import Message
from macnet_bridge.telemetry import repeats
from macnet_bridge.telemetry import safekeeping as safekeeping_module
from macnet_bridge.telemetry.delivery import Delivery, DeliveryLimits
from macnet_bridge.telemetry.safekeeping import Owed, Safekeeping

PATIENCE_S = 20.0
SMALL = DeliveryLimits(messages=10, patience_s=0.25)
EVENT = DirectLapsed(
    id="e1", unix_time_second=1.0, run=7, principal="alice", test_name="p", reason="silence", suspended=True
)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats, "REPEAT_AFTER_S", 0.1)


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
    it = Bench(folder, run, limits)
    it.delivery.open()
    task = asyncio.create_task(it.delivery.run())
    try:
        yield it
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        it.lose()
        it.delivery.close()


# --- while the broker keeps up


async def test_confirmed_readings_touch_no_disk(tmp_path: Path) -> None:
    async with bench(tmp_path) as it:
        it.connect()
        for _ in range(10):
            it.read(20)
            await asyncio.sleep(0.05)
        await until(lambda: it.delivery.health().confirmed == 200)
        assert it.driver.seqs() == list(range(1, 201))
        assert it.delivery.spool_health().kept == 0
        assert it.delivery.health().unconfirmed == 0


async def test_the_first_reading_of_a_run_names_the_last_one_that_is_safe(tmp_path: Path) -> None:
    async with bench(tmp_path, run=1) as it:
        it.connect()
        it.read(3)
        await until(lambda: it.delivery.health().confirmed == 3)
        it.lose()
        it.read(2)  # on disk
        it.read(1, channel=2)
        await until(lambda: it.waiting == 3)
    async with bench(tmp_path, run=2) as it:
        it.connect()
        it.read(2)
        it.read(1, channel=2)
        it.read(1, channel=3)
        live = [reading for reading in it.driver.readings if not reading["is_historical"]]
    assert [(r["topic"], r["run"], r["seq"], r.get("previous")) for r in live] == [
        ("lab1/1/reading", 2, 1, {"run": 1, "seq": 5}),
        ("lab1/1/reading", 2, 2, None),
        ("lab1/2/reading", 2, 1, {"run": 1, "seq": 1}),
        ("lab1/3/reading", 2, 1, None),
    ]


async def test_a_bridge_that_is_killed_soon_has_left_a_note_of_each_channel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Delivery, "_every_second", lambda self, seconds: None)

    def noted() -> list[tuple[int, int]]:
        with closing(sqlite3.connect(tmp_path / "spool.sqlite")) as file:
            return file.execute("SELECT channel, seq FROM safe ORDER BY channel").fetchall()

    async with bench(tmp_path) as it:
        it.connect()
        it.read(1)
        await until(lambda: noted() == [(1, 1)])
        it.read(3)
        it.read(2, channel=2)
        await until(lambda: noted() == [(1, 4), (2, 2)])


# --- while there is none


async def test_what_was_under_way_and_what_came_meanwhile_is_replayed_in_order(tmp_path: Path) -> None:
    async with bench(tmp_path) as it:
        it.driver.confirms = False
        it.connect()
        it.read(5)
        it.lose()
        it.read(5)
        it.delivery.event("lab1/1/event", EVENT)
        it.read(5)
        await until(lambda: it.waiting == 16)
        assert it.delivery.health().lost == 0
        it.driver.sent.clear()
        it.driver.confirms = True
        it.connect()
        it.read(3)
        await until(lambda: it.waiting == 0)
        # The last three again: they were confirmed before subscribers could be back.
        assert it.driver.seqs(historical=True) == list(range(1, 19))
        assert it.driver.seqs(historical=False) == [16, 17, 18]
        (event,) = [m for m in it.driver.sent if m.topic == "lab1/1/event"]
        assert (json.loads(event.payload)["id"], event.qos) == ("e1", 1)
        assert {m.qos for m in it.driver.sent} == {1}
        assert {r["test_name"] for r in it.driver.readings} == {'a "is_historical":false'}
        await until(lambda: it.delivery.spool_health().replayed == 19)


async def test_it_survives_a_restart(tmp_path: Path) -> None:
    async with bench(tmp_path, run=1) as it:
        it.read(250)
        it.delivery.event("lab1/1/event", EVENT)
    async with bench(tmp_path, run=2) as it:
        it.connect()
        await until(lambda: len(it.driver.sent) == 251)
        assert it.driver.seqs(historical=True) == list(range(1, 251))
        assert {reading["run"] for reading in it.driver.readings} == {1}
        await until(lambda: it.waiting == 0)


async def test_a_replay_that_is_cut_begins_again_and_loses_nothing(tmp_path: Path) -> None:
    async with bench(tmp_path) as it:
        it.read(300)
        await until(lambda: it.waiting == 300)
        it.driver.confirms = False
        it.connect()
        await until(lambda: len(it.driver.sent) >= 60)
        it.driver.confirm(next(iter(it.driver._under_way)))
        it.lose()
        it.driver.sent.clear()
        it.driver.confirms = True
        it.connect()
        await until(lambda: it.waiting == 0)
        assert it.driver.seqs() in (list(range(2, 301)), list(range(1, 301)))


async def test_without_a_spool_it_is_lost_and_counted() -> None:
    async with bench(None) as it:
        it.read(3)
        it.connect()
        it.read(1)
        await until(lambda: it.delivery.health().lost == 3)
        assert it.driver.seqs() == [4], "what is lost leaves a gap"
        assert it.delivery.spool_health().state == "off"


# --- while it is slow


async def test_a_broker_that_confirms_nothing_sends_readings_to_the_disk(tmp_path: Path) -> None:
    async with bench(tmp_path, limits=SMALL) as it:
        it.driver.confirms = False
        it.connect()
        it.read(25)
        await until(lambda: it.waiting == 25)
        assert it.driver.seqs() == list(range(1, 11)), "no more than there is room for"
        assert it.delivery.health().unconfirmed == 10
        it.driver.confirms = True
        it.driver.confirm()
        await until(lambda: it.waiting == 0)
        assert it.driver.seqs(historical=True) == list(range(11, 26)), "confirmed late, not sent twice"
        assert it.delivery.health().lost == 0


async def test_reads_without_an_interval_wait_for_a_broker_that_is_busy_and_for_no_other(
    tmp_path: Path,
) -> None:
    limits = DeliveryLimits(messages=80, patience_s=60.0)
    async with bench(tmp_path, limits=limits) as it:
        await it.delivery.let_through()  # without a broker
        it.connect()
        it.driver.confirms = False
        it.read(20)
        await it.delivery.let_through()  # a quarter of what may be under way
        it.read(1)
        waiting = asyncio.create_task(it.delivery.let_through())
        await asyncio.sleep(0)
        it.driver.confirms = True
        assert not waiting.done()
        it.driver.confirm()
        await waiting
        assert it.waiting == 0


async def test_few_large_messages_hold_up_reads_as_many_small_ones_do(tmp_path: Path) -> None:
    limits = DeliveryLimits(bytes=40_000, patience_s=60.0)
    async with bench(tmp_path, limits=limits) as it:
        it.connect()
        it.driver.confirms = False
        for _ in range(2):
            it.delivery.passing("macnet/lab1/telemetry/sweep", bytes(4_000), 1)
        await it.delivery.let_through()
        it.delivery.passing("macnet/lab1/telemetry/sweep", bytes(4_000), 1)
        waiting = asyncio.create_task(it.delivery.let_through())
        await asyncio.sleep(0)
        assert not waiting.done()
        it.driver.confirm()
        await waiting
        assert it.delivery.health().skipped == 0


async def test_a_broker_that_stays_busy_holds_up_reads_for_a_moment_only(tmp_path: Path) -> None:
    async with bench(tmp_path, limits=DeliveryLimits(messages=80, patience_s=0.05)) as it:
        it.connect()
        it.driver.confirms = False
        it.read(70)
        await it.delivery.let_through()
        assert it.delivery.health().unconfirmed == 70


async def test_what_is_historical_is_in_order_though_live_ones_fail(tmp_path: Path) -> None:
    """A later reading waits on disk while an earlier one is still under way, and then fails."""
    async with bench(tmp_path, limits=SMALL) as it:
        it.driver.confirms = False
        it.connect()
        it.read(12)
        await until(lambda: it.waiting == 12)
        for mid in range(1, 6):
            it.driver.confirm(mid)
        await asyncio.sleep(0.3)  # time to do it wrong: there is room for 11 and 12
        assert it.driver.seqs(historical=True) == []
        it.lose()
        it.driver.confirms = True
        it.connect()
        await until(lambda: it.waiting == 0)
        assert it.driver.seqs(historical=True) == list(range(1, 13)), "from 6 on, and the last ones again"


async def test_qos_0_is_conflated_and_numbered_late(tmp_path: Path) -> None:
    async with bench(tmp_path, limits=SMALL) as it:
        for volt in (1.0, 2.0, 3.0):
            it.read(1, channel=1, qos=0, voltage_volt=volt)
            it.read(1, channel=2, qos=0, voltage_volt=volt)
        assert it.delivery.health().conflated == 4
        it.connect()
        it.read(1, channel=1, qos=0, voltage_volt=4.0)  # there is room, and an older one is waiting
        await until(lambda: len(it.driver.sent) == 2)
        it.read(1, channel=1, qos=0, voltage_volt=5.0)
        found = [(r["topic"], r["seq"], r["voltage_volt"]) for r in it.driver.readings]
        assert found == [("lab1/1/reading", 1, 4.0), ("lab1/2/reading", 1, 3.0), ("lab1/1/reading", 2, 5.0)]
        assert {m.qos for m in it.driver.sent} == {0}
        assert it.delivery.spool_health().kept == 0


async def test_retained_and_passing_messages(tmp_path: Path) -> None:
    async with bench(tmp_path, limits=SMALL) as it:
        it.delivery.retained("lab1/1/state", b"old")
        it.delivery.retained("lab1/1/state", b"new")
        it.delivery.retained("lab2/1/state", b"not ours")
        it.delivery.retained("lab1/1/alarm/limit", b"")
        it.delivery.passing("lab1/sweep", b"sweep", 1)
        assert it.delivery.health().skipped == 1
        it.delivery.withdraw_retained("lab2/")
        it.connect()
        await until(lambda: len(it.driver.sent) == 2)
        it.delivery.passing("lab1/sweep", b"sweep", 1)
        await until(lambda: len(it.driver.sent) == 3)
        assert [(m.topic, m.payload, m.qos, m.retain) for m in it.driver.sent] == [
            ("lab1/1/state", b"new", 1, True),
            ("lab1/1/alarm/limit", b"", 1, True),
            ("lab1/sweep", b"sweep", 1, False),
        ]
        it.driver.confirms = False
        it.delivery.retained("lab1/1/state", b"under way")
        it.lose()
        it.driver.sent.clear()
        it.connect()
        await until(lambda: it.driver.sent)
        assert it.driver.sent[0].payload == b"under way", "what was not confirmed is published again"


# --- what a broker will not have, or forgets


async def test_what_the_broker_denies_or_cannot_take_is_lost_and_blocks_nothing(tmp_path: Path) -> None:
    async with bench(tmp_path) as it:
        it.driver.confirms = False
        it.connect()
        it.read(1)
        it.driver.confirm(denied=True)
        assert it.delivery.health().lost == 1
        it.driver.confirms = True
        it.lose()
        it.read(1, channel=2, tester_time="x" * 2000)
        it.read(1, channel=2)
        await until(lambda: it.waiting == 2)
        it.connect(max_packet_bytes=1500)
        await until(lambda: it.waiting == 0)
        assert it.driver.seqs("lab1/2/reading") == [2]
        assert it.delivery.health().lost == 2


async def test_a_broker_that_was_lost_gets_the_last_ones_again(tmp_path: Path) -> None:
    async with bench(tmp_path) as it:
        it.connect()
        it.read(3)
        await until(lambda: it.delivery.health().confirmed == 3)
        it.lose()
        it.read(1)
        it.driver.sent.clear()
        it.connect()
        it.read(1)
        await until(lambda: len(it.driver.sent) == 6)
        assert it.driver.seqs(historical=False) == [5]
        assert it.driver.seqs(historical=True) == [1, 2, 3, 4, 5], "the last one had no subscriber yet"
        await until(lambda: it.waiting == 0)
        assert it.delivery.health().lost == 0


# --- when the disk fails


@pytest.mark.skipif(sys.platform == "win32", reason="limits of file sizes differ there")
async def test_a_full_disk_costs_what_it_must_and_is_announced_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    import resource

    async with bench(tmp_path) as it:
        it.read(10)
        await until(lambda: it.waiting == 10)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (64 << 10, hard))
        try:
            for _ in range(3):
                it.read(500)
                await asyncio.sleep(0.1)
            await until(lambda: it.delivery.health().lost >= 1000)
            assert it.delivery.spool_health().state == "failing"
            it.connect()
            it.read(5, channel=2)
            await until(lambda: it.driver.seqs("lab1/2/reading") == [1, 2, 3, 4, 5])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        it.lose()
        it.read(10)
        await until(lambda: it.delivery.spool_health().state == "ok")
        lost = it.delivery.health().lost
        it.connect()
        await until(lambda: it.waiting == 0)
        arrived = it.driver.seqs()
        assert (arrived[:10], arrived[-10:]) == (list(range(1, 11)), list(range(1511, 1521)))
        assert len(set(arrived)) + lost == 1520, "each one arrived or was counted"
        await until(lambda: any("were lost" in message for message in caplog.messages))
    assert [record.message for record in caplog.records if "cannot be kept" in record.message][1:] == []
    assert any("can be kept on disk again" in record.message for record in caplog.records)
    assert len([message for message in caplog.messages if "were lost: 1" in message]) == 1


async def test_the_log_tells_what_waited_and_that_it_was_sent(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "macnet_bridge.telemetry.delivery")
    async with bench(tmp_path) as it:
        it.read(10)
        await until(lambda: it.waiting == 10)
        it.connect()
        await until(lambda: "what waited on disk has been sent" in caplog.messages)
    assert caplog.messages == [
        "readings and events that wait on disk are sent now, oldest first: 10",
        "what waited on disk has been sent",
    ]


async def test_a_spool_that_cannot_be_opened_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "later"
    async with bench(folder) as it:
        assert it.delivery.spool_health().state == "failing"
        it.read(2)
        await until(lambda: it.delivery.health().lost == 2)
        folder.mkdir()
        it.delivery._safekeeping._open_again_at = 0.0

        def kept() -> bool:
            it.read(1)
            return it.delivery.spool_health().kept > 0

        await until(kept)
        assert it.delivery.spool_health().state == "ok"


async def test_damage_that_shows_later_costs_the_file_and_no_more(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spool = Spool(tmp_path, max_bytes=64 << 20, max_age_s=1e9)
    spool.open()
    await spool.keep([Message(n, 1.0, "t", b"x") for n in range(1, 70_001)])
    spool.close()
    with spool.path.open("r+b") as file:
        file.seek(10 * 4096)
        file.write(b"\xff" * 20 * 4096)
    async with bench(tmp_path) as it:
        await until(lambda: "damaged, and is kept as" in caplog.text)  # and a new one is open
        it.read(3)
        await until(lambda: it.delivery.spool_health().state == "ok" and it.waiting == 3)
        it.connect()
        await until(lambda: it.waiting == 0)
        assert it.driver.seqs(historical=True) == [1, 2, 3]


async def test_a_fault_of_ours_ends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with bench(tmp_path) as it:
        failed = []

        def fail(now: float) -> None:
            failed.append(now)
            raise RuntimeError("on purpose")

        with monkeypatch.context() as broken:
            broken.setattr(it.delivery._safekeeping, "tend", fail)
            await until(lambda: failed)
        it.read(2)
        await until(lambda: it.waiting == 2)


async def test_a_clean_stop_puts_on_disk_what_is_not_confirmed(tmp_path: Path) -> None:
    async with bench(tmp_path, run=1) as it:
        it.driver.confirms = False
        it.connect()
        it.read(7)
        await it.delivery.drain(0.05)
        it.delivery.close()  # before the driver gives anything back
    async with bench(tmp_path, run=2) as it:
        it.connect()
        await until(lambda: len(it.driver.sent) == 7)
        assert it.driver.seqs(historical=True) == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("is_on", [True, False])
async def test_what_can_not_be_kept_is_offered_to_the_disk_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_on: bool
) -> None:
    """With a disk that is far behind, or none, batches come back at once."""
    offered: list[int] = []
    keep = Safekeeping.keep

    def counted(safekeeping: Safekeeping, owed: Owed) -> None:
        offered.append(owed.number)
        assert len(offered) <= 450, "it goes round and round, and the stops with it"
        keep(safekeeping, owed)

    monkeypatch.setattr(Safekeeping, "keep", counted)
    monkeypatch.setattr(safekeeping_module, "_WRITING_MAX", 10)
    limits = DeliveryLimits(messages=1000, patience_s=1e9)
    async with bench(tmp_path if is_on else None, limits=limits) as it:
        it.driver.confirms = False
        it.connect()
        it.read(450)
        it.delivery.keep_the_rest()
        assert len(set(offered)) == 450
        offered.clear()
        it.driver.confirms = True
        it.driver.confirm()
        await until(lambda: it.delivery.health().confirmed == 450)
        assert it.delivery.health().lost == 0


# --- what goes wrong at the same time


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


@pytest.mark.parametrize("denied", [False, True])
async def test_what_was_settled_is_not_lost_when_the_disk_fails_then(tmp_path: Path, denied: bool) -> None:
    """It goes to a disk that hangs, is settled by the broker meanwhile, and then the disk fails."""
    async with bench(tmp_path, limits=SMALL) as it:
        it.driver.confirms = False
        it.connect()
        with hanging(it.spool):
            it.spool._writer.apart(lambda connection: connection.close())  # type: ignore[union-attr]
            it.read(3)
            await until(lambda: len(it.delivery._on_disk) == 3)
            for mid in (1, 2, 3):
                it.driver.confirm(mid, denied=denied)
        await until(lambda: it.delivery.spool_health().state == "failing")
        health = it.delivery.health()
        assert (health.confirmed, health.lost) == ((0, 3) if denied else (3, 0))


async def test_a_disk_that_hangs_is_announced_and_fills_no_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(safekeeping_module, "_WRITING_MAX", 10)
    async with bench(tmp_path) as it:
        with hanging(it.spool):
            it.read(10)
            it.delivery._safekeeping.flush()
            it.read(5)
            it.delivery._safekeeping.flush()
            for second in range(20):
                it.delivery._safekeeping.note(("lab1", 2), second + 1)
                it.delivery._safekeeping.tend(float(second))
            assert it.delivery.health().lost == 5
            assert it.delivery.spool_health().state == "failing"
            assert len(it.spool._writer._waiting) <= 3, "notes do not pile up"  # type: ignore[union-attr]
        await until(lambda: it.waiting == 10)
        await until(lambda: it.delivery.spool_health().state == "ok")
    async with bench(tmp_path, run=2) as it:
        it.connect()
        it.read(1, channel=2)
        (first,) = [r for r in it.driver.readings if r["topic"] == "lab1/2/reading"]
        assert first["previous"] == {"run": 1, "seq": 20}


async def test_a_spool_that_hangs_while_it_is_opened_again_holds_up_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "later"
    async with bench(folder) as it:
        assert it.spool is not None
        folder.mkdir()
        gate, connect = threading.Event(), it.spool._connect
        asked = threading.Event()

        def hang() -> Any:
            asked.set()
            assert gate.wait(PATIENCE_S), "the loop was held up"
            return connect()

        monkeypatch.setattr(it.spool, "_connect", hang)
        it.delivery._safekeeping._open_again_at = 0.0
        await until(asked.is_set)
        it.connect()
        it.read(3)
        await until(lambda: it.delivery.health().confirmed == 3)
        gate.set()
        it.lose()

        def kept() -> bool:
            it.read(1)
            return it.delivery.spool_health().kept > 0

        await until(kept)


async def test_batches_that_fail_come_back_in_order(tmp_path: Path) -> None:
    async with bench(tmp_path, limits=DeliveryLimits(messages=1000, patience_s=1e9)) as it:
        it.driver.confirms = False
        it.connect()
        with hanging(it.spool):
            it.spool._writer.apart(lambda connection: connection.close())  # type: ignore[union-attr]
            it.read(450)
            it.delivery._keep_older_than(float("inf"))
            it.delivery._safekeeping.flush()
            assert not it.delivery._in_memory
        await until(lambda: len(it.delivery._in_memory) == 450)
        assert list(it.delivery._in_memory) == sorted(it.delivery._in_memory)


async def test_the_newest_that_is_retained_waits_for_the_next_connection(tmp_path: Path) -> None:
    """One is under way and a newer one is queued behind it when the broker is lost."""
    async with bench(tmp_path) as it:
        it.driver.confirms = False
        it.connect()
        it.read(83)
        it.delivery.retained("alarm", b"raised")  # the last that the window takes
        it.delivery.retained("alarm", b"")
        assert it.driver.sent[-1].payload == b"raised"
        it.lose()
        it.driver.sent.clear()
        it.connect()
        await until(lambda: any(m.topic == "alarm" for m in it.driver.sent))
        assert [m.payload for m in it.driver.sent if m.topic == "alarm"] == [b""]


async def test_a_channel_that_comes_after_the_damage_still_names_its_last_reading(tmp_path: Path) -> None:
    async with bench(tmp_path, run=1) as it:
        it.read(4, channel=9)
        await until(lambda: it.waiting == 4)
    async with bench(tmp_path, run=2) as it:
        it.delivery._safekeeping._failed(SpoolUnavailable("damaged", sqlite3.DatabaseError("malformed")))
        await until((tmp_path / f"{FILE}.damaged-1").exists)
        await until(lambda: not it.delivery._safekeeping._must_open)
        it.connect()
        it.read(1, channel=9)
        assert it.driver.readings[-1]["previous"] == {"run": 1, "seq": 4}


async def test_what_a_damaged_file_held_is_counted_and_what_is_under_way_is_not_lost(tmp_path: Path) -> None:
    async with bench(tmp_path, limits=SMALL) as it:
        it.driver.confirms = False
        it.connect()
        it.read(25)  # ten of them are under way as well
        await until(lambda: it.waiting == 25)
        it.delivery._safekeeping._failed(SpoolUnavailable("damaged", sqlite3.DatabaseError("malformed")))
        await until((tmp_path / f"{FILE}.damaged-1").exists)
        await until(lambda: it.delivery.health().lost == 15)
        it.lose()
        await until(lambda: it.waiting == 10)
        it.driver.sent.clear()
        it.driver.confirms = True
        it.connect()
        await until(lambda: it.waiting == 0)
        assert it.driver.seqs(historical=True) == list(range(1, 11))
        assert it.delivery.health().lost == 15


async def test_qos_0_that_is_not_written_yet_is_counted_and_a_stop_waits_for_it(tmp_path: Path) -> None:
    async with bench(tmp_path) as it:
        it.connect()
        it.read(4, qos=0)
        health = it.delivery.health()
        assert (health.published, health.confirmed, health.unconfirmed) == (4, 0, 4)
        await it.delivery.drain(PATIENCE_S)
        health = it.delivery.health()
        assert (health.published, health.confirmed, health.unconfirmed) == (4, 4, 0)
        it.lose()
        assert it.delivery.health().lost == 0
