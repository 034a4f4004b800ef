"""Direct control over MQTT: controllers and brokers that fall silent, bridges that end and return."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from typing import Any

import pytest

from bench.closed_loop import GRACE_S, controlling, outcomes, until_suspended
from macnet_bridge.macnet.protocol.codes import ChannelState
from macnet_bridge.simulator import Behaviour, SimulatedCycler
from tests.bridge.conftest import Lab
from tests.bridge.mqtt_peer import MqttPeer, Seen
from tests.bridge.running import ALLOW_ALL, FAST, cycler_table

CHANNELS = 4
VALID_FOR_S = 1.0
HERTZ = 10.0
LIMITS = """
[cycler.limits]
voltage_max_volt = 4.5
voltage_min_volt = 2.0
charge_max_ampere = 2
discharge_max_ampere = 2
"""
READY = Behaviour(starting_second=0.0, direct_ready_second=0.0)

pytestmark = [
    pytest.mark.needs_real_broker,
    pytest.mark.skipif(sys.platform == "win32", reason="processes are stopped by SIGSTOP"),
]


def is_lapse(seen: Seen) -> bool:
    return seen.topic.endswith("/telemetry/event") and seen.json["kind"] == "direct_lapsed"


def lapses(peer: MqttPeer) -> list[dict[str, Any]]:
    return [seen.json for seen in list(peer.seen) if is_lapse(seen)]


async def served(lab: Lab, cycler: SimulatedCycler) -> MqttPeer:
    peer = await lab.peer(f"{lab.root}/lab1/status", f"{lab.root}/lab1/+/telemetry/+", f"{lab.root}/bridge/#")
    await lab.bridge(cycler_table(cycler, more=LIMITS), more=ALLOW_ALL + FAST)
    await lab.online(peer)
    return peer


@asynccontextmanager
async def controlled(
    lab: Lab, cycler: SimulatedCycler, valid_for_s: float = VALID_FOR_S
) -> AsyncIterator[int]:
    """A controller of all channels, once each got some setpoints; its process id."""
    with ExitStack() as running:
        process = controlling(lab.broker.port, lab.root, CHANNELS, valid_for_s, HERTZ)
        controller = await asyncio.to_thread(running.enter_context, process)
        await until_controlled(cycler)
        yield controller


async def until_controlled(cycler: SimulatedCycler) -> None:
    """Every channel got some setpoints."""
    for channel in range(1, CHANNELS + 1):
        while len(cycler.received.of(6, 8, channel)) < 3:  # noqa: ASYNC110 - the log wakes for one at a time
            await asyncio.sleep(0.02)


def check_stopped(cycler: SimulatedCycler, silent_at: float) -> None:
    for outcome in outcomes(cycler, silent_at):
        assert outcome.rested_s is not None, outcome
        assert outcome.suspended_s is not None, outcome
        assert outcome.rested_s <= VALID_FOR_S + GRACE_S, outcome
        assert outcome.rested_s <= outcome.suspended_s
        assert cycler.channel(outcome.channel).state is ChannelState.SUSPENDED


async def test_a_controller_that_hangs(own_lab: Lab) -> None:
    cycler = await own_lab.cycler(CHANNELS, behaviour=READY)
    peer = await served(own_lab, cycler)
    async with controlled(own_lab, cycler) as controller:
        silent_at = cycler.clock()
        os.kill(controller, signal.SIGSTOP)
        await until_suspended(cycler, VALID_FOR_S + 5)
        check_stopped(cycler, silent_at)
        for channel in range(1, CHANNELS + 1):
            topic = f"{own_lab.root}/lab1/{channel}/telemetry/event"
            event = await peer.wait(lambda seen, topic=topic: is_lapse(seen) and seen.topic == topic)  # type: ignore[misc]
            assert (event.json["kind"], event.json["reason"]) == ("direct_lapsed", "silence")
            assert not event.retain


async def test_a_broker_that_is_killed(own_lab: Lab) -> None:
    cycler = await own_lab.cycler(CHANNELS, behaviour=READY)
    await served(own_lab, cycler)
    async with controlled(own_lab, cycler):
        silent_at = cycler.clock()
        await asyncio.to_thread(own_lab.broker.kill)
        await until_suspended(cycler, VALID_FOR_S + 5)
        check_stopped(cycler, silent_at)


async def test_a_short_break_of_the_broker_ends_nothing(own_lab: Lab) -> None:
    cycler = await own_lab.cycler(CHANNELS, behaviour=READY)
    peer = await served(own_lab, cycler)
    async with controlled(own_lab, cycler, 5.0):
        await asyncio.to_thread(own_lab.broker.kill)
        await asyncio.sleep(1.0)
        await asyncio.to_thread(own_lab.broker.start)
        back_at = cycler.clock()
        for channel in range(1, CHANNELS + 1):
            async with asyncio.timeout(10):
                while not any(r.time > back_at for r in cycler.received.of(6, 8, channel)):  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
        await asyncio.sleep(5.0 - (cycler.clock() - back_at))  # a lapse would come by then
        assert cycler.received.of(6, 3) == []
        assert {cycler.channel(n).state for n in range(1, CHANNELS + 1)} == {ChannelState.ACTIVE}
        assert lapses(peer) == []


# --- the bridge's own end


async def test_a_bridge_that_is_interrupted_stops_its_channels_first(lab: Lab) -> None:
    cycler = await lab.cycler(CHANNELS, behaviour=READY)
    peer = await lab.peer(f"{lab.root}/#")
    bridge = lab.process(cycler_table(cycler, more=LIMITS), more=ALLOW_ALL + FAST)
    bridge.start()
    await lab.online(peer)
    for channel in range(1, CHANNELS + 1):
        await start(peer, lab, channel)
    began = asyncio.get_running_loop().time()
    assert await asyncio.to_thread(bridge.interrupt, signal.SIGTERM) == 0
    assert asyncio.get_running_loop().time() - began < 5 + 0.1 * CHANNELS
    assert {cycler.channel(n).state for n in range(1, CHANNELS + 1)} == {ChannelState.SUSPENDED}
    offline = await peer.wait(
        lambda seen: seen.topic == f"{lab.root}/bridge/lab/status" and b'"offline"' in seen.payload
    )
    events = [seen for seen in peer.seen if is_lapse(seen)]
    assert [seen.json["reason"] for seen in events] == ["bridge_stopped"] * CHANNELS
    assert peer.seen.index(offline) > max(map(peer.seen.index, events))


async def test_a_bridge_that_was_killed_stops_its_channels_when_it_returns(lab: Lab) -> None:
    cycler = await lab.cycler(CHANNELS, behaviour=READY)
    peer = await lab.peer(f"{lab.root}/#")
    bridge = lab.process(cycler_table(cycler, more=LIMITS), more=ALLOW_ALL + FAST)
    bridge.start()
    await lab.online(peer)
    await start(peer, lab, 1)
    await start(peer, lab, 2)
    await start(peer, lab, 3)
    await peer.command(f"{lab.root}/lab1/3/cmd/suspend", {"id": "over"})
    bridge.kill()
    cycler.channel(2).reset()
    assert cycler.channel(1).state is ChannelState.ACTIVE
    after = len(peer.seen)
    bridge.start()
    event = await peer.wait(is_lapse, after)
    assert event.topic == f"{lab.root}/lab1/1/telemetry/event"
    assert (event.json["reason"], event.json["suspended"]) == ("bridge_restarted", True)
    assert cycler.channel(1).state is ChannelState.SUSPENDED
    assert cycler.channel(2).state is ChannelState.AVAILABLE
    assert cycler.received.of(6, 8, 2) == cycler.received.of(6, 3, 2) == []
    assert len(cycler.received.of(6, 3, 3)) == 1, "its lease had ended"


async def start(peer: MqttPeer, lab: Lab, channel: int) -> None:
    command = {"id": f"go-{channel}", "args": {"valid_for_s": 60, "current_ampere": 1}}
    answer = await peer.command(f"{lab.root}/lab1/{channel}/cmd/start_direct", command)
    assert answer["status"] == "done", answer
