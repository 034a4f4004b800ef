"""A laboratory's procedures over MQTT: sent as files, started, shortened, and followed to their End."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest

from macnet_bridge.simulator import Behaviour
from tests.bridge.conftest import Lab
from tests.bridge.mqtt_peer import MqttPeer, Seen
from tests.bridge.running import ALLOW_ALL, cycler_table
from tests.simulator.procedure.drive_cycle import drive_cycle
from tests.simulator.test_real_procedures import FOLDER, needs_real_files

SPEED = 10_000.0
PATIENCE_S = 120.0
"""From step 61 on it is three days of test time, half a minute at this speed."""

LAST_CYCLE = 61
"""First step of the last loop within the main loop that takes time."""

LONG_STEPS = [61, 65, 71, 72, 75, 77, 85, 86, 95]
"""Of the last cycle, the last reset cycles, HPPC, the rate tests and the charge for storage."""

OFTEN = """
[telemetry]
sweep_interval_s = 0
active_interval_s = 0.05
"""
PROCEDURES = {1: "diagnosticV4", 2: "drivingV1"}
CAPACITY_AH = {1: 1.1, 2: 4.0}


def read_files() -> dict[str, bytes]:
    return {name: (FOLDER / f"{name}.000").read_bytes() for name in PROCEDURES.values()}


def uploaded(name: str, data: bytes, kind: str) -> dict[str, Any]:
    args = {"type": kind, "name": name, "data_base64": base64.b64encode(data).decode()}
    return {"id": f"put {name}", "args": args}


def readings(peer: MqttPeer, root: str, channel: int) -> list[dict[str, Any]]:
    topic = f"{root}/lab1/{channel}/telemetry/reading"
    return [seen.json for seen in list(peer.seen) if seen.topic == topic]


@needs_real_files
@pytest.mark.timeout(180)
async def test_they_run_to_their_end(lab: Lab) -> None:
    files = await asyncio.to_thread(read_files)
    cycler = await lab.cycler(2, speed=SPEED, behaviour=Behaviour(max_ampere=10.0))
    for channel, capacity_ah in CAPACITY_AH.items():
        cycler.tester.channel(channel).cell.capacity_ah = capacity_ah
    peer = await lab.peer()
    await lab.bridge(cycler_table(cycler), more=ALLOW_ALL + OFTEN)
    await lab.online(peer)

    async def put(name: str, data: bytes, kind: str) -> None:
        answer = await peer.command(f"{lab.root}/lab1/cmd/put_file", uploaded(name, data, kind))
        assert (answer["status"], answer["verified"]) == ("done", "read_back"), answer

    async def command(channel: int, verb: str, **args: Any) -> dict[str, Any]:
        sent = {"id": f"{verb} {channel}", "args": args}
        answer = await peer.command(f"{lab.root}/lab1/{channel}/cmd/{verb}", sent)
        assert answer["status"] == "done", answer
        return answer

    async def to_the_end(channel: int) -> None:
        procedure = PROCEDURES[channel]
        await command(channel, "start_test", procedure=procedure, test_name=f"cell {channel}", c_rate_ah=1.0)
        await peer.wait(lambda seen: _reads(seen, lab.root, channel, step_id=5), timeout_s=PATIENCE_S)
        await command(channel, "suspend")
        await command(channel, "archive")
        await command(
            channel,
            "advanced_start",
            procedure=procedure,
            append_to=f"cell {channel}.{channel:03d}",
            c_rate_ah=1.0,
            step_id=LAST_CYCLE,
            remaining_loops=[0, 0, -1, -1],
        )
        await peer.wait(lambda seen: _is_completed(seen, lab.root, channel), timeout_s=PATIENCE_S)
        graded = await command(channel, "read_end_status")
        assert graded["result"] == {"number_of_ends": 1, "end_number": 1}

    await put("LA4_8rep_lim.MWF", drive_cycle(), "waveform")
    for name, data in files.items():
        await put(f"{name}.000", data, "procedure")
    await asyncio.gather(*(to_the_end(channel) for channel in PROCEDURES))
    for channel in PROCEDURES:
        seen = readings(peer, lab.root, channel)
        times = [reading["test_time_second"] for reading in seen if reading["test_name"] == f"cell {channel}"]
        assert times == sorted(times)
        steps = list(dict.fromkeys(reading["step_id"] for reading in seen if reading["state"] == "active"))
        passed = [step for step in steps if step in LONG_STEPS]
        # A busy machine may pass one between two readings.
        assert passed == [step for step in LONG_STEPS if step in passed]
        assert len(passed) > len(LONG_STEPS) // 2


def _reads(seen: Seen, root: str, channel: int, *, step_id: int) -> bool:
    is_reading = seen.topic == f"{root}/lab1/{channel}/telemetry/reading"
    return is_reading and bool(seen.json["step_id"] == step_id)


def _is_completed(seen: Seen, root: str, channel: int) -> bool:
    is_state = seen.topic == f"{root}/lab1/{channel}/telemetry/state"
    return is_state and bool(seen.payload) and bool(seen.json["state"] == "completed")
