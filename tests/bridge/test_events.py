"""Events and alarms of a whole test, as any subscriber sees them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from macnet_bridge.macnet import AsyncCycler, TesterAddress
from macnet_bridge.macnet.protocol.messages import StartTest
from macnet_bridge.simulator import Fault, SimulatedCycler, Transport
from tests.bridge.conftest import Lab
from tests.bridge.mqtt_peer import MqttPeer, Seen
from tests.bridge.running import cycler_table

START = {"procedure": "CCCV_1C", "c_rate_ah": 2.0, "test_name": "cell 17"}
LOW_LIMIT = "[cycler.limits]\ncharge_max_ampere = 1.0"


def is_event(topic: str, kind: str) -> Callable[[Seen], bool]:
    return lambda seen: seen.topic == f"{topic}/telemetry/event" and seen.json["kind"] == kind


def is_alarm(topic: str, kind: str, *, raised: bool = True) -> Callable[[Seen], bool]:
    return lambda seen: seen.topic == f"{topic}/telemetry/alarm/{kind}" and bool(seen.payload) is raised


async def start_by_macnet(cycler: SimulatedCycler, channel: int, c_rate_ah: float = 2.0) -> None:
    """Start a test as somebody at the tester would: no limit of the bridge is in its way."""
    address = TesterAddress(cycler.host, cycler.json_port, cycler.tcp_port, cycler.udp_port)
    client = AsyncCycler(address)
    await client.start_test(channel, StartTest(test_name="by hand", procedure="CCCV_1C", c_rate_ah=c_rate_ah))
    client.close()


async def charging(lab: Lab, more: str = "") -> tuple[SimulatedCycler, MqttPeer, str]:
    """A tester whose channel 1 charges with 2 A, a bridge of it, a subscriber, and the channel's topic."""
    cycler = await lab.cycler(2)
    peer = await lab.peer()
    await lab.bridge(cycler_table(cycler, more=more))
    await lab.online(peer)
    await start_by_macnet(cycler, 1)
    return cycler, peer, f"{lab.root}/lab1/1"


async def first_reading(lab: Lab, peer: MqttPeer, channel: int) -> None:
    await peer.wait(lambda seen: seen.topic == f"{lab.root}/lab1/{channel}/telemetry/reading")


async def test_a_test_from_its_start_to_its_end(lab: Lab) -> None:
    cycler = await lab.cycler(2)
    peer = await lab.peer()
    await lab.bridge(cycler_table(cycler))
    await lab.online(peer)
    await first_reading(lab, peer, 1)
    cycler.pause()
    channel = f"{lab.root}/lab1/1"

    async def command(verb: str, **args: Any) -> None:
        answer = await peer.command(f"{channel}/cmd/{verb}", {"id": f"it {verb}", "args": args})
        assert answer["status"] == "done", answer

    await command("start_test", **START)
    started = (await peer.wait(is_event(channel, "test_started"))).json
    assert (started["test_name"], started["run"], started["is_historical"]) == ("cell 17", 1, False)
    assert (started["before"]["state"], started["after"]["state"]) == ("available", "starting")

    cycler.step(60.0)
    begun = (await peer.wait(is_event(channel, "step_changed"))).json
    assert (begun["after"]["step_id"], begun["after"]["mode"]) == (1, "charge")

    await command("suspend")
    suspended = (await peer.wait(is_event(channel, "suspended"))).json
    assert (suspended["end_reason"], suspended["after"]["mode"]) == ("suspended_by_operator", "suspended")
    await command("resume")
    resumed = (await peer.wait(is_event(channel, "resumed"))).json
    assert (resumed["before"]["state"], resumed["after"]["state"]) == ("suspended", "active")

    cycler.step(7 * 3600.0)
    completed = (await peer.wait(is_event(channel, "completed"))).json
    assert (completed["end_step"], completed["number_of_ends"]) == (1, 1)
    assert (completed["end_reason"], completed["after"]["raw"]["rf2"]) == ("normal_end", 193)
    await command("reset")
    freed = (await peer.wait(is_event(channel, "freed"))).json
    assert (freed["test_name"], freed["after"]["state"]) == ("cell 17", "available")

    events = [seen.json for seen in peer.seen if seen.topic == f"{channel}/telemetry/event"]
    assert len({event["id"] for event in events}) == len(events)
    # From the charge to the end: what was between the two looks is not made up.
    steps = [(e["before"]["step_id"], e["after"]["step_id"]) for e in events if e["kind"] == "step_changed"]
    assert len(steps) == 2
    assert steps[1][0] == 1
    assert not [seen for seen in peer.seen if seen.topic.startswith(f"{lab.root}/lab1/2/telemetry/event")]


async def test_a_problem_is_an_event_and_an_alarm(lab: Lab) -> None:
    cycler = await lab.cycler(2)
    peer = await lab.peer()
    await lab.bridge(cycler_table(cycler))
    await lab.online(peer)
    await first_reading(lab, peer, 2)
    channel = f"{lab.root}/lab1/2"
    started = await peer.command(f"{channel}/cmd/start_test", {"id": "go", "args": START})
    assert started["status"] == "done"
    await peer.wait(is_event(channel, "test_started"))
    safety = {"safety": {"charge_max_ampere": 0.1}}
    await peer.command(f"{channel}/cmd/set_safety_limits", {"id": "less", "args": safety})

    event = (await peer.wait(is_event(channel, "problem"))).json
    assert (event["test_name"], event["end_reason"]) == ("cell 17", "problem_lost_current_control")
    alarm = (await peer.wait(is_alarm(channel, "problem"))).json
    assert (alarm["severity"], alarm["reason"]) == ("critical", "problem_lost_current_control")
    await peer.command(f"{channel}/cmd/reset", {"id": "free"})
    await peer.wait(is_alarm(channel, "problem", raised=False))


async def test_a_limit_is_retained_while_it_is_passed(lab: Lab) -> None:
    _, peer, channel = await charging(lab, LOW_LIMIT)
    raised = await peer.wait(is_alarm(channel, "limit"))
    alarm = raised.json
    assert (alarm["bridge"], alarm["alarm"], alarm["severity"]) == ("lab", "limit", "critical")
    assert (alarm["reason"], alarm["value"], alarm["limit"]) == ("charge_max_ampere", 2.0, 1.0)
    late = await lab.peer(f"{lab.root}/+/+/telemetry/alarm/+")
    assert (await late.wait(is_alarm(channel, "limit"))).json == alarm

    await peer.command(f"{channel}/cmd/suspend", {"id": "stop"})
    await peer.wait(is_alarm(channel, "limit", raised=False))
    later = await lab.peer(f"{lab.root}/lab1/#")
    await later.wait(lambda seen: seen.topic == f"{channel}/telemetry/state")
    assert not [seen for seen in later.seen if "/alarm/" in seen.topic]


async def test_a_tester_that_is_away_is_stale(lab: Lab) -> None:
    cycler = await lab.cycler(2)
    peer = await lab.peer()
    await lab.bridge(cycler_table(cycler))
    await lab.online(peer)
    for number in (1, 2):
        await first_reading(lab, peer, number)
    await cycler.stop()
    topics = [f"{lab.root}/lab1", f"{lab.root}/lab1/1", f"{lab.root}/lab1/2"]
    for topic in topics:
        alarm = (await peer.wait(is_alarm(topic, "stale"))).json
        assert (alarm["reason"], alarm["severity"]) == ("tester_away", "warning")
    await cycler.start()
    for topic in topics:
        await peer.wait(is_alarm(topic, "stale", raised=False))


async def test_an_unconfirmed_stop_raises_an_alarm_until_the_channel_stands(lab: Lab) -> None:
    cycler, peer, channel = await charging(lab)
    lost = Fault("reset", on=(6, 3), carried_out=False)
    cycler.faults.add(lost)
    answer = await peer.command(f"{channel}/cmd/suspend", {"id": "stop"})
    assert answer["status"] == "unknown", answer
    alarm = (await peer.wait(is_alarm(channel, "stop_unconfirmed"))).json
    assert (alarm["severity"], alarm["reason"]) == ("critical", "suspend")
    cycler.faults.remove(lost)
    again = await peer.command(f"{channel}/cmd/suspend", {"id": "stop again"})
    assert again["status"] == "done"
    await peer.wait(is_alarm(channel, "stop_unconfirmed", raised=False))


async def test_a_stop_that_takes_long_raises_the_alarm_before_it_ends(lab: Lab) -> None:
    cycler, peer, channel = await charging(lab)
    cycler.faults.drop_replies(6, 3, count=1)
    cycler.faults.add(Fault("drop", on=(4, 7), transport=Transport.JSON, times=1))
    after = len(peer.seen)
    answer = await peer.command(f"{channel}/cmd/suspend", {"id": "stop"})
    assert answer["status"] == "done", answer
    await peer.wait(is_alarm(channel, "stop_unconfirmed", raised=False))
    seen = [
        found for found in peer.seen[after:] if found.topic.endswith(("/stop_unconfirmed", "1/telemetry/ack"))
    ]
    raised = next(found for found in seen if found.topic.endswith("/stop_unconfirmed"))
    final = next(found for found in seen if found.topic.endswith("/ack") and found.json["final"])
    assert raised.json["what"] == "suspend could not be confirmed: it has been under way for 4 s"
    assert seen.index(raised) < seen.index(final)


async def test_a_clock_that_jumps(lab: Lab) -> None:
    cycler = await lab.cycler(1)
    peer = await lab.peer()
    await lab.bridge(cycler_table(cycler))
    await lab.online(peer)
    await first_reading(lab, peer, 1)
    status = f"{lab.root}/lab1/status"
    exact = await peer.wait(
        lambda seen: seen.topic == status and seen.json["clock_offset_second"] is not None
    )
    zone = round(exact.json["clock_offset_second"] / 900) * 900
    assert -1.0 <= exact.json["clock_offset_second"] - zone <= 1.0
    cycler.pause()
    cycler.step(40.0)
    cycler.resume()
    alarm = (await peer.wait(is_alarm(f"{lab.root}/lab1", "clock"))).json
    assert (alarm["reason"], alarm["severity"]) == ("jump", "warning")
    assert 38.0 < alarm["value"] < 41.0
    later = await peer.wait(
        lambda seen: seen.topic == status and (seen.json["clock_offset_second"] or 0.0) - zone > 30
    )
    assert 39.0 < later.json["clock_offset_second"] - zone < 41.0


async def test_alarms_that_an_earlier_run_left_are_cleared(lab: Lab) -> None:
    cycler = await lab.cycler(1)
    peer = await lab.peer()
    alarm = {"bridge": "lab", "session": "of yesterday", "alarm": "limit", "severity": "critical"}
    left = [f"{lab.root}/lab1/1/telemetry/alarm/limit", f"{lab.root}/gone/telemetry/alarm/stale"]
    others = f"{lab.root}/lab9/3/telemetry/alarm/limit"
    for topic in left:
        peer.publish(topic, alarm, retain=True)
    peer.publish(others, alarm | {"bridge": "another"}, retain=True)
    await peer.wait(lambda seen: seen.topic == others)
    await lab.bridge(cycler_table(cycler))
    for topic in left:
        await peer.wait(lambda seen, topic=topic: seen.topic == topic and not seen.payload)  # type: ignore[misc]
    await lab.online(peer)
    assert [seen.payload != b"" for seen in peer.seen if seen.topic == others] == [True]


@pytest.mark.needs_real_broker
async def test_alarms_come_back_with_a_broker_that_lost_them(own_lab: Lab) -> None:
    lab = own_lab
    cycler = await lab.cycler(1)
    await lab.bridge(cycler_table(cycler, more=LOW_LIMIT))
    channel = f"{lab.root}/lab1/1"
    async with MqttPeer(
        lab.broker.host, lab.broker.port, f"{lab.root}/#", v5=lab.broker.supports_v5
    ) as before:
        await lab.online(before)
        await start_by_macnet(cycler, 1)
        first = await before.wait(is_alarm(channel, "limit"))
    lab.broker.kill()
    lab.broker.start()
    async with MqttPeer(lab.broker.host, lab.broker.port, f"{lab.root}/#", v5=lab.broker.supports_v5) as peer:
        assert (await peer.wait(is_alarm(channel, "limit"))).json == first.json


async def test_a_cycler_that_goes_to_another_bridge_keeps_no_alarm_of_ours(lab: Lab) -> None:
    _, peer, channel = await charging(lab, LOW_LIMIT)
    await peer.wait(is_alarm(channel, "limit"))
    # One that was there before us, and that we could not see until now.
    older = {"state": "online", "session": "s0", "since": 1.0}
    peer.publish(f"{lab.root}/bridge/other/status", older, retain=True)
    peer.publish(f"{lab.root}/lab1/info", {"bridge": "other", "session": "s0"}, retain=True)
    await peer.wait(is_alarm(channel, "limit", raised=False))
    left = await peer.wait(
        lambda seen: seen.topic == f"{lab.root}/bridge/lab/status" and "not_served" in seen.json
    )
    assert left.json["not_served"] == {"lab1": "other"}
