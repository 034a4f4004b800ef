"""`dry_run` and `expect`: what is checked, and that nothing is changed."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from macnet_bridge.commands.verbs import VERBS
from macnet_bridge.macnet.protocol import codes
from macnet_bridge.macnet.protocol.functions import FUNCTIONS, Effect
from macnet_bridge.payloads.telemetry import ChannelState, RawCodes
from macnet_bridge.topics import Scope
from tests.commands.lab import START, Lab, lab
from tests.commands.samples import BEHAVIOUR, SAMPLES, running

DRY = {"dry_run": True}
CHANGING = [
    (scope, name)
    for (scope, name), verb in VERBS.items()
    if not verb.reads and not verb.newest_wins and scope in (Scope.CHANNEL, Scope.CYCLER)
]


def changes(it: Lab) -> list[tuple[int, int]]:
    """Requests that the tester got which could have changed something."""
    numbers = [record.number for record in it.simulated.received]
    return [number for number in numbers if number and FUNCTIONS[number].effect is not Effect.READS]


@pytest.mark.parametrize(("scope", "verb"), CHANGING, ids=lambda value: getattr(value, "value", value))
async def test_a_dry_run_of_any_verb_changes_nothing(scope: Scope, verb: str) -> None:
    sample = SAMPLES[scope, verb]
    async with lab(2, behaviour=BEHAVIOUR) as it:
        sample.prepare(it.simulated, 2)
        before = it.simulated.channel(2).state
        it.simulated.received.clear()
        channel = 2 if scope is Scope.CHANNEL else None
        args = None if sample.args is None else dict(sample.args)
        answer = await it.ask(verb, args, channel=channel, envelope=DRY)
        assert (answer["status"], answer["dry_run"]) == ("done", True), answer
        assert answer["result"]["would"][-1] == verb
        assert "steps" not in answer
        assert "verified" not in answer
        assert changes(it) == []
        assert it.simulated.channel(2).state is before
        assert it.tester.locks == {}


@pytest.mark.parametrize("key", ["dry_run", "channels"])
async def test_a_setpoint_is_for_one_channel_and_for_now(key: str) -> None:
    async with lab(behaviour=BEHAVIOUR) as it:
        lease = (await it.ask("start_direct"))["result"]["lease"]
        output = {"lease": lease, "n": 1, "current_ampere": 1.0}
        if key == "dry_run":
            answer = await it.ask("set_output", output, envelope=DRY)
        else:
            answer = await it.ask("set_output", output, channel=None, envelope={"channels": [1]})
        assert (answer["status"], answer["error"]["code"]) == ("rejected", "BAD_ARGS")
        assert answer["error"]["field"] == key
        assert (await it.ask("set_output", output))["status"] == "done", "its number is not used up"


async def test_a_dry_run_of_a_stop_leaves_the_lease_and_its_current() -> None:
    async with lab(behaviour=BEHAVIOUR) as it:
        lease = (await it.ask("start_direct"))["result"]["lease"]
        output = {"lease": lease, "n": 1, "current_ampere": 1.0}
        assert (await it.ask("set_output", output))["status"] == "done"
        setpoint = it.service._leases.find(("lab1", 1)).setpoint
        for verb in ("rest", "stop_direct", "suspend"):
            assert (await it.ask(verb, envelope=DRY))["dry_run"] is True
            assert it.service._leases.find(("lab1", 1)).setpoint is setpoint


async def test_a_start_says_what_it_would_do() -> None:
    async with lab() as it:
        answer = await it.ask("start_test", START, id="cell-1", envelope=DRY)
        result = answer["result"]
        assert result["would"] == ["set_safety_limits", "start_test"]
        assert result["test_name"] == "cell-1"
        assert result["safety"]["charge_max_ampere"] == 5.0
        assert result["checked_by_tester"] is True
        assert it.asked(6, 11) == 1
        # The same id meant for good is another command.
        answer = await it.ask("start_test", START, id="cell-1", envelope={"expect": {}})
        assert [a["error"]["code"] for a in it.finals("cell-1")[1:]] == ["ID_REUSED"]


async def test_a_completed_channel_would_be_reset() -> None:
    async with lab() as it:
        it.simulated.tester.channel(1).state = codes.ChannelState.COMPLETED
        answer = await it.ask("start_test", START, envelope=DRY)
        assert answer["result"]["would"] == ["reset", "set_safety_limits", "start_test"]
        assert answer["result"]["checked_by_tester"] is False
        assert changes(it) == []


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (START | {"safety": {"charge_max_ampere": 6.0}}, "OUT_OF_LIMITS"),
        (START | {"procedure": "no-such"}, "PROCEDURE_MISSING"),
        ({"procedure": "CCCV_1C"}, "BAD_ARGS"),
    ],
)
async def test_a_dry_run_is_refused_as_the_command_would_be(args: dict[str, Any], code: str) -> None:
    async with lab() as it:
        answer = await it.ask("start_test", args, envelope=DRY)
        assert (answer["status"], answer["error"]["code"], answer["dry_run"]) == ("rejected", code, True)
        assert changes(it) == []


async def test_a_stop_that_is_tried_out_overtakes_nothing() -> None:
    async with lab(latency_ms=20) as it:
        first = it.tell("set_variable", {"variable": 1, "value": 1.0})
        second = it.tell("set_variable", {"variable": 2, "value": 1.0})
        answer = await it.ask("suspend", envelope=DRY)
        assert answer["result"] == {"would": ["suspend"]}
        assert [(await it.final(id))["status"] for id in (first, second)] == ["done", "done"]
        assert it.asked(6, 3) == 0


# --- expect


async def test_expected_states_and_names() -> None:
    async with lab() as it:
        running(it.simulated, 1)
        variable = {"variable": 1, "value": 2.0}
        for expect, status in (
            ({"state": "active"}, "done"),
            ({"state": "available"}, "rejected"),
            ({"test_name": "before-1"}, "done"),
            ({"test_name": "another"}, "rejected"),
            ({"test_name": None}, "rejected"),
            ({"state": "active", "test_name": "before-1"}, "done"),
            ({}, "done"),
        ):
            answer = await it.ask("set_variable", variable, envelope={"expect": expect})
            assert answer["status"] == status, (expect, answer)
        assert it.asked(6, 9) == 4
        answer = await it.ask("set_variable", variable, envelope={"expect": {"state": "available"}})
        assert answer["error"]["code"] == "EXPECT_FAILED"
        assert answer["error"]["category"] == "precondition"
        assert answer["error"]["field"] == "expect.state"
        assert answer["error"]["message"] == "state is 'active', and 'available' was expected"
        free = await it.ask("set_variable", variable, channel=2, envelope={"expect": {"test_name": None}})
        assert free["status"] == "done"


def published(state_seq: int, state: str, mode: str, test_name: str | None) -> ChannelState:
    return ChannelState(
        bridge="lab",
        session="s",
        state=state,
        mode=mode,
        end_reason=None,
        test_name=test_name,
        procedure=None,
        step_id=1,
        cycle_count=0,
        control="none",
        state_seq=state_seq,
        changed_at=0.0,
        quality="good",
        raw=RawCodes(0, 0, 0),
    )


async def test_a_state_seq_stands_for_what_was_published_with_it() -> None:
    async with lab() as it:
        reading = (await it.ask("read_status"))["result"]
        right = published(412, "available", reading["mode"], None)
        for known, wanted, status in (
            (None, 412, "rejected"),
            (right, 412, "done"),
            (right, 411, "rejected"),
            # The tester is past what was published, and telemetry has not noticed yet.
            (msgspec.structs.replace(right, state="active"), 412, "rejected"),
            (msgspec.structs.replace(right, mode="charge"), 412, "rejected"),
            (msgspec.structs.replace(right, test_name="x"), 412, "rejected"),
        ):
            it.tester.published.clear()
            if known is not None:
                it.tester.published[1] = known
            answer = await it.ask(
                "set_variable", {"variable": 1, "value": 2.0}, envelope={"expect": {"state_seq": wanted}}
            )
            assert answer["status"] == status, (known, answer)


async def test_a_start_is_judged_again_right_before_it_is_sent() -> None:
    # Without (6, 11), which would find it out as well.
    async with lab(latency_ms=10, missing={(6, 11)}) as it:
        start = it.tell("start_test", START, envelope={"expect": {"state": "available"}})
        await it.until(lambda: it.asked(6, 10))
        # Somebody at the tester's own screen is faster.
        running(it.simulated, 1)
        answer = await it.final(start)
        assert (answer["status"], answer["error"]["code"]) == ("rejected", "EXPECT_FAILED")
        assert it.asked(6, 2) == 0


async def test_a_start_that_frees_the_channel_expects_it_completed() -> None:
    async with lab() as it:
        running(it.simulated, 1)
        expect = {"expect": {"state": "completed"}}
        answer = await it.ask("start_test", START, envelope=expect)
        assert answer["error"]["code"] == "EXPECT_FAILED"
        assert changes(it) == []
        it.simulated.tester.channel(1).state = codes.ChannelState.COMPLETED
        answer = await it.ask("start_test", START, envelope=expect)
        assert (answer["status"], answer["steps"]) == ("done", ["reset", "set_safety_limits"])
