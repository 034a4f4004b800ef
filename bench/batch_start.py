"""A test on each of 96 channels, started through the client at testers as slow as real ones.

    python -m bench.batch_start
    python -m bench.batch_start --channels 8 --latency-ms 0

Two serial testers at 34 ms, one Mosquitto, one bridge with its usual intervals. At the first tester
`examples/batch_start.py` reads a CSV file in which one channel has a procedure that is not there: first
nothing may start, then, with `go_on=yes`, all others. At the second one a single `atomic` command
starts all channels, of which one is busy: none may start; and then all others.

The simulators run in this process, so that their logs have the truth. Exits with 1 when it is not so.
"""

from __future__ import annotations

import asyncio
import csv
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import click

from bench import machine, stack
from bench.rows import SERIAL_MS
from macnet_bridge.client import BridgeClient, CommandFailed
from macnet_bridge.macnet.protocol.messages import StartTest
from macnet_bridge.simulator import SimulatedCycler
from macnet_bridge.simulator.answers import commands
from tests.bridge.mqtt_peer import MqttPeer, Seen

ROOT = "batch"
WRONG = 7
"""The channel that cannot start."""

EXPIRES_S = 60.0
START = (6, 2)
_USUAL = stack.Polling(sweep_s=1.0, active_s=1.0, idle_s=60.0)


@dataclass
class Phase:
    """One attempt to start everything.

    Attributes:
        seconds: from its beginning to its last acknowledgement.
        statuses: of the final acknowledgements that channels published, dry runs included.
        errors: their codes.
        repeats: further ones, of commands that the client sent again while it waited.
        asked: MacNet functions that the tester was asked meanwhile, by telemetry too.
        starts: channels that (6, 2) arrived for.
        said: what the program printed.
    """

    name: str
    seconds: float = 0.0
    statuses: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    repeats: int = 0
    asked: Counter[tuple[int, int]] = field(default_factory=Counter)
    starts: list[int] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


@click.command(context_settings={"show_default": True})
@click.option("--channels", type=click.IntRange(WRONG, 128), default=96)
@click.option("--latency-ms", type=click.FloatRange(0), default=SERIAL_MS)
def main(channels: int, latency_ms: float) -> None:
    """Start them, print a table, and exit 1 when other channels started than should have."""
    print("\n".join(f"- {name}: {value}" for name, value in machine.facts().items()), flush=True)
    phases = asyncio.run(measure(channels, latency_ms))
    print("\n".join(["", *_words(phases), "", *_table(phases, latency_ms)]))
    others = [channel for channel in range(1, channels + 1) if channel != WRONG]
    if [sorted(phase.starts) for phase in phases] != [[], others, [], others]:
        sys.exit(f"started: {[phase.starts for phase in phases]}")


async def measure(channels: int, latency_ms: float) -> list[Phase]:
    """The four attempts, in their order."""
    async with AsyncExitStack() as opened:
        testers = [
            await opened.enter_async_context(SimulatedCycler(channels, latency_ms=latency_ms))
            for _ in range(2)
        ]
        with ExitStack() as running:
            port = await asyncio.to_thread(_start, running, testers)
            peer = await opened.enter_async_context(MqttPeer("127.0.0.1", port, f"{ROOT}/+/+/telemetry/ack"))
            cells = Path(running.enter_context(tempfile.TemporaryDirectory()), "cells.csv")
            write_cells(cells, channels)
            phases = await _by_the_example(testers[0], peer, port, cells)
            return phases + await _at_once(testers[1], peer, port)


def _start(running: ExitStack, testers: list[SimulatedCycler]) -> int:
    """Broker and bridge as processes, both blocking while they start; the broker's port."""
    port, _ = running.enter_context(stack.mosquitto())
    at = [
        stack.TesterPorts(one.json_port, one.tcp_port, one.udp_port, one.channels, os.getpid())
        for one in testers
    ]
    running.enter_context(stack.bridge(port, at, ROOT, qos=1, polling=_USUAL))
    return port


def write_cells(file: Path, channels: int) -> None:
    """A row for each channel, as somebody would fill them in; one of them has a slip."""
    with file.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(["channel", "procedure", "c_rate_ah", "test_name", "cell_id"])
        for channel in range(1, channels + 1):
            procedure = "CCVC_1C" if channel == WRONG else "CCCV_1C"
            writer.writerow([channel, procedure, "2.5", f"cell {channel}", f"c-{channel}"])


# --- attempts


async def _by_the_example(cycler: SimulatedCycler, peer: MqttPeer, port: int, cells: Path) -> list[Phase]:
    async def run(phase: Phase, *words: str) -> None:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(stack.ROOT / "examples" / "batch_start.py")),
            *(f"url=mqtt://127.0.0.1:{port}", f"root={ROOT}", f"file={cells}", *words),
            stdout=asyncio.subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": str(stack.ROOT)},
        )
        out, _ = await process.communicate()
        phase.said = out.decode().splitlines()

    most = cycler.channels
    return [
        await _watched("examples/batch_start.py", cycler, peer, most, run),
        await _watched("... go_on=yes", cycler, peer, 2 * most - 1, lambda phase: run(phase, "go_on=yes")),
    ]


async def _at_once(cycler: SimulatedCycler, peer: MqttPeer, port: int) -> list[Phase]:
    busy = StartTest(test_name="another", procedure="Cycle_1C", c_rate_ah=2.5)
    commands.start_test(cycler.tester, cycler.channel(WRONG), busy, now=cycler.clock())
    last = cycler.channels

    async def run(phase: Phase, which: str) -> None:
        async with BridgeClient(f"mqtt://127.0.0.1:{port}", root=ROOT) as lab:
            try:
                answer = (
                    await lab["lab2"]
                    .channels(which, atomic=True)
                    .start_test(
                        procedure="CCCV_1C", c_rate_ah=2.5, test_name="cell {channel}", expires_s=EXPIRES_S
                    )
                )
                phase.said = [f"summary: {answer.status}"]
            except CommandFailed as error:
                phase.said = [f"summary: {error.status}", str(error)]

    others = f"1-{WRONG - 1},{WRONG + 1}-{last}"
    return [
        await _watched("atomic, one is busy", cycler, peer, last, lambda phase: run(phase, f"1-{last}")),
        await _watched("atomic, the others", cycler, peer, last - 1, lambda phase: run(phase, others)),
    ]


async def _watched(
    name: str, cycler: SimulatedCycler, peer: MqttPeer, finals: int, run: Callable[[Phase], Awaitable[None]]
) -> Phase:
    """Run it, and see what channels acknowledge and what the tester receives meanwhile."""
    phase, after, began = Phase(name), len(peer.seen), time.monotonic()
    cycler.received.clear()
    await run(phase)
    await peer.wait(lambda _: len(_finals(peer, after)) >= finals, after)
    acknowledged = list(_finals(peer, after).values())
    phase.seconds = acknowledged[-1].monotonic - began
    phase.statuses = Counter(seen.json["status"] for seen in acknowledged)
    phase.errors = Counter(seen.json["error"]["code"] for seen in acknowledged if "error" in seen.json)
    phase.repeats = sum(seen.json["final"] for seen in peer.seen[after:]) - len(acknowledged)
    phase.asked = Counter(record.number for record in cycler.received if record.number)
    phase.starts = [record.channel for record in cycler.received.of(*START)]
    return phase


def _finals(peer: MqttPeer, after: int) -> dict[tuple[str, str], Seen]:
    """The first final acknowledgement of each id on each channel; a client that asks again gets it again."""
    found: dict[tuple[str, str], Seen] = {}
    for seen in peer.seen[after:]:
        if seen.json["final"]:
            found.setdefault((seen.topic, seen.json["id"]), seen)
    return found


# --- what is printed


def _words(phases: list[Phase]) -> Iterator[str]:
    for phase in phases:
        yield f"{phase.name}:"
        yield from (f"    {line}" for line in phase.said)


def _table(phases: list[Phase], latency_ms: float) -> Iterator[str]:
    yield "| attempt | s | requests | x latency, s | acknowledged | errors | again | started |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for phase in phases:
        requests = sum(phase.asked.values())
        yield (
            f"| {phase.name} | {phase.seconds:.1f} | {requests} | {requests * latency_ms / 1000:.1f} "
            f"| {_counts(phase.statuses)} | {_counts(phase.errors)} | {phase.repeats} | {len(phase.starts)} |"
        )
    yield ""
    for phase in phases:
        asked = ", ".join(f"{fclass},{fnum} x {n}" for (fclass, fnum), n in sorted(phase.asked.items()))
        yield f"{phase.name}: {asked}"


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{count} {what}" for what, count in counter.most_common()) or "none"


if __name__ == "__main__":
    main()
