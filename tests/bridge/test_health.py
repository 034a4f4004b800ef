"""`R/bridge/B/health` of a whole bridge."""

from __future__ import annotations

from macnet_bridge.simulator import Behaviour
from tests.bridge.conftest import Lab
from tests.bridge.running import cycler_table
from tests.commands.samples import running


async def test_it_tells_how_quick_a_stop_was(lab: Lab) -> None:
    cycler = await lab.cycler(2, behaviour=Behaviour(starting_second=0.0))
    running(cycler, 1)
    peer = await lab.peer()
    await lab.bridge(cycler_table(cycler))
    await lab.online(peer)
    stopped = await peer.command(f"{lab.root}/lab1/1/cmd/suspend", {"id": "s"})
    topic = f"{lab.root}/bridge/lab/health"
    seen = await peer.wait(lambda seen: seen.topic == topic and seen.json["stops"]["count"] == 1)
    health = seen.json
    assert (health["run"], health["commands_running"]) == (1, 0)
    assert health["stops"]["confirmed_ms"]["longest"] == stopped["latency_ms"]
    assert 0 <= health["stops"]["sent_ms"]["longest"] <= stopped["latency_ms"]
    # An amqtt also hands out what other tests left retained, and commands among that are answered, too.
    assert health["commands_ms"]["longest"] >= stopped["latency_ms"]
    assert health["memory_megabytes"] > 10
    assert health["broker"] == {"queued": 0, "losses": 0, "dropped": 0, "refused": 0}
    assert not seen.retain


async def test_it_tells_of_testers_readings_and_the_spool(lab: Lab) -> None:
    cycler = await lab.cycler(2)
    peer = await lab.peer()
    await lab.bridge(cycler_table(cycler))
    await lab.online(peer)
    topic = f"{lab.root}/bridge/lab/health"
    health = (await peer.wait(lambda seen: seen.topic == topic)).json
    readings = [seen for seen in peer.seen if seen.topic.endswith("/telemetry/reading")]
    assert 0 < health["delivery"]["confirmed"] <= health["delivery"]["published"]
    assert (health["delivery"]["lost"], health["delivery"]["conflated"]) == (0, 0)
    assert (health["spool"]["state"], health["spool"]["waiting"]) == ("ok", 0)
    of_cycler = health["cyclers"]["lab1"]
    assert of_cycler["state"] == "online"
    assert of_cycler["readings_per_second"] > 0
    assert of_cycler["sweeps_per_second"] > 0
    assert of_cycler["requests_per_second"] > of_cycler["readings_per_second"]
    assert of_cycler["round_trip_ms"]["p50"] > 0
    assert of_cycler["failed_reads"] == 0
    assert len(readings) >= 2
