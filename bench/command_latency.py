"""From a command to its final acknowledgement, with the journal and without.

    python bench/command_latency.py
    python bench/command_latency.py --commands 1000 --channels 8 --directory /var/lib --json latency.json

Two bridges that poll nothing, each with a tester without latency: one has its journal on the disk, the
other in memory, where there is /dev/shm. The commands take turns, one at a time, so that other work on
the machine meets all of them alike. The simulators run in this process, to count the requests.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

# A script's own directory is on the path, the directory above, with both packages, is not.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import machine, stack
from bench.measure import SPREAD_S, Commander
from bench.quantiles import quantile
from macnet_bridge.simulator import SimulatedCycler

MEMORY = Path("/dev/shm")
SETTLE_S = 2.0
WARM_UP = 5
SYNCS = 100


@dataclass
class Row:
    """A verb at one of the bridges.

    Attributes:
        journal: none, or where it is.
        latencies_ms: of each command, from publishing it to its final acknowledgement.
        requests: the MacNet functions that the tester was asked from the command to its
            acknowledgement, by the bridge's telemetry too, and how often it was these.
    """

    verb: str
    journal: str
    cycler: SimulatedCycler
    commander: Commander
    latencies_ms: list[float] = field(default_factory=list)
    requests: Counter[str] = field(default_factory=Counter)
    not_done: int = 0


@click.command()
@click.option(
    "--commands", type=click.IntRange(1, 10_000), default=300, show_default=True, help="Of each row."
)
@click.option("--channels", type=click.IntRange(1, 128), default=16, show_default=True)
@click.option(
    "--directory",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=tempfile.gettempdir(),
    show_default=True,
    help="On the disk that the journal is to be on.",
)
@click.option("--json", "json_file", type=click.Path(dir_okay=False), help="Write every latency there.")
def main(commands: int, channels: int, directory: Path, json_file: str | None) -> None:
    """Measure, print a table, and exit 1 when a command was not done.

    Example: python bench/command_latency.py --commands 500 --directory /var/lib
    """
    syncs = _bare_syncs(directory)
    facts = machine.facts() | {
        "disk": f"{_filesystem(directory)}; a bare fsync of a file that grew by 4 KiB takes "
        f"{quantile(syncs, 0.5):.2f} ms at p50, {quantile(syncs, 0.99):.2f} at p99",
        "commands": f"{commands} of each row, on {channels} channels",
    }
    places = {"disk": directory} | ({"memory": MEMORY} if MEMORY.is_dir() else {})
    rows = asyncio.run(_measure(commands, channels, places))
    print("\n".join([*(f"- {name}: {value}" for name, value in facts.items()), "", *_table(rows)]))
    if json_file:
        latencies = [{"verb": r.verb, "journal": r.journal, "ms": r.latencies_ms} for r in rows]
        Path(json_file).write_text(json.dumps({"facts": facts, "rows": latencies}, indent=1) + "\n", "utf-8")
    if any(row.not_done for row in rows):
        sys.exit(1)


async def _measure(commands: int, channels: int, places: dict[str, Path]) -> list[Row]:
    async with AsyncExitStack() as opened:
        cyclers = [await opened.enter_async_context(SimulatedCycler(channels)) for _ in places]
        running = opened.enter_context(ExitStack())
        broker_port, _ = await asyncio.to_thread(running.enter_context, stack.mosquitto())
        rows = []
        for (journal, data), cycler in zip(places.items(), cyclers, strict=True):
            commander = await asyncio.to_thread(_start, running, broker_port, cycler, journal, data)
            if journal == "disk":
                rows += [Row(verb, "none", cycler, commander) for verb in ("read_status", "set_variable")]
            rows.append(Row("reset", journal, cycler, commander))
        # At first each channel is read, with its test's name and its specification.
        await asyncio.sleep(SETTLE_S)
        for number in range(-WARM_UP, commands):
            for row in rows:
                await _send(row, number)
    return rows


def _start(running: ExitStack, broker_port: int, cycler: SimulatedCycler, root: str, data: Path) -> Commander:
    """A bridge as a process, blocking while it starts."""
    tester = stack.TesterPorts(cycler.json_port, cycler.tcp_port, cycler.udp_port, cycler.channels, 0)
    running.enter_context(
        stack.bridge(broker_port, tester, root, qos=1, polling=stack.IDLE, name=root, data_parent=data)
    )
    commander = Commander(
        broker_port, root, root + "/lab1/{channel}/cmd/{verb}", f"{root}/lab1/+/telemetry/ack"
    )
    running.callback(commander.close)
    return commander


async def _send(row: Row, number: int) -> None:
    """One command; those with a number below 0 warm up and do not count."""
    await asyncio.sleep(random.uniform(0, SPREAD_S))
    args: dict[str, Any] = {"variable": 1, "value": float(number)} if row.verb == "set_variable" else {}
    row.cycler.received.clear()
    latency_ms, status, requests = await asyncio.to_thread(_timed, row, args)
    if number >= 0:
        row.latencies_ms.append(latency_ms)
        row.requests[requests] += 1
    row.not_done += status != "done"


def _timed(row: Row, args: dict[str, Any]) -> tuple[float, str, str]:
    channel = random.randint(1, row.cycler.channels)
    published = time.monotonic()
    command_id = row.commander.send(channel, row.verb, args)
    answer, arrived = row.commander.answers(command_id)[command_id]
    asked = [seen.number for seen in row.cycler.received if seen.time <= arrived and seen.number]
    requests = " ".join(f"({fclass},{fnum})" for fclass, fnum in asked)
    return 1000 * (arrived - published), answer.status, requests


def _table(rows: list[Row]) -> Iterator[str]:
    yield "| command | journal | mostly asked | so often | n | p50 ms | p99 ms | p50, p99 / set_variable |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    (base,) = (row for row in rows if row.verb == "set_variable")
    for row in rows:
        p50, p99 = (quantile(row.latencies_ms, share) for share in (0.5, 0.99))
        times = (p50 / quantile(base.latencies_ms, 0.5), p99 / quantile(base.latencies_ms, 0.99))
        ((requests, often),) = row.requests.most_common(1)
        shown = f"{often} | {len(row.latencies_ms)} | {p50:.2f} | {p99:.2f} | {times[0]:.2f}, {times[1]:.2f}"
        yield f"| {row.verb} | {row.journal} | {requests} | {shown} |"
    yield ""
    yield f"Commands that were not done: {sum(row.not_done for row in rows)}."
    if not MEMORY.is_dir():
        yield f"No {MEMORY}: the journal in memory was not measured."


def _bare_syncs(directory: Path) -> list[float]:
    """What the disk alone takes, in milliseconds."""
    taken = []
    with tempfile.TemporaryFile(dir=directory, buffering=0) as file:
        for _ in range(SYNCS):
            file.write(bytes(4096))
            started = time.monotonic()
            os.fsync(file.fileno())
            taken.append(1000 * (time.monotonic() - started))
    return taken


def _filesystem(directory: Path) -> str:
    """Its type, as Linux tells it."""
    try:
        mounts = [line.split() for line in Path("/proc/mounts").read_text("utf-8").splitlines()]
    except OSError:
        return "file system unknown"
    under = [fields for fields in mounts if directory.resolve().is_relative_to(fields[1])]
    return max(under, key=lambda fields: len(fields[1]))[2]


if __name__ == "__main__":
    main()
