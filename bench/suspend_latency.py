"""How long a `suspend` takes to the tester, and whether a start that it overtakes ever runs.

    python bench/suspend_latency.py
    python bench/suspend_latency.py --repetitions 100 --json suspend.json

The tester is serial at 34 ms and all its channels are polled flat out. In every repetition a
`start_test` is on its way when `suspend` is published to the same channel, in one of two places:

- queued: it waits in the channel's queue behind a `set_variable`
- under way: some of its requests have been answered; its deciding one may have been sent

Each uses a channel of its own. The simulator runs in this process, so that its log has the truth.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import click

# A script's own directory is on the path, the directory above, with both packages, is not.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import machine, stack
from bench.measure import Commander
from bench.quantiles import quantile
from bench.rows import SERIAL_MS
from macnet_bridge.macnet.protocol.codes import RUNNING, ChannelState
from macnet_bridge.simulator import Received, SimulatedCycler

START, SUSPEND = (6, 2), (6, 3)
ROOT = "suspend"
REQUEST_S = SERIAL_MS / 1000
PREPARATION_S = 12 * REQUEST_S
"""About what a start takes to its read-back while polling goes on: six requests and a poll before each."""


@dataclass
class Repetition:
    """One start that was overtaken. Times in milliseconds from publishing the suspend.

    Attributes:
        received_ms: until the simulator had it, before it waited for its turn.
        served_ms: until its turn had come, computed from the log of arrivals.
        acknowledged_ms: until the final acknowledgement, read back.
        start_sent: the deciding request had reached the tester.
        start_after_stop: it came after the suspend: must never be.
        state: of the channel in the end.
    """

    place: str
    channel: int
    received_ms: float
    served_ms: float
    acknowledged_ms: float
    start_status: str
    suspend_status: str
    start_sent: bool
    start_after_stop: bool
    state: str

    @property
    def safe(self) -> bool:
        """The test never ran, or was sent before and stopped."""
        stopped = self.state not in {ChannelState.word(state) for state in RUNNING}
        never_ran = self.start_sent or self.state == ChannelState.word(ChannelState.AVAILABLE)
        return stopped and never_ran and not self.start_after_stop and self.suspend_status == "done"


@click.command()
@click.option(
    "--repetitions", type=click.IntRange(1, 64), default=50, show_default=True, help="In each place."
)
@click.option("--channels", type=click.IntRange(2, 128), default=128, show_default=True)
@click.option("--json", "json_file", type=click.Path(dir_okay=False), help="Write every repetition there.")
def main(repetitions: int, channels: int, json_file: str | None) -> None:
    """Measure, print a table, and exit 1 when a test ran that had to be stopped."""
    if 2 * repetitions > channels:
        raise click.UsageError(
            "every repetition takes a channel of its own: fewer repetitions, more channels"
        )
    facts = machine.facts()
    done = asyncio.run(_measure(repetitions, channels))
    print("\n".join([*(f"- {name}: {value}" for name, value in facts.items()), "", *_table(done)]))
    if json_file:
        content = {"facts": facts, "repetitions": [asdict(repetition) for repetition in done]}
        Path(json_file).write_text(json.dumps(content, indent=1) + "\n", "utf-8")
    if not all(repetition.safe for repetition in done):
        sys.exit(1)


async def _measure(repetitions: int, channels: int) -> list[Repetition]:
    done = []
    async with SimulatedCycler(channels, latency_ms=SERIAL_MS) as cycler:
        with ExitStack() as running:
            commander = await asyncio.to_thread(_start, running, cycler)
            for number in range(2 * repetitions):
                place = ("queued", "under way")[number % 2]
                done.append(await _repeat(cycler, commander, place, number + 1))
                print(f"{number + 1}: {done[-1]}", file=sys.stderr)
    return done


def _start(running: ExitStack, cycler: SimulatedCycler) -> Commander:
    """Broker and bridge as processes, both blocking while they start."""
    broker_port, _ = running.enter_context(stack.mosquitto())
    tester = stack.TesterPorts(cycler.json_port, cycler.tcp_port, cycler.udp_port, cycler.channels, 0)
    running.enter_context(stack.bridge(broker_port, tester, ROOT, qos=1, polling=stack.READINGS))
    topic, answers = ROOT + "/lab1/{channel}/cmd/{verb}", f"{ROOT}/lab1/+/telemetry/ack"
    commander = Commander(broker_port, ROOT, topic, answers)
    running.callback(commander.close)
    return commander


async def _repeat(cycler: SimulatedCycler, commander: Commander, place: str, channel: int) -> Repetition:
    if place == "queued":
        commander.send(channel, "set_variable", {"variable": 1, "value": 1.0})
    start = commander.send(channel, "start_test", {"procedure": "Cycle_1C", "c_rate_ah": 1.0})
    # Within a request of the set_variable before it the start still waits; else anywhere on its way.
    await asyncio.sleep(random.uniform(0, REQUEST_S if place == "queued" else PREPARATION_S))
    published = time.monotonic()
    suspend = commander.send(channel, "suspend", {})
    answers = await asyncio.to_thread(commander.answers, start, suspend)
    # Whatever the bridge might still send, it would be here after some polls.
    await asyncio.sleep(10 * REQUEST_S)
    stops = [
        (seen, served) for seen, served in _turns(cycler) if (seen.number, seen.channel) == (SUSPEND, channel)
    ]
    arrived, served = stops[0]
    starts = cycler.received.of(*START, channel)
    return Repetition(
        place=place,
        channel=channel,
        received_ms=1000 * (arrived.time - published),
        served_ms=1000 * (served - published),
        acknowledged_ms=1000 * (answers[suspend][1] - published),
        start_status=answers[start][0].status,
        suspend_status=answers[suspend][0].status,
        start_sent=bool(starts),
        start_after_stop=any(request.time > arrived.time for request in starts),
        state=ChannelState.word(cycler.channel(channel).state),
    )


def _turns(cycler: SimulatedCycler) -> Iterator[tuple[Received, float]]:
    """Every request with the moment at which the tester had done it: one after another, 34 ms each."""
    free_at = 0.0
    for seen in cycler.received:
        free_at = max(free_at, seen.time) + REQUEST_S
        yield seen, free_at


def _table(done: list[Repetition]) -> Iterator[str]:
    yield "| start | n | suspend | p50 ms | p99 ms | max ms | arithmetic worst ms |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for place in ("queued", "under way"):
        of_place = [repetition for repetition in done if repetition.place == place]
        for name, worst in _worst_ms():
            values = [getattr(repetition, name) for repetition in of_place]
            numbers = (quantile(values, 0.5), quantile(values, 0.99), max(values))
            shown = " | ".join(f"{number:.1f}" for number in numbers)
            yield f"| {place} | {len(values)} | {name.removesuffix('_ms')} | {shown} | {worst} |"
    yield ""
    sent = [repetition for repetition in done if repetition.start_sent]
    yield f"starts that were never sent: {len(done) - len(sent)}; sent before the stop: {len(sent)}"
    yield f"sent after the stop: {sum(repetition.start_after_stop for repetition in done)}"
    yield f"repetitions in which it was not safe: {sum(not repetition.safe for repetition in done)}"


def _worst_ms() -> Iterator[tuple[str, str]]:
    """Of each time, by counting requests of 34 ms, network and processor left out.

    A command of the same channel that is in flight is awaited before the stop leaves, and it may have
    had a poll before it. At the tester the stop then waits for what the other two connections have
    there, a poll and a command, and so does its read-back.
    """
    yield "received_ms", _requests(2, 0)
    yield "served_ms", _requests(2 + 3, 3)
    yield "acknowledged_ms", _requests(2 + 6, 6)


def _requests(behind_a_command: int, otherwise: int) -> str:
    awaited, free = behind_a_command * SERIAL_MS, otherwise * SERIAL_MS
    return f"{awaited:.0f}; {free:.0f} with nothing of its channel in flight"


if __name__ == "__main__":
    main()
