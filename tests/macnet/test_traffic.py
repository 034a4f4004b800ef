"""Reads make way for commands, and are not held back for ever."""

from __future__ import annotations

import asyncio
import time

import pytest

from macnet_bridge.macnet import AsyncCycler, Line, TesterAddress
from macnet_bridge.macnet.cycler import traffic as traffic_module
from macnet_bridge.macnet.cycler.traffic import Traffic
from macnet_bridge.macnet.exchanges import Exchange
from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.simulator import SimulatedCycler


async def test_a_read_waits_for_the_command_and_what_follows_it() -> None:
    traffic, order = Traffic(), []

    async def read() -> None:
        await traffic.give_way()
        order.append("read")

    async def command() -> None:
        for part in ("command", "read-back"):
            with traffic.command():
                if part == "command":
                    reading.append(asyncio.create_task(read()))
                await asyncio.sleep(0.01)
                order.append(part)

    reading: list[asyncio.Task[None]] = []
    await command()
    await reading[0]
    assert order == ["command", "read-back", "read"]


async def test_a_read_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic_module, "HOLD_S", 0.05)
    traffic = Traffic()
    with traffic.command():
        began = time.monotonic()
        await traffic.give_way()
        assert time.monotonic() - began >= 0.05
        # A tester so slow that a command takes longer than this.
        traffic.answer(0.1)
        began = time.monotonic()
        await traffic.give_way()
        assert time.monotonic() - began >= 0.3


async def test_nothing_is_held_back_while_there_is_no_command() -> None:
    traffic = Traffic()
    waiting = traffic.give_way()
    with pytest.raises(StopIteration):
        waiting.send(None)  # it ends without having waited once


def test_round_trips_are_told_once() -> None:
    traffic = Traffic()
    for seconds in (0.1, 0.2):
        traffic.answer(seconds)
    traffic.answer(0.4, requests=8)
    assert traffic.answered == 10
    assert traffic.busy_s == pytest.approx(0.7)
    assert traffic.take_round_trips() == [0.1, 0.2, 0.4]
    assert traffic.take_round_trips() == []


async def test_no_read_slips_in_between_a_command_and_its_read_back() -> None:
    """Polling flat out at a slow tester, which notes in which order requests leave."""
    async with SimulatedCycler(4, latency_ms=10) as simulated:
        cycler = AsyncCycler(TesterAddress(simulated.host, simulated.json_port, simulated.tcp_port))
        left: list[str] = []
        news = asyncio.Event()

        def note(exchange: Exchange) -> None:
            names = {f.STATUS_AND_READINGS: "poll", f.SET_VARIABLE: "command", f.FLAGS_AND_VARIABLES: "back"}
            left.append(names[exchange.function])
            news.set()

        cycler.watch(note)

        async def poll() -> None:
            while True:
                await cycler.read_status(1)

        polling = asyncio.create_task(poll())
        for value in range(20):
            while left[-1:] != ["poll"]:
                news.clear()
                await news.wait()
            await cycler.set_variable(1, 3, float(value))
            assert (await cycler.read_variables(1, line=Line.COMMANDS)).has(3, value)
        polling.cancel()
        await asyncio.gather(polling, return_exceptions=True)
        cycler.close()
        places = [place for place, name in enumerate(left) if name == "command"]
        assert len(places) == 20
        # A poll that was on its way may be answered before the command, none may between the two.
        assert [left[place + 1] for place in places] == ["back"] * 20
        assert left.count("poll") >= 20


async def test_a_read_waits_for_the_read_back_however_long_the_bridge_was_held_up() -> None:
    async with SimulatedCycler(2, latency_ms=20) as simulated:
        address = TesterAddress(simulated.host, simulated.json_port, simulated.tcp_port, simulated.udp_port)
        async with AsyncCycler(address) as cycler:
            await cycler.read_status(1)
            simulated.received.clear()
            reading: list[asyncio.Task[object]] = []
            await cycler.set_variable(
                1, 1, 2.0, lambda: reading.append(asyncio.create_task(cycler.read_status(2)))
            )
            # The system gave the processor to somebody else, right after the reply came.
            time.sleep(5 * traffic_module.LINGER_S)  # noqa: ASYNC251
            await asyncio.sleep(0)
            await cycler.read_variables(1, line=Line.COMMANDS)
            await reading[0]
            asked = [seen.number for seen in simulated.received]
    assert asked == [(6, 9), (4, 8), (4, 7)]
