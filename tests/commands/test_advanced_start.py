"""`advanced_start`: what reaches the tester, which options go together, and the same safe order."""

from __future__ import annotations

from typing import Any

import pytest

from macnet_bridge.commands.rules import CyclerRules
from macnet_bridge.macnet.protocol.codes import ChannelState
from macnet_bridge.macnet.protocol.messages import AdvancedStart, CheckStart
from tests.commands.lab import LIMITS, START, Lab, lab

BRIEF = CyclerRules(0.2, limits=LIMITS)


def sent(it: Lab) -> AdvancedStart:
    (record,) = it.simulated.received.of(6, 13)
    assert isinstance(record.body, AdvancedStart)
    return record.body


async def archived(it: Lab, name: str = "old") -> str:
    """Archive a test of channel 1; the name of its file."""
    await it.ask("start_test", START | {"test_name": name})
    await it.ask("suspend")
    assert (await it.ask("archive"))["status"] == "done"
    it.simulated.received.clear()
    return f"{name}.001"


async def test_the_middle_of_a_procedure() -> None:
    more = {
        "test_name": "mid",
        "comment": "fresh",
        "cell_id": "cell-17",
        "step_id": 2,
        "cycle_count": 7,
        "test_time_second": 100.0,
        "step_time_second": 5.0,
        "capacity_ah": 0.25,
        "energy_wh": 0.5,
        "remaining_loops": [3, -1, -1, -1],
    }
    async with lab() as it:
        args = START | {"procedure": "Cycle_1C"} | more
        answer = await it.ask("advanced_start", args)
        assert (answer["status"], answer["verified"]) == ("done", "read_back"), answer
        assert answer["result"] == {"test_name": "mid"}
        assert answer["steps"] == ["set_safety_limits"]
        body = sent(it)
        assert body.comment.startswith("fresh #")
        assert (body.test_step, body.cycle, body.options, body.archived_test_name) == (2, 7, 0, "")
        assert (body.test_time_second, body.step_time_second) == (100.0, 5.0)
        assert (body.capacity_ah, body.energy_wh) == (0.25, 0.5)
        assert (body.remaining_loop_1, body.remaining_loop_2, body.remaining_loop_4) == (3, -1, -1)
        status = (await it.ask("read_status"))["result"]
        assert (status["cycle_count"], status["step_id"]) == (7, 2)
        assert it.tester.cell_id(1, "mid") == "cell-17"
        order = [record.number for record in it.simulated.received]
        assert order.index((6, 10)) < order.index((6, 11)) < order.index((6, 13))


async def test_what_is_left_out_is_left_to_the_tester() -> None:
    async with lab() as it:
        assert (await it.ask("advanced_start", START, id="plain"))["result"] == {"test_name": "plain"}
        body = sent(it)
        numbers = (body.test_time_second, body.step_time_second, body.test_step, body.cycle)
        assert (*numbers, body.remaining_loop_1, body.capacity_ah, body.energy_wh) == (-1,) * 7


async def test_an_archived_test_goes_on_under_its_name() -> None:
    async with lab() as it:
        file = await archived(it)
        answer = await it.ask("advanced_start", START | {"append_to": file, "remove_records": 1}, id="more")
        assert (answer["status"], answer["verified"]) == ("done", "read_back"), answer
        assert answer["result"] == {"test_name": "old"}
        body = sent(it)
        assert (body.archived_test_name, body.options, body.remove_last_records) == (file, 1, 1)
        (check,) = it.simulated.received.of(6, 11)
        assert isinstance(check.body, CheckStart)
        assert check.body.test_name == "more", "a check of the old name would find the old test in the way"


async def test_an_archived_test_with_its_own_procedure() -> None:
    async with lab() as it:
        file = await archived(it)
        args = {"append_to": file, "use_archived_procedure": True, "add_shelf_time": True, "c_rate_ah": 2.5}
        answer = await it.ask("advanced_start", args)
        assert answer["status"] == "done", answer
        assert sent(it).options == 7
        assert it.asked(6, 11) == 0, "which procedure that is, MacNet does not tell"
        assert (await it.ask("read_test_info"))["result"]["procedure"] == "CCCV_1C"


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"use_archived_procedure": True}, "use_archived_procedure"),
        ({"add_shelf_time": True}, "add_shelf_time"),
        ({"remove_records": 1}, "remove_records"),
        ({"append_to": "a.001", "test_name": "b"}, "test_name"),
        ({"append_to": "a.001", "procedure": None}, "procedure"),
        ({"procedure": None}, "procedure"),
        ({"append_to": "..\\a.001"}, "append_to"),
        ({"append_to": "a/b.001"}, "append_to"),
        ({"append_to": "a.001", "remove_records": 21}, "remove_records"),
        ({"test_time_second": -1}, "test_time_second"),
        ({"step_time_second": 1e39}, "step_time_second"),
        ({"step_id": 0}, "step_id"),
        ({"step_id": 32768}, "step_id"),
        ({"cycle_count": -1}, "cycle_count"),
        ({"remaining_loops": [1, 2, 3]}, "remaining_loops"),
        ({"remaining_loops": [1, 2, 3, 4, 5]}, "remaining_loops"),
        ({"remaining_loops": [1, 2, 3, -2]}, "remaining_loops[3]"),
        ({"capacity_ah": -0.1}, "capacity_ah"),
        ({"energy_wh": "1"}, "energy_wh"),
        ({"start_cycle": 1}, "start_cycle"),
        ({"total_cycles": 1}, "total_cycles"),
        ({"mass_gram": 1.0}, "mass_gram"),
        ({"test_name": "Random"}, "test_name"),
        ({"c_rate_ah": 0}, "c_rate_ah"),
    ],
)
async def test_what_cannot_be_is_refused_before_anything_is_sent(more: dict[str, Any], field: str) -> None:
    args = {name: value for name, value in (START | more).items() if value is not None}
    async with lab() as it:
        answer = await it.ask("advanced_start", args)
        assert (answer["status"], answer["error"]["code"]) == ("rejected", "BAD_ARGS")
        assert answer["error"]["field"] == f"args.{field}"
        assert not it.simulated.received


async def test_what_the_tester_refuses() -> None:
    async with lab() as it:
        for more, code in (
            ({"append_to": "none.001"}, "ARCHIVED_TEST_MISSING"),
            ({"step_id": 99}, "STEP_NOT_ALLOWED"),
        ):
            answer = await it.ask("advanced_start", START | more)
            assert (answer["status"], answer["error"]["code"]) == ("failed", code)
            assert answer["error"]["macnet"]["fnum"] == 13
            assert it.simulated.channel(1).state is ChannelState.AVAILABLE
        answer = await it.ask("advanced_start", START | {"procedure": "no-such"})
        assert (answer["status"], answer["error"]["code"]) == ("rejected", "PROCEDURE_MISSING")


async def test_the_steps_before_it_are_those_of_a_start() -> None:
    async with lab() as it:
        it.simulated.tester.channel(1).state = ChannelState.ACTIVE
        busy = await it.ask("advanced_start", START)
        assert (busy["status"], busy["error"]["code"]) == ("rejected", "CHANNEL_BUSY")
        it.simulated.tester.channel(1).state = ChannelState.COMPLETED
        outside = await it.ask("advanced_start", START | {"safety": {"voltage_max_volt": 9}})
        assert (outside["status"], outside["error"]["code"]) == ("rejected", "OUT_OF_LIMITS")
        assert it.asked(6, 5) == it.asked(6, 13) == 0
        done = await it.ask("advanced_start", START)
        assert (done["status"], done["steps"]) == ("done", ["reset", "set_safety_limits"])


async def test_a_start_whose_reply_is_lost_is_never_repeated() -> None:
    async with lab() as it:
        it.simulated.faults.drop_replies(6, 13)
        name = it.tell("advanced_start", START)
        await it.simulated.wait_for(lambda record: record.number == (6, 13), 30)
        it.simulated.disconnect_all()
        answer = await it.final(name)
        assert (answer["status"], answer["verified"]) == ("done", "read_back")
        it.tell("advanced_start", START, id=name)
        answers = await it.wait(lambda answer: answer["id"] == name and answer["final"], 2)
        assert answers[1] == answers[0] | {"duplicate": True}
        assert it.asked(6, 13) == 1
    async with lab(cycler_rules=BRIEF, live=False) as it:
        answer = await it.ask("advanced_start", START)
        assert (answer["status"], answer["error"]["code"]) == ("unknown", "NOT_CONFIRMED")


async def test_a_stop_in_front_of_it() -> None:
    async with lab(latency_ms=20) as it:
        name = it.tell("advanced_start", START)
        await it.simulated.wait_for(lambda record: record.number == (6, 10), 30)
        it.tell("suspend")
        answer = await it.final(name)
        assert (answer["status"], answer["error"]["code"]) == ("superseded", "STOPPED")
        assert it.asked(6, 13) == 0
