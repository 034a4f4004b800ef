"""How long `R/all/cmd/suspend` takes to the last channel of several testers.

    python bench/stop_all.py
    python bench/stop_all.py --cyclers 4 --channels 128 --repetitions 3 --json stop_all.json

Every tester is serial at 34 ms, a test runs on every channel, and all of them are polled flat out when
the stop is published. The simulators run in this process, so that their logs have the truth.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import msgspec

# A script's own directory is on the path, the directory above, with both packages, is not.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import machine, stack
from bench.rows import SERIAL_MS
from bench.wire import Client
from macnet_bridge.macnet.protocol.codes import RUNNING
from macnet_bridge.macnet.protocol.messages import StartTest
from macnet_bridge.simulator import SimulatedCycler
from macnet_bridge.simulator.answers import commands

SUSPEND = (6, 3)
ROOT = "stopall"
READY_S = 120.0
ANSWER_S = 60.0


@dataclass
class Repetition:
    """One stop of everything. Times in milliseconds from publishing it.

    Attributes:
        first_ms, last_ms: until a tester had the first suspend, and the last one of all.
        last_of_each_ms: until each tester had its last one.
        acknowledged_ms: until the summary, read back.
        suspends: how many were received.
        still_running: channels that ran in the end: must be none.
    """

    first_ms: float
    last_ms: float
    last_of_each_ms: list[float]
    acknowledged_ms: float
    status: str
    suspends: int
    still_running: int


@click.command()
@click.option("--cyclers", type=click.IntRange(1, 16), default=4, show_default=True)
@click.option("--channels", type=click.IntRange(1, 128), default=128, show_default=True)
@click.option("--repetitions", type=click.IntRange(1, 20), default=3, show_default=True)
@click.option("--json", "json_file", type=click.Path(dir_okay=False), help="Write every repetition there.")
def main(cyclers: int, channels: int, repetitions: int, json_file: str | None) -> None:
    """Measure, print a table, and exit 1 when a test went on."""
    facts = machine.facts()
    done = asyncio.run(_measure(cyclers, channels, repetitions))
    print("\n".join([*(f"- {name}: {value}" for name, value in facts.items()), "", *_table(done, channels)]))
    if json_file:
        content = {"facts": facts, "repetitions": [asdict(repetition) for repetition in done]}
        Path(json_file).write_text(json.dumps(content, indent=1) + "\n", "utf-8")
    if any(repetition.still_running or repetition.status != "done" for repetition in done):
        sys.exit(1)


async def _measure(count: int, channels: int, repetitions: int) -> list[Repetition]:
    done = []
    async with AsyncExitStack() as opened:
        cyclers = [
            await opened.enter_async_context(SimulatedCycler(channels, latency_ms=SERIAL_MS))
            for _ in range(count)
        ]
        with ExitStack() as running:
            client = await asyncio.to_thread(_start, running, cyclers)
            await asyncio.gather(*(_polled(cycler) for cycler in cyclers))
            for number in range(1, repetitions + 1):
                done.append(await _repeat(cyclers, client, number))
                print(f"{number}: {done[-1]}", file=sys.stderr)
    return done


def _start(running: ExitStack, cyclers: Sequence[SimulatedCycler]) -> Client:
    """Broker and bridge as processes, both blocking while they start."""
    broker_port, _ = running.enter_context(stack.mosquitto())
    directory = running.enter_context(tempfile.TemporaryDirectory(prefix="macnet-bench-"))
    head = stack.BRIDGE_CONFIG.format(
        name="bench",
        directory=directory,
        broker_port=broker_port,
        root=ROOT,
        qos=1,
        sweep_s=0.0,
        active_s=stack.FLAT_OUT_S,
        idle_s=stack.FLAT_OUT_S,
    )
    tables = [
        stack.CYCLER_CONFIG.format(
            name=f"lab{n}", json_port=c.json_port, tcp_port=c.tcp_port, udp_port=c.udp_port
        )
        + 'transport = "json"\n'
        for n, c in enumerate(cyclers, 1)
    ]
    config = Path(directory, "bridge.toml")
    config.write_text(head + "".join(tables))
    client = Client(broker_port, "bench-stop-all")
    running.callback(client.close)
    client.subscribe(f"{ROOT}/bridge/bench/ack", qos=1)
    running.enter_context(
        stack.process("-m", "macnet_bridge", "run", "-c", str(config), "--log-level", "warning")
    )
    return client


async def _polled(cycler: SimulatedCycler) -> None:
    """Until every channel was looked at, and is looked at again and again."""
    async with asyncio.timeout(READY_S):
        while len(cycler.received.of(4, 7)) < 2 * cycler.channels:  # noqa: ASYNC110 - a log sets no event
            await asyncio.sleep(0.1)


async def _repeat(cyclers: Sequence[SimulatedCycler], client: Client, number: int) -> Repetition:
    for cycler in cyclers:
        for channel in range(1, cycler.channels + 1):
            _run_a_test(cycler, channel, number)
    # Telemetry takes note of the tests, and the testers are busy with it.
    await asyncio.sleep(3.0)
    for cycler in cyclers:
        cycler.received.clear()
    published = time.monotonic()
    command_id = f"stop-{number}"
    client.publish(f"{ROOT}/all/cmd/suspend".encode(), msgspec.json.encode({"id": command_id}), qos=1)
    answer, arrived = await asyncio.to_thread(_final, client, command_id)
    stops = [[1000 * (seen.time - published) for seen in cycler.received.of(*SUSPEND)] for cycler in cyclers]
    last = [max(times) for times in stops]
    return Repetition(
        first_ms=min(min(times) for times in stops),
        last_ms=max(last),
        last_of_each_ms=last,
        acknowledged_ms=1000 * (arrived - published),
        status=answer["status"],
        suspends=sum(map(len, stops)),
        still_running=sum(
            cycler.channel(n).state in RUNNING for cycler in cyclers for n in range(1, cycler.channels + 1)
        ),
    )


def _run_a_test(cycler: SimulatedCycler, channel: int, number: int) -> None:
    cycler.channel(channel).reset()
    start = StartTest(test_name=f"t{number}-{channel}", procedure="Cycle_1C", c_rate_ah=2.5)
    outcome = commands.start_test(cycler.tester, cycler.channel(channel), start, now=cycler.clock())
    assert outcome.result == 0, outcome


def _final(client: Client, command_id: str) -> tuple[dict[str, Any], float]:
    for message in client.messages_until(time.monotonic() + ANSWER_S):
        answer: dict[str, Any] = msgspec.json.decode(message.payload)
        if answer["id"] == command_id and answer["final"]:
            return answer, time.monotonic()
    raise RuntimeError(f"no final acknowledgement within {ANSWER_S:g} s")


def _table(done: list[Repetition], channels: int) -> Iterator[str]:
    # A poll that is being answered, one bulk read, and the suspends before the last one; then the
    # last one and the bulk read that confirms them all. Network and processor are left out.
    least = (1 + 1 + channels - 1) * SERIAL_MS
    yield "| repetition | first suspend ms | last suspend ms | arithmetic least ms | summary ms | least ms |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for number, repetition in enumerate(done, 1):
        numbers = (repetition.first_ms, repetition.last_ms, least)
        shown = " | ".join(f"{value:.0f}" for value in numbers)
        yield (f"| {number} | {shown} | {repetition.acknowledged_ms:.0f} | {least + 2 * SERIAL_MS:.0f} |")
    yield ""
    yield f"suspends received: {[repetition.suspends for repetition in done]}"
    yield f"channels that still ran: {sum(repetition.still_running for repetition in done)}"


if __name__ == "__main__":
    main()
