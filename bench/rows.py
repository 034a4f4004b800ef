"""The rows of the comparison: a name, what starts it, and what is measured of it.

A further measure is a further row here; the runner and the table know nothing of single rows, and
`goals.py` names those that it divides by each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from bench import node_red, stack
from bench.machine import calibration_ms
from bench.measure import SETTLE_S, Commander, Measured, Sample, count_readings
from bench.stack import TesterPorts

SERIAL_MS = 34.0
FAST, EIGHT, SERIAL, NONE = "fast", "8 fast", "serial", "none"
"""The testers. Fast ones are those of `fast_tester.py`, in one process; the serial one is our simulator."""

FAST_TESTERS = 8
SWEEP_REQUESTS = 4
"""For up to 128 channels."""

FIRST_REQUESTS = {stack.READINGS: 2, stack.SWEEPS: 0, stack.IDLE: 3}
"""Requests per channel before the bridge has come to rest: at first it reads every channel and its
test's name, and when nothing else is due its specification. Sweeps without end leave no room for that."""

READING, SWEEP, BARE = "4,7 reading", "sweep, per channel", "bare message"
READ_STATUS, SET_VARIABLE = "read_status", "set_variable"
VERBS = (READ_STATUS, SET_VARIABLE)

BRIDGE, PEER, FLOOR = "bridge", "pymacnet + paho", "floor"
NODE_RED_FLOWS = {
    "Node-RED, one at a time": "one_at_a_time",
    "Node-RED, pipelined": "pipelined",
    "Node-RED, function node": "function",
}
READINGS_FLAT_OUT, SWEEPS_FLAT_OUT, IDLE = "readings flat out", "sweeps flat out", "idle"
ECHO, PUBLISHING, FLOOD, SWEEP_FLOOD = "echo", "paho publishing", "flood", "flood as large as sweeps"
READING_BYTES, SWEEP_BYTES = 420, 5500


class Key(NamedTuple):
    """What tells a row from all others."""

    who: str
    name: str
    tester: str
    qos: int

    def __str__(self) -> str:
        return f"{self.who}, {self.name}, tester {self.tester}, QoS {self.qos}"


@dataclass
class Bench:
    """What all rows share.

    Attributes:
        testers: those of each kind.
        channels: of each tester.
        seconds: of each count of readings.
        commands: of each verb.
        node_red: the program, None where it is not.
    """

    broker_port: int
    broker_pid: int
    testers: dict[str, list[TesterPorts]]
    channels: int
    seconds: float
    commands: int = 150
    node_red: str | None = None
    roots: int = field(default=0)

    def new_root(self) -> str:
        """A topic root of its own for every measurement, so that nothing retained is met again."""
        self.roots += 1
        return f"bench{self.roots}"


Setup = Callable[[Bench, "Row"], AbstractContextManager[Measured]]


@dataclass(frozen=True)
class Row:
    """One row of the table.

    Attributes:
        key: who it is, what it does, and at which tester; QoS of its telemetry and answers.
        setup: starts it.
        reading: what is counted as one reading; empty when none are counted.
        verbs: commands that are timed, while it goes on with what it does.
        arithmetic_per_s: the readings/s that the tester allows at most, where that is known.
        quick: whether it is measured by `--quick`, too.
    """

    key: Key
    setup: Setup
    reading: str = ""
    verbs: Sequence[str] = ()
    arithmetic_per_s: float | None = None
    quick: bool = True


# --- the measure


def measure(bench: Bench, measured: Measured, row: Row) -> Sample:
    """Count readings undisturbed, then time commands while the polling goes on."""
    sample = Sample(calibration_ms=calibration_ms())
    if row.reading:
        _count(bench, measured, row, sample)
    if measured.commands is not None and row.verbs:
        commander = Commander(bench.broker_port, bench.new_root(), measured.commands, measured.answers)
        with closing(commander):
            for verb in row.verbs:
                commander.time_commands(sample, verb, bench.channels, bench.commands)
    return sample


def _count(bench: Bench, measured: Measured, row: Row, sample: Sample) -> None:
    pids = {"self": measured.pid, "broker": bench.broker_pid}
    if row.key.tester in bench.testers:
        pids["tester"] = bench.testers[row.key.tester][0].pid
    with stack.helper("bench.subscriber", bench.broker_port, measured.readings, row.key.qos) as counter:
        pids["subscriber"] = counter.pid
        count_readings(sample, counter, bench.seconds, pids)


# --- setups


def our_bridge(polling: stack.Polling) -> Setup:
    """`macnet-bridge run`."""

    @contextmanager
    def setup(bench: Bench, row: Row) -> Iterator[Measured]:
        root, testers, qos = bench.new_root(), bench.testers[row.key.tester], row.key.qos
        with stack.bridge(bench.broker_port, testers, root, qos=qos, polling=polling) as running:
            kind = f"{root}/+/telemetry/sweep" if polling.sweep_s else f"{root}/+/+/telemetry/reading"
            request_s = SERIAL_MS / 1000 if row.key.tester == SERIAL else 0.0
            yield Measured(
                running.pid,
                readings=kind,
                commands=root + "/lab1/{channel}/cmd/{verb}",
                answers=f"{root}/lab1/+/telemetry/ack",
                settle_s=SETTLE_S + FIRST_REQUESTS[polling] * bench.channels * request_s,
            )

    return setup


def peer(task: str) -> Setup:
    """pymacnet and paho, as their READMEs suggest."""

    @contextmanager
    def setup(bench: Bench, row: Row) -> Iterator[Measured]:
        root, testers = bench.new_root(), bench.testers[row.key.tester]
        json_ports = ",".join(str(tester.json) for tester in testers)
        tcp_ports = ",".join(str(tester.tcp) for tester in testers)
        arguments = (bench.broker_port, json_ports, tcp_ports, bench.channels, row.key.qos, root, task)
        with stack.helper("bench.peer", *arguments) as running:
            yield Measured(
                running.pid,
                readings=f"{root}/+/reading",
                commands=root + "/{channel}/cmd/{verb}",
                answers=f"{root}/+/ack",
            )

    return setup


@contextmanager
def a_node_red(bench: Bench, row: Row) -> Iterator[Measured]:
    """Node-RED with one of our flows."""
    assert bench.node_red is not None, "rows of Node-RED without Node-RED"
    root, testers = bench.new_root(), bench.testers[row.key.tester]
    flow = NODE_RED_FLOWS[row.key.who]
    with node_red.running(bench.node_red, flow, bench.broker_port, testers, root, row.key.qos) as running:
        yield Measured(running.pid, readings=f"{root}/+/+/reading")


@contextmanager
def echo(bench: Bench, row: Row) -> Iterator[Measured]:
    """A client that answers at once, nothing behind it."""
    root = bench.new_root()
    with stack.helper("bench.floor", "echo", bench.broker_port, root) as running:
        yield Measured(running.pid, commands=root + "/{channel}/cmd/{verb}", answers=f"{root}/+/ack")


@contextmanager
def publishing(bench: Bench, row: Row) -> Iterator[Measured]:
    """paho publishing the same few bytes as fast as it can."""
    root, channels = bench.new_root(), FAST_TESTERS * bench.channels
    with stack.helper("bench.floor", "publish", bench.broker_port, root, row.key.qos, channels) as running:
        yield Measured(running.pid, readings=f"{root}/+/reading")


def flood(payload_bytes: int) -> Setup:
    """Ready packets, as fast as the broker takes them."""

    @contextmanager
    def setup(bench: Bench, row: Row) -> Iterator[Measured]:
        root = bench.new_root()
        arguments = ("flood", bench.broker_port, root, payload_bytes, bench.channels)
        with stack.helper("bench.floor", *arguments) as running:
            yield Measured(running.pid, readings=f"{root}/+/reading")

    return setup


# --- the table


def rows(channels: int) -> list[Row]:
    """All rows, in the order of the table and of each round."""
    return [*_at_the_serial_tester(channels), *_at_a_fast_tester(), *_at_eight_fast_testers(), *_floors()]


def _at_the_serial_tester(channels: int) -> Iterator[Row]:
    requests_per_s = 1000 / SERIAL_MS
    sweeps = requests_per_s * channels / (SWEEP_REQUESTS * -(-channels // 128))
    setup = our_bridge(stack.SWEEPS)
    yield Row(Key(BRIDGE, SWEEPS_FLAT_OUT, SERIAL, 0), setup, SWEEP, (), sweeps, quick=False)
    yield Row(Key(BRIDGE, SWEEPS_FLAT_OUT, SERIAL, 1), setup, SWEEP, (SET_VARIABLE,), sweeps)
    setup = our_bridge(stack.READINGS)
    yield Row(Key(BRIDGE, READINGS_FLAT_OUT, SERIAL, 1), setup, READING, (SET_VARIABLE,), requests_per_s)
    for qos in (0, 1):
        key = Key(PEER, READINGS_FLAT_OUT, SERIAL, qos)
        yield Row(key, peer("poll"), READING, (SET_VARIABLE,), requests_per_s, quick=qos == 0)


def _at_a_fast_tester() -> Iterator[Row]:
    commands = (READ_STATUS,)
    yield Row(Key(BRIDGE, IDLE, FAST, 1), our_bridge(stack.IDLE), "", commands)
    yield Row(Key(BRIDGE, READINGS_FLAT_OUT, FAST, 1), our_bridge(stack.READINGS), READING, commands)
    for qos in (0, 1):
        yield Row(Key(PEER, READINGS_FLAT_OUT, FAST, qos), peer("poll"), READING, commands, quick=qos == 0)
        yield Row(Key(PEER, IDLE, FAST, qos), peer("idle"), "", commands, quick=qos == 1)
    yield Row(Key(FLOOR, ECHO, NONE, 1), echo, "", commands)


def _at_eight_fast_testers() -> Iterator[Row]:
    for qos in (0, 1):
        yield Row(Key(BRIDGE, READINGS_FLAT_OUT, EIGHT, qos), our_bridge(stack.READINGS), READING)
        yield Row(Key(PEER, READINGS_FLAT_OUT, EIGHT, qos), peer("poll"), READING)
        for who in NODE_RED_FLOWS:
            yield Row(Key(who, READINGS_FLAT_OUT, EIGHT, qos), a_node_red, READING)
        yield Row(Key(FLOOR, PUBLISHING, NONE, qos), publishing, BARE)
    for qos in (0, 1):
        yield Row(Key(BRIDGE, SWEEPS_FLAT_OUT, EIGHT, qos), our_bridge(stack.SWEEPS), SWEEP)


def _floors() -> Iterator[Row]:
    yield Row(Key(FLOOR, FLOOD, NONE, 0), flood(READING_BYTES), BARE)
    yield Row(Key(FLOOR, SWEEP_FLOOD, NONE, 0), flood(SWEEP_BYTES), BARE)
