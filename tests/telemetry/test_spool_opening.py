"""A spool that cannot be opened, or is damaged: a new one is opened while the bridge goes on."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

from macnet_bridge.store import Spool, SpoolUnavailable
from macnet_bridge.store.spool_file import FILE
from macnet_bridge.store.spool_tables import Message
from tests.patience import PATIENCE_S
from tests.telemetry.deliveries import bench, until


async def test_a_spool_that_cannot_be_opened_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "later"
    async with bench(folder) as it:
        assert it.delivery.spool_health().state == "failing"
        it.read(2)
        await until(lambda: it.delivery.health().lost == 2)
        folder.mkdir()
        it.open_again_soon()

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
        it.open_again_soon()
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


async def test_a_channel_that_comes_after_the_damage_still_names_its_last_reading(tmp_path: Path) -> None:
    async with bench(tmp_path, run=1) as it:
        it.read(4, channel=9)
        await until(lambda: it.waiting == 4)
    async with bench(tmp_path, run=2) as it:
        it.safekeeping._failed(SpoolUnavailable("damaged", sqlite3.DatabaseError("malformed")))
        await until((tmp_path / f"{FILE}.damaged-1").exists)
        await until(lambda: not it.opening._is_needed)
        it.connect()
        it.read(1, channel=9)
        assert it.driver.readings[-1]["previous"] == {"run": 1, "seq": 4}
