"""`set_log_level` of a bridge that runs: its log, and its audit."""

from __future__ import annotations

import asyncio
import json

from macnet_bridge.simulator import SimulatedCycler
from tests.bridge.conftest import Lab
from tests.bridge.mqtt_peer import MqttPeer
from tests.bridge.running import BridgeProcess, cycler_table
from tests.patience import PATIENCE_S


async def started(lab: Lab, peer: MqttPeer, cycler: SimulatedCycler) -> BridgeProcess:
    process = lab.process(cycler_table(cycler))
    process.start()
    await lab.online(peer)
    return process


def debug_lines(process: BridgeProcess) -> list[str]:
    return [line.split("DEBUG", 1)[1].strip() for line in process.log.splitlines() if " DEBUG " in line]


async def written(process: BridgeProcess, line: str) -> None:
    """An answer may be there before the line about it is."""
    async with asyncio.timeout(PATIENCE_S):
        while line not in debug_lines(process):  # noqa: ASYNC110 - a file sets no event
            await asyncio.sleep(0.01)


async def test_the_log_says_more_after_it_and_less_after_the_next(lab: Lab) -> None:
    peer, cycler = await lab.peer(), await lab.cycler(2)
    process = await started(lab, peer, cycler)
    base = f"{lab.root}/bridge/lab/cmd"
    await peer.command(f"{base}/ping/alice", {"id": "ping-1"})
    assert debug_lines(process) == []
    answer = await peer.command(f"{base}/set_log_level/alice", {"id": "more", "args": {"level": "debug"}})
    assert answer["result"] == {"level": "debug", "previous": "info"}
    await peer.command(f"{base}/ping/alice", {"id": "ping-2"})
    assert debug_lines(process)[0] == "the log level is debug, and was info: set by alice"
    (number,) = [
        line.split(":")[0]
        for line in debug_lines(process)
        if line.endswith(": 'ping' for the bridge by alice")
    ]
    await written(process, f"{number}: the bridge is done")
    answer = await peer.command(f"{base}/set_log_level/bob", {"id": "less", "args": {"level": "info"}})
    assert answer["result"] == {"level": "info", "previous": "debug"}
    less = len(debug_lines(process))
    await peer.command(f"{base}/ping/alice", {"id": "ping-3"})
    assert len(debug_lines(process)) == less
    assert "INFO    the log level is info, and was debug: set by bob" in process.log
    assert process.interrupt() == 0
    audit = (lab.folder / "data" / "audit.jsonl").read_text("utf-8").splitlines()
    told = [line for line in map(json.loads, audit) if line.get("verb") == "set_log_level"]
    assert [(line["principal"], line["payload"]["args"]) for line in told] == [
        ("alice", {"level": "debug"}),
        ("bob", {"level": "info"}),
    ]
