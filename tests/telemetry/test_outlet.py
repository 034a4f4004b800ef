"""Room for messages that are not settled, and who waits for it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from macnet_bridge.telemetry.delivery import DeliveryLimits
from macnet_bridge.telemetry.outlet import Outlet
from tests.telemetry.deliveries import bench


async def test_who_waits_for_room_is_told_of_it_once() -> None:
    told = []
    it = Outlet(lambda message: True, lambda: True, 2, 1000, lambda: told.append(it.has_room))
    for _ in range(2):
        assert it.has_room
        assert it.send("t", b"123", 1, ignore)
    assert not it.has_room
    it.await_room()
    it.free(4)
    it.free(4)
    await asyncio.sleep(0)
    assert told == [True]


def test_room_is_for_messages_and_bytes_and_only_with_a_broker() -> None:
    ready = [True]
    it = Outlet(lambda message: len(message.payload) < 60, lambda: ready[0], 10, 50, lambda: None)
    assert not it.send("t", bytes(60), 1, ignore)
    assert it.has_room, "what was not taken takes no room"
    assert it.send("t", bytes(49), 1, ignore)
    assert not it.has_room
    it.free(50)
    assert it.has_room
    ready[0] = False
    assert not it.has_room


def ignore(is_taken: bool) -> None:
    """Nobody waits for what becomes of it."""


# --- reads that go as fast as they can wait for a broker that is busy


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
