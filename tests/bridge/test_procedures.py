"""A laboratory's procedures over MQTT: sent as files, started, shortened, and followed to their End."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from macnet_bridge.macnet.protocol.codes import ChannelState
from macnet_bridge.simulator import Behaviour, SimulatedCycler
from tests.bridge.conftest import Lab
from tests.bridge.mqtt_peer import MqttPeer
from tests.bridge.running import ALLOW_ALL, cycler_table
from tests.simulator.procedure.drive_cycle import drive_cycle
from tests.simulator.test_real_procedures import FOLDER, needs_real_files

STRIDE_S = 60.0
"""Test time that passes at once. From step 61 on it is three days."""
LONGEST_S = 30 * 86400.0

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


@dataclass(frozen=True)
class Laboratory:
    """Both channels, whose time passes only when this lets it, and what is seen of them over MQTT."""

    root: str
    cycler: SimulatedCycler
    peer: MqttPeer

    async def put(self, name: str, data: bytes, kind: str) -> None:
        answer = await self.peer.command(f"{self.root}/lab1/cmd/put_file", uploaded(name, data, kind))
        assert (answer["status"], answer["verified"]) == ("done", "read_back"), answer

    async def command(self, channel: int, verb: str, **args: Any) -> dict[str, Any]:
        sent = {"id": f"{verb} {channel}", "args": args}
        answer = await self.peer.command(f"{self.root}/lab1/{channel}/cmd/{verb}", sent)
        assert answer["status"] == "done", answer
        return answer

    async def stride(self) -> None:
        assert self.cycler.channel(1).progress.test_second < LONGEST_S, "it comes to no end"
        self.cycler.step(STRIDE_S)
        await asyncio.sleep(0)

    async def pass_through(self, channels: Iterable[int], steps: Sequence[int]) -> AsyncIterator[int]:
        """Let time pass, and stand still in each of these steps of each channel until it was read.

        Yields:
            The channel, as it stands in the last one.
        """
        left = {channel: list(steps) for channel in channels}
        while any(left.values()):
            await self.stride()
            for channel, ahead in left.items():
                if ahead and self.cycler.channel(channel).progress.step_id == ahead[0]:
                    await self._has_read(channel, ahead.pop(0))
                    if not ahead:
                        yield channel

    async def _has_read(self, channel: int, step: int) -> None:
        topic = f"{self.root}/lab1/{channel}/telemetry/reading"
        await self.peer.wait(lambda seen: seen.topic == topic and seen.json["step_id"] == step)

    async def to_the_end(self, channel: int) -> None:
        while self.cycler.channel(channel).state is ChannelState.ACTIVE:
            await self.stride()
        topic = f"{self.root}/lab1/{channel}/telemetry/state"
        await self.peer.wait(lambda seen: seen.topic == topic and seen.json["state"] == "completed")

    def readings(self, channel: int) -> list[dict[str, Any]]:
        topic = f"{self.root}/lab1/{channel}/telemetry/reading"
        return [seen.json for seen in list(self.peer.seen) if seen.topic == topic]


@pytest.fixture
async def laboratory(lab: Lab) -> Laboratory:
    cycler = await lab.cycler(2, behaviour=Behaviour(max_ampere=10.0))
    for channel, capacity_ah in CAPACITY_AH.items():
        cycler.tester.channel(channel).cell.capacity_ah = capacity_ah
    peer = await lab.peer()
    await lab.bridge(cycler_table(cycler), more=ALLOW_ALL + OFTEN)
    await lab.online(peer)
    cycler.pause()
    return Laboratory(lab.root, cycler, peer)


@needs_real_files
async def test_they_run_to_their_end(laboratory: Laboratory) -> None:
    it = laboratory
    files = await asyncio.to_thread(read_files)
    await it.put("LA4_8rep_lim.MWF", drive_cycle(), "waveform")
    for channel, name in PROCEDURES.items():
        await it.put(f"{name}.000", files[name], "procedure")
        await it.command(channel, "start_test", procedure=name, test_name=f"cell {channel}", c_rate_ah=1.0)
    async for channel in it.pass_through(PROCEDURES, [5]):
        await it.command(channel, "suspend")
    for channel, name in PROCEDURES.items():
        await it.command(channel, "archive")
        await it.command(
            channel,
            "advanced_start",
            procedure=name,
            append_to=f"cell {channel}.{channel:03d}",
            c_rate_ah=1.0,
            step_id=LAST_CYCLE,
            remaining_loops=[0, 0, -1, -1],
        )
    assert sorted([channel async for channel in it.pass_through(PROCEDURES, LONG_STEPS)]) == [1, 2]
    for channel in PROCEDURES:
        await it.to_the_end(channel)
        graded = await it.command(channel, "read_end_status")
        assert graded["result"] == {"number_of_ends": 1, "end_number": 1}
        seen = it.readings(channel)
        times = [reading["test_time_second"] for reading in seen if reading["test_name"] == f"cell {channel}"]
        assert times == sorted(times)
        steps = list(dict.fromkeys(reading["step_id"] for reading in seen if reading["state"] == "active"))
        assert [step for step in steps if step in LONG_STEPS] == LONG_STEPS
