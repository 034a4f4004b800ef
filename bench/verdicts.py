"""From samples to verdicts: ratios within one run, each with its goal.

Pure: samples and figures in, verdicts out. Which ratios there are is in `goals.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from bench.measure import Sample
from bench.rows import Key

Taken = Mapping[Key, Sequence[Sample]]
Quantity = Callable[[Taken], float | None]
"""A figure of one round, or of several together; None where it was not measured."""

NUMBERS = tuple(f"P{number}" for number in range(1, 9))


@dataclass(frozen=True)
class Goal:
    """At least, or at most, so much. Without a goal a figure is only reported."""

    at_least: float | None = None
    at_most: float | None = None

    def met_by(self, value: float | None) -> bool | None:
        """None where there is nothing to judge."""
        if value is None or self == NO_GOAL:
            return None
        return (self.at_least is None or value >= self.at_least) and (
            self.at_most is None or value <= self.at_most
        )

    def margin(self, value: float) -> float:
        """How good a value is: 1 is just there, below 1 is not met."""
        if self.at_least is not None:
            return value / self.at_least
        return self.at_most / value if self.at_most and value else float("inf")

    def __str__(self) -> str:
        if self.at_least is not None:
            return f">= {self.at_least:.3g}"
        return f"<= {self.at_most:.3g}" if self.at_most is not None else ""


NO_GOAL = Goal()


@dataclass(frozen=True)
class Ratio:
    """One quantity by another, round by round.

    Attributes:
        number: P1 to P5.
        of, to: what is divided by what.
        pooled: computed once from the samples of all rounds, as a p99 needs to be; else the median
            of the rounds.
    """

    number: str
    what: str
    of: Quantity
    to: Quantity
    goal: Goal = NO_GOAL
    pooled: bool = False


@dataclass(frozen=True)
class Figure:
    """A figure of a script of its own, see `others.py`.

    Attributes:
        script: the name that `others.py` knows it by.
        path: where the figure is in the script's JSON, its keys separated by dots; a number is a
            place in a list.
    """

    number: str
    what: str
    script: str
    path: str
    goal: Goal = NO_GOAL


@dataclass(frozen=True)
class Verdict:
    """What came out.

    Attributes:
        value: None where it was not measured, and `why` says why.
        spread: the lowest and the highest of the rounds.
        goal: in words; empty where there is none.
        met: None where there is no goal or no value.
        margin: how good the value is, 1 being just there.
    """

    number: str
    what: str
    value: float | None
    goal: str
    met: bool | None
    spread: tuple[float, float] | None = None
    margin: float | None = None
    why: str = ""


def judge_ratio(ratio: Ratio, taken: Taken, rounds: int) -> Verdict:
    """Divide round by round, and compare with the goal."""
    by_round = [
        value for number in range(rounds) if (value := _divided(ratio, _of_round(taken, number))) is not None
    ]
    value = _divided(ratio, taken) if ratio.pooled else (median(by_round) if by_round else None)
    spread = (min(by_round), max(by_round)) if len(by_round) > 1 else None
    return _verdict(ratio.number, ratio.what, value, ratio.goal, spread, "its rows were not measured")


def judge_figure(figure: Figure, found: Mapping[str, Any], absent: Mapping[str, str]) -> Verdict:
    """Take a figure over from what a script wrote; `absent` says why one wrote nothing."""
    value = _at(found.get(figure.script), figure.path)
    number = float(value) if isinstance(value, int | float) else None
    why = absent.get(figure.script, f"bench/{figure.script}.py wrote no {figure.path}")
    return _verdict(figure.number, figure.what, number, figure.goal, None, why)


def _at(value: Any, path: str) -> Any:
    for key in path.split("."):
        if isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        else:
            value = value.get(key) if isinstance(value, Mapping) else None
    return value


def summary(verdicts: Sequence[Verdict]) -> dict[str, dict[str, Any]]:
    """By P1 to P8: the figure that is furthest from its goal, whether all were met, and all parts.

    `met` is None while a figure with a goal is not measured and none that is measured fails.
    """
    return {number: _summed_up([v for v in verdicts if v.number == number]) for number in NUMBERS}


def _summed_up(parts: Sequence[Verdict]) -> dict[str, Any]:
    judged = [part for part in parts if part.goal]
    measured = [part for part in judged if part.margin is not None]
    shown = min(measured, key=lambda part: part.margin or 0.0, default=judged[0] if judged else None)
    met: bool | None = len(measured) == len(judged) > 0 or None
    if any(part.met is False for part in judged):
        met = False
    return {
        "what": shown.what if shown else "",
        "value": shown.value if shown else None,
        "goal": shown.goal if shown else "",
        "met": met,
        "parts": [asdict(part) for part in parts],
    }


def _verdict(
    number: str, what: str, value: float | None, goal: Goal, spread: tuple[float, float] | None, why: str
) -> Verdict:
    margin = goal.margin(value) if value is not None and goal != NO_GOAL else None
    return Verdict(
        number, what, value, str(goal), goal.met_by(value), spread, margin, why if value is None else ""
    )


def _divided(ratio: Ratio, taken: Taken) -> float | None:
    of, to = ratio.of(taken), ratio.to(taken)
    return of / to if of is not None and to else None


def _of_round(taken: Taken, number: int) -> Taken:
    return {key: samples[number : number + 1] for key, samples in taken.items()}
