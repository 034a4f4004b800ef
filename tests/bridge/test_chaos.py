"""Broker, testers and replies fail under many commands: nothing twice, nothing untrue, all answered.

`python -m bench.chaos` does the same with 10,000 commands. Here is a small run of it, and that its
judge finds what it is there to find.
"""

from __future__ import annotations

import random
import shutil
from typing import Any

import pytest

from bench.chaos import Size, run
from bench.chaos_judge import Judgement, Request, judge, mark_of
from bench.chaos_plan import Command, commands, with_duplicates
from tests.brokers import NO_MOSQUITTO

START = Command("x1", 1, 1, 3, "start_test")
VARIABLE = Command("x2", 1, 1, 3, "set_variable", 2)
RESET = Command("x3", 1, 1, 3, "reset")
STARTED = Request((6, 2), (1, 3), mark_of(START))
WRITTEN = Request((6, 9), (1, 3), mark_of(VARIABLE))
WAS_RESET = Request((6, 5), (1, 3))


def ack(status: str, **more: Any) -> dict[str, Any]:
    return {"status": status, "duplicate": False, **more}


def judged(command: Command, *answers: dict[str, Any], sent: list[Request]) -> Judgement:
    return judge([command], {command.id: answers}, sent)


@pytest.mark.timeout(120)
@pytest.mark.skipif(shutil.which("mosquitto") is None, reason=NO_MOSQUITTO)
def test_a_small_chaos_does_nothing_twice_and_answers_all_truly() -> None:
    outcome = run(Size(commands=150, clients=3, channels=8, restarts=1, resets=2))
    found = outcome.judgement
    assert (found.twice, found.untrue, found.unanswered) == ([], [], [])
    assert found.statuses.total() == 150
    assert (outcome.restarts, outcome.resets) == (1, 2)
    assert outcome.sent == 150 + outcome.duplicates
    assert outcome.duplicates > 0


@pytest.mark.parametrize(
    ("command", "status", "sent"),
    [
        (START, "done", [STARTED]),
        (START, "rejected", []),
        (START, "unknown", [STARTED]),
        (START, "unknown", []),
        (START, "failed", [Request((6, 2), (1, 3), mark_of(START), accepted=False)]),
        (VARIABLE, "done", [WRITTEN]),
        (VARIABLE, "superseded", []),
        (RESET, "done", [WAS_RESET]),
    ],
)
def test_the_judge_finds_nothing_where_all_is_well(
    command: Command, status: str, sent: list[Request]
) -> None:
    assert judged(command, ack(status), {**ack(status), "duplicate": True}, sent=sent).is_clean


@pytest.mark.parametrize(
    ("command", "status", "sent"),
    [
        (START, "done", []),
        (START, "done", [Request((6, 2), (1, 3), mark_of(START), accepted=False)]),
        (START, "done", [Request((6, 2), (1, 4), mark_of(START))]),
        (START, "rejected", [STARTED]),
        (START, "expired", [STARTED]),
        (START, "superseded", [STARTED]),
        (START, "failed", [STARTED]),
        (RESET, "done", []),
        (RESET, "done", [Request((6, 5), (1, 3), accepted=False)]),
        (VARIABLE, "done", []),
        (VARIABLE, "rejected", [WRITTEN]),
    ],
)
def test_the_judge_finds_an_untrue_acknowledgement(
    command: Command, status: str, sent: list[Request]
) -> None:
    found = judged(command, ack(status), sent=sent)
    assert len(found.untrue) == 1
    assert (found.twice, found.unanswered) == ([], [])


@pytest.mark.parametrize(
    ("command", "status", "sent"),
    [
        (START, "done", [STARTED, STARTED]),
        (VARIABLE, "done", [WRITTEN, WRITTEN]),
        (RESET, "done", [WAS_RESET, WAS_RESET]),
        (RESET, "rejected", [WAS_RESET]),
    ],
)
def test_the_judge_finds_what_was_executed_twice(command: Command, status: str, sent: list[Request]) -> None:
    found = judged(command, ack(status), sent=sent)
    assert len(found.twice) == 1
    assert (found.untrue, found.unanswered) == ([], [])


def test_the_judge_finds_answers_of_one_id_that_differ() -> None:
    found = judged(START, ack("done"), ack("done", finished_at=2.0), sent=[STARTED])
    assert len(found.untrue) == 1


def test_the_judge_finds_a_missing_answer() -> None:
    found = judge([START, RESET], {RESET.id: [ack("done")]}, [WAS_RESET])
    assert len(found.unanswered) == 1
    assert found.statuses == {"done": 1}


def test_the_reset_that_a_start_says_it_made_is_no_second_one() -> None:
    finals = {RESET.id: [ack("done")], START.id: [ack("done", steps=["reset", "set_safety_limits"])]}
    assert judge([RESET, START], finals, [WAS_RESET, WAS_RESET, STARTED]).is_clean


def test_a_seed_plans_the_same_commands_and_each_is_sent_first_once() -> None:
    plan = commands(200, 4, [(1, 1), (1, 2)], seed=7)
    assert plan == commands(200, 4, [(1, 1), (1, 2)], seed=7)
    messages = list(with_duplicates(plan, random.Random(7)))
    assert [command for command, is_first in messages if is_first] == plan
    again = [command.id for command, is_first in messages if not is_first]
    assert set(again) <= {command.id for command in plan}
    assert again != sorted(again, key=lambda command_id: int(command_id[1:]))
