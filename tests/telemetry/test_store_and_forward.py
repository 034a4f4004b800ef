"""Readings with QoS 1 and events: what becomes of them without a broker, a disk, or both."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from macnet_bridge.store import SpoolUnavailable
from macnet_bridge.store.spool_file import FILE
from macnet_bridge.telemetry import safekeeping as safekeeping_module
from macnet_bridge.telemetry import store_and_forward
from macnet_bridge.telemetry.delivery import DeliveryLimits
from macnet_bridge.telemetry.owed import Owed
from macnet_bridge.telemetry.safekeeping import Safekeeping
from tests.telemetry.deliveries import EVENT, SMALL, bench, hanging_to_its_end, until

# --- while there is no broker


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


# --- what goes wrong at the same time


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


@pytest.mark.parametrize("denied", [False, True])
async def test_what_was_settled_is_not_lost_when_the_disk_fails_then(tmp_path: Path, denied: bool) -> None:
    """It goes to a disk that hangs, is settled by the broker meanwhile, and then the disk fails."""
    async with bench(tmp_path, limits=SMALL) as it:
        it.driver.confirms = False
        it.connect()
        with hanging_to_its_end(it.spool):
            it.read(3)
            await until(lambda: len(it.unconfirmed.on_disk()) == 3)
            for mid in (1, 2, 3):
                it.driver.confirm(mid, denied=denied)
        await until(lambda: it.delivery.spool_health().state == "failing")
        health = it.delivery.health()
        assert (health.confirmed, health.lost) == ((0, 3) if denied else (3, 0))


async def test_batches_that_fail_come_back_in_order(tmp_path: Path) -> None:
    async with bench(tmp_path, limits=DeliveryLimits(messages=1000, patience_s=1e9)) as it:
        it.driver.confirms = False
        it.connect()
        with hanging_to_its_end(it.spool):
            it.read(450)
            it.delivery.keep_the_rest()
            assert len(it.unconfirmed.on_disk()) == 450
        await until(lambda: not it.unconfirmed.on_disk())
        numbers = [owed.number for owed in it.unconfirmed.older_than(float("inf"))]
        assert (len(numbers), numbers) == (450, sorted(numbers))


async def test_what_a_damaged_file_held_is_counted_and_what_is_under_way_is_not_lost(tmp_path: Path) -> None:
    async with bench(tmp_path, limits=SMALL) as it:
        it.driver.confirms = False
        it.connect()
        it.read(25)  # ten of them are under way as well
        await until(lambda: it.waiting == 25)
        it.safekeeping._failed(SpoolUnavailable("damaged", sqlite3.DatabaseError("malformed")))
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


async def test_what_is_sent_again_outlives_the_file_it_came_from(tmp_path: Path) -> None:
    """The spool is damaged during a replay, and then the broker is lost."""
    async with bench(tmp_path) as it:
        it.read(25)
        await until(lambda: it.waiting == 25)
        it.driver.confirms = False
        it.connect()
        await until(lambda: len(it.driver.sent) == 25)
        it.driver.confirm(1)
        it.safekeeping._failed(SpoolUnavailable("damaged", sqlite3.DatabaseError("malformed")))
        await until((tmp_path / f"{FILE}.damaged-1").exists)
        await until(lambda: it.waiting == 24 and not it.opening._is_needed)
        it.lose()
        it.driver.sent.clear()
        it.driver.confirms = True
        it.connect()
        await until(lambda: len(it.driver.sent) >= 24 and it.waiting == 0)
        assert it.driver.seqs(historical=True)[-24:] == list(range(2, 26))
        assert it.delivery.health().lost == 0


async def test_what_is_repeated_goes_before_what_waited_however_late_it_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits on disk is read in the order of its numbers: one that comes late would stay there."""
    late = SimpleNamespace(monotonic=lambda: time.monotonic() + 10.0)
    async with bench(tmp_path) as it:
        it.connect()
        it.read(1)
        await until(lambda: it.delivery.health().confirmed == 1)
        it.lose()
        it.read(3)
        await until(lambda: it.waiting == 3)
        monkeypatch.setattr(store_and_forward, "time", late)
        it.connect()
        await until(lambda: it.driver.seqs(historical=True) == [1, 2, 3, 4] and it.waiting == 0)


async def test_what_waits_for_a_disk_is_given_to_it_once_when_the_broker_is_lost_then(tmp_path: Path) -> None:
    async with bench(tmp_path, limits=SMALL) as it:
        it.driver.confirms = False
        it.connect()
        with hanging_to_its_end(it.spool):
            it.read(3)
            await until(lambda: len(it.unconfirmed.on_disk()) == 3)
            it.lose()
        await until(lambda: it.delivery.spool_health().state == "failing")
        await until(lambda: not it.safekeeping._writing)
        assert it.delivery.health().lost == 3
