"""What the speed is measured by, P1 to P8: ratios within one run, each with its goal.

Pure: samples and figures in, verdicts out. A further goal is a further line of `RATIOS` or `FIGURES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from bench.measure import Sample
from bench.quantiles import quantile
from bench.rows import (
    BRIDGE,
    ECHO,
    EIGHT,
    FAST,
    FLOOR,
    IDLE,
    NODE_RED_FLOWS,
    NONE,
    PEER,
    PUBLISHING,
    READ_STATUS,
    READINGS_FLAT_OUT,
    SERIAL,
    SERIAL_MS,
    SET_VARIABLE,
    SWEEPS_FLAT_OUT,
    Key,
)

Taken = Mapping[Key, Sequence[Sample]]
Quantity = Callable[[Taken], float | None]
"""A figure of one round, or of several together; None where it was not measured."""

ARITHMETIC_MS = 3 * SERIAL_MS
"""The worst case of a command at a serial tester: the request in flight, its own, and the read-back."""

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
        path: where the figure is in the script's JSON, its keys separated by dots.
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


# --- quantities


def rate(who: str, name: str, tester: str, qos: int) -> Quantity:
    """Readings per second, the median of the samples."""
    key = Key(who, name, tester, qos)
    return lambda taken: median(rates) if (rates := [s.rate for s in taken.get(key, ()) if s.rate]) else None


def cpu(who: str, name: str, tester: str, qos: int) -> Quantity:
    """Microseconds of processor time per reading."""
    key = Key(who, name, tester, qos)

    def value(taken: Taken) -> float | None:
        costs = [s.cpu_us for s in taken.get(key, ()) if s.cpu_us]
        return median(costs) if costs else None

    return value


def latency(share: float, verb: str, who: str, name: str, tester: str, qos: int) -> Quantity:
    """The latency in milliseconds that this share of all commands does not exceed."""
    key = Key(who, name, tester, qos)

    def value(taken: Taken) -> float | None:
        values = [ms for sample in taken.get(key, ()) for ms in sample.latencies_ms.get(verb, ())]
        return quantile(values, share) if values else None

    return value


def best(*quantities: Quantity) -> Quantity:
    """The highest; None unless all were measured, so that nobody is missed silently."""

    def value(taken: Taken) -> float | None:
        values = [found for quantity in quantities if (found := quantity(taken)) is not None]
        return max(values) if len(values) == len(quantities) else None

    return value


def constant(value: float) -> Quantity:
    """The same in every round."""
    return lambda taken: value


def _best_node_red(qos: int) -> Quantity:
    return best(*(rate(who, READINGS_FLAT_OUT, EIGHT, qos) for who in NODE_RED_FLOWS))


# --- the goals


def ratios(channels: int) -> list[Ratio]:
    """All of P1 to P5, for testers of so many channels."""
    return [*_p1(channels), *_p2(), *_p3(), *_p4(), *_p5()]


def _p1(channels: int) -> list[Ratio]:
    limit = constant(1000 / SERIAL_MS * channels / (4 * -(-channels // 128)))
    ours = rate(BRIDGE, SWEEPS_FLAT_OUT, SERIAL, 1)
    return [
        Ratio("P1", "sweeps, QoS 1 / arithmetic limit", ours, limit, Goal(at_least=0.9)),
        Ratio("P1", "sweeps, QoS 0 / arithmetic limit", rate(BRIDGE, SWEEPS_FLAT_OUT, SERIAL, 0), limit),
        Ratio("P1", "sweeps, QoS 1 / pymacnet + paho", ours, rate(PEER, READINGS_FLAT_OUT, SERIAL, 0)),
    ]


def _p2() -> list[Ratio]:
    limit, goal = constant(ARITHMETIC_MS), Goal(at_most=(ARITHMETIC_MS + 10) / ARITHMETIC_MS)
    found = []
    for who, name, qos, of_goal in (
        (BRIDGE, SWEEPS_FLAT_OUT, 1, goal),
        (BRIDGE, READINGS_FLAT_OUT, 1, goal),
        (PEER, READINGS_FLAT_OUT, 0, NO_GOAL),
        (PEER, READINGS_FLAT_OUT, 1, NO_GOAL),
    ):
        for word, share in (("p99", 0.99), ("p50", 0.5)):
            of = latency(share, SET_VARIABLE, who, name, SERIAL, qos)
            what = f"{word}, {who}, {name}, QoS {qos} / arithmetic {ARITHMETIC_MS:.0f} ms"
            found.append(Ratio("P2", what, of, limit, of_goal if word == "p99" else NO_GOAL, pooled=True))
    return found


def _p3() -> list[Ratio]:
    def p50(who: str, name: str, qos: int, tester: str = FAST) -> Quantity:
        return latency(0.5, READ_STATUS, who, name, tester, qos)

    echo, idle = p50(FLOOR, ECHO, 1, NONE), p50(BRIDGE, IDLE, 1)
    polling, nagle = p50(BRIDGE, READINGS_FLAT_OUT, 1), p50(PEER, READINGS_FLAT_OUT, 0)
    return [
        Ratio("P3", "p50, bridge idle / echo", idle, echo, Goal(at_most=2.0)),
        Ratio(
            "P3", "p50, pymacnet + paho polling, QoS 0 / bridge polling", nagle, polling, Goal(at_least=20)
        ),
        Ratio("P3", "p50, pymacnet + paho polling, QoS 0 / bridge idle", nagle, idle),
        Ratio("P3", "p50, bridge polling / echo", polling, echo),
        Ratio("P3", "p50, pymacnet + paho idle, QoS 1 / bridge idle", p50(PEER, IDLE, 1), idle),
    ]


def _p4() -> list[Ratio]:
    found = []
    for qos, of_ceiling, of_node_red in ((0, 0.6, Goal(at_least=1.0)), (1, 0.8, NO_GOAL)):
        ours = rate(BRIDGE, READINGS_FLAT_OUT, EIGHT, qos)
        theirs = rate(PEER, READINGS_FLAT_OUT, EIGHT, qos)
        ceiling = rate(FLOOR, PUBLISHING, NONE, qos)
        costs = [cpu(who, READINGS_FLAT_OUT, EIGHT, qos) for who in (BRIDGE, PEER)]
        found += [
            Ratio("P4", f"QoS {qos} / the better of Node-RED", ours, _best_node_red(qos), of_node_red),
            Ratio("P4", f"QoS {qos} / paho's ceiling", ours, ceiling, Goal(at_least=of_ceiling)),
            Ratio("P4", f"QoS {qos} / pymacnet + paho", ours, theirs),
            Ratio("P4", f"CPU of a reading, QoS {qos} / pymacnet + paho", costs[0], costs[1]),
        ]
    return found


def _p5() -> list[Ratio]:
    found = []
    for qos in (0, 1):
        ours = rate(BRIDGE, SWEEPS_FLAT_OUT, EIGHT, qos)
        theirs = rate(PEER, READINGS_FLAT_OUT, EIGHT, qos)
        found += [
            Ratio("P5", f"QoS {qos} / pymacnet + paho", ours, theirs, Goal(at_least=100)),
            Ratio("P5", f"QoS {qos} / the better of Node-RED", ours, _best_node_red(qos), Goal(at_least=20)),
        ]
    return found


FIGURES = (
    Figure(
        "P6", "CPU per channel reading, 12,800 / 128 channels", "scale", "P6.cpu_ratio", Goal(at_most=1.2)
    ),
    Figure("P7", "cores, 100 testers of 128 channels", "scale", "P7.cores", Goal(at_most=0.5)),
    Figure("P7", "resident MB", "scale", "P7.resident_mb", Goal(at_most=150)),
    Figure("P7", "worst lag / interval", "scale", "P7.lag_intervals", Goal(at_most=1.0)),
    Figure("P8", "append / SQLite's batch ceiling", "spool", "P8.append_ratio", Goal(at_least=0.5)),
    Figure("P8", "replay / live rate", "spool", "P8.replay_ratio", Goal(at_least=10)),
    Figure("P8", "live p99 during replay, s", "spool", "P8.live_p99_second", Goal(at_most=1.0)),
)


# --- the verdicts


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
    value: Any = found.get(figure.script)
    for key in figure.path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    number = float(value) if isinstance(value, int | float) else None
    why = absent.get(figure.script, f"bench/{figure.script}.py wrote no {figure.path}")
    return _verdict(figure.number, figure.what, number, figure.goal, None, why)


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
