"""Several channels, locks and stops of everything, through a real broker."""

from __future__ import annotations

from typing import Any

import pytest

from macnet_bridge.macnet.protocol.codes import RUNNING
from tests.bridge.conftest import Lab
from tests.bridge.mqtt_peer import MqttPeer
from tests.bridge.running import cycler_table
from tests.commands.samples import BEHAVIOUR, running

START = {"procedure": "CCCV_1C", "c_rate_ah": 2}


async def whole(peer: MqttPeer, topic: str, id: str) -> dict[str, Any]:
    """The final acknowledgement of a command, and not one of its parts."""
    seen = await peer.wait(lambda seen: seen.topic == topic and seen.json["id"] == id and seen.json["final"])
    answer: dict[str, Any] = seen.json
    return answer


async def test_a_stop_of_everything(lab: Lab) -> None:
    one = await lab.cycler(128, latency_ms=5, behaviour=BEHAVIOUR)
    two = await lab.cycler(8, latency_ms=5, behaviour=BEHAVIOUR)
    peer = await lab.peer()
    await lab.bridge(cycler_table(one), cycler_table(two, "lab2", 'channels = "1-4"'))
    await lab.online(peer)
    await lab.online(peer, "lab2")
    for cycler, channel in ((one, 1), (one, 128), (two, 3), (two, 8)):
        running(cycler, channel)
    peer.publish(f"{lab.root}/all/cmd/suspend/alice", {"id": "stop"})
    summary = await whole(peer, f"{lab.root}/bridge/lab/ack", "stop")

    assert (summary["status"], summary["principal"]) == ("done", "alice")
    assert len(summary["results"]) == 132
    suspended = {
        (result["cycler"], result["channel"])
        for result in summary["results"]
        if result["result"]["state"] == "suspended"
    }
    assert suspended == {("lab1", 1), ("lab1", 128), ("lab2", 3)}
    assert two.channel(8).state in RUNNING, "it is not one of ours"
    part = await whole(peer, f"{lab.root}/lab2/3/telemetry/ack", "stop")
    assert (part["part"], part["result"]) == (True, {"state": "suspended"})
    # Telemetry made way, and goes on.
    after = len(peer.seen)
    await peer.wait(lambda seen: seen.topic == f"{lab.root}/lab1/telemetry/sweep", after)


async def test_starts_of_several_channels_and_their_published_number(lab: Lab) -> None:
    cycler = await lab.cycler(4)
    peer = await lab.peer()
    await lab.bridge(cycler_table(cycler))
    await lab.online(peer)
    base, reply = f"{lab.root}/lab1/cmd", f"{lab.root}/lab1/telemetry/ack"
    peer.publish(f"{base}/start_test", {"id": "b", "channels": "1-3", "atomic": True, "args": START})
    summary = await whole(peer, reply, "b")
    assert [result["result"]["test_name"] for result in summary["results"]] == ["b-1", "b-2", "b-3"]

    topic = f"{lab.root}/lab1/2/telemetry/state"
    shown = await peer.wait(
        lambda seen: (
            seen.topic == topic and seen.json["test_name"] == "b-2" and seen.json["state"] == "active"
        )
    )
    await peer.wait(lambda seen: seen.topic == topic and seen.json["mode"] != "none")
    latest = [seen.json for seen in list(peer.seen) if seen.topic == topic][-1]
    wrong = {
        "id": "w",
        "args": {"variable": 1, "value": 1},
        "expect": {"state_seq": shown.json["state_seq"] - 1},
    }
    answer = await peer.command(f"{lab.root}/lab1/2/cmd/set_variable", wrong)
    assert answer["error"]["code"] == "EXPECT_FAILED"
    right = {"id": "r", "args": {"variable": 1, "value": 1}, "expect": {"test_name": latest["test_name"]}}
    assert (await peer.command(f"{lab.root}/lab1/2/cmd/set_variable", right))["status"] == "done"
    idle = await peer.wait(lambda seen: seen.topic == f"{lab.root}/lab1/4/telemetry/state")
    right = {"id": "s", "args": {"variable": 1, "value": 1}, "expect": {"state_seq": idle.json["state_seq"]}}
    assert (await peer.command(f"{lab.root}/lab1/4/cmd/set_variable", right))["status"] == "done"


@pytest.mark.needs_real_broker
async def test_a_lock_outlives_a_kill_of_the_bridge(lab: Lab) -> None:
    cycler = await lab.cycler(4)
    peer = await lab.peer()
    process = lab.process(cycler_table(cycler))
    process.start()
    await lab.online(peer)
    topic = f"{lab.root}/lab1/2/telemetry/state"
    before = await peer.wait(lambda seen: seen.topic == topic)
    assert before.json["lock"] is None
    locked = await peer.command(
        f"{lab.root}/lab1/2/cmd/lock/alice", {"id": "lock", "args": {"reason": "the cell swells"}}
    )
    assert locked["status"] == "done"
    shown = await peer.wait(lambda seen: seen.topic == topic and seen.json["lock"] is not None)
    assert shown.json["lock"]["reason"] == "the cell swells"
    assert shown.json["state_seq"] > before.json["state_seq"]

    process.kill()
    after = len(peer.seen)
    process.start()
    again = await peer.wait(lambda seen: seen.topic == topic, after)
    assert again.json["lock"] == {**shown.json["lock"], "principal": "alice"}
    start = {"id": "start", "args": START}
    refused = await peer.command(f"{lab.root}/lab1/2/cmd/start_test", start)
    assert (refused["status"], refused["error"]["code"]) == ("rejected", "LOCKED")
    assert not cycler.received.of(6, 2)
    await peer.command(f"{lab.root}/lab1/2/cmd/unlock", {"id": "unlock"})
    done = await peer.command(f"{lab.root}/lab1/2/cmd/start_test", start | {"id": "start-2"})
    assert done["status"] == "done"
