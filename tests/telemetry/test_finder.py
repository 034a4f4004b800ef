"""A tester that is found, goes, comes back, and is surveyed again."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from macnet_bridge.macnet.survey import survey
from macnet_bridge.simulator import Fault
from macnet_bridge.telemetry import finder as finder_module
from macnet_bridge.telemetry import poller as poller_module
from macnet_bridge.telemetry.dues import Intervals
from tests.telemetry.polls import online, polled


async def test_it_comes_online_and_tells_what_it_found() -> None:
    async with polled() as it:
        status = await it.record.wait("status", online)
        first = it.record.on("status")[0]
        assert (first["state"], first["reason"]) == ("offline", "not reached yet")
        assert status["reason"] is None
        assert status["missing_functions"] == {}
        assert status["oddities"] == []
        assert abs(status["last_ok"] - time.time()) < 60
        assert isinstance(status["clock_offset_second"], float)
        info = await it.record.wait("info", lambda info: info["specifications"])
        assert info["channel_count"] == 4
        assert info["channels"] == [1, 2, 3, 4]
        (shared,) = info["specifications"]
        assert shared["channels"] == [1, 2, 3, 4]
        assert shared["specification"]["voltage_max_volt"] == 5.0
        assert {(info["bridge"], info["session"]), (status["bridge"], status["session"])} == {("lab", "s1")}
        for topic, _, qos, retain in it.record.messages:
            is_alarm = "/alarm/" in topic  # a machine that stalls can be taken for a clock that jumps
            assert retain == (is_alarm or topic.rpartition("/")[2] in ("status", "info", "state"))
            assert qos == 1


async def test_only_channels_that_are_served() -> None:
    async with polled(served=frozenset({2, 4, 9})) as it:
        swept = await it.record.wait("telemetry/sweep")
        assert swept["channel"] == [2, 4]
        await it.record.wait("4/telemetry/reading")
        await it.record.wait("2/telemetry/reading")
        assert not it.simulated.received.of(4, 7, channel=3)
        assert not it.record.on("1/telemetry/reading")


async def test_no_channel_that_is_served() -> None:
    async with polled(served=frozenset({9})) as it:
        status = await it.record.wait("status", lambda status: "4 channels" in status["reason"])
        assert status["state"] == "offline"


async def test_the_tester_goes_and_comes_back() -> None:
    async with polled() as it:
        await it.start_test(2)
        await it.record.wait("1/telemetry/state")
        await it.record.wait("2/telemetry/state", lambda state: state["mode"] == "charge")
        mark = it.mark
        await it.simulated.stop()
        status = await it.record.wait("status", lambda status: status["state"] == "offline", mark)
        assert status["reason"]
        assert status["last_ok"] is not None
        for channel in (1, 2):
            state = await it.record.wait(f"{channel}/telemetry/state", since=mark)
            assert state["quality"] == "stale"
        assert state["test_name"] == "cell-17"
        assert it.tester.survey is None
        mark = it.mark
        await it.simulated.start()
        await it.record.wait("status", online, mark)
        state = await it.record.wait("2/telemetry/state", since=mark)
        assert (state["quality"], state["mode"]) == ("good", "charge")
        numbers = [reading["seq"] for reading in it.record.on("2/telemetry/reading")]
        assert numbers == list(range(1, len(numbers) + 1)), "numbers go on without a gap"


async def test_a_tester_that_is_not_there_yet() -> None:
    async with polled(away=True) as it:
        status = await it.record.wait("status", lambda status: "no connection" in status["reason"])
        assert status["state"] == "offline"
        await it.simulated.start()
        await it.record.wait("status", online)


async def test_the_log_says_once_that_it_is_not_there(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = asyncio.Semaphore(0)

    def counted_survey(*args: Any, **options: Any) -> Any:
        tries.release()
        return survey(*args, **options)

    monkeypatch.setattr(finder_module, "survey", counted_survey)
    caplog.set_level("INFO", finder_module.__name__)
    async with polled(away=True) as it:
        for _ in range(4):
            await tries.acquire()
        await it.simulated.start()
        await it.record.wait("status", online)
    address = f"127.0.0.1:{it.simulated.json_port}"
    assert caplog.messages == [
        f"lab1 is offline: no connection to {address}: connection refused",
        "lab1 is online with 4 channels",
    ]


async def test_a_test_that_began_while_the_tester_was_away_has_its_own_name() -> None:
    """It is older than the one before was at the last look, and in the same state."""
    async with polled(1, intervals=Intervals(0.0, 0.05, 0.05), timeout_s=0.3) as it:
        await it.record.wait("1/telemetry/reading")
        await it.start_test(1, "one")
        await it.record.wait("1/telemetry/reading", lambda reading: reading["mode"] == "charge")
        silence, mark = Fault("drop", on=(4, 7)), it.mark
        it.simulated.faults.add(silence)
        await it.record.wait("status", lambda status: status["state"] == "offline", mark)
        it.simulated.channel(1).reset()
        await it.start_test(1, "two")
        it.simulated.pause()
        it.simulated.step(600.0)
        mark = it.mark
        it.simulated.faults.remove(silence)
        reading = await it.record.wait("1/telemetry/reading", since=mark)
        assert (reading["test_name"], reading["mode"]) == ("two", "charge")
        event = await it.record.wait("1/telemetry/event", since=mark)
        assert (event["kind"], event["test_name"]) == ("test_started", "two")


async def test_missing_functions_are_named_and_the_rest_goes_on() -> None:
    missing = {(3, 1), (4, 2), (4, 3), (4, 6), (4, 8), (4, 9), (6, 11)}
    async with polled(missing=missing) as it:
        status = await it.record.wait("status", lambda status: status["state"] == "degraded")
        assert set(status["missing_functions"]) == {f"{c},{n}" for c, n in missing}
        assert "(4, 6)" in status["reason"]
        for channel in (1, 2, 3, 4):
            readings = await it.record.wait(f"{channel}/telemetry/reading", count=3)
            assert readings[0]["test_name"] is None
        assert not it.record.on("telemetry/sweep")
        probes = len(it.simulated.received.of(4, 6)), len(it.simulated.received.of(3, 1))
        assert probes == (1, 1), "what it lacks is not asked for again"
        assert {status["state"] for status in it.record.on("status")} == {"offline", "degraded"}


async def test_a_tester_that_always_answers_with_one_id() -> None:
    async with polled(constant_id=True) as it:
        status = await it.record.wait("status", lambda status: status["state"] == "degraded")
        assert status["oddities"] == ["it answers every request with id 1987"]
        await it.record.wait("4/telemetry/reading", count=2)


# --- surveyed again


WITH_INPUTS = Intervals(0.05, 0.05, 60.0, 0.1, 0.1)


async def test_a_survey_that_lost_replies_is_repeated_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without this a tester would be distrusted until it was away the next time."""
    monkeypatch.setattr(poller_module, "RESURVEY_FIRST_S", 0.1)
    async with polled(intervals=WITH_INPUTS, away=True) as it:
        it.simulated.faults.add(Fault("garble", on=(4, 8), times=2))
        await it.simulated.start()
        status = await it.record.wait("status", lambda status: "4,8" in status["missing_functions"])
        assert status["state"] == "degraded"
        mark = it.mark
        status = await it.record.wait("status", online, since=mark)
        assert status["missing_functions"] == {}
        assert not [seen for seen in it.record.on("status", mark) if seen["state"] == "offline"]
        await it.start_test(2)
        await it.record.wait("2/telemetry/variables")


async def test_surveys_are_not_repeated_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tester may answer one function with rubbish always."""
    monkeypatch.setattr(poller_module, "RESURVEY_FIRST_S", 0.01)
    monkeypatch.setattr(poller_module, "RESURVEY_LAST_S", 0.02)
    async with polled(away=True) as it:
        it.simulated.faults.add(Fault("garble", on=(6, 11)))
        await it.simulated.start()
        status = await it.record.wait("status", lambda status: status["missing_functions"])
        assert list(status["missing_functions"]) == ["6,11"]
        await it.record.wait("telemetry/sweep", count=20)
        # Twice in each survey: when it came, after 0.01 s and after 0.02 s.
        assert len(it.simulated.received.of(6, 11)) == 6
