"""What a simulated cycler costs: processor, memory, and how fast it answers while its tests run.

    python -m bench.simulator_load
    python -m bench.simulator_load --seconds 30 --json load.json

Every channel cycles at 1C, for ever. Each size is measured twice: with nobody asking, and with a client
that reads everything once a second, by a sweep (four bulk requests for each 128 channels) and a full reading
of every tenth channel.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from bench import machine, stack
from bench.quantiles import quantile
from macnet_bridge.macnet import AsyncCycler, TesterAddress
from macnet_bridge.macnet.protocol.messages import StartTest

PROCEDURE = "Cycle"
STEPS = (
    ("Do 1", "", "", "", ""),
    ("Charge", "Current", "1.0C", "<Voltage>4.2</Voltage>", "Current,&lt;=,003,0.05C"),
    ("Rest", "", "", "", "StepTime,=,004,00:10:00"),
    ("Dischrge", "Current", "1.0C", "", "Voltage,&lt;=,005,3.0"),
    ("Rest", "", "", "", "StepTime,=,006,00:10:00"),
    ("AdvCycle", "", "", "", ""),
    ("Loop 1", "", "", "", "Loop Cnt,=,008,9999999"),
    ("End", "", "", "", ""),
)
"""Type, mode, value, limits and the end of each."""

SIZES = ((128, 1.0), (1024, 1.0), (128, 1000.0), (1024, 1000.0), (128, 10_000.0))
"""Channels and speed."""
BLOCK = 128
SWEEP_SECOND = 1.0
EVERY = 10
"""A full reading of one channel in so many."""


@dataclass(frozen=True)
class Load:
    """One measurement.

    Attributes:
        cpu_share: processor time per time, 1 is one core.
        speed_reached: seconds of test time per second, of the channel that got least.
        asked: requests that were answered; `p50_ms`, `p99_ms` how long that took.
    """

    channels: int
    speed: float
    reader: bool
    cpu_share: float
    resident_mb: float
    speed_reached: float
    asked: int
    p50_ms: float
    p99_ms: float


@click.command()
@click.option("--seconds", type=click.FloatRange(1), default=10.0, show_default=True, help="Of each one.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False), help="Write the figures there.")
def main(seconds: float, json_file: str | None) -> None:
    """Measure all sizes and print a table."""
    facts = machine.facts()
    loads = [load for size in SIZES for load in _measure(*size, seconds)]
    print("\n".join([*(f"- {name}: {value}" for name, value in facts.items()), "", *_table(loads)]))
    if json_file:
        content = {"facts": facts, "loads": [asdict(load) for load in loads]}
        Path(json_file).write_text(json.dumps(content, indent=1) + "\n", "utf-8")


def procedure_file() -> str:
    """The procedure in Maccor's XML."""
    return f"<MaccorTestProcedure><ProcSteps>{''.join(map(_step, STEPS))}</ProcSteps></MaccorTestProcedure>"


def _step(texts: tuple[str, ...]) -> str:
    kind, mode, value, limits, end = texts
    tags = zip(("EndType", "Oper", "Step", "Value"), end.split(","), strict=bool(end))
    entry = "".join(f"<{tag}>{text}</{tag}>" for tag, text in tags)
    ends = f"<EndEntry>{entry}</EndEntry>" if end else ""
    named = f"<StepType>{kind}</StepType><StepMode>{mode}</StepMode><StepValue>{value}</StepValue>"
    return f"<TestStep>{named}<Limits>{limits}</Limits><Ends>{ends}</Ends></TestStep>"


def _measure(channels: int, speed: float, seconds: float) -> list[Load]:
    with ExitStack() as running:
        folder = running.enter_context(tempfile.TemporaryDirectory(prefix="macnet-bench-"))
        Path(folder, f"{PROCEDURE}.000").write_text(procedure_file(), "utf-8")
        options = ("--speed", str(speed), "--procedures", folder)
        tester = running.enter_context(stack.simulated_tester(channels, 0.0, *options))
        return asyncio.run(_loads(tester, speed, seconds))


async def _loads(tester: stack.TesterPorts, speed: float, seconds: float) -> list[Load]:
    async with AsyncCycler(TesterAddress("127.0.0.1", tester.json, tester.tcp, tester.udp)) as cycler:
        for channel in range(1, tester.channels + 1):
            start = StartTest(test_name="Random", procedure=PROCEDURE, c_rate_ah=2.5)
            await cycler.start_test(channel, start)
        return [await _load(tester, cycler, speed, seconds, reader) for reader in (False, True)]


async def _load(
    tester: stack.TesterPorts, cycler: AsyncCycler, speed: float, seconds: float, reader: bool
) -> Load:
    before, began, cpu = await _test_times(cycler, tester.channels), time.monotonic(), _cpu(tester)
    times_ms = await _read(cycler, tester.channels, seconds) if reader else await _do_nothing(seconds)
    cpu_share = (_cpu(tester) - cpu) / (time.monotonic() - began)
    after, took = await _test_times(cycler, tester.channels), time.monotonic() - began
    passed = min(two - one for one, two in zip(before, after, strict=True))
    p50_ms, p99_ms = (quantile(times_ms, share) if times_ms else 0.0 for share in (0.5, 0.99))
    memory = machine.resident_mb(tester.pid) or 0.0
    return Load(
        tester.channels, speed, reader, cpu_share, memory, passed / took, len(times_ms), p50_ms, p99_ms
    )


def _cpu(tester: stack.TesterPorts) -> float:
    return machine.cpu_seconds(tester.pid) or 0.0


async def _do_nothing(seconds: float) -> list[float]:
    await asyncio.sleep(seconds)
    return []


async def _read(cycler: AsyncCycler, channels: int, seconds: float) -> list[float]:
    """Milliseconds of every request while everything is read once a second."""
    taken: list[float] = []
    began = time.monotonic()
    due = began
    while due < began + seconds:
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        await _sweep(cycler, channels, taken)
        due = max(due + SWEEP_SECOND, time.monotonic())
    return taken


async def _sweep(cycler: AsyncCycler, channels: int, taken: list[float]) -> None:
    for first in range(1, channels + 1, BLOCK):
        count = min(BLOCK, channels - first + 1)
        for read in (
            cycler.read_statuses,
            cycler.read_voltages,
            cycler.read_currents,
            cycler.read_test_times,
        ):
            asked = time.perf_counter()
            await read(first, count)
            taken.append(1e3 * (time.perf_counter() - asked))
    for channel in range(1, channels + 1, EVERY):
        asked = time.perf_counter()
        await cycler.read_status(channel)
        taken.append(1e3 * (time.perf_counter() - asked))


async def _test_times(cycler: AsyncCycler, channels: int) -> list[float]:
    times: list[float] = []
    for first in range(1, channels + 1, BLOCK):
        times += await cycler.read_test_times(first, min(BLOCK, channels - first + 1))
    return times


def _table(loads: list[Load]) -> list[str]:
    header = (
        "channels",
        "speed",
        "read once a second",
        "cores",
        "MB",
        "speed reached",
        "requests",
        "p50 / p99 ms",
    )
    lines = [f"| {' | '.join(header)} |", f"|{'---|' * len(header)}"]
    for load in loads:
        cells = (
            f"{load.channels}",
            f"{load.speed:,.0f}",
            "yes" if load.reader else "no",
            f"{load.cpu_share:.3f}",
            f"{load.resident_mb:.0f}",
            f"{load.speed_reached:,.0f}",
            f"{load.asked}",
            f"{load.p50_ms:.2f} / {load.p99_ms:.1f}" if load.reader else "",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return lines


if __name__ == "__main__":
    main()
