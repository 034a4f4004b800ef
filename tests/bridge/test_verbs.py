"""Every verb over a real broker, as any client would send it, and what the tester received."""

from __future__ import annotations

import struct
import time

import pytest

from macnet_bridge.macnet.protocol.messages import StartTest
from macnet_bridge.simulator import SimulatedCycler
from tests.bridge.conftest import Lab
from tests.bridge.mqtt_peer import MqttPeer
from tests.bridge.running import cycler_table


@pytest.fixture
async def cycler(lab: Lab) -> SimulatedCycler:
    return await lab.cycler(8, speed=20)


@pytest.fixture
async def peer(lab: Lab, cycler: SimulatedCycler) -> MqttPeer:
    peer = await lab.peer()
    await lab.bridge(cycler_table(cycler))
    await lab.online(peer)
    return peer


async def test_start_test_runs_on_the_channel_named(
    lab: Lab, cycler: SimulatedCycler, peer: MqttPeer
) -> None:
    cycler.received.clear()
    args: dict[str, object] = {"procedure": "CCCV_1C", "test_name": "cell-17 a", "c_rate_ah": 2.5}
    args |= {"comment": "first", "cell_id": "cell-17"}
    answer = await peer.command(f"{lab.root}/lab1/5/cmd/start_test", {"id": "a1", "args": args})
    assert answer["status"] == "done"
    assert answer["verified"] == "read_back"
    assert answer["result"] == {"test_name": "cell-17 a"}
    assert answer["steps"] == ["set_safety_limits"]
    starts = [r for r in cycler.received if r.number == (6, 2)]
    assert [(r.channel, r.wire_channel) for r in starts] == [(5, 4)]
    assert isinstance(starts[0].body, StartTest)
    assert starts[0].body.comment.startswith("first #")
    state = await peer.wait(
        lambda seen: seen.topic == f"{lab.root}/lab1/5/telemetry/state" and seen.json["state"] == "active"
    )
    assert state.json["test_name"] == "cell-17 a"
    assert state.json["cell_id"] == "cell-17"
    assert state.json["procedure"] == "CCCV_1C"
    assert state.json["control"] == "procedure"


async def test_voltage_of_a_started_test_rises_in_its_readings(
    lab: Lab, cycler: SimulatedCycler, peer: MqttPeer
) -> None:
    args = {"procedure": "CCCV_1C", "c_rate_ah": 2.5}
    await peer.command(f"{lab.root}/lab1/2/cmd/start_test", {"id": "a2", "args": args})
    topic = f"{lab.root}/lab1/2/telemetry/reading"
    first = await peer.wait(lambda seen: seen.topic == topic and seen.json["mode"] == "charge")
    later = await peer.wait(
        lambda seen: seen.topic == topic and seen.json["voltage_volt"] > first.json["voltage_volt"] + 0.002
    )
    assert later.json["current_ampere"] == pytest.approx(2.5, rel=0.01)
    assert later.json["power_watt"] == pytest.approx(
        later.json["current_ampere"] * later.json["voltage_volt"]
    )
    assert later.json["test_name"] == "a2"
    seqs = [seen.json["seq"] for seen in peer.seen if seen.topic == topic]
    assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))


async def test_set_variable_is_read_back(lab: Lab, cycler: SimulatedCycler, peer: MqttPeer) -> None:
    args = {"variable": 3, "value": 0.1}
    answer = await peer.command(f"{lab.root}/lab1/8/cmd/set_variable", {"id": "v", "args": args})
    assert answer["status"] == "done"
    assert answer["verified"] == "read_back"
    single = struct.unpack("<f", struct.pack("<f", 0.1))[0]
    assert answer["result"] == {"variable": 3, "value": single}
    variables = await peer.command(f"{lab.root}/lab1/8/cmd/read_variables", {"id": "r"})
    assert variables["result"]["variables"][2] == pytest.approx(0.1)


async def test_suspend_resume_reset(lab: Lab, cycler: SimulatedCycler, peer: MqttPeer) -> None:
    base = f"{lab.root}/lab1/3/cmd"
    args = {"procedure": "Cycle_1C", "c_rate_ah": 2.5}
    await peer.command(f"{base}/start_test", {"id": "s", "args": args})
    suspended = await peer.command(f"{base}/suspend", {"id": "p"})
    assert (suspended["status"], suspended["result"]) == ("done", {"state": "suspended"})
    resumed = await peer.command(f"{base}/resume", {"id": "q"})
    assert (resumed["status"], resumed["result"]) == ("done", {"state": "active"})
    refused = await peer.command(f"{base}/reset", {"id": "x"})
    assert (refused["status"], refused["error"]["code"]) == ("rejected", "CHANNEL_BUSY")
    reset = await peer.command(f"{base}/reset", {"id": "y", "args": {"stop_running": True}})
    assert (reset["status"], reset["result"]) == ("done", {"state": "available"})


async def test_safety_limits_stay_within_the_envelope(
    lab: Lab, cycler: SimulatedCycler, peer: MqttPeer
) -> None:
    base = f"{lab.root}/lab1/4/cmd/set_safety_limits"
    answer = await peer.command(base, {"id": "l", "args": {"safety": {"voltage_max_volt": 4.25}}})
    assert answer["status"] == "done"
    assert answer["result"]["safety"]["voltage_max_volt"] == pytest.approx(4.25)
    outside = await peer.command(base, {"id": "m", "args": {"safety": {"voltage_max_volt": 999}}})
    assert (outside["status"], outside["error"]["code"]) == ("rejected", "OUT_OF_LIMITS")
    assert outside["error"]["field"] == "args.safety.voltage_max_volt"


async def test_reads(lab: Lab, cycler: SimulatedCycler, peer: MqttPeer) -> None:
    base = f"{lab.root}/lab1"
    status = await peer.command(f"{base}/1/cmd/read_status", {"id": "1"})
    assert status["result"]["state"] == "available"
    aux = await peer.command(f"{base}/1/cmd/read_aux", {"id": "2"})
    assert [entry["unit"] for entry in aux["result"]["aux"]] == ["C", "V"]
    specification = await peer.command(f"{base}/1/cmd/read_specification", {"id": "3"})
    assert specification["result"]["voltage_max_volt"] > 4
    info = await peer.command(f"{base}/1/cmd/read_test_info", {"id": "4"})
    assert info["status"] == "done"
    general = await peer.command(f"{base}/cmd/read_general_info", {"id": "5"})
    assert general["result"]["test_channels"] == 8
    system = await peer.command(f"{base}/cmd/read_system_info", {"id": "6"})
    assert system["result"]["api_version"] >= 1
    ping = await peer.command(f"{base}/cmd/ping", {"id": "7"})
    assert ping["result"]["by"].startswith("MacNet (0, 0)")
    bridge = await peer.command(f"{lab.root}/bridge/lab/cmd/ping", {"id": "8"})
    assert bridge["status"] == "done"


async def test_what_the_tester_refuses_is_said_with_its_code(
    lab: Lab, cycler: SimulatedCycler, peer: MqttPeer
) -> None:
    base = f"{lab.root}/lab1/6/cmd/start_test"
    missing = await peer.command(base, {"id": "n", "args": {"procedure": "nope", "c_rate_ah": 1}})
    assert (missing["status"], missing["error"]["code"]) == ("rejected", "PROCEDURE_MISSING")
    assert missing["error"]["macnet"] == {"fclass": 6, "fnum": 11, "result": 2}
    assert missing["error"]["category"] == "device"
    assert cycler.tester.channel(6).state.name == "AVAILABLE"


async def test_a_duplicate_gets_the_first_answer_and_runs_once(
    lab: Lab, cycler: SimulatedCycler, peer: MqttPeer
) -> None:
    command = {"id": "once", "args": {"procedure": "CCCV_1C", "c_rate_ah": 2.5}}
    for _ in range(5):
        peer.publish(f"{lab.root}/lab1/7/cmd/start_test", command)
    first = await peer.final("once")
    await peer.command(f"{lab.root}/lab1/cmd/ping", {"id": "after"})
    peer.publish(f"{lab.root}/lab1/7/cmd/start_test", command)
    await peer.command(f"{lab.root}/lab1/cmd/ping", {"id": "at the end"})
    assert sum(r.number == (6, 2) for r in cycler.received) == 1
    finals = peer.finals("once")
    assert {answer["status"] for answer in finals} == {"done"}
    assert all({**answer, "duplicate": False} == first for answer in finals)
    assert [answer["duplicate"] for answer in finals] == [False] + [True] * 5


async def test_check_start_checks_the_limits_too_and_starts_nothing(
    lab: Lab, cycler: SimulatedCycler, peer: MqttPeer
) -> None:
    topic = f"{lab.root}/lab1/7/cmd/check_start"
    args = {"procedure": "CCCV_1C", "c_rate_ah": 2.5}
    assert (await peer.command(topic, {"id": "c", "args": args}))["status"] == "done"
    outside = await peer.command(topic, {"id": "d", "args": {**args, "safety": {"charge_max_ampere": 1e6}}})
    assert (outside["status"], outside["error"]["code"]) == ("rejected", "OUT_OF_LIMITS")
    assert not [record for record in cycler.received if record.number in ((6, 2), (6, 10))]


@pytest.mark.needs_real_broker
async def test_response_topic_and_correlation_data(lab: Lab, cycler: SimulatedCycler, peer: MqttPeer) -> None:
    topic, reply = f"{lab.root}/lab1/1/cmd/read_status", f"{lab.root}/reply/me"
    data = bytes(range(256))
    peer.publish(topic, b"", response_topic=reply, correlation_data=data)
    answer = await peer.wait(lambda seen: seen.topic == reply)
    assert answer.correlation_data == data
    assert answer.json["status"] == "done"

    peer.publish(topic, {"id": "out"}, response_topic="elsewhere/reply", correlation_data=data)
    assert (await peer.final("out"))["reply_ignored"] is True


@pytest.mark.needs_real_broker
async def test_message_expiry_is_a_deadline(lab: Lab, cycler: SimulatedCycler, peer: MqttPeer) -> None:
    topic = f"{lab.root}/lab1/1/cmd/read_status"
    far = await peer.command(topic, {"id": "far"}, expiry_s=3600)
    assert (far["status"], far["error"]["code"]) == ("rejected", "BAD_ARGS")
    assert "message expiry" in far["error"]["message"]
    near = await peer.command(topic, {"id": "near"}, expiry_s=30)
    assert near["status"] == "done"


async def test_deadlines_in_the_payload(lab: Lab, cycler: SimulatedCycler, peer: MqttPeer) -> None:
    topic = f"{lab.root}/lab1/1/cmd/set_variable"
    args = {"variable": 1, "value": 1}
    late = await peer.command(topic, {"id": "late", "args": args, "expires_at": "2020-01-01T00:00:00Z"})
    assert (late["status"], late["error"]["code"]) == ("expired", "EXPIRED")
    assert not any(r.number == (6, 9) for r in cycler.received)


async def test_mqtt_3_1_1_does_the_same(lab: Lab, cycler: SimulatedCycler) -> None:
    peer = await lab.peer(v5=False)
    await lab.bridge(cycler_table(cycler), mqtt='protocol = "4"')
    await lab.online(peer)
    answer = await peer.command(
        f"{lab.root}/lab1/2/cmd/set_variable", {"id": "old", "args": {"variable": 2, "value": 7}}
    )
    assert answer["status"] == "done"
    info = await peer.wait(lambda seen: seen.topic == f"{lab.root}/bridge/lab/info")
    assert info.json["protocol"] == "3.1.1"


async def test_only_reads_without_a_rule_and_stops_always(lab: Lab, cycler: SimulatedCycler) -> None:
    peer = await lab.peer()
    await lab.bridge(cycler_table(cycler), more="")
    await lab.online(peer)
    base = f"{lab.root}/lab1/2/cmd"
    refused = await peer.command(f"{base}/set_variable", {"id": "w", "args": {"variable": 2, "value": 7}})
    assert (refused["status"], refused["error"]["code"]) == ("rejected", "NOT_ALLOWED")
    assert (await peer.command(f"{base}/read_status", {"id": "r"}))["status"] == "done"
    assert (await peer.command(f"{base}/suspend", {"id": "s"}))["status"] == "done"
    assert not any(r.number == (6, 9) for r in cycler.received)


async def test_a_command_puts_the_pollers_on_the_alert(lab: Lab) -> None:
    cycler = await lab.cycler(2)
    bridge = await lab.bridge(cycler_table(cycler))
    peer = await lab.peer()
    await lab.online(peer)
    (poller,) = bridge._serving.served()
    began = time.monotonic()
    assert poller._commanded_at() < began
    await peer.command(f"{lab.root}/lab1/1/cmd/read_status", {"id": "r"})
    assert began < poller._commanded_at() < time.monotonic()
