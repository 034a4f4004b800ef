"""Polling the simulated tester, with everything that is published written down."""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from macnet_bridge.macnet import AsyncCycler, Line, TesterAddress
from macnet_bridge.macnet.cycler import BulkTransport
from macnet_bridge.macnet.protocol.messages import StartTest
from macnet_bridge.macnet.survey import survey
from macnet_bridge.simulator import Fault, SimulatedCycler, Transport
from macnet_bridge.telemetry import poller as poller_module
from macnet_bridge.telemetry import reader as reader_module
from macnet_bridge.telemetry.budget import Batch
from macnet_bridge.telemetry.dues import Intervals
from macnet_bridge.telemetry.poller import Poller
from macnet_bridge.telemetry.publisher import Identity, Publisher
from macnet_bridge.telemetry.sweep import blocks, sweep, sweep_payload
from macnet_bridge.tester import Tester
from macnet_bridge.topics import Topics
from tests.patience import PATIENCE_S
from tests.telemetry.recorded import delivery_to

FAST = Intervals(0.05, 0.05, 0.1)
ANSWER_S = 5.0


def quick_clock() -> float:
    """Twenty seconds a second: a tester's clock shows whole ones, and a survey waits for the next."""
    return time.monotonic() * 20


@dataclass
class Record:
    """What was published, and a way to wait for more."""

    messages: list[tuple[str, Any, int, bool]] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self, topic: str, payload: bytes, qos: int, retain: bool) -> None:
        self.messages.append((topic, msgspec.json.decode(payload) if payload else None, qos, retain))
        self._news.set()

    def on(self, leaf: str, since: int = 0) -> list[Any]:
        """Payloads on a topic of the cycler, from a point in the record on."""
        topic = f"macnet/lab1/{leaf}"
        return [payload for found, payload, _, _ in self.messages[since:] if found == topic]

    async def wait(
        self, leaf: str, wanted: Callable[[Any], object] = lambda _: True, since: int = 0, count: int = 1
    ) -> Any:
        """The first payloads that are wanted; just the one when `count` is 1."""
        async with asyncio.timeout(PATIENCE_S):
            while len(found := [p for p in self.on(leaf, since) if wanted(p)]) < count:
                self._news.clear()
                await self._news.wait()
        return found[0] if count == 1 else found[:count]

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait for a fact that comes with what is published."""
        async with asyncio.timeout(PATIENCE_S):
            while not holds():
                self._news.clear()
                await self._news.wait()


@dataclass
class Polled:
    """A tester that is being polled."""

    simulated: SimulatedCycler
    tester: Tester
    record: Record
    poller: Poller

    async def start_test(self, channel: int, name: str = "cell-17") -> None:
        request = StartTest(test_name=name, procedure="CCCV_1C", c_rate_ah=2.5)
        client = AsyncCycler(self.tester.cycler.address)
        await client.start_test(channel, request)
        client.close()

    @property
    def mark(self) -> int:
        return len(self.record.messages)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poller_module, "_RETRY_FIRST_S", 0.02)
    monkeypatch.setattr(poller_module, "_RETRY_LAST_S", 0.05)


@asynccontextmanager
async def polled(
    channels: int = 4,
    *,
    intervals: Intervals = FAST,
    served: frozenset[int] | None = None,
    timeout_s: float = ANSWER_S,
    transport: BulkTransport = "json",
    qos: int = 1,
    constant_id: bool = False,
    away: bool = False,
    commanded_at: Callable[[], float] = lambda: -math.inf,
    **options: Any,
) -> AsyncIterator[Polled]:
    async with SimulatedCycler(channels, clock=quick_clock, constant_id=constant_id, **options) as simulated:
        address = TesterAddress(simulated.host, simulated.json_port, simulated.tcp_port, simulated.udp_port)
        client = AsyncCycler(address, timeout_s=timeout_s, transport=transport, constant_id=constant_id)
        tester = Tester("lab1", client, served)
        record = Record()
        publisher = Publisher(
            tester, Topics("macnet", "lab"), Identity("lab", "s1", 7), delivery_to(record), qos=qos
        )
        poller = Poller(
            tester,
            publisher,
            intervals,
            run_number=7,
            constant_id=constant_id,
            commanded_at=commanded_at,
        )
        if away:
            await simulated.stop()
        task = asyncio.create_task(poller.run())
        try:
            yield Polled(simulated, tester, record, poller)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            client.close()
            assert task.cancelled(), "polling never ends by itself"


def online(status: Any) -> bool:
    return bool(status["state"] == "online")


# --- coming and going


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
            assert retain == (topic.rpartition("/")[2] in ("status", "info", "state"))
            assert qos == 1


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

    monkeypatch.setattr(poller_module, "survey", counted_survey)
    caplog.set_level("INFO", poller_module.__name__)
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


@pytest.mark.parametrize("channels", [2, 8])
async def test_another_tester_that_comes_between_two_reads(channels: int) -> None:
    async with polled(intervals=Intervals(0.5, 0.5, 60.0)) as it:
        await it.record.wait("4/telemetry/state", lambda state: state["quality"] == "good")
        await it.record.wait("telemetry/sweep", since=it.mark)
        mark = it.mark
        await it.simulated.stop()
        ports = {name: getattr(it.simulated, name) for name in ("json_port", "tcp_port", "udp_port")}
        async with SimulatedCycler(channels, clock=quick_clock, **ports):
            await it.record.wait("status", lambda status: status["state"] == "offline", mark)
            await it.record.wait("4/telemetry/state", lambda state: state["quality"] == "stale", mark)
            info = await it.record.wait("info", lambda info: info["channel_count"] == channels, mark)
            assert info["channels"] == it.tester.channels == list(range(1, channels + 1))


@pytest.mark.parametrize("intervals", [Intervals(0.5, 0.0, 0.0), Intervals(0.0, 0.5, 0.5)])
async def test_nothing_of_another_tester_is_published_as_of_the_one_before(intervals: Intervals) -> None:
    async with polled(intervals=intervals) as it:
        await it.record.wait("4/telemetry/reading")
        mark = it.mark
        await it.simulated.stop()
        ports = {name: getattr(it.simulated, name) for name in ("json_port", "tcp_port", "udp_port")}
        async with SimulatedCycler(8, clock=quick_clock, **ports):
            await it.record.wait("status", lambda status: status["state"] == "offline", mark)
            leaves = [topic.rsplit("/", 1)[1] for topic, *_ in it.record.messages[mark:]]
            assert not {"reading", "sweep"} & set(leaves)


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


async def test_limits_are_asked_for_again_after_a_new_connection() -> None:
    async with polled() as it:
        await it.record.wait("info", lambda info: info["specifications"])
        before = len(it.simulated.received.of(3, 1))
        it.simulated.disconnect_all()
        await it.simulated.wait_for(lambda _: len(it.simulated.received.of(3, 1)) >= before + 4, 30)
        assert it.tester.survey is not None


async def test_cut_connections_are_not_yet_an_absence() -> None:
    async with polled() as it:
        await it.record.wait("status", online)
        mark = it.mark
        for _ in range(5):
            it.simulated.disconnect_all()
            await it.record.wait("telemetry/sweep", since=it.mark)
        assert "offline" not in [status["state"] for status in it.record.on("status", mark)]


# --- testers that lack something


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


async def test_a_refused_sweep_is_degraded_until_it_works_again() -> None:
    async with polled() as it:
        await it.record.wait("telemetry/sweep")
        mark = it.mark
        it.simulated.faults.missing.add((4, 3))
        status = await it.record.wait("status", lambda status: status["state"] == "degraded", mark)
        assert "(4, 3)" in status["reason"]
        await it.record.wait("1/telemetry/reading", since=it.mark)
        mark = it.mark
        it.simulated.faults.missing.clear()
        await it.record.wait("status", online, mark)


async def test_a_refusal_between_two_losses_is_a_sign_of_life() -> None:
    """One channel, whose names are refused and whose readings are lost now and then."""
    async with polled(1, intervals=Intervals(0.0, 0.02, 0.02), timeout_s=0.5) as it:
        await it.record.wait("status", online)
        it.simulated.faults.missing.add((4, 6))
        it.simulated.channel(1).reset()
        await it.start_test(1)
        await it.record.wait("status", lambda status: status["state"] == "degraded")
        mark = it.mark
        for _ in range(3):
            it.simulated.faults.drop_replies(4, 7)
            await it.record.wait("1/telemetry/reading", since=it.mark, count=2)
        assert "offline" not in [status["state"] for status in it.record.on("status", mark)]


async def test_a_specification_that_is_refused_is_asked_for_once() -> None:
    async with polled() as it:
        await it.record.wait("status", online)
        it.simulated.faults.missing.add((3, 1))
        it.tester.specifications.clear()
        it.poller._unspecified = [1, 2, 3, 4]
        before = len(it.simulated.received.of(3, 1))
        await it.record.wait("1/telemetry/reading", since=it.mark, count=5)
        assert len(it.simulated.received.of(3, 1)) - before == 4


async def test_specifications_are_read_again_when_the_tester_comes_back() -> None:
    async with polled() as it:
        await it.record.wait("info", lambda info: info["specifications"])
        mark = it.mark
        await it.simulated.stop()
        await it.record.wait("status", lambda status: status["state"] == "offline", mark)
        it.simulated.received.clear()
        await it.simulated.start()
        await it.record.wait("info", lambda info: info["specifications"], it.mark)
        assert {record.channel for record in it.simulated.received.of(3, 1)} == {1, 2, 3, 4}


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


# --- the survey


@pytest.mark.parametrize("transport", ["json", "tcp", "udp"])
async def test_one_lost_reply_does_not_make_a_function_missing(transport: BulkTransport) -> None:
    async with SimulatedCycler(4, clock=quick_clock) as simulated:
        simulated.faults.drop_replies(4, 2)
        address = TesterAddress(simulated.host, simulated.json_port, simulated.tcp_port, simulated.udp_port)
        async with AsyncCycler(address, timeout_s=0.3, transport=transport) as cycler:
            found = await survey(cycler, constant_id=False)
            assert found.missing == {}
            assert found.live
            simulated.faults.drop_replies(4, 2, count=2)
            assert set((await survey(cycler, constant_id=False)).missing) == {(4, 2)}


async def test_a_clock_that_stands_still() -> None:
    stopped = time.monotonic()
    async with (
        SimulatedCycler(4, clock=lambda: stopped) as simulated,
        AsyncCycler(TesterAddress(simulated.host, simulated.json_port)) as cycler,
    ):
        found = await survey(cycler, constant_id=False)
        assert not found.live
        assert any("stands still" in oddity for oddity in found.oddities)


async def test_a_survey_changes_nothing() -> None:
    async with (
        SimulatedCycler(4, clock=quick_clock) as simulated,
        AsyncCycler(TesterAddress(simulated.host, simulated.json_port)) as cycler,
    ):
        await survey(cycler, constant_id=False)
        asked = {record.number for record in simulated.received}
        assert not {(6, n) for n in range(1, 11)} & asked
        assert all(channel.startable for channel in simulated.tester.channels)


# --- sweeps


@pytest.mark.parametrize(
    ("first", "last", "cut"),
    [
        (1, 1, [(1, 1)]),
        (1, 128, [(1, 128)]),
        (1, 129, [(1, 128), (129, 1)]),
        (5, 300, [(5, 128), (133, 128), (261, 40)]),
        (1, 1024, [(n, 128) for n in range(1, 1025, 128)]),
    ],
)
def test_blocks(first: int, last: int, cut: list[tuple[int, int]]) -> None:
    assert blocks(first, last) == cut


@pytest.mark.parametrize("transport", ["json", "tcp", "udp"])
async def test_a_sweep_of_more_than_one_block(transport: BulkTransport) -> None:
    async with SimulatedCycler(300) as simulated:
        address = TesterAddress(simulated.host, simulated.json_port, simulated.tcp_port, simulated.udp_port)
        async with AsyncCycler(address, transport=transport) as cycler:
            tester = Tester("lab1", cycler, frozenset({3, 129, 300}))
            payload = sweep_payload(await sweep(tester), tester, run=1, seq=1)
        assert payload.channel == [3, 129, 300]
        assert payload.voltage_volt == pytest.approx(
            [simulated.tester.channel(n).cell.voltage_volt for n in (3, 129, 300)]
        )
        assert payload.current_ampere == [0.0, 0.0, 0.0]
        assert [record.wire_channel for record in simulated.received.of(4, 2)] == [2, 130, 258]


async def test_free_channels_are_not_asked_for_a_test() -> None:
    async with polled() as it:
        for channel in range(1, 5):
            await it.record.wait(f"{channel}/telemetry/state", lambda state: state["quality"] == "good")
        # The survey asks once, whether the tester has this function.
        assert len(it.simulated.received.of(4, 6)) == 1


# --- the transport of readings


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
    caplog.set_level("INFO", poller_module.__name__)
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

    monkeypatch.setattr(poller_module, "probe", endless)
    async with polled(transport="auto") as it:
        await probing.wait()
        assert it.record.on("status")[-1]["state"] == "online"
        assert it.tester.online().system.test_channels == 4


async def test_u4_idle_connections_are_kept_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    async with polled(intervals=Intervals(0.0, 0.0, 0.0)) as it:
        await it.record.wait("info", lambda info: info["specifications"])
        await it.tester.cycler.ping(line=Line.STOPS)
        it.simulated.received.clear()
        monkeypatch.setattr("macnet_bridge.macnet.cycler.lines.KEEP_ALIVE_S", 0.1)
        monkeypatch.setattr(poller_module, "KEEP_ALIVE_S", 0.1)
        it.tester.touched(1)
        await it.simulated.wait_for(lambda _: len(it.simulated.received.of(0, 0)) >= 4, 10)


async def test_a_survey_asks_by_json_whatever_was_chosen_before(monkeypatch: pytest.MonkeyPatch) -> None:
    asked_by: list[str] = []

    def noted_survey(cycler: AsyncCycler, **options: Any) -> Any:
        asked_by.append(cycler.transport)
        return survey(cycler, **options)

    async def broken_once(tester: Tester) -> Any:
        monkeypatch.setattr(poller_module, "sweep", sweep)
        raise RuntimeError("something that nobody thought of")

    monkeypatch.setattr(poller_module, "survey", noted_survey)
    monkeypatch.setattr(reader_module, "sweep", broken_once)
    async with polled(transport="auto", away=True) as it:
        make_slow(it.simulated, Transport.JSON)
        await it.simulated.start()
        infos = await it.record.wait("info", lambda info: info["transport"] == "tcp", count=2)
        assert len(infos) == 2
    assert set(asked_by) == {"json"}


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


async def test_a_reply_that_is_garbled_once_makes_no_function_missing() -> None:
    async with SimulatedCycler(1, clock=quick_clock) as it:
        it.faults.add(Fault("garble", on=(4, 7), times=1))
        cycler = AsyncCycler(TesterAddress(it.host, it.json_port, it.tcp_port, it.udp_port))
        found = await survey(cycler, constant_id=False)
        cycler.close()
        assert (found.missing, found.live, found.doubtful) == ({}, True, False)


# --- testers whose replies are garbled


async def in_one_go(it: Polled) -> None:
    """Wait until several readings are asked for together."""
    depth = it.poller._planner and it.poller._planner.budget.depth(4)
    await it.record.wait("8/telemetry/reading")
    while not depth or depth < 2:
        await it.record.wait("telemetry/sweep", since=it.mark)
        depth = it.poller._planner and it.poller._planner.budget.depth(4)


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


async def test_a_garbled_reply_among_several_is_no_absence_and_costs_no_other_channel_its_reading() -> None:
    async with polled(8, intervals=Intervals(0.05, 0.0, 0.2)) as it:
        await in_one_go(it)
        for _ in range(3):
            mark = it.mark
            it.simulated.faults.add(Fault("garbage", on=(4, 7), times=1))
            for channel in range(1, 9):
                await it.record.wait(f"{channel}/telemetry/reading", since=mark)
            await it.record.wait("telemetry/sweep", since=it.mark)
            states = [status["state"] for status in it.record.on("status", mark)]
            assert "offline" not in states


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


async def test_garbage_once_in_ten_replies_is_no_absence() -> None:
    async with polled(8, intervals=Intervals(0.02, 0.02, 0.02)) as it:
        await in_one_go(it)
        mark = it.mark
        it.simulated.faults.add(Fault("garbage", share=0.1))
        await it.record.wait("telemetry/sweep", since=mark, count=60)
        assert "offline" not in [status["state"] for status in it.record.on("status", mark)]


async def test_nothing_but_garbage_is_an_absence() -> None:
    async with polled() as it:
        await it.record.wait("status", online)
        it.simulated.faults.add(Fault("garbage"))
        await it.record.wait("status", lambda status: status["state"] == "offline", it.mark)
