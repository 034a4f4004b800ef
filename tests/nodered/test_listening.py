"""The readings and the state node in a real Node-RED, with a real broker and, where it matters, a bridge."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.bridge.conftest import Lab
from tests.bridge.running import cycler_table
from tests.node_red import needs_node_red
from tests.nodered.conftest import StartNodeRed, connection, listening, seen, served, tab

pytestmark = needs_node_red


def reading(seq: int, **more: Any) -> dict[str, Any]:
    return {"run": 1, "seq": seq, "unix_time_second": 1000.0 + seq, "is_historical": False, **more}


async def test_readings_sweeps_and_events_of_a_bridge(lab: Lab, start_node_red: StartNodeRed) -> None:
    await served(lab, 4)
    wanted = {"cycler": "lab1", "channels": "2-3", "reading": True, "sweep": True}
    node_red = await start_node_red([tab(), connection(lab), *listening("macnet-readings", **wanted)])
    messages = await seen(node_red, lambda each: each.get("channel") == 3)
    messages += await seen(node_red, lambda each: each["kind"] == "sweep")
    first = next(each for each in messages if each.get("channel") == 3)
    assert first["topic"] == f"{lab.root}/lab1/3/telemetry/reading"
    assert (first["output"], first["cycler"], first["payload"]["state"]) == (1, "lab1", "available")
    assert isinstance(first["payload"]["voltage_volt"], float)
    sweep = next(each for each in messages if each["kind"] == "sweep")
    assert "channel" not in sweep
    assert sweep["payload"]["channel"] == [2, 3]
    assert {each.get("channel") for each in messages} == {2, 3, None}


async def test_a_gap_has_its_own_output(lab: Lab, start_node_red: StartNodeRed) -> None:
    wanted = {"cycler": "", "channels": "", "reading": True, "which": "both"}
    node_red = await start_node_red([tab(), connection(lab), *listening("macnet-readings", **wanted)])
    await asyncio.to_thread(node_red.wait_for_log, "connected to mqtt://")
    peer = await lab.peer()
    topic = f"{lab.root}/lab1/5/telemetry/reading"
    for value in (reading(1), reading(2), reading(2), reading(6), reading(4, is_historical=True)):
        peer.publish(topic, value)
    messages = await seen(node_red, lambda each: each["payload"].get("is_historical", False))
    assert [(each["output"], each["payload"].get("seq")) for each in messages] == [
        (1, 1),
        (1, 2),
        (2, None),
        (1, 6),
        (1, 4),
    ]
    gap = messages[2]
    assert gap["payload"] == {"run": 1, "first": 3, "last": 5, "missing": 3}
    assert (gap["kind"], gap["cycler"], gap["channel"]) == ("gap", "lab1", 5)


@pytest.mark.needs_real_broker
async def test_a_short_cut_loses_no_reading(own_lab: Lab, start_node_red: StartNodeRed) -> None:
    """MQTT 5: the broker keeps them for the session, which the next connection takes up."""
    node_red = await start_node_red([tab(), connection(own_lab), *listening("macnet-readings", reading=True)])
    await asyncio.to_thread(node_red.wait_for_log, "connected to mqtt://")
    after = len(node_red.log)
    await asyncio.to_thread(own_lab.broker.stop)  # a clean stop, which keeps sessions
    await asyncio.to_thread(node_red.wait_for_log, "no connection to mqtt://", after)
    await asyncio.to_thread(own_lab.broker.start)
    await asyncio.to_thread(node_red.wait_for_log, "connected to mqtt://", after)
    peer = await own_lab.peer()
    peer.publish(f"{own_lab.root}/lab1/1/telemetry/reading", reading(1))
    assert (await seen(node_red, lambda each: each["output"] == 1))[0]["payload"]["seq"] == 1


def is_state(channel: int, state: str | None, stale: bool) -> Any:
    return lambda each: (
        (each.get("channel"), each["payload"]["state"], each["stale"]) == (channel, state, stale)
    )


async def test_states_hold_while_their_bridge_is_there(lab: Lab, start_node_red: StartNodeRed) -> None:
    cycler = await lab.cycler(2)
    process = lab.process(cycler_table(cycler))
    process.start()
    peer = await lab.peer()
    await lab.online(peer)
    await peer.wait(lambda each: each.topic.endswith("/2/telemetry/state"))
    node_red = await start_node_red([tab(), connection(lab), *listening("macnet-state", cycler="lab1")])
    messages = await seen(node_red, is_state(2, "available", False))
    messages = await seen(node_red, lambda each: each["output"] == 2)
    # None of them was called stale before its bridge was known.
    assert [each for each in messages if each["stale"]] == []
    assert {(each["cycler"], each["payload"]["state"]) for each in messages if each["output"] == 2} == {
        ("lab1", "online")
    }
    await node_red.ask("/again")
    await seen(node_red, is_state(2, "available", False), 2)
    process.kill()
    messages = await seen(node_red, is_state(2, "available", True))
    reason = next(each["payload"]["stale_reason"] for each in messages if each["stale"])
    assert reason.startswith("bridge lab is offline")
    process.start()
    await seen(node_red, is_state(2, "available", False), 3)


@pytest.mark.needs_real_broker
async def test_states_are_stale_without_a_broker(own_lab: Lab, start_node_red: StartNodeRed) -> None:
    await served(own_lab, 1)
    node_red = await start_node_red([tab(), connection(own_lab), *listening("macnet-state")])
    await seen(node_red, is_state(1, "available", False))
    await asyncio.to_thread(own_lab.broker.stop)
    messages = await seen(node_red, is_state(1, "available", True))
    assert messages[-1]["payload"]["stale_reason"] == "no connection to the broker"
    await asyncio.to_thread(own_lab.broker.start)
    await seen(node_red, is_state(1, "available", False), 2)
