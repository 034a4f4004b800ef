"""By which transport a tester is read."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from macnet_bridge.macnet import AsyncCycler
from macnet_bridge.macnet.survey import survey
from macnet_bridge.simulator import Fault, SimulatedCycler, Transport
from macnet_bridge.telemetry import finder as finder_module
from macnet_bridge.telemetry import reader as reader_module
from macnet_bridge.telemetry import reading_transport as transport_module
from macnet_bridge.telemetry.sweep import sweep
from macnet_bridge.tester import Tester
from tests.telemetry.polls import Polled, online, polled, quick_clock

USED = {"json": Transport.JSON, "tcp": Transport.BINARY_TCP, "udp": Transport.BINARY_UDP}


def make_slow(simulated: SimulatedCycler, *transports: Transport) -> None:
    simulated.faults.clear()
    simulated.faults.add(*(Fault("delay", transport=transport, second=0.03) for transport in transports))


async def swept_by(it: Polled) -> set[Transport]:
    """By which transport the next whole sweep comes."""
    await it.record.wait("telemetry/sweep", since=it.mark)
    it.simulated.received.clear()
    await it.record.wait("telemetry/sweep", since=it.mark)
    return {record.transport for record in it.simulated.received.of(4, 3)}


@pytest.mark.parametrize("slow", [[Transport.JSON], [Transport.BINARY_TCP, Transport.BINARY_UDP]])
async def test_the_transport_that_was_found_best_is_used_and_told(
    slow: list[Transport], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", transport_module.__name__)
    async with polled(transport="auto", away=True) as it:
        make_slow(it.simulated, *slow)
        await it.simulated.start()
        info = await it.record.wait("info")
        wanted = "tcp" if Transport.JSON in slow else "json"
        assert info["transport"] == wanted
        for name in USED:
            assert f"{name} takes " in info["transport_reason"]
        assert await swept_by(it) == {USED[wanted]}
        await it.start_test(3, "a name of more than twenty-five characters")
        state = await it.record.wait("3/telemetry/state", lambda state: state["test_name"], it.mark)
        assert state["test_name"] == "a name of more than twenty-five characters"
    assert [line for line in caplog.messages if f"is read by {wanted} (" in line]


async def test_one_that_the_configuration_names_is_not_probed() -> None:
    async with polled(transport="tcp") as it:
        info = await it.record.wait("info")
        assert (info["transport"], info["transport_reason"]) == ("tcp", "configured")
        assert await swept_by(it) == {Transport.BINARY_TCP}
        assert not [r for r in it.simulated.received if r.transport is Transport.BINARY_UDP]


@pytest.mark.parametrize(("slow", "used"), [("json", "tcp"), ("json tcp", "udp")])
async def test_a_chosen_transport_that_fails_later_does_not_take_the_tester_offline(
    slow: str, used: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with polled(transport="auto", timeout_s=1.0, away=True) as it:
        make_slow(it.simulated, *(USED[name] for name in slow.split()))
        await it.simulated.start()
        assert (await it.record.wait("info"))["transport"] == used
        await it.record.wait("telemetry/sweep")
        mark = it.mark
        it.simulated.faults.add(Fault("drop", transport=USED[used]))
        info = await it.record.wait("info", lambda info: info["transport"] == "json", mark)
        assert f"{used} failed: " in info["transport_reason"]
        assert await swept_by(it) == {Transport.JSON}
        states = {status["state"] for status in it.record.on("status", mark)}
        assert states <= {"online"}, "neither offline nor degraded"
    assert [line for line in caplog.messages if "is read by json again" in line]


async def test_a_tester_that_comes_back_is_probed_again() -> None:
    async with polled(transport="auto", away=True) as it:
        make_slow(it.simulated, Transport.JSON)
        await it.simulated.start()
        assert (await it.record.wait("info"))["transport"] == "tcp"
        mark = it.mark
        await it.simulated.stop()
        await it.record.wait("status", lambda status: status["state"] == "offline", mark)
        make_slow(it.simulated, Transport.JSON, Transport.BINARY_TCP)
        mark = it.mark
        await it.simulated.start()
        await it.record.wait("status", online, mark)
        info = await it.record.wait("info", lambda info: info["transport"] == "udp", mark)
        assert "tcp takes 3" in info["transport_reason"]
        assert await swept_by(it) == {Transport.BINARY_UDP}


async def test_another_tester_is_noticed_when_readings_do_not_come_by_json() -> None:
    async with polled(transport="auto", away=True) as it:
        make_slow(it.simulated, Transport.JSON)
        await it.simulated.start()
        assert (await it.record.wait("info"))["transport"] == "tcp"
        await it.record.wait("telemetry/sweep")
        mark = it.mark
        it.simulated.disconnect_all()
        await it.record.wait("telemetry/sweep", since=it.mark, count=3)
        states = {status["state"] for status in it.record.on("status", mark)}
        assert "offline" not in states, "the same one that comes back is no other"
        await it.simulated.stop()
        ports = {name: getattr(it.simulated, name) for name in ("json_port", "tcp_port", "udp_port")}
        async with SimulatedCycler(8, clock=quick_clock, **ports):
            await it.record.wait("status", lambda status: status["state"] == "offline", mark)
            await it.record.wait("info", lambda info: info["channel_count"] == 8, mark)


async def test_a_tester_is_served_while_it_is_probed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that says nothing costs seconds, and a stop must not wait for them."""
    probing = asyncio.Event()

    async def endless(*args: Any) -> Any:
        probing.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(transport_module, "probe", endless)
    async with polled(transport="auto") as it:
        await probing.wait()
        assert it.record.on("status")[-1]["state"] == "online"
        assert it.tester.online().system.test_channels == 4


async def test_a_survey_asks_by_json_whatever_was_chosen_before(monkeypatch: pytest.MonkeyPatch) -> None:
    asked_by: list[str] = []

    def noted_survey(cycler: AsyncCycler, **options: Any) -> Any:
        asked_by.append(cycler.transport)
        return survey(cycler, **options)

    async def broken_once(tester: Tester) -> Any:
        monkeypatch.setattr(reader_module, "sweep", sweep)
        raise RuntimeError("something that nobody thought of")

    monkeypatch.setattr(finder_module, "survey", noted_survey)
    monkeypatch.setattr(reader_module, "sweep", broken_once)
    async with polled(transport="auto", away=True) as it:
        make_slow(it.simulated, Transport.JSON)
        await it.simulated.start()
        infos = await it.record.wait("info", lambda info: info["transport"] == "tcp", count=2)
        assert len(infos) == 2
    assert set(asked_by) == {"json"}
