"""Messages that no sane client sends. One clear final answer each, nothing executed, no harm done."""

from __future__ import annotations

import pytest

from macnet_bridge.simulator import SimulatedCycler
from tests.bridge.conftest import Lab
from tests.bridge.mqtt_peer import MqttPeer
from tests.bridge.running import cycler_table

NESTED = b'{"id":"n","args":' + b"[" * 1000 + b"]" * 1000 + b"}"
CHANGING = {(6, n) for n in range(1, 14)} - {(6, 11)}


@pytest.fixture
async def cycler(lab: Lab) -> SimulatedCycler:
    return await lab.cycler(8)


@pytest.fixture
async def peer(lab: Lab, cycler: SimulatedCycler) -> MqttPeer:
    peer = await lab.peer()
    await lab.bridge(cycler_table(cycler))
    await lab.online(peer)
    return peer


async def the_only_answer(peer: MqttPeer, lab: Lab, after: int) -> dict[str, object]:
    """The one final acknowledgement since `after`; a ping proves that no second one comes."""
    await peer.final(None, after)
    await peer.command(f"{lab.root}/bridge/lab/cmd/ping", {"id": f"fence{after}"})
    acks = [seen for seen in peer.seen[after:] if seen.topic.endswith("/ack")]
    finals = [seen.json for seen in acks if seen.json["final"] and seen.json["command"] != "ping"]
    assert len(finals) == 1, finals
    answer: dict[str, object] = finals[0]
    return answer


WRONG = [
    ("1/cmd/set_variable", b'{"id":"a","args":{"variable":1,', "BAD_JSON", None),
    ("1/cmd/set_variable", b'{"id":"b\xff","args":{}}', "BAD_JSON", None),
    ("1/cmd/set_variable", b"\xff", "BAD_JSON", None),
    ("1/cmd/set_variable", b"", "BAD_JSON", None),
    ("1/cmd/set_variable", b"[]", "BAD_ARGS", None),
    ("1/cmd/set_variable", b"null", "BAD_ARGS", None),
    ("1/cmd/dance", b'{"id":"d"}', "UNKNOWN_VERB", "d"),
    ("1/cmd/set_variable", b'{"id":"e","args":{"variable":1,"value":NaN}}', "BAD_JSON", None),
    ("1/cmd/set_variable", b'{"id":"f","args":{"variable":1,"value":1e999}}', "BAD_ARGS", "f"),
    ("1/cmd/set_variable", b'{"id":"g","args":{"variable":"1","value":1}}', "BAD_ARGS", "g"),
    ("1/cmd/set_variable", b'{"id":"h","args":{"variable":16,"value":1}}', "BAD_ARGS", "h"),
    ("1/cmd/set_variable", b'{"id":"i","args":{"variable":1,"value":1,"x":1}}', "BAD_ARGS", "i"),
    ("1/cmd/set_variable", b'{"id":"j","args":{"variable":1}}', "BAD_ARGS", "j"),
    ("1/cmd/set_variable", b'{"id":7,"args":{"variable":1,"value":1}}', "BAD_ARGS", None),
    ("1/cmd/set_variable", b'{"id":"k","argz":{}}', "BAD_ARGS", "k"),
    ("1/cmd/set_variable", b'{"id":"l","dry_run":1,"args":{"variable":1,"value":1}}', "BAD_ARGS", "l"),
    ("1/cmd/start_test", b'{"args":{"procedure":"CCCV_1C","c_rate_ah":1}}', "MISSING_ID", None),
    ("1/cmd/start_test", b'{"id":"m","args":{"procedure":"CCCV_1C"}}', "BAD_ARGS", "m"),
    ("99/cmd/set_variable", b'{"id":"o","args":{"variable":1,"value":1}}', "NOT_SERVED", "o"),
    ("0/cmd/set_variable", b'{"id":"p","args":{"variable":1,"value":1}}', "BAD_TOPIC", "p"),
    ("one/cmd/set_variable", b'{"id":"q","args":{"variable":1,"value":1}}', "BAD_TOPIC", "q"),
    ("1/cmd/set_variable/Al ice", b'{"id":"r","args":{"variable":1,"value":1}}', "BAD_TOPIC", "r"),
    ("1/cmd/set_variable/bob/x", b'{"id":"s","args":{"variable":1,"value":1}}', "BAD_TOPIC", "s"),
    (
        "1/cmd/set_variable",
        b'{"id":"t","args":{"variable":1,"value":1},"expires_at":"soon"}',
        "BAD_ARGS",
        "t",
    ),
]


async def test_wrong_input_gets_one_clear_answer(lab: Lab, cycler: SimulatedCycler, peer: MqttPeer) -> None:
    for topic, payload, code, command_id in WRONG:
        after = len(peer.seen)
        peer.publish(f"{lab.root}/lab1/{topic}", payload)
        answer = await the_only_answer(peer, lab, after)
        error = answer["error"]
        assert isinstance(error, dict)
        assert (answer["status"], error["code"], answer["id"]) == ("rejected", code, command_id), payload
        assert error["message"]
    assert not [record for record in cycler.received if record.number in CHANGING]


async def test_a_thousand_brackets(lab: Lab, cycler: SimulatedCycler, peer: MqttPeer) -> None:
    after = len(peer.seen)
    peer.publish(f"{lab.root}/lab1/1/cmd/set_variable", NESTED)
    answer = await the_only_answer(peer, lab, after)
    assert answer["status"] == "rejected"
    assert answer["error"]["code"] in ("BAD_JSON", "BAD_ARGS")  # type: ignore[index]
    assert not [record for record in cycler.received if record.number in CHANGING]


async def test_a_retained_command_is_refused(lab: Lab, cycler: SimulatedCycler) -> None:
    """It lies there when the bridge comes, and is not executed then nor later."""
    peer = await lab.peer()
    topic = f"{lab.root}/lab1/1/cmd/set_variable"
    command = {"id": "kept", "args": {"variable": 1, "value": 5}}
    peer.publish(topic, command, retain=True)
    await peer.wait(lambda seen: seen.topic == topic)
    await lab.bridge(cycler_table(cycler))
    await lab.online(peer)
    if lab.broker.supports_v5:
        # Published while the bridge listens: it arrives, marked as retained, and is answered.
        again = await peer.command(topic, {**command, "id": "again"}, retain=True)
        assert (again["status"], again["error"]["code"]) == ("rejected", "RETAINED")
    await peer.command(f"{lab.root}/bridge/lab/cmd/ping", {"id": "fence"})
    peer.publish(topic, b"", retain=True)
    assert not [record for record in cycler.received if record.number in CHANGING]


async def test_a_megabyte_of_zeros_harms_nobody(lab: Lab, cycler: SimulatedCycler, peer: MqttPeer) -> None:
    # From a client of its own: a broker may throw out whoever sends this much.
    culprit = await lab.peer(f"{lab.root}/nothing")
    culprit.publish(f"{lab.root}/lab1/1/cmd/set_variable", bytes(1 << 20), qos=0)
    ping = await peer.command(f"{lab.root}/bridge/lab/cmd/ping", {"id": "ping"})
    assert ping["status"] == "done"
    assert not [record for record in cycler.received if record.number in CHANGING]


async def test_all_of_it_at_once_and_the_next_ping_is_answered(
    lab: Lab, cycler: SimulatedCycler, peer: MqttPeer
) -> None:
    for topic, payload, _, _ in WRONG:
        peer.publish(f"{lab.root}/lab1/{topic}", payload)
    peer.publish(f"{lab.root}/lab1/1/cmd/set_variable", NESTED)
    ping = await peer.command(f"{lab.root}/bridge/lab/cmd/ping", {"id": "ping"})
    assert ping["status"] == "done"

    def count() -> int:
        return sum(s.topic.endswith("/ack") and s.json["final"] for s in list(peer.seen))

    # Answers that are journalled first come a little later.
    await peer.wait(lambda _: count() >= len(WRONG) + 2)
    if lab.broker.kind == "embedded":
        # amqtt was seen to deliver some of such a flood twice, which each time gets its answer.
        assert count() >= len(WRONG) + 2
    else:
        assert count() == len(WRONG) + 2
    assert not [record for record in cycler.received if record.number in CHANGING]


@pytest.mark.needs_real_broker
async def test_a_response_topic_that_the_broker_cannot_bear(
    lab: Lab, cycler: SimulatedCycler, peer: MqttPeer
) -> None:
    before = len(peer.seen)
    topic = f"{lab.root}/reply/{'a/' * 250}"
    # Mosquitto 2.0.11 passes it on; 2.0.21 throws out who sends it, so a client of its own does.
    culprit = await lab.peer(f"{lab.root}/nothing")
    culprit.publish(f"{lab.root}/lab1/cmd/ping", {"id": "deep"}, response_topic=topic, qos=0)
    assert (await peer.command(f"{lab.root}/lab1/cmd/ping", {"id": "next"}))["status"] == "done"
    for answer in peer.finals("deep"):
        assert (answer["status"], answer["reply_ignored"]) == ("done", True)
    status = f"{lab.root}/bridge/lab/status"
    assert not [seen for seen in peer.seen[before:] if seen.topic == status], "the link was not lost"
