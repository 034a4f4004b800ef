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
    seen = await peer.wait(
        lambda seen: seen.topic == topic and seen.json["stops"]["count"] == 1, timeout_s=25
    )
    health = seen.json
    assert (health["run"], health["commands_running"]) == (1, 0)
    assert health["stops"]["confirmed_ms"]["longest"] == stopped["latency_ms"]
    assert 0 <= health["stops"]["sent_ms"]["longest"] <= stopped["latency_ms"]
    assert health["commands_ms"]["longest"] == stopped["latency_ms"]
    assert health["memory_megabytes"] > 10
    assert health["broker"] == {"queued": 0, "losses": 0, "dropped": 0, "refused": 0}
    assert not seen.retain
