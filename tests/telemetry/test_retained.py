"""Retained messages wait for room, those that pass do not."""

from __future__ import annotations

from pathlib import Path

from tests.telemetry.deliveries import SMALL, bench, until


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
