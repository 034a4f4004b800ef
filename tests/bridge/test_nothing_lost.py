"""Brokers and bridges go away in every way; a subscriber that knows nothing of ours has every reading."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from macnet_bridge.app.bridge import Bridge
from macnet_bridge.simulator import Behaviour
from macnet_bridge.store import Spool
from macnet_bridge.store.spool_file import FILE
from macnet_bridge.store.spool_tables import Message
from tests.bridge.conftest import Lab
from tests.bridge.mqtt_peer import MqttPeer, Seen
from tests.bridge.running import cycler_table
from tests.commands.samples import running
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.needs_real_broker
SET = {"variable": 1, "value": 2.5}


async def until(holds: Callable[[], object]) -> None:
    """Wait for a fact."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110 - facts of other threads and processes set no event
            await asyncio.sleep(0.02)


async def subscriber(lab: Lab, *, session: str = "") -> MqttPeer:
    peer = MqttPeer(lab.broker.host, lab.broker.port, f"{lab.root}/#", session=session)
    return await lab.stack.enter_async_context(peer)


def readings(peer: MqttPeer) -> dict[str, list[dict[str, Any]]]:
    """As they came, by topic."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for seen in list(peer.seen):
        if seen.topic.endswith("/telemetry/reading"):
            found[seen.topic].append(seen.json)
    return found


def gaps(peer: MqttPeer) -> list[tuple[str, int, int]]:
    """Topic, run and number of every reading that has not come although a later one has."""
    missing = []
    for topic, came in readings(peer).items():
        for run in {reading["run"] for reading in came}:
            seqs = {reading["seq"] for reading in came if reading["run"] == run}
            missing += [(topic, run, seq) for seq in range(1, max(seqs)) if seq not in seqs]
    return missing


def assert_order(peer: MqttPeer) -> None:
    """Live readings of a channel ascend, but for what the broker itself sends the subscriber again."""
    for came in readings(peer).values():
        live = dict.fromkeys((r["run"], r["seq"]) for r in came if not r["is_historical"])
        assert list(live) == sorted(live)


async def delivered(bridge: Bridge, peer: MqttPeer) -> None:
    """Wait until nothing waits any more, and a reading that came afterwards has arrived."""
    await until(lambda: bridge.delivery.spool_health().waiting == 0 and bridge.broker.ready)
    after = len(peer.seen)
    await peer.wait(lambda seen: seen.topic.endswith("/reading") and not seen.json["is_historical"], after)
    await until(lambda: not gaps(peer))


async def outage(bridge: Bridge, count: int = 20) -> None:
    """Wait until so many readings wait on disk."""
    await until(lambda: bridge.delivery.spool_health().waiting >= count)


async def test_a_broker_that_is_stopped_and_started(own_lab: Lab) -> None:
    lab = own_lab
    cycler = await lab.cycler(4)
    peer = await subscriber(lab, session="keeps")
    bridge = await lab.bridge(cycler_table(cycler))
    await lab.online(peer)
    for _ in range(3):
        lab.broker.stop()
        await outage(bridge)
        lab.broker.start()
        await delivered(bridge, peer)
    assert gaps(peer) == []
    assert bridge.delivery.health().lost == 0
    historical = [r for came in readings(peer).values() for r in came if r["is_historical"]]
    assert len(historical) >= 60
    assert_order(peer)


async def test_a_broker_that_is_killed(own_lab: Lab) -> None:
    lab = own_lab
    cycler = await lab.cycler(4)
    peer = await subscriber(lab)
    bridge = await lab.bridge(cycler_table(cycler))
    await lab.online(peer)
    await peer.wait(lambda seen: seen.topic.endswith("/reading") and seen.json["seq"] == 5)
    for _ in range(2):
        lab.broker.kill()
        await outage(bridge, 10)
        lab.broker.start()
        await delivered(bridge, peer)
    assert gaps(peer) == []
    assert bridge.delivery.health().lost == 0
    assert_order(peer)


async def test_a_broker_that_freezes(own_lab: Lab) -> None:
    lab = own_lab
    cycler = await lab.cycler(4)
    peer = await subscriber(lab, session="keeps")
    bridge = await lab.bridge(cycler_table(cycler))
    await lab.online(peer)
    lab.broker.freeze()
    await outage(bridge, 10)
    assert bridge.broker.ready, "that is on disk before anybody knows that the broker is gone"
    await until(lambda: not bridge.broker.ready)
    await outage(bridge, 40)
    lab.broker.thaw()
    await delivered(bridge, peer)
    assert gaps(peer) == []
    assert bridge.delivery.health().lost == 0


def on_disk(folder: Path) -> tuple[list[str], dict[int, list[int]]]:
    """Payloads that wait, and the last safe reading by channel, read by SQLite alone."""
    if not (folder / FILE).exists():
        return [], {}
    connection = sqlite3.connect(folder / FILE)
    try:
        rows = connection.execute("SELECT topic, payload FROM message ORDER BY id").fetchall()
        read = "SELECT channel, run, seq FROM {} WHERE channel IS NOT NULL ORDER BY run, seq"
        safe = [*connection.execute(read.format("safe")), *connection.execute(read.format("message"))]
    except sqlite3.OperationalError:
        return [], {}
    finally:
        connection.close()
    return [topic for topic, _ in rows], {channel: [run, seq] for channel, run, seq in safe}


def of_run_2(topic: str) -> Callable[[Seen], bool]:
    return lambda seen: seen.topic == topic and bool(seen.json["run"] == 2)


async def test_a_bridge_that_is_killed_while_the_broker_is_away(own_lab: Lab) -> None:
    lab = own_lab
    cycler = await lab.cycler(4)
    process = lab.process(cycler_table(cycler))
    process.start()
    async with MqttPeer(lab.broker.host, lab.broker.port, f"{lab.root}/#") as before:
        await lab.online(before)
        await before.wait(lambda seen: seen.topic.endswith("/reading") and seen.json["seq"] == 5)
    lab.broker.stop()
    data = lab.folder / "data"
    await until(lambda: len(on_disk(data)[0]) >= 20)
    process.kill()
    kept, safe = on_disk(data)
    lab.broker.start()
    peer = await subscriber(lab)
    process.start()

    def arrived() -> bool:
        came = [r for found in readings(peer).values() for r in found if r["is_historical"]]
        return len({(r["run"], r["seq"], r["raw"]["stat"]) for r in came}) > 0 and len(came) >= len(kept)

    await until(arrived)
    for number in range(1, 5):
        topic = f"{lab.root}/lab1/{number}/telemetry/reading"
        await peer.wait(of_run_2(topic))
        came = readings(peer)[topic]
        historical = [reading["seq"] for reading in came if reading["is_historical"]]
        assert historical == list(range(historical[0], historical[-1] + 1))
        assert len(historical) == kept.count(topic)
        first = next(reading for reading in came if reading["run"] == 2)
        assert first["seq"] == 1
        assert [first["previous"]["run"], first["previous"]["seq"]] == safe[number] == [1, historical[-1]]
        assert not any("previous" in reading for reading in came if reading is not first)


async def test_a_bridge_that_is_killed_while_all_is_well(own_lab: Lab) -> None:
    lab = own_lab
    cycler = await lab.cycler(2)
    peer = await subscriber(lab)
    process = lab.process(cycler_table(cycler))
    process.start()
    await lab.online(peer)
    topic = f"{lab.root}/lab1/1/telemetry/reading"
    await peer.wait(lambda seen: seen.topic == topic and seen.json["seq"] == 8)
    process.kill()
    process.start()
    first = (await peer.wait(of_run_2(topic))).json
    assert first["seq"] == 1
    assert first["previous"]["run"] == 1
    came = [reading["seq"] for reading in readings(peer)[topic] if reading["run"] == 1]
    assert came == list(range(1, len(came) + 1)), "no gap, and nothing of it twice"
    assert 1 <= first["previous"]["seq"] <= len(came), "a second behind, at most"


async def test_a_bridge_that_is_stopped_while_the_broker_is_away(own_lab: Lab) -> None:
    lab = own_lab
    cycler = await lab.cycler(2)
    peer = await subscriber(lab, session="keeps")
    process = lab.process(cycler_table(cycler))
    process.start()
    await lab.online(peer)
    lab.broker.stop()
    await until(lambda: len(on_disk(lab.folder / "data")[0]) >= 10)
    assert process.interrupt() == 0
    lab.broker.start()
    process.start()
    for number in (1, 2):
        await peer.wait(of_run_2(f"{lab.root}/lab1/{number}/telemetry/reading"))
    await until(lambda: not on_disk(lab.folder / "data")[0])
    await until(lambda: not gaps(peer))
    for came in readings(peer).values():
        last = max(reading["seq"] for reading in came if reading["run"] == 1)
        first = next(reading for reading in came if (reading["run"], reading["seq"]) == (2, 1))
        assert first["previous"] == {"run": 1, "seq": last}, "nothing was lost, and that can be seen"


async def test_an_event_while_the_broker_is_away_arrives(own_lab: Lab) -> None:
    lab = own_lab
    cycler = await lab.cycler(2)
    peer = await subscriber(lab, session="keeps")
    limits = "[cycler.limits]\nvoltage_max_volt = 4.3\nvoltage_min_volt = 2.5\n"
    limits += "charge_max_ampere = 5.0\ndischarge_max_ampere = 5.0\n"
    bridge = await lab.bridge(cycler_table(cycler, more=limits))
    await lab.online(peer)
    args = {"voltage_volt": 4.0, "current_ampere": 0.5, "valid_for_s": 3.0, "test_name": "d"}
    started = await peer.command(f"{lab.root}/lab1/1/cmd/start_direct", {"id": "d", "args": args})
    assert started["status"] == "done", started
    lab.broker.stop()
    await cycler.wait_for(lambda record: record.number == (6, 3), 20)
    # The third reading from now on is asked for when the first that shows the stop has been taken in.
    seen_by_then = len(cycler.received.of(4, 7, 1)) + 3
    await until(lambda: len(cycler.received.of(4, 7, 1)) >= seen_by_then)
    await outage(bridge)
    lab.broker.start()
    topic = f"{lab.root}/lab1/1/telemetry/event"
    lapsed = await peer.wait(lambda seen: seen.topic == topic and seen.json["kind"] == "direct_lapsed")
    assert (lapsed.json["reason"], lapsed.json["is_historical"]) == ("silence", True)
    suspended = await peer.wait(lambda seen: seen.topic == topic and seen.json["kind"] == "suspended")
    assert (suspended.json["test_name"], suspended.json["is_historical"]) == ("d", True)


async def test_commands_are_answered_while_much_is_replayed(own_lab: Lab) -> None:
    lab = own_lab
    cycler = await lab.cycler(4, behaviour=Behaviour(starting_second=0.0))
    running(cycler, 2)
    data = lab.folder / "data"
    data.mkdir()
    spool = Spool(data, max_bytes=64 << 20, max_age_s=1e9)
    spool.open()
    topic = f"{lab.root}/lab1/9/telemetry/reading"
    payload = b'{"run":0,"seq":%d,"is_historical":false,"x":"' + b"x" * 300 + b'"}'
    await spool.keep([Message(n, time.time(), topic, payload % n) for n in range(1, 4_001)])
    spool.close()
    peer = await subscriber(lab)
    bridge = await lab.bridge(cycler_table(cycler))
    await lab.online(peer)
    await until(lambda: bridge.delivery.spool_health().replayed > 200)
    for number in range(20):
        done = await peer.command(f"{lab.root}/lab1/1/cmd/set_variable", {"id": f"c{number}", "args": SET})
        assert done["status"] == "done"
    stopped = await peer.command(f"{lab.root}/lab1/2/cmd/suspend", {"id": "stop"})
    assert stopped["status"] == "done"
    assert bridge.delivery.spool_health().waiting > 500, "it was still replaying"
    await until(lambda: bridge.delivery.spool_health().waiting == 0)
    replayed = [reading["seq"] for reading in readings(peer)[topic]]
    assert replayed == list(range(1, 4_001))
