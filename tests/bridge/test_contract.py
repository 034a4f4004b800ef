"""What a running bridge publishes is in the table of topics, and fits the schemas."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from macnet_bridge.contract.table import Publisher, find
from macnet_bridge.topics import Topics
from tests.bridge.conftest import Lab
from tests.bridge.mqtt_peer import MqttPeer, Seen
from tests.bridge.running import ALLOW_ALL, FAST, cycler_table
from tests.brokers import RunningBroker, Setup
from tests.contract.test_documents import SCHEMA, validator

MORE = """
aux_interval_s = 0.2
variables_interval_s = 0.2
"""
LIMITS = """
[cycler.limits]
voltage_max_volt = 4.5
voltage_min_volt = 2.0
charge_max_ampere = 2
discharge_max_ampere = 2
"""


def leaves(root: str, peer: MqttPeer) -> set[str]:
    rows = [find(root, seen.topic) for seen in list(peer.seen)]
    return {row.name for row in rows if row}


async def a_session(lab: Lab, peer: MqttPeer) -> None:
    """Start, step, stop, direct control, commands to all kinds of places, wrong ones too."""
    base = f"{lab.root}/lab1"
    start: dict[str, Any] = {"procedure": "CCCV_1C", "c_rate_ah": 1, "test_name": "cell 1"}
    await peer.command(f"{base}/1/cmd/start_test/alice", {"id": "s", "args": start})
    await peer.command(f"{base}/1/cmd/read_status")
    await peer.wait(lambda seen: seen.topic == f"{base}/1/telemetry/variables")
    await peer.wait(lambda seen: seen.topic == f"{base}/1/telemetry/aux")
    await peer.command(f"{base}/2/cmd/start_direct", {"id": "d", "args": {"current_ampere": 0.1}})
    await peer.command(f"{base}/2/cmd/stop_direct", {"id": "e"})
    await peer.command(f"{base}/cmd/read_system_info", {"id": "i"})
    await peer.command(f"{base}/cmd/suspend", {"id": "several", "channels": "1-2"})
    await peer.command(f"{base}/3/cmd/no_such_verb", {"id": "w"})
    await peer.command(f"{lab.root}/bridge/lab/cmd/ping", {"id": "p"})
    await peer.command(f"{lab.root}/all/cmd/suspend", {"id": "a"})


async def test_every_message_of_a_running_bridge_is_in_the_contract(lab: Lab) -> None:
    cycler = await lab.cycler(4)
    peer = await lab.peer()
    await lab.bridge(cycler_table(cycler, more=LIMITS), more=ALLOW_ALL + FAST + MORE)
    await lab.online(peer)
    await a_session(lab, peer)
    await peer.wait(lambda seen: seen.topic.endswith("/event") and seen.json["kind"] == "suspended")
    await cycler.stop()
    await peer.wait(lambda seen: "/alarm/stale" in seen.topic and bool(seen.payload))
    await peer.wait(lambda seen: seen.topic.endswith("/health"))

    for seen in list(peer.seen):
        # An amqtt hands out retained messages that nobody asked for, those of other tests too.
        if seen.topic.startswith(f"{lab.root}/"):
            check(lab.root, seen)
    wanted = {
        "bridge_status",
        "bridge_info",
        "bridge_schema",
        "bridge_health",
        "bridge_ack",
        "cycler_status",
        "cycler_info",
        "sweep",
        "cycler_ack",
        "cycler_alarm",
        "channel_state",
        "reading",
        "aux",
        "variables",
        "event",
        "channel_ack",
        "channel_alarm",
    }
    assert wanted - leaves(lab.root, peer) == set()


def check(root: str, seen: Seen) -> None:
    row = find(root, seen.topic)
    assert row is not None, seen.topic
    if row.publisher is not Publisher.BRIDGE:
        return
    if not seen.payload:
        assert row.is_cleared, seen.topic
        return
    # A broker of 3.1.1 says of a message on its way to a subscriber that it is not retained.
    assert row.is_retained or not seen.retain, seen.topic
    if row.name == "bridge_schema":
        assert seen.json == json.loads(json.dumps(SCHEMA))
        Draft202012Validator.check_schema(seen.json)
        return
    name = next(each["schema"] for each in SCHEMA["x-topics"] if each["name"] == row.name)
    validator(name).validate(seen.json)


def test_every_subscription_is_of_the_table() -> None:
    filters = Topics("macnet", "lab").command_filters(["lab1"])
    for topic_filter, canary in filters:
        base = topic_filter.removesuffix("/#").replace("+", "5")
        commands = [find("macnet", f"{base}/{rest}") for rest in ("ping", "ping/alice")]
        assert all(row is not None and row.scope is not None for row in commands), topic_filter
        assert [row.publisher for row in [find("macnet", canary)] if row] == [Publisher.ITSELF]


@pytest.mark.parametrize(
    "topic_filter",
    [
        "macnet/bridge/+/status",
        *Topics("macnet", "lab").alarm_filters,
        "macnet/lab1/status",
        "macnet/lab1/info",
    ],
)
def test_what_bridges_hear_of_each_other_is_of_the_table(topic_filter: str) -> None:
    levels = topic_filter.split("/")
    names = iter(["lab1", "5", "limit"] if "alarm" in levels and levels[3] != "alarm" else ["lab1", "limit"])
    topic = "/".join(next(names) if level == "+" else level for level in levels)
    row = find("macnet", topic)
    assert row is not None
    assert row.is_heard


@pytest.mark.needs_real_broker
@pytest.mark.parametrize("protocol", ["5", "4"])
async def test_a_broker_for_which_the_schemas_are_too_large_is_served_all_the_same(
    start_broker: Callable[..., RunningBroker], lab: Lab, protocol: str
) -> None:
    small = replace(lab, broker=start_broker(Setup(more="max_packet_size 20000\n")))
    cycler = await small.cycler(2)
    peer = await small.peer()
    await small.bridge(cycler_table(cycler), mqtt=f'protocol = "{protocol}"')
    await small.online(peer)
    after = len(peer.seen)
    for number in range(3):
        assert (await peer.command(f"{small.root}/bridge/lab/cmd/ping", {"id": f"p{number}"}))[
            "status"
        ] == "done"
    await peer.wait(lambda seen: seen.topic == f"{small.root}/lab1/1/telemetry/reading", after)
    assert not [seen for seen in peer.seen if seen.topic.endswith("/bridge/lab/schema")]
