"""The rows of the comparison: a name, what starts it, and what is measured of it.

A further measure is a further row here; the runner and the table know nothing of single rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field

from bench import stack
from bench.measure import SETTLE_S, Commander, Measured, Sample, count_readings
from bench.stack import TesterPorts

SERIAL_MS = 34.0
COMMANDS = ("read_status", "set_variable")
FIRST_REQUESTS = {stack.READINGS: 2, stack.SWEEPS: 0, stack.IDLE: 3}
"""Requests per channel before the bridge has come to rest: at first it reads every channel and its
test's name, and when nothing else is due its specification. Sweeps without end leave no room for that."""

READING, SWEEP, BARE = "4,7 reading", "sweep, per channel", "bare message"


@dataclass
class Bench:
    """What all rows share.

    Attributes:
        testers: simulated testers by name, "fast" and "serial".
        seconds: of each single measurement.
    """

    broker_port: int
    broker_pid: int
    testers: dict[str, TesterPorts]
    channels: int
    seconds: float
    roots: int = field(default=0)

    def new_root(self) -> str:
        """A topic root of its own for every measurement, so that nothing retained is met again."""
        self.roots += 1
        return f"bench{self.roots}"


Setup = Callable[[Bench], AbstractContextManager[Measured]]
Measure = Callable[[Bench, Measured, "Row"], Sample]


@dataclass(frozen=True)
class Row:
    """One row of the table.

    Attributes:
        who: bridge, pymacnet + paho, or floor.
        tester: fast, serial, or none.
        reading: what is counted as one reading; empty when it sends none.
        arithmetic_per_s: the readings/s that the tester allows at most, where that is known.
    """

    name: str
    who: str
    tester: str
    qos: int
    reading: str
    setup: Setup
    measure: Measure
    arithmetic_per_s: float | None = None


# --- measures


def readings_then_commands(bench: Bench, measured: Measured, row: Row) -> Sample:
    """Count readings undisturbed, then time commands while the polling goes on."""
    sample = Sample()
    if measured.readings is not None:
        _count(bench, measured, row, sample)
    if measured.commands is not None:
        commander = Commander(bench.broker_port, bench.new_root(), measured.commands, measured.answers)
        with closing(commander):
            for verb in COMMANDS:
                commander.time_commands(sample, verb, bench.channels, bench.seconds)
    return sample


def _count(bench: Bench, measured: Measured, row: Row, sample: Sample) -> None:
    pids = {"self": measured.pid, "broker": bench.broker_pid}
    if row.tester in bench.testers:
        pids["tester"] = bench.testers[row.tester].pid
    with stack.helper("bench.subscriber", bench.broker_port, measured.readings, row.qos) as counter:
        pids["subscriber"] = counter.pid
        count_readings(sample, counter, bench.seconds, pids)


# --- setups


def our_bridge(tester: str, qos: int, polling: stack.Polling) -> Setup:
    """`macnet-bridge run`."""

    @contextmanager
    def setup(bench: Bench) -> Iterator[Measured]:
        root = bench.new_root()
        ports = bench.testers[tester]
        with stack.bridge(bench.broker_port, ports, root, qos=qos, polling=polling) as running:
            kind = f"{root}/lab1/telemetry/sweep" if polling.sweep_s else f"{root}/lab1/+/telemetry/reading"
            request_s = SERIAL_MS / 1000 if tester == "serial" else 0.0
            yield Measured(
                running.pid,
                readings=None if polling is stack.IDLE else kind,
                commands=root + "/lab1/{channel}/cmd/{verb}",
                answers=f"{root}/lab1/+/telemetry/ack",
                settle_s=SETTLE_S + FIRST_REQUESTS[polling] * bench.channels * request_s,
            )

    return setup


def peer(tester: str, qos: int, task: str) -> Setup:
    """pymacnet and paho, as their READMEs suggest."""

    @contextmanager
    def setup(bench: Bench) -> Iterator[Measured]:
        root, ports = bench.new_root(), bench.testers[tester]
        arguments = (bench.broker_port, ports.json, ports.tcp, bench.channels, qos, root, task)
        with stack.helper("bench.peer", *arguments) as running:
            yield Measured(
                running.pid,
                readings=f"{root}/+/reading" if task == "poll" else None,
                commands=root + "/{channel}/cmd/{verb}",
                answers=f"{root}/+/ack",
            )

    return setup


def floor_echo(bench: Bench) -> AbstractContextManager[Measured]:
    """A client that answers at once, nothing behind it."""

    @contextmanager
    def setup() -> Iterator[Measured]:
        root = bench.new_root()
        with stack.helper("bench.floor", "echo", bench.broker_port, root) as running:
            yield Measured(running.pid, commands=root + "/{channel}/cmd/{verb}", answers=f"{root}/+/ack")

    return setup()


def floor_publish(qos: int) -> Setup:
    """paho publishing the same few bytes as fast as it can."""

    @contextmanager
    def setup(bench: Bench) -> Iterator[Measured]:
        root = bench.new_root()
        with stack.helper("bench.floor", "publish", bench.broker_port, root, qos, bench.channels) as running:
            yield Measured(running.pid, readings=f"{root}/+/reading")

    return setup


# --- the table


def rows(channels: int) -> list[Row]:
    """All rows, in the order of the table and of each round."""
    return [
        *(row for tester in ("fast", "serial") for row in _of_tester(tester, channels)),
        Row("echo", "floor", "none", 1, "", floor_echo, readings_then_commands),
        *(
            Row("paho publishing", "floor", "none", qos, BARE, floor_publish(qos), readings_then_commands)
            for qos in (0, 1)
        ),
    ]


def _of_tester(tester: str, channels: int) -> Iterator[Row]:
    requests_per_s = 1000 / SERIAL_MS
    requests_per_sweep = 4 * -(-channels // 128)
    by_reading = requests_per_s if tester == "serial" else None
    by_sweep = requests_per_s * channels / requests_per_sweep if tester == "serial" else None
    ours, theirs, do = "bridge", "pymacnet + paho", readings_then_commands
    for qos in (0, 1):
        setup = our_bridge(tester, qos, stack.READINGS)
        yield Row("readings flat out", ours, tester, qos, READING, setup, do, by_reading)
        yield Row(
            "readings flat out", theirs, tester, qos, READING, peer(tester, qos, "poll"), do, by_reading
        )
    for qos in (0, 1):
        setup = our_bridge(tester, qos, stack.SWEEPS)
        yield Row("sweeps flat out", ours, tester, qos, SWEEP, setup, do, by_sweep)
    yield Row("idle", ours, tester, 1, "", our_bridge(tester, 1, stack.IDLE), do)
    for qos in (0, 1):
        yield Row("idle", theirs, tester, qos, "", peer(tester, qos, "idle"), do)
