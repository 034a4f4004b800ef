"""Where leases meet stops, restarts and commands for several channels."""

from __future__ import annotations

import asyncio

import pytest

from macnet_bridge.commands.lease import LeaseRecord
from macnet_bridge.commands.leases import Leases
from macnet_bridge.commands.rules import CyclerRules
from macnet_bridge.macnet.protocol.codes import ChannelState
from macnet_bridge.simulator.sockets.fault_kinds import Fault
from tests.commands.lab import LIMITS, SOON_S, lab
from tests.commands.test_direct import READY, Shelf, error, events, output, outputs, started

WATCHED = CyclerRules(5.0, limits=LIMITS, direct_watchdog_s=0.6)
PATIENT = CyclerRules(5.0, limits=LIMITS, direct_watchdog_s=900.0)


async def test_a_rest_that_overtook_a_setpoint_is_what_the_watchdog_is_fed_with() -> None:
    async with lab(behaviour=READY, cycler_rules=WATCHED) as it:
        lease = await started(it)
        await it.ask("set_output", output(lease, 1, 1.0))
        waiting = it.tell("set_output", output(lease, 2, 2.0))
        await asyncio.sleep(0.02)  # it waits for the interval now
        stop = it.tell("rest")
        assert error(await it.final(waiting)) == ("superseded", "STOPPED")
        assert (await it.final(stop))["status"] == "done"
        seen = len(outputs(it))
        await it.until(lambda: it.asked(6, 8) >= seen + 2)
        assert set(outputs(it)[seen:]) == {("R", 0.0)}


async def test_a_lease_that_was_left_does_not_end_the_one_that_came_after_it() -> None:
    left = LeaseRecord(cycler="lab1", channel=1, principal="ann", test_name="old", token="0" * 16)
    async with lab(behaviour=READY) as it:
        survey, it.tester.survey = it.tester.survey, None
        shelf = Shelf()
        shelf.records = [left]
        it.service = it.next_bridge(Leases(shelf))
        await it.service.recover()
        it.tester.survey = survey  # it comes online, and a start is faster than the one who looks
        lease = await started(it, valid_for_s=1.0, current_ampere=1.0)
        await it.until(lambda: len(it.service._keeper._keeping) == 1)  # the one who looked is done
        assert (await it.ask("set_output", output(lease, 1, 0.5)))["status"] == "done"
        await it.until(lambda: events(it))
        assert it.simulated.channel(1).state is ChannelState.SUSPENDED
        assert [event["reason"] for event in events(it)] == ["silence"]


@pytest.mark.parametrize("verb", ["rest", "stop_direct"])
async def test_a_feed_at_the_moment_of_a_stop_takes_no_place_of_its_rest(verb: str) -> None:
    async with lab(behaviour=READY, cycler_rules=WATCHED) as it:
        lease = await started(it)
        await it.ask("set_output", output(lease, 1, 1.0))
        stop = it.tell(verb)  # its rest waits for the interval
        it.service._keeper._feed(it.service._leases.find(("lab1", 1)), 0.0)
        assert (await it.final(stop))["status"] == "done"
        assert outputs(it) == [("C", 1.0), ("R", 0.0)]


async def test_a_rest_right_after_stop_direct_leaves_it_to_suspend() -> None:
    async with lab(behaviour=READY, timeout_s=SOON_S) as it:
        lease = await started(it)
        await it.ask("set_output", output(lease, 1, 1.0))
        stop = it.tell("stop_direct")  # its rest waits for the interval
        rest = it.tell("rest", principal="bob")
        assert (await it.final(stop))["status"] == "done"
        await it.final(rest)
        assert it.simulated.channel(1).state is ChannelState.SUSPENDED


@pytest.mark.parametrize("topic", ["macnet/lab1/1/cmd/suspend", "macnet/all/cmd/suspend"])
async def test_after_a_suspend_that_nobody_could_confirm_no_current_is_fed(topic: str) -> None:
    rules = CyclerRules(SOON_S, limits=LIMITS, direct_watchdog_s=0.6)
    async with lab(behaviour=READY, cycler_rules=rules, timeout_s=SOON_S) as it:
        lease = await started(it)
        await it.ask("set_output", output(lease, 1, 1.0))
        lost = Fault("drop", on=(6, 3), carried_out=False)
        it.simulated.faults.add(lost)
        it.take(topic, b'{"id":"stop"}')
        assert (await it.final("stop"))["status"] == "unknown"
        seen = len(outputs(it))
        await it.until(lambda: it.asked(6, 8) >= seen + 2)
        it.simulated.faults.remove(lost)
        assert set(outputs(it)[seen:]) == {("R", 0.0)}


@pytest.mark.parametrize(
    ("stop", "is_ours"),
    [
        ("lab1/1/cmd/suspend", True),
        ("lab1/1/cmd/stop_direct", True),
        ("all/cmd/suspend", True),
        ("lab1/1/cmd/rest", False),
    ],
)
async def test_a_suspend_that_left_is_not_to_be_taken_for_the_watchdogs(stop: str, is_ours: bool) -> None:
    async with lab(behaviour=READY, cycler_rules=PATIENT) as it:
        await started(it, test_name="by hand")
        test = it.tester.direct[1]
        assert (test.name, test.watchdog_s, test.fed.taken_at) == ("by hand", 900.0, test.fed.left_at)
        assert 0.0 < test.fed.taken_at <= test.shown_at
        it.take(f"macnet/{stop}", b'{"id":"stop"}')
        assert (await it.final("stop"))["status"] == "done"
        assert (1 not in it.tester.direct) is is_ours


async def test_a_suspend_that_could_not_leave_is_nobodys() -> None:
    async with lab(behaviour=READY, cycler_rules=WATCHED, timeout_s=SOON_S) as it:
        await started(it)
        await it.simulated.stop()
        assert error(await it.ask("suspend"))[1] == "TESTER_OFFLINE"
        assert 1 in it.tester.direct


async def test_a_lease_that_lapsed_while_the_watchdog_bit_leaves_the_stop_to_it() -> None:
    async with lab(behaviour=READY, cycler_rules=PATIENT, timeout_s=SOON_S) as it:
        await started(it)
        await it.simulated.stop()
        it.clock.ahead_s = 61.0
        it.service._leases.changed(it.service._leases.find(("lab1", 1)))
        await it.until(lambda: events(it))
        assert (events(it)[0]["reason"], events(it)[0]["suspended"]) == ("silence", False)
        it.simulated.channel(1).suspend()
        await it.simulated.start()
        await it.until(lambda: not it.service._leases.count)
        assert it.asked(6, 3) == 0
        assert 1 in it.tester.direct


async def test_only_outputs_that_were_taken_feed_the_watchdog() -> None:
    async with lab(behaviour=READY, cycler_rules=PATIENT) as it:
        lease = await started(it)
        fed = it.tester.direct[1].fed
        begun = fed.taken_at
        it.simulated.faults.add(Fault("reset", on=(6, 8), times=1))
        assert (await it.ask("set_output", output(lease, 1, 1.0)))["status"] == "unknown"
        assert fed.taken_at == begun < fed.left_at
        assert (await it.ask("set_output", output(lease, 2, 1.0)))["status"] == "done"
        taken = fed.taken_at
        assert begun < taken == fed.left_at
        it.simulated.channel(1).suspend()
        assert error(await it.ask("set_output", output(lease, 3, 1.0)))[0] == "failed"
        assert (fed.taken_at, fed.left_at) == (taken, taken)


async def test_without_a_watchdog_nothing_is_taken_for_its_stop() -> None:
    async with lab(behaviour=READY) as it:
        await started(it)
        assert it.tester.direct == {}


@pytest.mark.parametrize("who", ["its holder", "the bridge"])
async def test_a_channel_that_takes_no_output_any_more_is_read_at_once(who: str) -> None:
    """The longer that takes, the more a suspend by hand looks as the watchdog's."""
    touched: list[int] = []
    async with lab(behaviour=READY, cycler_rules=PATIENT) as it:
        lease = await started(it)
        it.tester.touched = touched.append
        it.simulated.channel(1).suspend()
        if who == "its holder":
            assert error(await it.ask("set_output", output(lease, 1, 1.0)))[0] == "failed"
        else:
            it.service._keeper._feed(it.service._leases.find(("lab1", 1)), 0.0)
        await it.until(lambda: not it.service._leases.count)
        await it.until(lambda: touched)
    assert touched == [1]
