"""Readings with QoS 0: the newest of each channel waits for room."""

from __future__ import annotations

from pathlib import Path

from tests.telemetry.deliveries import SMALL, bench, until


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
