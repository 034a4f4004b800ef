"""What the speed is measured by, P1 to P8: which rows are divided by which, and what should come out.

A further goal is a further line here: a ratio of two quantities, or a figure of a script of its own.
"""

from __future__ import annotations

from statistics import median

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
from bench.verdicts import NO_GOAL, Figure, Goal, Quantity, Ratio, Taken

ARITHMETIC_MS = 3 * SERIAL_MS
"""The worst case of a command at a serial tester: the request in flight, its own, and the read-back."""


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
            Ratio("P4", f"QoS {qos} / the best of Node-RED", ours, _best_node_red(qos), of_node_red),
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
            Ratio("P5", f"QoS {qos} / the best of Node-RED", ours, _best_node_red(qos), Goal(at_least=20)),
        ]
    return found


FIGURES = (
    Figure("P6", "CPU per channel reading, 12,800 / 128 channels", "scale", "ratio", Goal(at_most=1.2)),
    Figure("P7", "cores, 100 testers of 128 channels", "scale", "scales.1.cores", Goal(at_most=0.5)),
    Figure("P7", "resident MB", "scale", "scales.1.resident_mb", Goal(at_most=150)),
    Figure("P7", "latest sweep, intervals of 1 s", "scale", "scales.1.late_max_s", Goal(at_most=1.0)),
    Figure("P7", "p99 of how late a sweep is, intervals", "scale", "scales.1.late_p99_s"),
    Figure("P8", "append / SQLite's batch ceiling", "spool", "ratios.append", Goal(at_least=0.5)),
    Figure("P8", "replay / SQLite's batch ceiling", "spool", "ratios.replay", Goal(at_least=0.5)),
    Figure("P8", "replay / live rate", "spool", "live.times_live", Goal(at_least=10)),
    Figure("P8", "live p99 during replay, ms", "spool", "live.beside_replay_ms.1", Goal(at_most=1000)),
)
