"""A disk that takes nothing, or hangs."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from macnet_bridge.telemetry import safekeeping as safekeeping_module
from tests.telemetry.deliveries import bench, hanging, until


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


async def test_a_disk_that_hangs_is_announced_and_fills_no_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(safekeeping_module, "_WRITING_MAX", 10)
    async with bench(tmp_path) as it:
        with hanging(it.spool):
            it.read(10)
            it.safekeeping.flush()
            it.read(5)
            it.safekeeping.flush()
            for second in range(20):
                it.safekeeping._progress.safe(("lab1", 2), second + 1)
                it.safekeeping.tend(float(second))
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
