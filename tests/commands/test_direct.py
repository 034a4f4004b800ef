"""The verbs of direct control on a simulated cycler: who may set what, how long it holds, and how it ends."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest

from macnet_bridge.commands.lease import LeaseRecord
from macnet_bridge.commands.leases import Leases
from macnet_bridge.commands.limits import Limits
from macnet_bridge.commands.permission import Permission
from macnet_bridge.commands.rules import CyclerRules
from macnet_bridge.macnet.protocol.codes import ChannelState, StepCode
from macnet_bridge.macnet.protocol.messages import DirectOutput
from macnet_bridge.simulator import Behaviour
from tests.commands.lab import LIMITS, SOON_S, Lab, lab
from tests.commands.samples import running

LONG = {"valid_for_s": 60}
READY = Behaviour(starting_second=0.0, direct_ready_second=0.0)
FEW = Limits(
    voltage_max_volt=4.2,
    voltage_min_volt=2.5,
    charge_max_ampere=2.0,
    discharge_max_ampere=3.0,
    power_max_watt=12.6,
)


async def started(it: Lab, channel: int = 1, principal: str = "", **args: Any) -> str:
    """A channel under direct control; its lease."""
    answer = await it.ask("start_direct", LONG | args, channel=channel, principal=principal)
    assert answer["status"] == "done", answer
    lease: str = answer["result"]["lease"]
    return lease


def error(answer: dict[str, Any]) -> tuple[str, str]:
    return answer["status"], answer["error"]["code"]


def output(lease: str, n: int, current_ampere: float, **more: Any) -> dict[str, Any]:
    return {"lease": lease, "n": n, "current_ampere": current_ampere} | more


def outputs(it: Lab, channel: int = 1) -> list[tuple[str, float]]:
    """Mode and amperes of every (6, 8) that a channel was sent."""
    bodies = [record.body for record in it.simulated.received.of(6, 8, channel)]
    return [(body.mode, body.current_ampere) for body in bodies if isinstance(body, DirectOutput)]


def events(it: Lab) -> list[dict[str, Any]]:
    return [sent.content for sent in it.sent if sent.topic == "macnet/lab1/1/telemetry/event"]


class Shelf:
    """A store that stays when the bridge goes."""

    def __init__(self) -> None:
        self.records: list[LeaseRecord] = []
        self.saves: list[list[LeaseRecord]] = []
        self.trouble: OSError | None = None

    def load(self) -> Sequence[LeaseRecord]:
        return self.records

    def save(self, records: Sequence[LeaseRecord]) -> None:
        if self.trouble:
            raise self.trouble
        self.records = list(records)
        self.saves.append(self.records)


# --- the start


async def test_start_direct() -> None:
    async with lab(behaviour=READY) as it:
        answer = await it.ask("start_direct", {"test_name": "by hand"})
        assert (answer["status"], answer["verified"]) == ("done", "read_back")
        assert set(answer["result"]) == {"lease", "test_name"}
        assert answer["result"]["test_name"] == "by hand"
        assert answer["steps"] == ["set_safety_limits"]
        numbers = [record.number for record in it.simulated.received]
        assert numbers.index((6, 10)) < numbers.index((6, 7)) < numbers.index((4, 6))
        assert it.asked(6, 7) == 1


@pytest.mark.parametrize(
    ("args", "answer", "field"),
    [
        ({"current_ampere": 5.1}, ("rejected", "OUT_OF_LIMITS"), "args.current_ampere"),
        ({"current_ampere": -5.1}, ("rejected", "OUT_OF_LIMITS"), "args.current_ampere"),
        ({"voltage_volt": 4.3}, ("rejected", "OUT_OF_LIMITS"), "args.voltage_volt"),
        ({"power_watt": 25.1}, ("rejected", "OUT_OF_LIMITS"), "args.power_watt"),
        ({"resistance_ohm": 0.8}, ("rejected", "OUT_OF_LIMITS"), "args.resistance_ohm"),
        ({"power_watt": 1, "resistance_ohm": 9}, ("rejected", "BAD_ARGS"), "args.resistance_ohm"),
        (
            {"safety": {"charge_max_ampere": 6}},
            ("rejected", "OUT_OF_LIMITS"),
            "args.safety.charge_max_ampere",
        ),
        ({"valid_for_s": 0.4}, ("rejected", "BAD_ARGS"), "args.valid_for_s"),
        ({"valid_for_s": 60.1}, ("rejected", "BAD_ARGS"), "args.valid_for_s"),
        ({"range": 0}, ("rejected", "BAD_ARGS"), "args.range"),
        ({"range": 5}, ("rejected", "BAD_ARGS"), "args.range"),
        ({"range": 1, "current_ampere": 1}, ("rejected", "OUT_OF_LIMITS"), "args.range"),
    ],
)
async def test_starts_that_are_refused(args: dict[str, Any], answer: tuple[str, str], field: str) -> None:
    async with lab(behaviour=READY) as it:
        refused = await it.ask("start_direct", args)
        assert error(refused) == answer
        assert refused["error"]["field"] == field
        assert it.asked(6, 7) == it.asked(6, 10) == 0


async def test_the_limits_of_the_start_bind_all_that_follows() -> None:
    async with lab(behaviour=READY) as it:
        lease = await started(it, safety={"charge_max_ampere": 1.5})
        assert error(await it.ask("set_output", output(lease, 1, 1.6))) == ("rejected", "OUT_OF_LIMITS")
        assert (await it.ask("set_output", output(lease, 2, 1.5)))["status"] == "done"


async def test_start_direct_needs_an_id_and_a_free_channel() -> None:
    async with lab() as it:
        it.take("macnet/lab1/1/cmd/start_direct", b'{"args":{}}')
        assert error(it.finals()[0]) == ("rejected", "MISSING_ID")
        running(it.simulated, 1)
        assert error(await it.ask("start_direct", LONG)) == ("rejected", "CHANNEL_BUSY")
        assert it.asked(6, 7) == 0


async def test_without_limits_there_is_no_direct_control() -> None:
    async with lab(cycler_rules=CyclerRules(5.0), missing={(3, 1)}) as it:
        assert error(await it.ask("start_direct", LONG)) == ("rejected", "NO_LIMITS")


async def test_a_lease_is_on_disk_before_the_start_leaves() -> None:
    shelf = Shelf()
    async with lab(behaviour=READY, leases=Leases(shelf)) as it:
        shelf.trouble = OSError(28, "No space left on device")
        refused = await it.ask("start_direct", LONG)
        assert error(refused) == ("rejected", "JOURNAL_UNAVAILABLE")
        assert it.asked(6, 7) == 0
        shelf.trouble = None
        await started(it, test_name="kept")
        assert [(r.test_name, r.live) for r in shelf.saves[0]] == [("kept", True)]


async def test_a_start_that_is_refused_leaves_no_lease() -> None:
    shelf = Shelf()
    async with lab(behaviour=READY, leases=Leases(shelf)) as it:
        await started(it, channel=2, test_name="same")
        answer = await it.ask("start_direct", LONG | {"test_name": "same"})
        assert error(answer)[0] == "failed"  # the tester's names are unique
        assert [r.live for r in shelf.records if r.channel == 1] == [False]


async def test_a_lost_reply_to_the_start_is_settled_by_reading() -> None:
    async with lab(behaviour=READY, timeout_s=SOON_S) as it:
        it.simulated.faults.drop_replies(6, 7)
        answer = await it.ask("start_direct", LONG)
        assert (answer["status"], answer["verified"]) == ("done", "read_back")
        assert it.asked(6, 7) == 1


async def test_a_start_that_nobody_knows_of_lapses() -> None:
    async with lab(behaviour=READY, timeout_s=SOON_S) as it:
        it.simulated.faults.drop_replies(6, 7)
        it.simulated.faults.drop_replies(4, 6, count=100)
        answer = await it.ask("start_direct", {"valid_for_s": 0.5, "current_ampere": 1.0})
        assert (answer["status"], answer["error"]["code"]) == ("unknown", "NO_REPLY")
        await it.until(lambda: it.simulated.channel(1).state is ChannelState.SUSPENDED)
        assert it.asked(6, 7) == 1


# --- setpoints


async def test_setpoints() -> None:
    async with lab(behaviour=READY) as it:
        lease = await started(it)
        charge = await it.ask("set_output", output(lease, 1, 1.5))
        assert (charge["status"], charge["verified"], charge["result"]) == ("done", "reply", {"n": 1})
        assert it.simulated.channel(1).step_code == StepCode.CHARGE
        discharge = await it.ask("set_output", output(lease, 2, -0.5, voltage_volt=3.0))
        assert discharge["status"] == "done"
        assert it.simulated.channel(1).step_code == StepCode.DISCHARGE
        rest = await it.ask("set_output", output(lease, 3, 0))
        assert (rest["status"], rest["verified"]) == ("done", "read_back")
        assert it.simulated.channel(1).step_code == StepCode.REST
        assert outputs(it) == [("C", 1.5), ("D", 0.5), ("R", 0.0)]
        transports = [record.transport.value for record in it.simulated.received.of(6, 8)]
        assert transports[0] != transports[2], "rest is the binary message"


@pytest.mark.parametrize(
    ("change", "principal"),
    [({"lease": "0123456789abcdef"}, "ann"), ({}, "bob"), ({}, ""), ({"lease": ""}, "ann")],
)
async def test_a_lease_is_of_one_principal(change: dict[str, Any], principal: str) -> None:
    async with lab(behaviour=READY) as it:
        lease = await started(it, principal="ann")
        refused = await it.ask("set_output", output(lease, 1, 1.0) | change, principal=principal)
        assert error(refused) == ("rejected", "NO_LEASE")
        assert outputs(it) == []
        assert (await it.ask("set_output", output(lease, 1, 1.0), principal="ann"))["status"] == "done"


async def test_a_lease_is_of_one_channel() -> None:
    async with lab(behaviour=READY) as it:
        first, second = await started(it, 1), await started(it, 2)
        assert error(await it.ask("set_output", output(first, 1, 1.0), channel=2)) == ("rejected", "NO_LEASE")
        assert error(await it.ask("set_output", output(second, 1, 1.0), channel=3)) == (
            "rejected",
            "NO_LEASE",
        )
        assert outputs(it, 2) == outputs(it, 3) == []


async def test_numbers_have_to_rise() -> None:
    async with lab(behaviour=READY) as it:
        lease = await started(it)
        assert (await it.ask("set_output", output(lease, 7, 1.0)))["status"] == "done"
        for n in (7, 6, 0):
            assert error(await it.ask("set_output", output(lease, n, 2.0))) == ("superseded", "STOPPED")
        assert outputs(it) == [("C", 1.0)]


async def test_the_newest_waiting_setpoint_wins() -> None:
    async with lab(behaviour=READY) as it:
        lease = await started(it)
        ids = [it.tell("set_output", output(lease, n, n / 10)) for n in range(1, 11)]
        statuses = [(await it.final(id))["status"] for id in ids]
        assert statuses == ["superseded"] * 9 + ["done"]
        assert outputs(it) == [("C", 1.0)]
        # One that waits for the interval to pass is waiting, too.
        ids = [it.tell("set_output", output(lease, n, n / 10)) for n in (11, 12)]
        await asyncio.sleep(0.02)
        ids.append(it.tell("set_output", output(lease, 13, 1.3)))
        assert [(await it.final(id))["status"] for id in ids] == ["superseded", "superseded", "done"]
        assert outputs(it) == [("C", 1.0), ("C", 1.3)]


async def test_a_setpoint_that_is_refused_takes_no_place() -> None:
    async with lab(behaviour=READY) as it:
        lease = await started(it)
        await it.ask("set_output", output(lease, 1, 1.0))
        rests = it.tell("set_output", output(lease, 2, 0))
        high = it.tell("set_output", output(lease, 3, 99.0))
        stranger = it.tell("set_output", output(lease, 4, 3.0), principal="bob")
        assert error(await it.final(high)) == ("rejected", "OUT_OF_LIMITS")
        assert error(await it.final(stranger)) == ("rejected", "NO_LEASE")
        assert (await it.final(rests))["status"] == "done"
        assert outputs(it) == [("C", 1.0), ("R", 0.0)]


async def test_a_controller_faster_than_the_interval_is_heard() -> None:
    async with lab(behaviour=READY) as it:
        lease = await started(it)
        began = it.clock().monotonic
        told = 0
        # One who waited for the controller to pause would send nothing, for as long as it speaks.
        while len(outputs(it)) < 10:
            it.tell("set_output", output(lease, told, 1.0 + told / 1000))
            told += 1
            await asyncio.sleep(0.05)
        assert len(outputs(it)) <= (it.clock().monotonic - began) / 0.15 + 2


async def test_outputs_keep_their_distance() -> None:
    rules = CyclerRules(5.0, limits=LIMITS, output_interval_s=0.3)
    async with lab(behaviour=READY, cycler_rules=rules) as it:
        lease = await started(it)
        for n in range(1, 4):
            assert (await it.ask("set_output", output(lease, n, 1.0)))["status"] == "done"
        times = [record.time for record in it.simulated.received.of(6, 8)]
        assert all(later - earlier >= 0.29 for earlier, later in pairwise(times))


async def test_a_tester_that_is_not_ready_yet_is_asked_again() -> None:
    async with lab(behaviour=Behaviour(starting_second=0.0, direct_ready_second=0.5)) as it:
        lease = await started(it)
        assert (await it.ask("set_output", output(lease, 1, 1.0)))["status"] == "done"
        assert it.asked(6, 8) > 1


# --- stops


@pytest.mark.parametrize("verb", ["rest", "stop_direct", "suspend"])
async def test_stops_need_neither_lease_nor_rule_nor_payload(verb: str) -> None:
    async with lab(behaviour=READY) as it:
        lease = await started(it)
        await it.ask("set_output", output(lease, 1, 1.0))
        it.service._rules = it.service._rules.__class__(Permission())  # nobody may do anything
        it.take(f"macnet/lab1/1/cmd/{verb}/nobody")
        (answer,) = await it.wait(lambda a: a["command"] == verb and a["final"])
        assert (answer["status"], answer["verified"]) == ("done", "read_back")


async def test_rest_keeps_the_lease() -> None:
    async with lab(behaviour=READY) as it:
        lease = await started(it)
        await it.ask("set_output", output(lease, 1, 1.0))
        answer = await it.ask("rest", principal="bob")
        assert (answer["status"], answer["verified"]) == ("done", "read_back")
        assert it.simulated.channel(1).step_code == StepCode.REST
        assert (await it.ask("set_output", output(lease, 2, 1.0)))["status"] == "done"


async def test_rest_of_a_channel_that_is_not_in_direct_mode() -> None:
    async with lab(behaviour=READY) as it:
        running(it.simulated, 1)
        assert error(await it.ask("rest")) == ("failed", "NOT_IN_DIRECT_MODE")
        assert it.simulated.channel(1).state is ChannelState.ACTIVE


@pytest.mark.parametrize(
    ("verb", "args"), [("stop_direct", None), ("suspend", None), ("reset", {"stop_running": True})]
)
async def test_what_ends_a_lease(verb: str, args: dict[str, Any] | None) -> None:
    shelf = Shelf()
    async with lab(behaviour=READY, leases=Leases(shelf)) as it:
        lease = await started(it)
        await it.ask("set_output", output(lease, 1, 1.0))
        assert (await it.ask(verb, args))["status"] == "done"
        assert error(await it.ask("set_output", output(lease, 2, 1.0))) == ("rejected", "NO_LEASE")
        await it.until(lambda: not any(record.live for record in shelf.records))
        assert events(it) == []


async def test_stop_direct_rests_and_suspends() -> None:
    async with lab(behaviour=READY) as it:
        lease = await started(it)
        await it.ask("set_output", output(lease, 1, 1.0))
        answer = await it.ask("stop_direct", principal="bob")
        assert (answer["status"], answer["result"]) == ("done", {"state": "suspended"})
        order = [r.number for r in it.simulated.received if r.number in ((6, 8), (6, 3))]
        assert order == [(6, 8), (6, 8), (6, 3)]
        assert outputs(it)[-1] == ("R", 0.0)


async def test_a_stop_overtakes_setpoints() -> None:
    async with lab(behaviour=READY) as it:
        lease = await started(it)
        await it.ask("set_output", output(lease, 1, 1.0))
        waiting = it.tell("set_output", output(lease, 2, 2.0))
        await asyncio.sleep(0.02)  # it waits for the interval now
        stop = it.tell("rest")
        assert error(await it.final(waiting)) == ("superseded", "STOPPED")
        assert (await it.final(stop))["status"] == "done"
        assert outputs(it) == [("C", 1.0), ("R", 0.0)]


async def test_a_direct_test_is_not_resumed() -> None:
    async with lab(behaviour=READY) as it:
        await started(it)
        await it.ask("stop_direct")
        assert error(await it.ask("resume")) == ("rejected", "NO_LEASE")
        assert it.asked(6, 4) == 0


# --- silence


async def test_a_lease_lapses() -> None:
    async with lab(behaviour=READY) as it:
        lease = await started(it, principal="ann", test_name="t1")
        sent_at = time.monotonic()
        await it.ask("set_output", output(lease, 1, 1.0, valid_for_s=0.5), principal="ann")
        await it.until(lambda: outputs(it)[-1] == ("R", 0.0))
        assert 0.5 <= time.monotonic() - sent_at < 1.0
        await it.until(lambda: events(it))
        assert it.simulated.channel(1).state is ChannelState.SUSPENDED
        (event,) = events(it)
        assert event | {"id": "", "unix_time_second": 0} == {
            "run": 0,
            "is_historical": False,
            "kind": "direct_lapsed",
            "id": "",
            "unix_time_second": 0,
            "principal": "ann",
            "test_name": "t1",
            "reason": "silence",
            "suspended": True,
        }
        refused = await it.ask("set_output", output(lease, 2, 1.0), principal="ann")
        assert error(refused) == ("rejected", "NO_LEASE")
        order = [r.number for r in it.simulated.received if r.number in ((6, 8), (6, 3))]
        assert order == [(6, 8), (6, 8), (6, 3)]
        assert outputs(it) == [("C", 1.0), ("R", 0.0)]


async def test_only_accepted_setpoints_count() -> None:
    async with lab(behaviour=READY) as it:
        await started(it, valid_for_s=1.0)
        began = time.monotonic()
        n = 0
        while it.simulated.channel(1).state is ChannelState.ACTIVE:
            n += 1
            await it.ask("set_output", output("wrong", n, 1.0, valid_for_s=60))
            await asyncio.sleep(0.02)
        assert time.monotonic() - began < 2.0
        assert n > 5


async def test_a_lapse_that_cannot_be_confirmed_goes_on() -> None:
    async with lab(behaviour=READY, timeout_s=SOON_S) as it:
        await started(it, valid_for_s=0.5, current_ampere=1.0)
        it.simulated.faults.drop_replies(6, 3, count=4)
        it.simulated.faults.drop_replies(4, 7, count=20)
        await it.until(lambda: events(it))
        assert events(it)[0]["suspended"] is False
        first = it.asked(6, 3)
        await it.until(lambda: it.asked(6, 3) > first)
        await it.until(lambda: it.simulated.channel(1).state is ChannelState.SUSPENDED)
        await it.until(lambda: not it.service._leases.count)


async def test_somebody_elses_test_is_left_alone_when_a_lease_lapses() -> None:
    async with lab(behaviour=READY) as it:
        await started(it, valid_for_s=0.5)
        it.simulated.channel(1).reset()
        running(it.simulated, 1)
        await it.until(lambda: not it.service._leases.count)
        assert it.simulated.channel(1).state is ChannelState.ACTIVE
        assert it.asked(6, 3) == 0
        assert events(it) == []


async def test_the_watchdog_is_fed_while_the_lease_lives() -> None:
    rules = CyclerRules(5.0, limits=LIMITS, direct_watchdog_s=0.6)
    watched = Behaviour(starting_second=0.0, direct_ready_second=0.0, direct_watchdog_second=0.6)
    async with lab(behaviour=watched, cycler_rules=rules) as it:
        lease = await started(it, valid_for_s=2.0)
        await it.ask("set_output", output(lease, 1, 1.0))
        await it.until(lambda: it.asked(6, 8) >= 8)
        assert it.simulated.channel(1).state is ChannelState.ACTIVE
        await it.until(lambda: events(it))
        assert set(outputs(it)) == {("C", 1.0), ("R", 0.0)}
        assert outputs(it).count(("R", 0.0)) == 1
        fed = it.asked(6, 8)
        await asyncio.sleep(0.7)
        assert it.asked(6, 8) == fed, "nothing is fed after the lapse"


async def test_after_a_rest_the_watchdog_is_fed_with_rest() -> None:
    rules = CyclerRules(5.0, limits=LIMITS, direct_watchdog_s=0.6)
    async with lab(behaviour=READY, cycler_rules=rules) as it:
        lease = await started(it)
        await it.ask("set_output", output(lease, 1, 1.0))
        await it.ask("rest", principal="bob")
        seen = len(outputs(it))
        await it.until(lambda: it.asked(6, 8) >= seen + 3)
        assert set(outputs(it)[seen:]) == {("R", 0.0)}


async def test_a_lease_ends_when_its_channel_stops() -> None:
    async with lab(behaviour=READY) as it:
        lease = await started(it)
        it.simulated.channel(1).reset()
        assert error(await it.ask("set_output", output(lease, 1, 1.0)))[0] == "failed"
        await it.until(lambda: not it.service._leases.count)
        assert error(await it.ask("set_output", output(lease, 2, 1.0))) == ("rejected", "NO_LEASE")


async def test_a_poll_that_sees_the_channel_stopped_ends_the_lease() -> None:
    async with lab(behaviour=READY) as it:
        await started(it)
        it.service.seen("lab1", 1, ChannelState.AVAILABLE)  # a poll from before the start
        it.service.seen("lab1", 2, ChannelState.AVAILABLE)
        await it.ask("read_status")
        await it.ask("read_status")
        assert it.service._leases.count == 1
        it.simulated.channel(1).reset()
        it.service.seen("lab1", 1, ChannelState.AVAILABLE)
        await it.until(lambda: not it.service._leases.count)


# --- the end of the bridge, and its next beginning


async def test_a_bridge_that_stops_leaves_nothing_running() -> None:
    async with lab(8, behaviour=READY) as it:
        for channel in range(1, 9):
            lease = await started(it, channel)
            await it.ask("set_output", output(lease, 1, 1.0), channel=channel)
        await it.service.drain(3.0)
        states = {it.simulated.channel(n).state for n in range(1, 9)}
        assert states == {ChannelState.SUSPENDED}
        assert [outputs(it, n)[-1] for n in range(1, 9)] == [("R", 0.0)] * 8
        (event,) = events(it)
        assert (event["reason"], event["suspended"]) == ("bridge_stopped", True)


async def test_a_bridge_that_cannot_stop_a_channel_names_it(caplog: pytest.LogCaptureFixture) -> None:
    async with lab(timeout_s=3600, behaviour=READY) as it:
        await started(it, channel=2, test_name="b")
        it.simulated.faults.drop_replies(6, 3)
        await it.service.drain(0.05)
        assert [text for text in caplog.messages if "direct" in text] == [
            "lab1/2 could not be stopped: its direct test 'b' may still run; go and look"
        ]


async def test_what_a_crash_left_is_stopped() -> None:
    shelf = Shelf()
    async with lab(behaviour=READY, leases=Leases(shelf)) as it:
        await started(it, test_name="left", current_ampere=1.0)
        await started(it, channel=2, test_name="gone")
        left = list(shelf.records)
        it.simulated.channel(2).reset()
        running(it.simulated, 2)
        # The next bridge, on the same tester: the first one is taken for dead.
        shelf.records = left
        again = it.next_bridge(Leases(shelf))
        await again.recover()
        it.handled += 2  # the answers of the last moments are given again
        await it.until(lambda: events(it))
        assert it.simulated.channel(1).state is ChannelState.SUSPENDED
        assert (events(it)[0]["reason"], events(it)[0]["test_name"]) == ("bridge_restarted", "left")
        await it.until(lambda: not any(record.live for record in shelf.records))
        assert it.simulated.channel(2).state is ChannelState.ACTIVE, "another test runs there now"
        assert it.asked(6, 3, 2) == 0
        assert json.dumps(events(it)).count("direct_lapsed") == 1
