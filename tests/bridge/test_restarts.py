"""What is killed comes back by itself, and meanwhile the status topics tell the truth."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable

import pytest

from tests.bridge.conftest import Lab
from tests.bridge.mqtt_peer import MqttPeer, Seen
from tests.bridge.running import cycler_table, running_bridge

SET = {"variable": 1, "value": 2.5}


def status_is(topic: str, state: str) -> Callable[[Seen], bool]:
    return lambda seen: seen.topic == topic and bool(seen.payload) and seen.json["state"] == state


async def test_the_tester_goes_and_comes_back(lab: Lab) -> None:
    cycler = await lab.cycler(4)
    peer = await lab.peer()
    await lab.bridge(cycler_table(cycler))
    await lab.online(peer)
    topic = f"{lab.root}/lab1/status"
    await peer.wait(lambda seen: seen.topic == f"{lab.root}/lab1/4/telemetry/state")
    after = len(peer.seen)

    await cycler.stop()
    offline = await peer.wait(status_is(topic, "offline"), after)
    assert offline.json["reason"]
    assert offline.json["last_ok"] is not None
    stale = await peer.wait(lambda seen: seen.topic == f"{lab.root}/lab1/4/telemetry/state", after)
    assert stale.json["quality"] == "stale"
    refused = await peer.command(f"{lab.root}/lab1/1/cmd/set_variable", {"id": "away", "args": SET})
    assert (refused["status"], refused["error"]["code"]) == ("rejected", "TESTER_OFFLINE")
    assert refused["error"]["retryable"] is True

    after = len(peer.seen)
    await cycler.start()
    await peer.wait(status_is(topic, "online"), after)
    fresh = await peer.wait(lambda seen: seen.topic == f"{lab.root}/lab1/4/telemetry/state", after)
    assert fresh.json["quality"] == "good"
    assert fresh.json["state_seq"] > stale.json["state_seq"]
    done = await peer.command(f"{lab.root}/lab1/1/cmd/set_variable", {"id": "back", "args": SET})
    assert done["status"] == "done"


@pytest.mark.needs_real_broker
async def test_the_broker_is_killed_and_comes_back_empty(own_lab: Lab) -> None:
    lab = own_lab
    cycler = await lab.cycler(4)
    await lab.bridge(cycler_table(cycler))
    async with _peer(lab) as before:
        await lab.online(before)
        await before.wait(lambda seen: seen.topic == f"{lab.root}/lab1/telemetry/sweep")

    lab.broker.kill()
    lab.broker.start()

    async with _peer(lab) as peer:
        # A killed broker may have lost all that was retained: the bridge publishes it again.
        await peer.wait(status_is(f"{lab.root}/bridge/lab/status", "online"))
        await peer.wait(status_is(f"{lab.root}/lab1/status", "online"))
        await peer.wait(lambda seen: seen.topic == f"{lab.root}/lab1/4/telemetry/state")
        await peer.wait(lambda seen: seen.topic == f"{lab.root}/lab1/telemetry/sweep")
        done = await peer.command(f"{lab.root}/lab1/1/cmd/set_variable", {"id": "back", "args": SET})
        assert done["status"] == "done"


@pytest.mark.needs_real_broker
async def test_the_answer_of_a_command_survives_the_broker(own_lab: Lab) -> None:
    """The command was carried out while the broker was away; its answer comes when it is back."""
    lab = own_lab
    cycler = await lab.cycler(4, latency_ms=300)
    await lab.bridge(cycler_table(cycler))
    async with _peer(lab) as before:
        await lab.online(before)
        before.publish(f"{lab.root}/lab1/1/cmd/set_variable", {"id": "mine", "args": SET})
        await cycler.wait_for(lambda record: record.number == (6, 9), 10)
    lab.broker.kill()
    lab.broker.start()
    async with _peer(lab) as peer:
        answer = await peer.command(f"{lab.root}/lab1/1/cmd/set_variable", {"id": "mine", "args": SET})
        assert answer["status"] == "done"
    assert sum(record.number == (6, 9) for record in cycler.received) == 1


@pytest.mark.needs_real_broker
async def test_a_disk_that_fails_ends_nothing(own_lab: Lab) -> None:
    lab = own_lab
    cycler = await lab.cycler(4)
    bridge = await lab.bridge(cycler_table(cycler))
    async with _peer(lab) as before:
        await lab.online(before)
    (lab.folder / "data" / "bridge.json.new").mkdir()  # nothing can be written any more
    lab.broker.kill()
    lab.broker.start()
    async with _peer(lab) as peer:
        await peer.wait(status_is(f"{lab.root}/bridge/lab/status", "online"))
        await lab.online(peer)
        assert (await peer.command(f"{lab.root}/lab1/1/cmd/suspend", {"id": "stop"}))["status"] == "done"
    assert bridge.broker.ready


@pytest.mark.needs_real_broker
async def test_the_bridge_is_killed_and_its_will_says_so(lab: Lab) -> None:
    cycler = await lab.cycler(4)
    peer = await lab.peer()
    process = lab.process(cycler_table(cycler))
    process.start()
    await lab.online(peer)
    topic = f"{lab.root}/bridge/lab/status"
    online = await peer.wait(status_is(topic, "online"))
    after = len(peer.seen)

    process.kill()
    gone = await peer.wait(status_is(topic, "offline"), after)
    assert gone.json["session"] == online.json["session"]

    after = len(peer.seen)
    process.start()
    back = await peer.wait(status_is(topic, "online"), after)
    assert back.json["session"] != online.json["session"]
    reading = await peer.wait(lambda seen: seen.topic.endswith("/telemetry/sweep"), after)
    assert reading.json["run"] == 2
    done = await peer.command(f"{lab.root}/lab1/1/cmd/set_variable", {"id": "back", "args": SET})
    assert done["status"] == "done"


async def test_the_next_run_knows_the_cell_of_a_test(lab: Lab) -> None:
    cycler = await lab.cycler(4)
    peer = await lab.peer()
    start = {
        "id": f"start-{lab.root}",
        "args": {"procedure": "CCCV_1C", "c_rate_ah": 2.5, "test_name": "long", "cell_id": "cell 17"},
    }

    def shows_the_test(seen: Seen) -> bool:
        return seen.topic == f"{lab.root}/lab1/3/telemetry/state" and seen.json["test_name"] == "long"

    text = lab.config(cycler_table(cycler))
    async with running_bridge(text):
        await lab.online(peer)
        done = await peer.command(f"{lab.root}/lab1/3/cmd/start_test", start)
        assert done["status"] == "done"
        assert (await peer.wait(shows_the_test)).json["cell_id"] == "cell 17"
    after = len(peer.seen)
    async with running_bridge(text):
        assert (await peer.wait(shows_the_test, after)).json["cell_id"] == "cell 17"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals between processes")
async def test_a_signal_stops_the_bridge_in_good_order(lab: Lab, number: int) -> None:
    cycler = await lab.cycler(4)
    peer = await lab.peer()
    process = lab.process(cycler_table(cycler))
    process.start()
    await lab.online(peer)
    after = len(peer.seen)
    assert process.interrupt(number) == 0
    offline = await peer.wait(status_is(f"{lab.root}/bridge/lab/status", "offline"), after)
    assert offline.json["reason"] == "the bridge was stopped"
    assert "Traceback" not in process.log


async def test_a_command_that_comes_while_the_bridge_stops_is_answered(lab: Lab) -> None:
    cycler = await lab.cycler(4)
    peer = await lab.peer()
    async with running_bridge(lab.config(cycler_table(cycler))) as bridge:
        await lab.online(peer)
        cycler.faults.drop_replies(6, 9)
        peer.publish(f"{lab.root}/lab1/1/cmd/set_variable", {"id": "runs", "args": SET})
        await cycler.wait_for(lambda record: record.number == (6, 9), 10)
        bridge.stop()
        await asyncio.sleep(0)
        stop = await peer.command(f"{lab.root}/lab1/2/cmd/suspend", {"id": "late"})
    assert (stop["status"], stop["error"]["code"]) == ("rejected", "CANCELLED")
    assert (await peer.final("runs"))["status"] == "unknown"
    assert not cycler.received.of(6, 3)


async def test_what_is_no_longer_served_is_cleared(lab: Lab) -> None:
    tester = await lab.cycler(4)
    peer = await lab.peer()
    state = f"{lab.root}/lab1/4/telemetry/state"
    process = lab.process(cycler_table(tester))
    process.start()
    await lab.online(peer)
    await peer.wait(lambda seen: seen.topic == state)
    process.interrupt() if sys.platform != "win32" else process.kill()
    after = len(peer.seen)
    await lab.bridge(cycler_table(tester, more='channels = "1-2"'))
    cleared = await peer.wait(lambda seen: seen.topic == state and not seen.payload, after)
    assert cleared.payload == b""


async def test_what_a_tester_had_that_came_after_the_broker_is_cleared_too(lab: Lab) -> None:
    tester = await lab.cycler(4)
    await tester.stop()
    peer = await lab.peer()
    state = f"{lab.root}/lab1/4/telemetry/state"
    process = lab.process(cycler_table(tester))
    process.start()
    await peer.wait(
        lambda seen: seen.topic == f"{lab.root}/bridge/lab/status" and b'"online"' in seen.payload
    )
    await tester.start()
    await peer.wait(lambda seen: seen.topic == state)
    process.kill()
    after = len(peer.seen)
    await lab.bridge(cycler_table(tester, more='channels = "1-2"'))
    cleared = await peer.wait(lambda seen: seen.topic == state and not seen.payload, after)
    assert cleared.payload == b""


def _peer(lab: Lab) -> MqttPeer:
    return MqttPeer(lab.broker.host, lab.broker.port, f"{lab.root}/#", v5=lab.broker.supports_v5)
