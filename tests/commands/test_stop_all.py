"""`R/all/cmd/suspend`."""

from __future__ import annotations

from macnet_bridge.commands.permission import Permission
from macnet_bridge.macnet.protocol.codes import RUNNING
from macnet_bridge.simulator import Behaviour
from tests.commands.lab import START, Lab, lab
from tests.commands.samples import running


def stop_all(it: Lab, id: str = "stop") -> str:
    it.take("macnet/all/cmd/suspend", b'{"id":"%s"}' % id.encode(), response_topic="macnet/reply/x")
    return id


async def test_what_runs_is_suspended_and_the_rest_left_alone() -> None:
    async with lab(130) as it:
        for channel in (2, 7, 130):
            running(it.simulated, channel)
        it.simulated.received.clear()
        summary = await it.final(stop_all(it))
        assert (summary["status"], len(summary["results"])) == ("done", 130)
        assert "cycler" not in summary
        suspended = {r["channel"] for r in summary["results"] if r["result"]["state"] == "suspended"}
        assert suspended == {2, 7, 130}
        assert {r["verified"] for r in summary["results"]} == {"read_back"}
        assert sorted(record.channel or 0 for record in it.simulated.received.of(6, 3)) == [2, 7, 130]
        assert it.asked(4, 7) == 0
        assert it.asked(4, 1) == 4, "two for all channels before, and as many after"
        assert {sent.topic for sent in it.sent if "part" not in sent.content} == {
            "macnet/bridge/lab/ack",
            "macnet/reply/x",
        }
        parts = it.parts("stop")
        assert parts[7]["result"] == {"state": "suspended"}
        assert len(parts) == 130


async def test_it_overtakes_everything() -> None:
    async with lab(2, latency_ms=20) as it:
        waiting = [
            it.tell(verb, args, channel=channel)
            for channel in (1, 2)
            for verb, args in (("read_aux", {}), ("start_test", START), ("start_test", START))
        ]
        await it.until(lambda: it.asked(4, 4))
        summary = await it.final(stop_all(it))
        assert summary["status"] == "done"
        for id in waiting[1:3] + waiting[4:]:
            assert (await it.final(id))["status"] == "superseded"
        assert it.asked(6, 2) == 0


async def test_a_start_in_flight_is_stopped_after_it() -> None:
    async with lab(1, latency_ms=20) as it:
        start = it.tell("start_test", START)
        await it.until(lambda: it.asked(6, 2))
        summary = await it.final(stop_all(it))
        assert summary["results"][0]["result"] == {"state": "suspended"}
        assert (await it.final(start))["status"] == "done"
        assert it.simulated.channel(1).state not in RUNNING


async def test_without_bulk_states_every_channel_is_suspended() -> None:
    async with lab(3, missing={(4, 1)}) as it:
        running(it.simulated, 2)
        summary = await it.final(stop_all(it))
        assert it.simulated.channel(2).state not in RUNNING
        assert it.asked(6, 3, 2) >= 1
        assert {result.get("verified") for result in summary["results"]} <= {"reply", None}


async def test_states_that_prove_nothing_are_not_believed() -> None:
    async with lab(3, live=False) as it:
        running(it.simulated, 2)
        summary = await it.final(stop_all(it))
        assert it.asked(6, 3) >= 3
        assert "read_back" not in {result.get("verified") for result in summary["results"]}
        assert it.simulated.channel(2).state not in RUNNING


async def test_a_tester_that_is_away_is_told_of() -> None:
    async with lab(2, away=True) as it:
        summary = await it.final(stop_all(it))
        (result,) = summary["results"]
        assert (result["cycler"], result["status"]) == ("lab1", "rejected")
        assert result["error"]["code"] == "TESTER_OFFLINE"
        assert summary["error"]["code"] == "TESTER_OFFLINE"


async def test_a_cycler_that_another_bridge_serves_is_left_to_it() -> None:
    async with lab(2) as it:
        running(it.simulated, 1)
        it.service._several._left = lambda: {"lab1"}
        summary = await it.final(stop_all(it))
        assert (summary["status"], summary["error"]["code"]) == ("rejected", "NOT_SERVED")
        assert it.asked(6, 3) == 0


async def test_a_rule_is_needed_only_where_stops_need_one() -> None:
    async with lab(1, permission=Permission()) as it:
        assert (await it.final(stop_all(it)))["status"] == "done"
    async with lab(1, permission=Permission(stop_needs_rule=True)) as it:
        assert (await it.final(stop_all(it)))["error"]["code"] == "NOT_ALLOWED"


async def test_the_same_id_gets_the_same_summary() -> None:
    async with lab(2) as it:
        first = await it.final(stop_all(it))
        stop_all(it)
        assert it.finals("stop")[1] == first | {"duplicate": True}


async def test_a_tester_that_needs_a_second_word_gets_it() -> None:
    async with lab(2, behaviour=Behaviour(starting_second=0.0)) as it:
        running(it.simulated, 1)
        summaries = [stop_all(it, f"s{number}") for number in range(5)]
        for id in summaries:
            assert (await it.final(id))["status"] == "done"
        assert it.asked(6, 3, 1) == 1, "those that came together share one"


async def test_one_that_comes_later_looks_again() -> None:
    async with lab(2, latency_ms=20) as it:
        first = stop_all(it, "first")
        await it.until(lambda: it.asked(4, 1))
        second = stop_all(it, "second")
        for id in (first, second):
            assert (await it.final(id))["status"] == "done"
        assert it.asked(4, 1) == 2
