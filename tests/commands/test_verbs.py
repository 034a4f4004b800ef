"""Every verb against the simulated tester: what it does, refuses, and can say when replies are lost."""

from __future__ import annotations

import asyncio
import struct
from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from macnet_bridge.commands.limits import Limits
from macnet_bridge.commands.rules import CyclerRules
from macnet_bridge.macnet.protocol.codes import ARCHIVABLE, ChannelState
from macnet_bridge.macnet.protocol.messages import GlobalFlags, SafetyLimits, StartTest
from macnet_bridge.simulator.answers import device
from tests.commands.lab import LIMITS, START, Lab, lab

BRIEF = CyclerRules(0.2, limits=LIMITS)
"""A read-back that does not come is not awaited for long."""

ARGS: dict[str, dict[str, Any]] = {
    "start_test": START,
    "check_start": START,
    "set_variable": {"variable": 3, "value": 1.1},
    "set_safety_limits": {"safety": {"charge_max_ampere": 1.0}},
}


async def lose_reply(it: Lab, verb: str, fclass: int, fnum: int) -> dict[str, Any]:
    """The tester does what it is asked, and its reply is lost with the connection."""
    before = it.asked(fclass, fnum)
    it.simulated.faults.drop_replies(fclass, fnum)
    name = it.tell(verb, ARGS.get(verb))
    await it.simulated.wait_for(lambda _: it.asked(fclass, fnum) > before, 30)
    it.simulated.disconnect_all()
    return await it.final(name)


def error(answer: dict[str, Any]) -> tuple[str, str]:
    return answer["status"], answer["error"]["code"]


# --- start_test


async def test_a_start() -> None:
    async with lab() as it:
        answer = await it.ask("start_test", START | {"test_name": "cell-17 a", "comment": "fresh"})
        assert (answer["status"], answer["verified"]) == ("done", "read_back")
        assert answer["result"] == {"test_name": "cell-17 a"}
        assert answer["steps"] == ["set_safety_limits"]
        body = it.simulated.received.of(6, 2)[0].body
        assert isinstance(body, StartTest)
        assert body.comment.startswith("fresh #")
        assert it.simulated.channel(1).limits.voltage_max_volt == 4.25
        order = [record.number for record in it.simulated.received]
        assert order.index((6, 10)) < order.index((6, 11)) < order.index((6, 2))


async def test_a_name_is_made_from_the_id() -> None:
    async with lab() as it:
        answer = await it.ask("start_test", START, id="01JD7K2")
        assert answer["result"] == {"test_name": "01JD7K2"}


async def test_a_completed_channel_is_freed_first() -> None:
    async with lab() as it:
        it.simulated.tester.channel(1).state = ChannelState.COMPLETED
        answer = await it.ask("start_test", START)
        assert answer["status"] == "done"
        assert answer["steps"] == ["reset", "set_safety_limits"]


@pytest.mark.parametrize(
    "state",
    [state for state in ChannelState if state not in (ChannelState.AVAILABLE, ChannelState.COMPLETED)],
)
async def test_a_channel_that_is_not_free(state: ChannelState) -> None:
    async with lab() as it:
        it.simulated.tester.channel(1).state = state
        answer = await it.ask("start_test", START)
        assert error(answer) == ("rejected", "CHANNEL_BUSY")
        assert answer["error"]["retryable"] is True
        assert not {(6, 2), (6, 5), (6, 10)} & {record.number for record in it.simulated.received}


async def test_a_name_that_is_used() -> None:
    for missing in ((), {(6, 11)}):
        async with lab(missing=missing) as it:
            args = START | {"test_name": "a"}
            assert (await it.ask("start_test", args))["status"] == "done"
            answer = await it.ask("start_test", args, channel=2)
            assert error(answer) == ("failed" if missing else "rejected", "NAME_NOT_UNIQUE")
            fnum = 2 if missing else 11
            assert answer["error"]["macnet"] == {
                "fclass": 6,
                "fnum": fnum,
                "result": 19 if missing else 4,
            }
            assert answer["error"]["category"] == "device"


async def test_other_safety_limits_than_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    async with lab() as it:
        clamp(monkeypatch)
        answer = await it.ask("start_test", START)
        assert error(answer) == ("rejected", "SAFETY_MISMATCH")
        assert answer["error"]["category"] == "device"
        assert answer["steps"] == ["set_safety_limits"]
        assert it.asked(6, 2) == 0
        assert it.simulated.channel(1).state is ChannelState.AVAILABLE
        answer = await it.ask("set_safety_limits", {"safety": {}})
        assert error(answer) == ("failed", "SAFETY_MISMATCH")


def clamp(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tester that takes no more than 3 A, whatever it is told."""
    answer = device.SERVED[6, 10]

    def clamped(tester: Any, channels: Any, body: SafetyLimits, now: float, session: Any) -> Any:
        return answer(tester, channels, structs.replace(body, charge_max_ampere=3.0), now, session)

    monkeypatch.setitem(device.SERVED, (6, 10), clamped)


async def test_limits_of_a_start() -> None:
    async with lab() as it:
        answer = await it.ask("start_test", START | {"safety": {"voltage_max_volt": 4.3}})
        assert error(answer) == ("rejected", "OUT_OF_LIMITS")
        assert answer["error"]["field"] == "args.safety.voltage_max_volt"
        assert answer["error"]["category"] == "limit"
        assert it.asked(6, 10) == 0
        answer = await it.ask("start_test", START | {"safety": {"voltage_max_volt": 4.2}})
        assert answer["status"] == "done"
        assert it.simulated.channel(1).limits.voltage_max_volt == pytest.approx(4.2)


async def test_no_limits() -> None:
    rules = CyclerRules(10.0, limits=Limits(voltage_max_volt=4.2))
    async with lab(cycler_rules=rules, missing={(3, 1)}) as it:
        for verb in ("start_test", "set_safety_limits"):
            args = START if verb == "start_test" else {"safety": {}}
            assert error(await it.ask(verb, args)) == ("rejected", "NO_LIMITS")
    async with lab(cycler_rules=rules) as it:
        assert (await it.ask("start_test", START))["status"] == "done", "the tester tells the rest"


async def test_c_rate_from_the_configuration() -> None:
    async with lab() as it:
        answer = await it.ask("start_test", {"procedure": "CCCV_1C"})
        assert (error(answer), answer["error"]["field"]) == (("rejected", "BAD_ARGS"), "args.c_rate_ah")
    async with lab(cycler_rules=CyclerRules(10.0, c_rate_ah=2.5, limits=LIMITS)) as it:
        assert (await it.ask("start_test", {"procedure": "CCCV_1C"}))["status"] == "done"


@pytest.mark.parametrize("name", ["Random", "random"])
async def test_the_name_that_asks_for_any_name(name: str) -> None:
    async with lab() as it:
        answer = await it.ask("start_test", START | {"test_name": name})
        assert error(answer) == ("rejected", "BAD_ARGS")


async def test_a_start_whose_reply_is_lost_is_done_when_it_shows() -> None:
    async with lab() as it:
        answer = await lose_reply(it, "start_test", 6, 2)
        assert (answer["status"], answer["verified"]) == ("done", "read_back")
        assert it.asked(6, 2) == 1


async def test_a_start_that_never_arrived_is_unknown() -> None:
    async with lab(cycler_rules=BRIEF, latency_ms=20) as it:
        name = it.tell("start_test", START)
        await it.simulated.wait_for(lambda record: record.number == (6, 2), 30)
        await it.simulated.stop()  # forgets what waits for its turn
        await it.simulated.start()
        answer = await it.final(name)
        assert error(answer) == ("unknown", "NO_REPLY")
        assert answer["error"]["retryable"] is False
        assert it.asked(6, 2) == 1, "never repeated"


async def test_a_start_where_nothing_can_be_confirmed() -> None:
    for options in ({"live": False}, {"missing": {(4, 6)}}):
        async with lab(cycler_rules=BRIEF, **options) as it:
            answer = await it.ask("start_test", START)
            assert error(answer) == ("unknown", "NOT_CONFIRMED"), options


async def test_a_start_whose_preparation_is_lost_may_be_sent_again() -> None:
    for fclass, fnum in ((4, 7), (6, 10), (6, 11)):
        async with lab() as it:
            answer = await lose_reply(it, "start_test", fclass, fnum)
            assert error(answer) == ("rejected", "NO_REPLY")
            assert answer["error"]["retryable"] is True, "nothing was started"
            assert it.asked(6, 2) == 0


async def test_check_start() -> None:
    async with lab() as it:
        answer = await it.ask("check_start", START | {"test_name": "a"})
        assert (answer["status"], answer["result"]) == ("done", {"test_name": "a"})
        assert it.asked(6, 2) == it.asked(6, 10) == 0
        answer = await it.ask("check_start", START | {"procedure": "no-such"})
        assert error(answer) == ("failed", "PROCEDURE_MISSING")


# --- the others


async def test_resume() -> None:
    async with lab() as it:
        assert error(await it.ask("resume")) == ("rejected", "CHANNEL_BUSY")
        await it.ask("start_test", START)
        await it.ask("suspend")
        answer = await it.ask("resume")
        assert (answer["status"], answer["verified"], answer["result"]) == (
            "done",
            "read_back",
            {"state": "active"},
        )
        await it.ask("suspend")
        answer = await lose_reply(it, "resume", 6, 4)
        assert (answer["status"], answer["verified"]) == ("done", "read_back")
        assert it.asked(6, 4) == 2


async def test_a_resume_without_a_look_before_is_not_proven_by_a_look_after() -> None:
    """The channel ran all the time, the tester refused, and its refusal was lost."""
    async with lab(live=False) as it:
        it.simulated.channel(1).state = ChannelState.ACTIVE
        it.simulated.faults.drop_replies(6, 4)
        name = it.tell("resume")
        await it.simulated.wait_for(lambda _: it.asked(6, 4) > 0, 30)
        assert it.tester.survey is not None
        it.tester.survey = replace(it.tester.survey, live=True)
        it.simulated.disconnect_all()
        assert error(await it.final(name)) == ("unknown", "NO_REPLY")


async def test_reset() -> None:
    async with lab() as it:
        await it.ask("start_test", START)
        answer = await it.ask("reset")
        assert (error(answer), answer["error"]["field"]) == (
            ("rejected", "CHANNEL_BUSY"),
            "args.stop_running",
        )
        assert it.simulated.channel(1).state is ChannelState.ACTIVE
        answer = await it.ask("reset", {"stop_running": True})
        assert (answer["status"], answer["result"]) == ("done", {"state": "available"})
        await it.ask("start_test", START)
        await it.ask("suspend")
        answer = await lose_reply(it, "reset", 6, 5)
        assert (answer["status"], answer["verified"]) == ("done", "read_back")
        answer = await lose_reply(it, "reset", 6, 5)
        assert error(answer) == ("unknown", "NO_REPLY"), "it was free before, which proves nothing"


@pytest.mark.parametrize("state", [ChannelState.COMPLETED, ChannelState.SUSPENDED, ChannelState.PROBLEM])
async def test_archive(state: ChannelState) -> None:
    async with lab() as it:
        await it.ask("start_test", START | {"test_name": "old"})
        it.simulated.channel(1).state = state
        answer = await it.ask("archive")
        assert (answer["status"], answer["verified"], answer["result"]) == (
            "done",
            "read_back",
            {"state": "available"},
        )
        assert it.simulated.tester.archive.has("old")


@pytest.mark.parametrize("state", sorted(set(ChannelState) - ARCHIVABLE))
async def test_archive_of_a_channel_without_a_test_that_is_over(state: ChannelState) -> None:
    async with lab() as it:
        it.simulated.tester.channel(1).state = state
        answer = await it.ask("archive")
        assert error(answer) == ("rejected", "CHANNEL_BUSY")
        assert it.asked(6, 6) == 0


async def test_archive_whose_reply_is_lost() -> None:
    async with lab() as it:
        await it.ask("start_test", START)
        await it.ask("suspend")
        answer = await lose_reply(it, "archive", 6, 6)
        assert (answer["status"], answer["verified"]) == ("done", "read_back")
        assert it.asked(6, 6) == 1
        it.take("macnet/lab1/1/cmd/archive", b"{}")
        (refused,) = await it.wait(lambda answer: answer["final"] and answer["id"] is None)
        assert error(refused) == ("rejected", "MISSING_ID")


async def test_set_variable() -> None:
    async with lab() as it:
        answer = await it.ask("set_variable", ARGS["set_variable"])
        assert (answer["status"], answer["verified"]) == ("done", "read_back")
        single = struct.unpack("<f", struct.pack("<f", 1.1))[0]
        assert answer["result"] == {"variable": 3, "value": single}
        assert it.simulated.tester.channel(1).variables[2] == single


async def test_set_variable_whose_replies_are_lost() -> None:
    async with lab() as it:
        answer = await lose_reply(it, "set_variable", 6, 9)
        assert (answer["status"], answer["verified"]) == ("done", "read_back")
        answer = await lose_reply(it, "set_variable", 4, 8)
        assert (answer["status"], answer["verified"]) == ("done", "read_back"), "one lost look is none"
    async with lab(missing={(4, 8)}) as it:
        answer = await lose_reply(it, "set_variable", 6, 9)
        assert error(answer) == ("unknown", "NO_REPLY")
        answer = await it.ask("set_variable", ARGS["set_variable"])
        assert (answer["status"], answer["verified"]) == ("done", "reply")


async def test_a_variable_that_reads_differently() -> None:
    class Stubborn(list[float]):
        def __setitem__(self, index: Any, value: Any) -> None:
            pass

    async with lab(cycler_rules=BRIEF) as it:
        it.simulated.tester.channel(1).variables = Stubborn([0.0] * 15)
        answer = await it.ask("set_variable", ARGS["set_variable"])
        assert error(answer) == ("unknown", "NOT_CONFIRMED")


async def test_set_safety_limits() -> None:
    async with lab() as it:
        answer = await it.ask("set_safety_limits", ARGS["set_safety_limits"])
        assert answer["status"] == "done"
        assert answer["result"]["safety"] == structs.asdict(it.simulated.channel(1).limits)
        assert answer["result"]["safety"]["charge_max_ampere"] == 1.0
        answer = await lose_reply(it, "set_safety_limits", 6, 10)
        assert error(answer) == ("unknown", "NO_REPLY")


READS = {
    "read_status": (4, 7),
    "read_aux": (4, 4),
    "read_variables": (4, 8),
    "read_test_info": (4, 6),
    "read_specification": (3, 1),
    "read_end_status": (4, 10),
    "read_calibration": (3, 2),
    "check_start": (6, 11),
}


@pytest.mark.parametrize("verb", READS)
async def test_reads(verb: str) -> None:
    args = START if verb == "check_start" else None
    number = READS[verb]
    async with lab() as it:
        answer = await it.ask(verb, args, channel=2)
        assert answer["status"] == "done"
        assert answer["result"]
        assert it.asked(*number, channel=2) == 1
        answer = await lose_reply(it, verb, *number)
        assert error(answer) == ("failed", "NO_REPLY")
        assert answer["error"]["retryable"] is True
    async with lab(missing={number}) as it:
        answer = await it.ask(verb, args)
        assert answer["status"] == "failed"
        assert answer["error"]["macnet"]["fclass"] == number[0]
    async with lab(away=True) as it:
        assert error(await it.ask(verb, args)) == ("rejected", "TESTER_OFFLINE")


async def test_read_status_in_our_words() -> None:
    async with lab() as it:
        result = (await it.ask("read_status"))["result"]
        assert (result["state"], result["current_ampere"]) == ("available", 0.0)
        assert result["raw"] == {"stat": 0, "rf1": 0, "rf2": 128}


async def test_end_status_and_calibration() -> None:
    async with lab(speed=10_000.0) as it:
        await it.ask("start_test", {"procedure": "Rest", "c_rate_ah": 1.0})
        async with asyncio.timeout(20.0):
            while (await it.ask("read_status"))["result"]["state"] != "completed":
                pass
        ends = (await it.ask("read_end_status"))["result"]
        assert ends == {"number_of_ends": 1, "end_number": 1}
        dates = (await it.ask("read_calibration"))["result"]
        assert len(dates) == 10
        assert all(date is None or len(date) == 19 for date in dates.values())


async def test_what_exists() -> None:
    async with lab() as it:
        for verb, name, exists in (
            ("procedure_exists", "CCCV_1C", True),
            ("procedure_exists", "no-such", False),
            ("test_name_exists", "old", False),
        ):
            answer = await it.ask(verb, {"name": name}, channel=None)
            assert (answer["status"], answer["result"]) == ("done", {"exists": exists})
        await it.ask("start_test", START | {"test_name": "old"})
        await it.ask("reset", {"stop_running": True})
        assert (await it.ask("test_name_exists", {"name": "old"}, channel=None))["result"]["exists"] is True
        for wrong in ("", "x" * 251, "\n", 5):
            answer = await it.ask("procedure_exists", {"name": wrong}, channel=None)
            assert (error(answer), answer["error"]["field"]) == (("rejected", "BAD_ARGS"), "args.name")


@pytest.mark.parametrize("flags", [0x20, "0x20", "0X00000020"])
async def test_global_flags(flags: int | str) -> None:
    async with lab() as it:
        answer = await it.ask("set_global_flags", {"flags": flags}, channel=None)
        assert (answer["status"], answer["verified"]) == ("done", "read_back")
        assert answer["result"] == {"global_flags": "0x00000020"}
        assert it.simulated.tester.global_flags == 0x20
        assert (await it.ask("read_variables"))["result"]["global_flags"] == "0x00000020"
    async with lab(missing={(4, 8)}) as it:
        answer = await it.ask("set_global_flags", {"flags": flags}, channel=None)
        assert (answer["status"], answer["verified"]) == ("done", "reply")


@pytest.mark.parametrize("flags", [-1, 1 << 32, "20", "0x123456789", "", 1.5, None, True])
async def test_what_are_no_flags(flags: Any) -> None:
    async with lab() as it:
        answer = await it.ask("set_global_flags", {"flags": flags}, channel=None)
        assert (error(answer), answer["error"]["field"]) == (("rejected", "BAD_ARGS"), "args.flags")
        assert it.asked(5, 1) == 0


async def test_global_flags_whose_reply_is_lost_or_that_read_differently(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for missing, expected in (((), ("done", None)), ({(4, 8)}, ("unknown", "NO_REPLY"))):
        async with lab(cycler_rules=BRIEF, missing=missing) as it:
            it.simulated.faults.drop_replies(5, 1)
            name = it.tell("set_global_flags", {"flags": 7}, channel=None)
            await it.simulated.wait_for(lambda record: record.number == (5, 1), 30)
            it.simulated.disconnect_all()
            answer = await it.final(name)
            assert (answer["status"], answer.get("error", {}).get("code")) == expected
            assert it.asked(5, 1) == 1
    keep = device.SERVED[5, 1]

    def ignore(tester: Any, channels: Any, body: GlobalFlags, now: float, session: Any) -> Any:
        return keep(tester, channels, GlobalFlags.of(0), now, session)

    monkeypatch.setitem(device.SERVED, (5, 1), ignore)
    for missing in ((), {(4, 8)}):
        async with lab(cycler_rules=BRIEF, missing=missing) as it:
            answer = await it.ask("set_global_flags", {"flags": 7}, channel=None)
            assert error(answer) == ("unknown", "NOT_CONFIRMED")


async def test_verbs_of_the_cycler_and_the_bridge() -> None:
    async with lab() as it:
        assert (await it.ask("ping", channel=None))["result"]["by"].startswith("MacNet (0, 0)")
        assert (await it.ask("read_general_info", channel=None))["result"]["test_channels"] == 4
        assert (await it.ask("read_system_info", channel=None))["result"]["exe_major"] == 2
        it.take("macnet/bridge/lab/cmd/ping")
        (answer,) = await it.wait(lambda answer: answer["final"] and "cycler" not in answer)
        assert "version" in answer["result"]
    async with lab(missing={(0, 0)}) as it:
        assert (await it.ask("ping", channel=None))["result"]["by"].startswith("MacNet (1, 2)")


@pytest.mark.parametrize(
    "verb", ["start_test", "resume", "reset", "archive", "set_variable", "set_safety_limits"]
)
async def test_a_tester_that_is_away(verb: str) -> None:
    async with lab(away=True) as it:
        answer = await it.ask(verb, ARGS.get(verb))
        assert error(answer) == ("rejected", "TESTER_OFFLINE")
        assert answer["error"]["retryable"] is True


async def test_a_channel_that_was_changed_is_read_soon() -> None:
    touched: list[int] = []
    async with lab() as it:
        it.tester.touched = touched.append
        await it.ask("start_test", START, channel=3)
        await it.ask("suspend", channel=3)
        await it.ask("resume", channel=3)
        await it.ask("reset", {"stop_running": True}, channel=3)
    assert touched == [3, 3, 3, 3]
