"""Polling the simulated tester, with everything that is published written down."""

from __future__ import annotations

import math
import time
from collections import Counter
from typing import Any

import pytest

from macnet_bridge.macnet import Line
from macnet_bridge.simulator import Fault
from macnet_bridge.telemetry import poller as poller_module
from macnet_bridge.telemetry.budget import Batch
from macnet_bridge.telemetry.dues import Intervals
from tests.telemetry.polls import online, polled


async def test_readings_of_all_channels() -> None:
    async with polled(qos=0) as it:
        for channel in (1, 2, 3, 4):
            readings = await it.record.wait(f"{channel}/telemetry/reading", count=3)
            assert [reading["seq"] for reading in readings] == [1, 2, 3]
            assert {reading["run"] for reading in readings} == {7}
            assert readings[0]["state"] == "available"
            assert readings[0]["current_ampere"] == 0.0
            assert 2.5 < readings[0]["voltage_volt"] < 4.3
            assert readings[0]["quality"] == "good"
        assert {qos for topic, _, qos, _ in it.record.messages if topic.endswith("reading")} == {0}
        assert {qos for topic, _, qos, _ in it.record.messages if topic.endswith("state")} == {1}


async def test_a_test_from_start_to_end() -> None:
    async with polled() as it:
        await it.record.wait("3/telemetry/state")
        mark = it.mark
        await it.start_test(3)
        state = await it.record.wait("3/telemetry/state", lambda state: state["mode"] == "charge", mark)
        assert (state["state"], state["test_name"], state["procedure"], state["control"]) == (
            "active",
            "cell-17",
            "CCCV_1C",
            "procedure",
        )
        reading = await it.record.wait("3/telemetry/reading", lambda r: r["mode"] == "charge", mark)
        assert reading["test_name"] == "cell-17"
        assert reading["current_ampere"] > 0
        assert reading["power_watt"] == pytest.approx(reading["current_ampere"] * reading["voltage_volt"])
        it.simulated.channel(3).suspend()
        ended = await it.record.wait("3/telemetry/state", lambda state: state["state"] == "suspended", mark)
        assert ended["end_reason"] == "suspended_by_operator"
        assert ended["test_name"] == "cell-17"
        sequence = [state["state_seq"] for state in it.record.on("3/telemetry/state")]
        assert sequence == sorted(set(sequence))
        assert len(it.record.on("1/telemetry/state")) == 1, "nothing changed there"


async def test_the_next_test_has_its_own_name() -> None:
    async with polled() as it:
        await it.record.wait("3/telemetry/state")
        await it.start_test(3, "one")
        await it.record.wait("3/telemetry/reading", lambda reading: reading["test_time_second"] > 2)
        it.simulated.channel(3).reset()
        await it.start_test(3, "two")
        await it.record.wait("3/telemetry/state", lambda state: state["test_name"] == "two")


async def test_the_name_is_read_again_after_a_command() -> None:
    """The second test begins before the next look, and is then as old as the first one was."""
    async with polled(intervals=Intervals(0.0, 3600.0, 3600.0)) as it:
        await it.record.wait("3/telemetry/state")
        for name in ("one", "two"):
            it.simulated.channel(3).reset()
            await it.start_test(3, name)
            it.tester.touched(3)
            state = await it.record.wait("3/telemetry/state", lambda state: state["test_name"], it.mark)
            assert state["test_name"] == name


async def test_a_touched_channel_is_read_before_its_turn() -> None:
    async with polled(intervals=Intervals(3600.0, 3600.0, 3600.0)) as it:
        for channel in (1, 2, 3, 4):
            await it.record.wait(f"{channel}/telemetry/reading")
        it.tester.touched(3)
        await it.record.wait("3/telemetry/reading", count=2)
        assert len(it.record.on("1/telemetry/reading")) == 1


async def test_a_sweep_finds_what_began() -> None:
    async with polled(intervals=Intervals(0.05, 3600.0, 3600.0)) as it:
        await it.record.wait("2/telemetry/reading")
        await it.start_test(2)
        await it.record.wait("2/telemetry/reading", lambda reading: reading["mode"] == "charge")
        swept = await it.record.wait("telemetry/sweep", lambda swept: swept["state"][1] == "active")
        assert swept["channel"] == [1, 2, 3, 4]
        assert all(len(swept[key]) == 4 for key in ("voltage_volt", "current_ampere", "test_time_second"))


async def test_sweeps_are_numbered() -> None:
    async with polled() as it:
        sweeps = await it.record.wait("telemetry/sweep", count=3)
        assert [swept["seq"] for swept in sweeps] == [1, 2, 3]
        assert {swept["run"] for swept in sweeps} == {7}
        assert all(swept["spread_second"] >= 0 for swept in sweeps)


async def test_names_that_cannot_be_read_do_not_withhold_readings() -> None:
    """(4, 6) was there when the tester was surveyed, and is refused later."""
    async with polled() as it:
        await it.record.wait("status", online)
        it.simulated.faults.missing.add((4, 6))
        await it.start_test(2)
        reading = await it.record.wait("2/telemetry/reading", lambda reading: reading["mode"] == "charge")
        assert reading["test_name"] is None
        status = await it.record.wait("status", lambda status: status["state"] == "degraded")
        assert "(4, 6)" in status["reason"]
        mark = it.mark
        await it.record.wait("2/telemetry/reading", since=mark, count=3)
        it.simulated.faults.missing.clear()
        reading = await it.record.wait("2/telemetry/reading", lambda reading: reading["test_name"], mark)
        assert reading["test_name"] == "cell-17"
        await it.record.wait("status", online, mark)


async def test_everything_retained_again() -> None:
    async with polled() as it:
        for channel in (1, 2, 3, 4):
            await it.record.wait(f"{channel}/telemetry/state")
        await it.record.wait("status", online)
        mark = it.mark
        it.poller.publish_retained()
        retained = [topic for topic, _, _, retain in it.record.messages[mark:] if retain]
        assert retained == [
            "macnet/lab1/status",
            "macnet/lab1/info",
            *(f"macnet/lab1/{channel}/telemetry/state" for channel in (1, 2, 3, 4)),
        ]


async def test_retained_before_anything_is_known() -> None:
    async with polled(away=True) as it:
        await it.record.wait("status")
        mark = it.mark
        it.poller.publish_retained()
        assert [topic for topic, *_ in it.record.messages[mark:]] == ["macnet/lab1/status"]


async def test_free_channels_are_not_asked_for_a_test() -> None:
    async with polled() as it:
        for channel in range(1, 5):
            await it.record.wait(f"{channel}/telemetry/state", lambda state: state["quality"] == "good")
        # The survey asks once, whether the tester has this function.
        assert len(it.simulated.received.of(4, 6)) == 1


async def test_u4_idle_connections_are_kept_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    async with polled(intervals=Intervals(0.0, 0.0, 0.0)) as it:
        await it.record.wait("info", lambda info: info["specifications"])
        await it.tester.cycler.ping(line=Line.STOPS)
        it.simulated.received.clear()
        monkeypatch.setattr("macnet_bridge.macnet.cycler.lines.KEEP_ALIVE_S", 0.1)
        monkeypatch.setattr(poller_module, "KEEP_ALIVE_S", 0.1)
        it.tester.touched(1)
        await it.simulated.wait_for(lambda _: len(it.simulated.received.of(0, 0)) >= 4, 10)


# --- auxiliary inputs, variables, keeping up


WITH_INPUTS = Intervals(0.05, 0.05, 60.0, 0.1, 0.1)


async def test_aux_and_variables_of_channels_that_run_a_test() -> None:
    async with polled(intervals=WITH_INPUTS) as it:
        it.tester.aux_names = {2: {1: "surface_temperature_celsius"}}
        await it.record.wait("2/telemetry/state")
        await it.start_test(2)
        aux = await it.record.wait("2/telemetry/aux", lambda aux: aux["test_name"] == "cell-17")
        assert aux["run"] == 7
        assert [found["name"] for found in aux["inputs"]] == ["surface_temperature_celsius", "aux_2"]
        assert all(isinstance(found["unit"], str) for found in aux["inputs"])
        assert 0 < aux["values"]["surface_temperature_celsius"] < 60
        variables = await it.record.wait("2/telemetry/variables")
        assert list(variables["variables"]) == [f"VAR{n}" for n in range(1, 16)]
        assert variables["global_flags"] == "0x00000000"
        info = await it.record.wait("info", lambda info: info["aux"])
        assert info["aux"] == [{"channels": [2], "units": [found["unit"] for found in aux["inputs"]]}]
        await it.record.wait("2/telemetry/aux", count=4)
        assert not it.record.on("1/telemetry/aux"), "it runs no test"
        sent = {(qos, retain) for topic, _, qos, retain in it.record.messages if topic.endswith("/aux")}
        assert sent == {(0, False)}
        assert len([asked for asked in it.simulated.received.of(4, 5) if asked.channel == 2]) == 1


async def test_a_tester_without_auxiliary_inputs_is_not_asked_for_them() -> None:
    async with polled(intervals=WITH_INPUTS, missing={(4, 4), (4, 8)}) as it:
        await it.record.wait("status", lambda status: "4,4" in status["missing_functions"])
        await it.start_test(2)
        await it.record.wait("2/telemetry/reading", count=20)
        assert not it.record.on("2/telemetry/aux")
        assert not it.record.on("2/telemetry/variables")


async def test_a_tester_that_becomes_too_slow_is_degraded_until_it_keeps_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", poller_module.__name__)
    monkeypatch.setattr(poller_module, "WINDOW_S", 0.5)
    async with polled(intervals=Intervals(0.1, 0.1, 60.0)) as it:
        await it.start_test(1)
        await it.record.wait("status", online)
        it.simulated.faults.add(Fault("delay", second=0.06))
        slow = await it.record.wait("status", lambda status: status["state"] == "degraded")
        assert "requests/s" in slow["reason"]
        assert "active_interval_s = " in slow["reason"]
        assert it.poller.health(time.monotonic()).state == "degraded"
        mark = it.mark
        it.simulated.faults.clear()
        await it.record.wait("status", online, since=mark)
        assert f"lab1 is too slow for its intervals: {slow['reason']}" in caplog.messages
        assert "lab1 keeps up with its intervals again" in caplog.messages


async def test_health_of_a_tester() -> None:
    async with polled() as it:
        await it.record.wait("1/telemetry/reading", count=3)
        it.poller.health(time.monotonic())
        await it.record.wait("1/telemetry/reading", count=8)
        health = it.poller.health(time.monotonic())
        assert health.state == "online"
        assert health.poll_lag_second == 0.0
        assert health.sweeps_per_second > 0
        assert 0 < health.readings_per_second < health.requests_per_second
        assert health.round_trip_ms is not None
        assert 0 < health.round_trip_ms.p50 <= health.round_trip_ms.p99 <= health.round_trip_ms.longest
        assert health.failed_reads == 0
        it.simulated.faults.missing.add((4, 3))
        await it.record.wait("status", lambda status: status["state"] == "degraded")
        assert it.poller.health(time.monotonic()).failed_reads >= 1


async def test_less_is_asked_for_together_while_commands_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poller_module, "ALERT", Batch(2, 60.0))
    monkeypatch.setattr(poller_module, "AT_EASE", Batch(8, 60.0))
    commanded = [-math.inf]
    left: list[float] = []
    flat_out = Intervals(0.0, 0.001, 0.001)
    async with polled(8, intervals=flat_out, commanded_at=lambda: commanded[0]) as it:
        it.tester.cycler.watch(lambda exchange: left.append(exchange.sent_at))
        # Requests that left together left at the same moment.
        await it.record.until(lambda: 8 in Counter(left).values())
        commanded[0] = time.monotonic() + 3600
        await it.record.wait("8/telemetry/reading", since=it.mark, count=2)  # what was under way is over
        left.clear()
        await it.record.until(lambda: len(left) > 40)
        assert max(Counter(left).values()) == 2


@pytest.mark.parametrize("kind", ["garbage", "cut"])
async def test_an_end_step_that_was_lost_once_is_asked_for_at_the_next_end(kind: str) -> None:
    def completed(event: Any) -> bool:
        return bool(event["kind"] == "completed")

    async with polled(1, intervals=Intervals(0.0, 0.05, 0.05)) as it:
        it.simulated.faults.add(Fault(kind, on=(4, 10), times=1))
        ends = []
        for name in ("one", "two"):
            mark = it.mark
            await it.start_test(1, name)
            await it.record.wait("1/telemetry/reading", lambda r: r["mode"] == "charge", mark)
            it.simulated.pause()
            it.simulated.step(7 * 3600.0)
            ends.append(await it.record.wait("1/telemetry/event", completed, mark))
            it.simulated.channel(1).reset()
            it.simulated.resume()
        assert [end["test_name"] for end in ends] == ["one", "two"]
        assert [end["end_step"] for end in ends] == [None, 1]
