"""Order, stops that overtake, and the end of the bridge."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from macnet_bridge.commands import actions
from macnet_bridge.commands.lane import MAX_WAITING
from macnet_bridge.commands.rules import CyclerRules
from macnet_bridge.macnet.protocol.codes import ChannelState
from tests.commands.lab import LIMITS, START, Lab, lab

ONE = {"variable": 1, "value": 1.0}


def numbers(it: Lab, channel: int | None = None) -> list[tuple[int, int]]:
    """The functions that the tester was asked for, in order."""
    return [
        record.number
        for record in it.simulated.received
        if record.number is not None and channel in (None, record.channel)
    ]


@pytest.fixture
def short_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """What never comes is not awaited for long."""
    monkeypatch.setattr(actions, "_STOP_READ_BACK_S", 0.05)


async def received(it: Lab, fclass: int, fnum: int, channel: int = 1) -> None:
    await it.simulated.wait_for(
        lambda record: record.number == (fclass, fnum) and record.channel == channel, 30
    )


async def test_commands_of_a_channel_run_in_the_order_they_came() -> None:
    async with lab(latency_ms=2) as it:
        names = [it.tell("set_variable", {"variable": 1, "value": float(n)}) for n in range(20)]
        for name in names:
            assert (await it.final(name))["status"] == "done"
        assert [answer["id"] for answer in it.finals()] == names
        values = [record.body.value for record in it.simulated.received.of(6, 9)]  # type: ignore[union-attr]
        assert values == [float(n) for n in range(20)]


async def test_channels_do_not_wait_for_one_another() -> None:
    async with lab() as it:
        it.simulated.faults.drop_replies(4, 6)
        slow = it.tell("read_test_info", channel=1)
        await received(it, 4, 6)
        # Channel 2 shares the connection, so what it may not wait for is the lane: a stop shows it.
        assert (await it.ask("suspend", channel=2))["status"] == "done"
        assert not it.finals(slow)
        it.simulated.disconnect_all()
        await it.final(slow)


async def test_one_too_many_is_refused_and_stops_still_pass() -> None:
    async with lab(latency_ms=20) as it:
        first = it.tell("read_status")
        await received(it, 4, 7)
        names = [it.tell("read_status") for _ in range(MAX_WAITING)]
        surplus = it.tell("read_status")
        assert it.finals(surplus)[0]["error"]["code"] == "BUSY"
        other = it.tell("read_status", channel=2)
        stop = it.tell("suspend")
        for name in names:
            assert it.finals(name)[0]["error"]["code"] == "STOPPED"
        for name in (first, other, stop):
            assert (await it.final(name))["status"] == "done"


async def test_a_stop_overtakes_a_start_that_waits() -> None:
    async with lab(latency_ms=20) as it:
        before = it.tell("read_status")
        await received(it, 4, 7)
        start, variable = it.tell("start_test", START), it.tell("set_variable", ONE)
        stop = it.tell("suspend")
        for name in (start, variable):
            answer = await it.final(name)
            assert (answer["status"], answer["error"]["code"]) == ("superseded", "STOPPED")
        assert (await it.final(stop))["status"] == "done"
        assert (await it.final(before))["status"] == "done"
        assert it.asked(6, 2) == it.asked(6, 9) == 0


@pytest.mark.parametrize("at", [(3, 1), (4, 7), (6, 10), (6, 11)])
async def test_a_stop_overtakes_a_start_that_prepares(at: tuple[int, int]) -> None:
    async with lab(latency_ms=20) as it:
        start = it.tell("start_test", START)
        await received(it, *at)
        assert (await it.ask("suspend"))["status"] == "done"
        answer = await it.final(start)
        assert (answer["status"], answer["error"]["code"]) == ("superseded", "STOPPED")
        assert it.asked(6, 2) == 0
        changing = numbers(it)[numbers(it).index(at) + 1 :]
        assert not {(6, 10), (6, 11)} & set(changing), "nothing more of it was sent"
        assert answer.get("steps", []) == (["set_safety_limits"] if at[0] == 6 else [])
        assert it.simulated.channel(1).state is ChannelState.AVAILABLE


async def test_a_start_in_flight_is_awaited_and_then_stopped() -> None:
    async with lab(latency_ms=20) as it:
        start = it.tell("start_test", START)
        await received(it, 6, 2)
        stop = await it.ask("suspend")
        assert (stop["status"], stop["verified"]) == ("done", "read_back")
        assert stop["result"] == {"state": "suspended"}
        assert numbers(it).index((6, 2)) < numbers(it).index((6, 3))
        assert (await it.final(start))["status"] == "done"
        assert it.simulated.channel(1).state is ChannelState.SUSPENDED


async def test_a_start_in_flight_whose_reply_is_lost_is_stopped_too() -> None:
    async with lab() as it:
        it.simulated.faults.drop_replies(6, 2)
        start = it.tell("start_test", START)
        await received(it, 6, 2)
        stop = it.tell("suspend")
        await asyncio.sleep(0)
        assert it.asked(6, 3) == 0, "it would find nothing to stop, and the test would start after it"
        it.simulated.disconnect_all()
        assert (await it.final(stop))["result"] == {"state": "suspended"}
        assert (await it.final(start))["status"] == "done"
        assert it.simulated.channel(1).state is ChannelState.SUSPENDED


@pytest.mark.parametrize("lost", [True, False])
async def test_a_start_that_takes_effect_after_the_stop_is_stopped_all_the_same(
    lost: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tester was busy: its reply came too late, or its yes came before the test began."""
    async with lab(latency_ms=5) as it:
        channel = it.simulated.tester.channel(1)
        begun: list[Callable[[], None]] = []
        start_now = channel.start
        monkeypatch.setattr(channel, "start", lambda *a, **k: begun.append(lambda: start_now(*a, **k)))
        it.simulated.faults.drop_replies(6, 2, count=int(lost))
        start = it.tell("start_test", START)
        await received(it, 6, 2)
        stop = it.tell("suspend")
        if lost:
            await asyncio.sleep(0)
            it.simulated.disconnect_all()
        await received(it, 6, 3)
        await it.simulated.wait_for(lambda r: r.number == (4, 7) and it.asked(6, 3) > 0, 30)
        before = it.asked(4, 7)
        await it.until(lambda: it.asked(4, 7) > before + 2)
        it.clock.ahead_s += 3600  # a deadline is for the first request, which left in time
        begun[0]()
        assert (await it.final(stop))["result"] == {"state": "suspended"}
        assert (await it.final(start))["status"] == "done"
        assert it.simulated.channel(1).state is ChannelState.SUSPENDED


@pytest.mark.parametrize("fails", [(4, 7), (3, 1), (6, 10)])
async def test_a_stop_does_not_hang_on_a_start_whose_preparation_fails(fails: tuple[int, int]) -> None:
    async with lab() as it:
        it.simulated.faults.drop_replies(*fails)
        start = it.tell("start_test", START)
        await received(it, *fails)
        stop = it.tell("suspend")
        it.simulated.disconnect_all()
        assert (await it.final(stop))["status"] in ("done", "unknown")
        assert (await it.final(start))["status"] in ("rejected", "superseded")
        assert it.asked(6, 2) == 0


async def test_a_stop_does_not_wait_for_the_connection_that_a_command_waits_for() -> None:
    async with lab() as it:
        it.simulated.faults.drop_replies(6, 9)
        other = it.tell("set_variable", ONE, channel=2)
        await received(it, 6, 9, 2)
        waiting = it.tell("set_variable", ONE)
        await asyncio.sleep(0)
        assert (await it.ask("suspend"))["status"] == "done"
        it.simulated.disconnect_all()
        assert (await it.final(waiting))["error"]["code"] == "STOPPED"
        await it.final(other)
        assert it.asked(6, 9, 1) == 0


async def test_a_stop_does_not_wait_for_a_read_in_flight() -> None:
    async with lab() as it:
        it.simulated.faults.drop_replies(4, 6)
        read = it.tell("read_test_info")
        await received(it, 4, 6)
        assert (await it.ask("suspend"))["status"] == "done"
        assert not it.finals(read)
        it.simulated.disconnect_all()
        await it.final(read)


async def test_what_comes_after_a_stop_runs_after_it() -> None:
    async with lab(latency_ms=10) as it:
        start = it.tell("start_test", START)
        await it.final(start)
        stop = it.tell("suspend")
        resume = it.tell("resume")
        assert (await it.final(stop))["status"] == "done"
        assert (await it.final(resume))["status"] == "done"
        assert it.simulated.channel(1).state is ChannelState.ACTIVE


async def test_stops_of_a_channel_that_is_free() -> None:
    async with lab() as it:
        answer = await it.ask("suspend")
        assert (answer["status"], answer["result"]) == ("done", {"state": "available"})


async def test_a_flood_of_stops_does_not_hold_up_those_of_other_channels() -> None:
    async with lab(latency_ms=20) as it:
        await it.ask("start_test", START)
        flood = [it.tell("suspend", principal="mallory") for _ in range(300)]
        other = it.tell("suspend", channel=2)
        await it.final(other)
        assert it.asked(6, 3, 1) == 1, "one request stops it for all who asked before it left"
        for name in flood:
            answer = await it.final(name)
            assert (answer["status"], answer["verified"]) == ("done", "read_back")
            assert answer["result"] == {"state": "suspended"}


async def test_a_stop_that_came_after_another_was_sent_has_its_own_request() -> None:
    async with lab(latency_ms=20) as it:
        first = it.tell("suspend")
        await received(it, 6, 3)
        second = it.tell("suspend")
        assert (await it.final(first))["status"] == (await it.final(second))["status"] == "done"
        assert it.asked(6, 3) == 2


async def test_a_stop_that_joined_one_with_a_shorter_deadline_is_sent_all_the_same() -> None:
    async with lab() as it:
        it.simulated.faults.drop_replies(6, 9)
        variable = it.tell("set_variable", ONE)
        await received(it, 6, 9)
        brief = it.tell("suspend", message_expiry_s=10)
        longer = [it.tell("suspend", message_expiry_s=50) for _ in range(2)]
        it.clock.ahead_s += 11
        it.simulated.disconnect_all()
        await it.final(variable)
        assert (await it.final(brief))["status"] == "expired"
        for name in longer:
            assert (await it.final(name))["status"] == "done"
        assert it.asked(6, 3) == 1


async def test_a_stop_needs_no_payload_and_no_id() -> None:
    async with lab() as it:
        it.take("macnet/lab1/1/cmd/suspend")
        (answer,) = await it.wait(lambda answer: answer["final"])
        assert (answer["status"], answer["id"]) == ("done", None)


async def test_a_stop_whose_replies_are_lost_is_repeated_until_it_shows() -> None:
    async with lab() as it:
        await it.ask("start_test", START)
        it.simulated.faults.drop_replies(6, 3)
        it.simulated.faults.drop_replies(4, 7)
        stop = it.tell("suspend")
        await received(it, 6, 3)
        it.simulated.disconnect_all()
        before = it.asked(4, 7)
        await it.simulated.wait_for(lambda _: it.asked(4, 7) > before, 30)
        it.simulated.disconnect_all()
        answer = await it.final(stop)
        assert (answer["status"], answer["verified"]) == ("done", "read_back")


async def test_a_tester_that_says_yes_and_goes_on(short_look: None) -> None:
    async with lab() as it:
        await it.ask("start_test", START)
        channel = it.simulated.tester.channel(1)
        channel.suspend = lambda: True  # type: ignore[method-assign]
        answer = await it.ask("suspend")
        assert (answer["status"], answer["error"]["code"]) == ("unknown", "NOT_CONFIRMED")
        assert it.asked(6, 3) == 4, "repeated before giving up"


@pytest.mark.parametrize("state", [ChannelState.NO_CONTROLLER, ChannelState.BLOCKED, 23])
async def test_a_state_that_does_not_show_that_nothing_runs(state: Any, short_look: None) -> None:
    async with lab() as it:
        channel = it.simulated.tester.channel(1)
        channel.state = state
        channel.suspend = lambda: True  # type: ignore[method-assign]
        answer = await it.ask("suspend")
        assert (answer["status"], answer["error"]["code"]) == ("unknown", "NOT_CONFIRMED")
        answer = await it.ask("reset")
        assert (answer["status"], answer["error"]["code"]) == ("rejected", "CHANNEL_BUSY")
        assert it.asked(6, 5) == 0, "it may run a test"


async def test_a_stop_where_the_state_cannot_be_read() -> None:
    async with lab(missing={(4, 7)}) as it:
        channel = it.simulated.tester.channel(1)
        channel.state = ChannelState.SUSPENDED
        answer = await it.ask("suspend")
        assert (answer["status"], answer["verified"]) == ("done", "reply")
    async with lab(missing={(4, 7)}) as it:
        answer = await it.ask("suspend")
        assert answer["status"] == "failed", "it said no, and nothing else is known"


async def test_a_stop_of_a_tester_that_is_away() -> None:
    async with lab(away=True) as it:
        answer = await it.ask("suspend")
        assert (answer["status"], answer["error"]["code"]) == ("rejected", "TESTER_OFFLINE")
        assert answer["error"]["retryable"] is True


async def test_a_tester_that_goes_away_while_it_is_stopped(short_look: None) -> None:
    async with lab() as it:
        await it.ask("start_test", START)
        it.simulated.faults.drop_replies(6, 3)
        stop = it.tell("suspend")
        await received(it, 6, 3)
        await it.simulated.stop()
        answer = await it.final(stop)
        assert answer["status"] == "unknown", "the first request did leave"
        assert answer["error"]["category"] == "transport"


# --- deadlines


async def test_a_deadline_that_passes_while_it_waits() -> None:
    async with lab() as it:
        it.simulated.faults.drop_replies(4, 6)
        it.tell("read_test_info")
        await received(it, 4, 6)
        late = it.tell("set_variable", ONE, message_expiry_s=10)
        it.clock.ahead_s += 11
        it.simulated.disconnect_all()
        answer = await it.final(late)
        assert (answer["status"], answer["error"]["code"]) == ("expired", "EXPIRED")
        assert it.asked(6, 9) == 0


@pytest.mark.parametrize("at", [(4, 7), (6, 10), (6, 11)])
async def test_a_deadline_that_passes_while_a_start_prepares(at: tuple[int, int]) -> None:
    async with lab(latency_ms=20) as it:
        start = it.tell("start_test", START, message_expiry_s=10)
        await received(it, *at)
        it.clock.ahead_s += 11
        answer = await it.final(start)
        assert (answer["status"], answer["error"]["code"]) == ("expired", "EXPIRED")
        assert it.asked(6, 2) == 0


async def test_a_deadline_that_passes_in_flight_is_none() -> None:
    async with lab(latency_ms=20) as it:
        start = it.tell("start_test", START, message_expiry_s=10)
        await received(it, 6, 2)
        it.clock.ahead_s += 11
        assert (await it.final(start))["status"] == "done"


async def test_deadlines_at_receipt() -> None:
    async with lab() as it:
        for how, code in (
            ({"envelope": {"expires_at": "2020-01-01T00:00:00Z"}}, "EXPIRED"),
            ({"envelope": {"expires_at": 0}}, "EXPIRED"),
            ({"waited": True}, "EXPIRED"),
            ({"message_expiry_s": 61}, "BAD_ARGS"),
            ({"envelope": {"expires_at": "2020-01-01T00:00:00"}}, "BAD_ARGS"),
        ):
            arguments: dict[str, Any] = how
            assert (await it.ask("suspend", **arguments))["error"]["code"] == code, how
        assert len(it.simulated.received) == 0


# --- the end of the bridge


async def test_draining_refuses_what_waits_and_awaits_what_runs() -> None:
    async with lab(latency_ms=30) as it:
        running = it.tell("set_variable", ONE)
        await received(it, 6, 9)
        waiting = it.tell("set_variable", ONE)
        await it.service.drain(30)
        assert it.finals(waiting)[0]["error"]["code"] == "CANCELLED"
        assert it.finals(running)[0]["status"] == "done"


async def test_what_comes_while_the_bridge_stops_is_refused() -> None:
    async with lab() as it:
        it.simulated.faults.drop_replies(6, 9)
        running = it.tell("set_variable", ONE)
        await received(it, 6, 9)
        draining = asyncio.create_task(it.service.drain(30))
        await asyncio.sleep(0)
        for verb in ("suspend", "read_status"):
            for channel in (1, 2):
                answer = it.finals(it.tell(verb, channel=channel))[0]
                assert (answer["status"], answer["error"]["code"]) == ("rejected", "CANCELLED")
        it.simulated.disconnect_all()
        await draining
        assert it.finals(running)[0]["status"] == "done"
        assert it.asked(6, 3) == 0


async def test_what_does_not_end_in_time_is_answered_all_the_same() -> None:
    async with lab(timeout_s=3600) as it:
        it.simulated.faults.drop_replies(6, 9)
        it.simulated.faults.drop_replies(6, 3)
        it.simulated.faults.drop_replies(4, 6)
        variable = it.tell("set_variable", ONE, channel=1)
        await received(it, 6, 9)
        queued = it.tell("read_test_info", channel=3)
        stop = it.tell("suspend", channel=2)
        await received(it, 6, 3, 2)
        await it.service.drain(0.05)
        assert it.finals(variable)[0]["status"] == "unknown"
        assert it.finals(stop)[0]["status"] == "unknown"
        assert (it.finals(queued)[0]["status"], it.finals(queued)[0]["error"]["code"]) == (
            "rejected",
            "CANCELLED",
        )


async def test_the_end_by_cancellation_starts_nothing_new() -> None:
    rules = CyclerRules(10.0, limits=LIMITS)
    with pytest.raises(ExceptionGroup) as ended:  # noqa: PT012 - the block is what ends
        async with lab(timeout_s=3600, cycler_rules=rules) as it:
            it.simulated.faults.drop_replies(6, 9)
            it.tell("set_variable", ONE)
            await received(it, 6, 9)
            it.tell("set_variable", ONE)
            it.tell("suspend", channel=2)
            raise RuntimeError("the reason")
    assert [str(error) for error in ended.value.exceptions] == ["the reason"]
    assert it.asked(6, 9) == 1
