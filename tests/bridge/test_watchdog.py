"""A channel in direct mode that was suspended, and not through the bridge: by the tester, or by hand."""

from __future__ import annotations

import asyncio

import pytest

from macnet_bridge.macnet.protocol.codes import ChannelState
from macnet_bridge.simulator import Behaviour, Fault, SimulatedCycler
from tests.bridge.conftest import Lab
from tests.bridge.mqtt_peer import MqttPeer
from tests.bridge.running import ALLOW_ALL, FAST, cycler_table
from tests.bridge.test_closed_loop import LIMITS
from tests.bridge.test_events import first_reading, is_alarm, is_event

WATCHDOG_S = 1.0
BITES_S = 3600.0
"""The watchdog of the simulated tester, which bites when a test steps its time, and not when the
computer is slow."""

BEHAVIOUR = Behaviour(starting_second=0.0, direct_ready_second=0.0, direct_watchdog_second=BITES_S)


async def controlled(lab: Lab, cycler: SimulatedCycler, watchdog_s: float) -> tuple[MqttPeer, str]:
    """A bridge that has channel 1 under a lease; the peer, and the lease."""
    peer = await lab.peer()
    table = cycler_table(cycler, more=f"direct_watchdog_s = {watchdog_s}{LIMITS}")
    await lab.bridge(table, more=f"{ALLOW_ALL}[commands]\ntimeout_s = 0.5\n{FAST}")
    await lab.online(peer)
    await first_reading(lab, peer, 1)
    start = {"id": "go", "args": {"valid_for_s": 60, "current_ampere": 1, "test_name": "by hand"}}
    answer = await peer.command(f"{lab.root}/lab1/1/cmd/start_direct", start)
    assert answer["status"] == "done", answer
    await peer.wait(is_event(f"{lab.root}/lab1/1", "test_started"))
    return peer, answer["result"]["lease"]


@pytest.mark.parametrize("outage", ["refused", "silent"])
async def test_a_watchdog_that_bit_while_the_tester_could_not_be_reached(lab: Lab, outage: str) -> None:
    cycler = await lab.cycler(1, behaviour=BEHAVIOUR)
    peer, lease = await controlled(lab, cycler, WATCHDOG_S)
    channel = f"{lab.root}/lab1/1"
    fed = len(cycler.received.of(6, 8))
    while len(cycler.received.of(6, 8)) == fed:  # noqa: ASYNC110 - the log wakes for one at a time
        await asyncio.sleep(0.01)
    lost = Fault("drop", carried_out=False)
    if outage == "refused":
        await cycler.stop()
    else:
        cycler.faults.add(lost)
    await asyncio.sleep(WATCHDOG_S)  # which is how long the tester has to hear nothing
    cycler.pause()
    cycler.step(BITES_S)
    cycler.resume()
    assert cycler.channel(1).state is ChannelState.SUSPENDED
    if outage == "refused":
        await cycler.start()
    else:
        cycler.faults.remove(lost)

    alarm = (await peer.wait(is_alarm(channel, "watchdog"))).json
    assert (alarm["severity"], alarm["reason"], alarm["limit"]) == ("critical", "no_output", WATCHDOG_S)
    assert alarm["value"] >= WATCHDOG_S
    assert alarm["what"].endswith("its watchdog does that after 1 s (direct_watchdog_s)")
    event = (await peer.wait(is_event(channel, "suspended"))).json
    assert event["end_reason"] == "suspended_by_operator", "which is all that the tester says"

    args = {"lease": lease, "current_ampere": 1}
    late = {"id": "late", "args": {**args, "n": 9}}
    answer = await peer.command(f"{channel}/cmd/set_output", late)
    assert answer["status"] in ("failed", "rejected")
    later = {"id": "later", "args": {**args, "n": 10}}
    again = await peer.command(f"{channel}/cmd/set_output", later)
    assert (again["status"], again["error"]["code"]) == ("rejected", "NO_LEASE")
    assert cycler.received.of(6, 3) == []
    await peer.command(f"{channel}/cmd/reset", {"id": "free"})
    await peer.wait(is_alarm(channel, "watchdog", raised=False))


async def test_an_operator_who_suspends_a_channel_that_is_fed(lab: Lab) -> None:
    cycler = await lab.cycler(1, behaviour=BEHAVIOUR)
    peer, lease = await controlled(lab, cycler, 300.0)
    channel = f"{lab.root}/lab1/1"
    cycler.channel(1).suspend()
    await peer.wait(is_event(channel, "suspended"))
    output = {"id": "late", "args": {"lease": lease, "n": 1, "current_ampere": 1}}
    answer = await peer.command(f"{channel}/cmd/set_output", output)
    assert answer["status"] in ("failed", "rejected")
    await peer.command(f"{channel}/cmd/reset", {"id": "free"})
    await peer.wait(is_event(channel, "freed"))
    assert not [seen for seen in peer.seen if seen.topic == f"{channel}/telemetry/alarm/watchdog"]
