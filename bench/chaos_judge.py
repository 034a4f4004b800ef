"""Judges a chaos run by what the testers received: what was executed twice, untrue, or not answered."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.chaos_plan import Command
from macnet_bridge.commands.start_test import key_hash

NEVER_SENT = frozenset({"rejected", "expired", "superseded"})
MARKED = {"start_test": (6, 2), "set_variable": (6, 9)}
COUNTED = {"resume": (6, 4), "reset": (6, 5), "archive": (6, 6)}
MAY_DIFFER = ("duplicate", "reply_ignored")

Ack = dict[str, Any]
Where = tuple[tuple[int, int], tuple[int, int]]
"""MacNet's (class, number), and (cycler, channel)."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request that a tester received.

    Attributes:
        mark: what tells whose it is: the end of a start's comment, or the value of a variable.
        accepted: the tester said yes, whether or not its reply arrived.
    """

    number: tuple[int, int]
    place: tuple[int, int]
    mark: str = ""
    accepted: bool = True


@dataclass(slots=True)
class Judgement:
    """What must not be, in words, and how the commands ended.

    Attributes:
        ends: status and error code of each command, the code empty where there is none.
        executed: requests that the testers accepted, by function, of the verbs that are judged.
    """

    twice: list[str] = field(default_factory=list)
    untrue: list[str] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    ends: Counter[tuple[str, str]] = field(default_factory=Counter)
    executed: Counter[tuple[int, int]] = field(default_factory=Counter)

    @property
    def is_clean(self) -> bool:
        return not (self.twice or self.untrue or self.unanswered)


def mark_of(command: Command) -> str:
    """What its deciding request is known by at the tester, empty where nothing tells them apart."""
    marks = {
        "start_test": key_hash((command.principal, command.id)),
        "set_variable": f"{float(command.value):g}",
    }
    return marks.get(command.verb, "")


def judge(
    commands: Sequence[Command], finals: Mapping[str, Sequence[Ack]], requests: Iterable[Request]
) -> Judgement:
    """
    Args:
        finals: by id, every final acknowledgement that came.
        requests: all of class 6 that the testers received.
    """
    found = Judgement()
    by_mark: defaultdict[tuple[tuple[int, int], str], list[Request]] = defaultdict(list)
    totals: Counter[Where] = Counter()
    accepted: Counter[Where] = Counter()
    for request in requests:
        by_mark[request.number, request.mark].append(request)
        totals[request.number, request.place] += 1
        accepted[request.number, request.place] += request.accepted
        found.executed[request.number] += request.accepted
    for command in commands:
        answers = finals.get(command.id, ())
        if not answers:
            found.unanswered.append(f"{command} got no final acknowledgement")
        else:
            found.statuses[answers[0]["status"]] += 1
            found.ends[answers[0]["status"], answers[0].get("error", {}).get("code", "")] += 1
        found.untrue += _contradictions(command, answers)
        if command.verb in MARKED:
            _judge_marked(found, command, answers, by_mark[MARKED[command.verb], mark_of(command)])
    found.twice += _too_many(commands, finals, totals)
    found.untrue += _too_few(commands, finals, accepted)
    return found


def _contradictions(command: Command, answers: Sequence[Ack]) -> list[str]:
    """Final acknowledgements of one id that say different things."""
    same = [{key: value for key, value in ack.items() if key not in MAY_DIFFER} for ack in answers]
    return [f"{command}: {ack} after {same[0]}" for ack in same[1:] if ack != same[0]][:1]


def _judge_marked(found: Judgement, command: Command, answers: Sequence[Ack], sent: list[Request]) -> None:
    """Of a command whose requests can be told from all others."""
    if len(sent) > 1:
        found.twice.append(f"{command} was sent {len(sent)} times")
    found.untrue += [f"{command} reached {wrong.place}" for wrong in sent if wrong.place != command.place]
    accepted = any(request.accepted for request in sent)
    found.untrue += [
        f"{command}: {ack}, and it was sent {len(sent)} times, accepted: {accepted}"
        for ack in answers[:1]
        if not _is_true(ack["status"], bool(sent), accepted)
    ]


def _is_true(status: str, was_sent: bool, was_accepted: bool) -> bool:
    if status in NEVER_SENT:
        return not was_sent
    return {"done": was_accepted, "failed": not was_accepted}.get(status, True)


def _too_many(
    commands: Sequence[Command],
    finals: Mapping[str, Sequence[Ack]],
    totals: Mapping[Where, int],
) -> list[str]:
    """Requests that carry no mark: no more of them than commands that may have sent one."""
    allowed: Counter[Where] = Counter()
    for command in commands:
        answers = finals.get(command.id, ())
        if command.verb in COUNTED and not (answers and answers[0]["status"] in NEVER_SENT):
            allowed[COUNTED[command.verb], command.place] += 1
        # A start resets a completed test first, and says so.
        if command.verb == "start_test" and answers and "reset" in answers[0].get("steps", ()):
            allowed[COUNTED["reset"], command.place] += 1
    return [
        f"{number} came {count} times to {place}, {allowed[number, place]} commands may have sent it"
        for (number, place), count in totals.items()
        if number in COUNTED.values() and count > allowed[number, place]
    ]


def _too_few(
    commands: Sequence[Command], finals: Mapping[str, Sequence[Ack]], accepted: Mapping[Where, int]
) -> list[str]:
    """More commands of a function `done` on a channel than requests that its tester accepted."""
    done = Counter(
        (COUNTED[command.verb], command.place)
        for command in commands
        if command.verb in COUNTED and any(ack["status"] == "done" for ack in finals.get(command.id, ()))
    )
    return [
        f"{count} commands {number} of {place} are done, and {accepted.get((number, place), 0)} were accepted"
        for (number, place), count in done.items()
        if count > accepted.get((number, place), 0)
    ]
