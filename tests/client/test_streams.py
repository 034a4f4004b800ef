"""Readings, states and events as a service reads them."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from macnet_bridge.client import Gap
from macnet_bridge.payloads.telemetry import Reading
from tests.bridge.conftest import Lab
from tests.bridge.running import ALLOW_ALL, FAST, cycler_table
from tests.client.conftest import client_of
from tests.client.test_parts import reading
from tests.patience import PATIENCE_S


async def test_states_hold_already_and_events_follow(lab: Lab, protocol: str) -> None:
    await lab.bridge(cycler_table(await lab.cycler(2)))
    await lab.online(await lab.peer())
    async with client_of(lab, protocol=protocol) as client, asyncio.timeout(PATIENCE_S):
        channel = client["lab1"][2]
        states, events = channel.states(), channel.events()
        assert (await anext(states)).state == "available"
        await channel.start_test(procedure="CCCV_1C", c_rate_ah=2.5, test_name="s1")
        async for state in states:
            if state.state == "active":
                break
        event = await anext(events)
        assert type(event).__name__ == "TestStarted"
        again = channel.states()
        assert (await anext(again)).test_name == "s1"


async def test_a_cycler_s_readings_come_with_their_channel(lab: Lab) -> None:
    await lab.bridge(cycler_table(await lab.cycler(3)))
    await lab.online(await lab.peer())
    async with client_of(lab) as client, asyncio.timeout(PATIENCE_S):
        found: set[int] = set()
        async for channel, value in client["lab1"].readings():
            assert isinstance(value, Reading)
            found.add(channel)
            if found == {1, 2, 3}:
                break


@pytest.mark.needs_real_broker
async def test_a_bridge_that_was_killed_leaves_each_reading_once(lab: Lab) -> None:
    cycler = await lab.cycler(1)
    process = lab.process(cycler_table(cycler), more=ALLOW_ALL + FAST)
    process.start()
    await lab.online(await lab.peer())
    found: list[tuple[int, int]] = []
    missing: set[tuple[int, int]] = set()
    async with client_of(lab) as client, asyncio.timeout(PATIENCE_S):
        async for value in client["lab1"][1].readings():
            if isinstance(value, Gap):
                missing |= {(value.run, seq) for seq in range(value.first, value.last + 1)}
                continue
            found.append((value.run, value.seq))
            if len(found) == 5:
                process.kill()
                process.start()
            if value.run == 2 and value.seq >= 5:
                break
    assert len(found) == len(set(found))
    missing -= set(found)
    for run in (1, 2):
        seqs = sorted(seq for of, seq in {*found, *missing} if of == run)
        assert seqs == list(range(seqs[0], seqs[-1] + 1))


async def test_gaps_doubles_and_late_ones(lab: Lab, protocol: str) -> None:
    peer = await lab.peer()
    topic = f"{lab.root}/lab1/1/telemetry/reading"
    async with client_of(lab, protocol=protocol) as client, asyncio.timeout(PATIENCE_S):
        readings = client["lab1"][1].readings()
        first = asyncio.ensure_future(anext(readings))
        while not first.done():  # until it listens
            peer.publish(topic, msgspec.to_builtins(reading(7, 1)))
            await asyncio.sleep(0.05)
        for value in (reading(7, 4), reading(7, 4), reading(7, 3, late=True), reading(8, 1, previous=(7, 5))):
            peer.publish(topic, msgspec.to_builtins(value))
        found = [await anext(readings) for _ in range(5)]
    assert [value if isinstance(value, Gap) else (value.run, value.seq) for value in found] == [
        Gap(7, 2, 3),
        (7, 4),
        (7, 3),
        Gap(7, 5, 5),
        (8, 1),
    ]
    late = found[2]
    assert isinstance(late, Reading)
    assert late.is_historical


async def test_streams_end_with_the_client(lab: Lab) -> None:
    async with client_of(lab) as client:
        states = client["lab1"][1].states()
    assert [state async for state in states] == []
