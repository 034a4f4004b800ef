"""One command for several channels: parts, summary, names, `atomic`, `stagger_s`."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from macnet_bridge.commands.groups import WORST_FIRST
from macnet_bridge.commands.permission import AllowRule, Permission
from macnet_bridge.commands.start_test import key_hash
from macnet_bridge.commands.ticket import Now
from macnet_bridge.commands.validity import Validity
from macnet_bridge.macnet.protocol.codes import RUNNING
from tests.commands.lab import START, Lab, MovableClock, lab
from tests.commands.samples import running


def several(channels: Any, **more: Any) -> dict[str, Any]:
    return {"channel": None, "envelope": {"channels": channels, **more}}


def statuses(summary: dict[str, Any]) -> dict[int, str]:
    return {result["channel"]: result["status"] for result in summary["results"]}


@pytest.mark.parametrize(
    ("channels", "meant"),
    [([3, 1], [3, 1]), ([2, 2], [2]), ("1-2,4", [1, 2, 4]), ("all", [1, 2, 3, 4]), ("3", [3])],
)
async def test_each_channel_answers_and_then_the_whole(channels: Any, meant: list[int]) -> None:
    async with lab(4) as it:
        args = {"variable": 3, "value": 1.5}
        id = it.tell("set_variable", args, **several(channels), response_topic="macnet/reply/x")
        summary = await it.final(id)
        assert (summary["status"], summary["cycler"]) == ("done", "lab1")
        assert "channel" not in summary
        assert "part" not in summary
        assert [result["channel"] for result in summary["results"]] == meant
        assert summary["results"][0]["verified"] == "read_back"
        parts = it.parts(id)
        assert sorted(parts) == sorted(meant)
        assert all(part["part"] and part["status"] == "done" for part in parts.values())
        topics = {sent.topic for sent in it.sent if sent.content["final"]}
        channel_topics = {f"macnet/lab1/{n}/telemetry/ack" for n in meant}
        assert topics == channel_topics | {"macnet/lab1/telemetry/ack", "macnet/reply/x"}
        assert len([sent for sent in it.sent if sent.topic == "macnet/reply/x"]) == 1
        asked = [record.channel for record in it.simulated.received if record.number == (6, 9)]
        assert sorted(n for n in asked if n is not None) == sorted(meant)


async def test_starts_on_several_channels_have_names_and_marks_of_their_own() -> None:
    async with lab(4) as it:
        summary = await it.ask("start_test", START, id="batch", **several([1, 2]))
        names = [result["result"]["test_name"] for result in summary["results"]]
        assert names == ["batch-1", "batch-2"]
        marks = [str(getattr(record.body, "comment", "")) for record in it.simulated.received.of(6, 2)]
        assert sorted(marks) == sorted(
            f"#{key_hash(('anonymous', 'batch', 'lab1', channel))}" for channel in (1, 2)
        )
        named = START | {"test_name": "cell {channel} a"}
        summary = await it.ask("start_test", named, **several("3-4"))
        names = [result["result"]["test_name"] for result in summary["results"]]
        assert names == ["cell 3 a", "cell 4 a"]


async def test_a_fixed_name_for_several_is_refused() -> None:
    async with lab(4) as it:
        fixed = START | {"test_name": "cell-17"}
        answer = await it.ask("start_test", fixed, **several([1, 2]))
        assert (answer["status"], answer["error"]["field"]) == ("rejected", "args.test_name")
        assert "results" not in answer
        assert (await it.ask("start_test", fixed, **several([1])))["status"] == "done"
        assert it.asked(6, 2) == 1


async def test_the_summary_has_the_worst_status_and_its_reason() -> None:
    assert WORST_FIRST == ("unknown", "failed", "expired", "superseded", "rejected", "done")
    async with lab(4) as it:
        running(it.simulated, 2)
        id = it.tell("start_test", START, **several([1, 2, 9]))
        summary = await it.final(id)
        assert statuses(summary) == {1: "done", 2: "rejected", 9: "rejected"}
        assert summary["status"] == "rejected"
        assert summary["error"]["code"] == "CHANNEL_BUSY"
        assert summary["error"]["message"].startswith("lab1/2: ")
        codes = [result.get("error", {}).get("code") for result in summary["results"]]
        assert codes == [None, "CHANNEL_BUSY", "NOT_SERVED"]


async def test_every_channel_needs_permission() -> None:
    rules = Permission([AllowRule("*", ("start_test",), channels=frozenset({1}))])
    async with lab(4, permission=rules) as it:
        summary = await it.ask("start_test", START, **several([1, 2]))
        assert statuses(summary) == {1: "done", 2: "rejected"}
        assert summary["error"]["code"] == "NOT_ALLOWED"
        assert it.asked(6, 2, 2) == 0


async def test_a_duplicate_gets_the_summary_again() -> None:
    async with lab(4) as it:
        first = await it.ask("start_test", START, id="once", **several("all"))
        it.tell("start_test", START, id="once", **several("all"))
        again = it.finals("once")[1]
        assert again == first | {"duplicate": True}
        assert it.asked(6, 2) == 4
        it.tell("start_test", START, id="once", **several("1-3"))
        assert it.finals("once")[2]["error"]["code"] == "ID_REUSED"


async def test_reads_and_stops_of_several() -> None:
    async with lab(4) as it:
        for channel in (1, 3):
            running(it.simulated, channel)
        summary = await it.ask("suspend", **several("all"))
        assert [result["result"]["state"] for result in summary["results"]] == [
            "suspended",
            "available",
            "suspended",
            "available",
        ]
        summary = await it.ask("read_status", **several([3]))
        assert summary["results"][0]["result"]["state"] == "suspended"


async def test_a_dry_run_of_several() -> None:
    async with lab(4) as it:
        summary = await it.ask("start_test", START, **several([1, 2], dry_run=True))
        assert summary["dry_run"] is True
        assert summary["results"][1]["result"]["would"] == ["set_safety_limits", "start_test"]
        assert it.asked(6, 2) == it.asked(6, 10) == 0


async def test_a_summary_that_the_broker_does_not_take_comes_without_results() -> None:
    async with lab(4) as it:
        it.broker_takes_bytes = 500
        summary = await it.ask("set_variable", {"variable": 3, "value": 1.5}, **several("all"))
        assert summary["status"] == "done"
        assert "results" not in summary


# --- atomic


async def test_atomic_starts_none_where_one_would_be_refused() -> None:
    async with lab(4) as it:
        running(it.simulated, 3)
        summary = await it.ask("start_test", START, **several("1-4", atomic=True))
        assert set(statuses(summary).values()) == {"rejected"}
        codes = [result["error"]["code"] for result in summary["results"]]
        assert codes == ["CANCELLED", "CANCELLED", "CHANNEL_BUSY", "CANCELLED"]
        assert "because of lab1/3: CHANNEL_BUSY" in summary["results"][0]["error"]["message"]
        assert it.asked(6, 2) == it.asked(6, 10) == 0


async def test_atomic_starts_none_where_a_channel_is_not_served() -> None:
    async with lab(4) as it:
        summary = await it.ask("start_test", START, **several([1, 9], atomic=True))
        assert statuses(summary) == {1: "rejected", 9: "rejected"}
        assert len(it.simulated.received) == 0


async def test_atomic_starts_all_after_all_were_checked() -> None:
    async with lab(4) as it:
        summary = await it.ask("start_test", START, **several("all", atomic=True))
        assert set(statuses(summary).values()) == {"done"}
        numbers = [record.number for record in it.simulated.received]
        checks = [index for index, number in enumerate(numbers) if number == (6, 11)]
        assert len(checks) == 8, "each channel was rehearsed, and checked again when it started"
        assert numbers.index((6, 10)) > checks[3], "nothing was changed before all were rehearsed"


async def test_a_stop_of_one_keeps_all_of_an_atomic_command_back() -> None:
    async with lab(2, latency_ms=20) as it:
        # Channel 2 is busy for a while, so that channel 1 waits for its check.
        before = it.tell("set_variable", {"variable": 1, "value": 1.0}, channel=2)
        start = it.tell("start_test", START, **several([1, 2], atomic=True))
        await it.until(lambda: it.asked(4, 7, 1))
        assert (await it.ask("suspend", channel=1))["status"] == "done"
        summary = await it.final(start)
        assert statuses(summary) == {1: "superseded", 2: "rejected"}
        assert (await it.final(before))["status"] == "done"
        assert it.asked(6, 2) == 0


async def test_two_atomic_commands_do_not_wait_for_each_other() -> None:
    async with lab(4) as it:
        first = it.tell("start_test", START, **several([1, 2, 3], atomic=True))
        second = it.tell("start_test", START, **several([3, 2, 1], atomic=True))
        assert (await it.final(first))["status"] == "done"
        assert (await it.final(second))["status"] == "rejected"


async def test_an_atomic_command_expires_as_a_whole() -> None:
    async with lab(2) as it:
        until = (it.clock().unix + 0.2) * 1000
        blocker = it.tell("set_variable", {"variable": 1, "value": 1.0}, **several([2, 2], stagger_s=0))
        start = it.tell("start_test", START, **several([1, 2], atomic=True, expires_at=until))
        it.clock.ahead_s = 1.0
        summary = await it.final(start)
        assert summary["status"] == "expired"
        assert it.asked(6, 2) == 0
        await it.final(blocker)


# --- stagger_s


def turn_by_turn(it: Lab, monkeypatch: pytest.MonkeyPatch, stagger_s: float) -> list[float]:
    """Let time pass only as channels wait, to each turn once those before it have started.

    Returns:
        Which second after the command each of them waits for, written down as they do.
    """
    begin, wait, turns = it.clock(), Validity.wait, []

    def now(clock: MovableClock) -> Now:
        return Now(begin.unix + clock.ahead_s, begin.monotonic + clock.ahead_s)

    async def passes_by(validity: Validity, until: float | None = None) -> None:
        if until is None:
            await wait(validity)
            return
        turns.append(until - begin.monotonic)
        turn = turns[-1]
        await it.until(lambda: it.asked(6, 2) >= turn / stagger_s)
        it.clock.ahead_s = max(turn, it.clock.ahead_s)

    monkeypatch.setattr(MovableClock, "__call__", now)
    monkeypatch.setattr(Validity, "wait", passes_by)
    return turns


async def test_each_channel_waits_for_its_turn_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    async with lab(3) as it:
        turns = turn_by_turn(it, monkeypatch, 60.0)
        await it.ask("start_test", START, **several([3, 1, 2], stagger_s=60))
        assert [record.channel for record in it.simulated.received.of(6, 2)] == [3, 1, 2]
        assert turns == [60.0, 120.0]


async def test_channels_start_one_after_another() -> None:
    async with lab(3) as it:
        told_at = it.simulated.clock()
        await it.ask("start_test", START, **several([3, 1, 2], stagger_s=0.3))
        starts = it.simulated.received.of(6, 2)
        assert [record.channel for record in starts] == [3, 1, 2]
        assert [record.time - told_at >= 0.3 * place for place, record in enumerate(starts)] == [True] * 3


async def test_each_deadline_moves_by_its_stagger(monkeypatch: pytest.MonkeyPatch) -> None:
    async with lab(3) as it:
        turn_by_turn(it, monkeypatch, 60.0)
        soon = (it.clock().unix + 1.0) * 1000
        summary = await it.ask("start_test", START, **several([1, 2, 3], stagger_s=60, expires_at=soon))
        assert set(statuses(summary).values()) == {"done"}


async def test_a_stop_ends_what_waits_for_its_turn() -> None:
    async with lab(2) as it:
        start = it.tell("start_test", START, **several([1, 2], stagger_s=60))
        await it.until(lambda: it.simulated.channel(1).state in RUNNING)
        assert (await it.ask("suspend", channel=2))["status"] == "done"
        summary = await it.final(start)
        assert statuses(summary) == {1: "done", 2: "superseded"}
        assert summary["error"]["code"] == "STOPPED"
        assert it.asked(6, 2, 2) == 0


async def test_a_bridge_that_stops_does_not_wait_for_staggered_channels() -> None:
    async with lab(2) as it:
        start = it.tell("start_test", START, **several([1, 2], stagger_s=60))
        await it.until(lambda: it.simulated.channel(1).state in RUNNING)
        async with asyncio.timeout(25):
            await it.service.drain(30)
        summary = await it.final(start)
        assert statuses(summary)[2] == "rejected"
        assert summary["error"]["code"] == "CANCELLED"


# --- cancel


async def cancel(it: Any, id: str, **how: Any) -> dict[str, Any]:
    end = f"/{how['principal']}" if "principal" in how else ""
    own = f"cancel-{id}-{end}"
    it.take(
        f"macnet/bridge/lab/cmd/cancel{end}", b'{"id":"%s","args":{"id":"%s"}}' % (own.encode(), id.encode())
    )
    answer: dict[str, Any] = await it.final(own)
    return answer


async def test_cancel_takes_back_what_waits() -> None:
    async with lab(latency_ms=20) as it:
        first = it.tell("set_variable", {"variable": 1, "value": 1.0})
        second = it.tell("start_test", START)
        await it.until(lambda: it.asked(6, 9))
        assert (await cancel(it, second))["result"] == {"cancelled": 1, "too_late": 0}
        answer = await it.final(second)
        assert (answer["status"], answer["error"]["code"]) == ("rejected", "CANCELLED")
        assert (await cancel(it, "no-such"))["result"] == {"cancelled": 0, "too_late": 0}
        assert (await it.final(first))["status"] == "done"
        assert it.asked(6, 2) == 0


async def test_cancel_of_a_start_on_its_way() -> None:
    async with lab(latency_ms=20) as it:
        start = it.tell("start_test", START)
        await it.until(lambda: it.asked(6, 10))
        assert (await cancel(it, start))["result"] == {"cancelled": 1, "too_late": 0}
        answer = await it.final(start)
        assert (answer["status"], answer["steps"]) == ("rejected", ["set_safety_limits"])
        assert it.asked(6, 2) == 0


async def test_cancel_comes_too_late_for_what_was_sent() -> None:
    async with lab(latency_ms=20) as it:
        start = it.tell("start_test", START)
        await it.until(lambda: it.asked(6, 2))
        assert (await cancel(it, start))["result"] == {"cancelled": 0, "too_late": 1}
        assert (await it.final(start))["status"] == "done"


async def test_cancel_leaves_others_and_stops_alone() -> None:
    async with lab(latency_ms=20) as it:
        it.tell("set_variable", {"variable": 1, "value": 1.0})
        hers = it.tell("start_test", START, principal="alice", id="same")
        await it.until(lambda: it.asked(6, 9))
        assert (await cancel(it, hers, principal="bob"))["result"]["cancelled"] == 0
        assert (await it.final(hers))["status"] == "done"
        stop = it.tell("suspend")
        assert (await cancel(it, stop))["result"] == {"cancelled": 0, "too_late": 1}
        assert (await it.final(stop))["status"] == "done"


async def test_cancel_of_several() -> None:
    async with lab(2) as it:
        start = it.tell("start_test", START, **several([1, 2], stagger_s=60))
        await it.until(lambda: it.simulated.channel(1).state in RUNNING)
        await it.until(lambda: it.parts(start))
        assert (await cancel(it, start))["result"] == {"cancelled": 1, "too_late": 0}
        assert statuses(await it.final(start)) == {1: "done", 2: "rejected"}
