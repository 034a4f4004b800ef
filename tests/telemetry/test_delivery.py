"""Delivery as a whole, from the start of a bridge to its end."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from macnet_bridge.telemetry.delivery import Delivery
from tests.patience import PATIENCE_S
from tests.telemetry.deliveries import bench, until


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
    monkeypatch.setattr(Delivery, "_every_second", lambda self, now, seconds: None)

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


async def test_a_fault_of_ours_ends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with bench(tmp_path) as it:
        failed = []

        def fail(now: float) -> None:
            failed.append(now)
            raise RuntimeError("on purpose")

        with monkeypatch.context() as broken:
            broken.setattr(it.safekeeping, "tend", fail)
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
