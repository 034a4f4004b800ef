"""Many testers in one bridge: processor, memory and lag, and what a reading costs beside a few.

    python -m bench.scale
    python -m bench.scale --cyclers 20 --seconds 10 --json scale.json

Each tester has 128 channels, is serial at 34 ms, is swept once a second, and runs a test on one channel of
ten. First one tester is measured, then all. Everything is counted by a subscriber outside of the bridge; a
sweep of 128 channels is 128 readings. How late a sweep is, is the time from the one before it less the
interval. Processor times of all are shown, for simulated testers and broker share the machine.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import click
import msgspec

from bench import machine, simulator_load, stack
from bench.subscriber import Numbered
from bench.table import quantile
from bench.wire import Client
from macnet_bridge.macnet import AsyncCycler, TesterAddress
from macnet_bridge.macnet.protocol.messages import StartTest

CHANNELS = 128
LATENCY_MS = 34.0
SWEEP_S = 1.0
ACTIVE_SHARE = 10
"""One channel of so many runs a test."""

SETTLE_S = 40.0
"""The first look at every channel takes two requests each, 9 s at these testers."""


@dataclass
class Scale:
    """One measurement.

    Attributes:
        readings: channel readings, those of sweeps included.
        cpu: processor seconds of each process.
        late_s: of every sweep but the first of each tester.
        missing: numbers that were skipped.
    """

    cyclers: int
    seconds: float = 0.0
    readings: int = 0
    sweeps: int = 0
    full: int = 0
    missing: int = 0
    resident_mb: float = 0.0
    cpu: dict[str, float] = field(default_factory=dict)
    late_s: list[float] = field(default_factory=list)

    @property
    def cores(self) -> float:
        return self.cpu["bridge"] / self.seconds

    @property
    def cpu_us(self) -> float:
        """Of the bridge, for each channel reading."""
        return 1e6 * self.cpu["bridge"] / self.readings


@click.command()
@click.option("--cyclers", type=click.IntRange(2, 200), default=100, show_default=True)
@click.option("--seconds", type=click.FloatRange(3), default=20.0, show_default=True, help="Of each one.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False), help="Write the figures there.")
def main(cyclers: int, seconds: float, json_file: str | None) -> None:
    """Measure one tester, then all, and print a table."""
    facts = machine.facts()
    scales = [measure(count, seconds) for count in (1, cyclers)]
    ratio = scales[1].cpu_us / scales[0].cpu_us
    print("\n".join([*(f"- {name}: {value}" for name, value in facts.items()), "", *_table(scales)]))
    print(f"\nprocessor time per channel reading, {cyclers} testers to one: {ratio:.2f}")
    if json_file:
        content = {"facts": facts, "ratio": ratio, "scales": [_summary(scale) for scale in scales]}
        Path(json_file).write_text(json.dumps(content, indent=1) + "\n", "utf-8")


def measure(cyclers: int, seconds: float) -> Scale:
    """Run so many testers, a broker and a bridge, and count for some seconds what it publishes."""
    with ExitStack() as running:
        directory = running.enter_context(tempfile.TemporaryDirectory(prefix="macnet-bench-"))
        broker_port, broker_pid = running.enter_context(stack.mosquitto())
        ports, simulator_pid = running.enter_context(_testers(cyclers, directory))
        asyncio.run(_start_tests(ports))
        config = Path(directory, "bridge.toml")
        config.write_text(_config(directory, broker_port, ports), "utf-8")
        bridge = running.enter_context(
            stack.process("-m", "macnet_bridge", "run", "-c", str(config), "--log-level", "warning")
        )
        time.sleep(SETTLE_S)
        client = Client(broker_port, "bench-scale")
        running.callback(client.close)
        for telemetry in ("scale/+/telemetry/sweep", "scale/+/+/telemetry/reading"):
            client.subscribe(telemetry)
        pids = {"bridge": bridge.pid, "simulator": simulator_pid, "broker": broker_pid}
        return _count(client, Scale(cyclers), seconds, pids)


@contextmanager
def _testers(cyclers: int, directory: str) -> Iterator[tuple[list[dict[str, int]], int]]:
    """Their ports, and the one process that they all are."""
    Path(directory, f"{simulator_load.PROCEDURE}.000").write_text(simulator_load.procedure_file(), "utf-8")
    ports = [part for kind in ("json", "tcp", "udp") for part in (f"--{kind}-port", "0")]
    size = ("--cyclers", str(cyclers), "--channels", str(CHANNELS), "--latency-ms", str(LATENCY_MS))
    with stack.process(
        "-m", "macnet_bridge", "simulate", *ports, *size, "--procedures", directory
    ) as running:
        assert running.stdout is not None
        told = json.loads(running.stdout.readline())
        found = told.get("cyclers", [told])
        names = ("json_port", "tcp_port", "udp_port")
        yield [{name: each[name] for name in names} for each in found], running.pid


async def _start_tests(ports: list[dict[str, int]]) -> None:
    await asyncio.gather(*map(_start_some, ports))


async def _start_some(ports: dict[str, int]) -> None:
    address = TesterAddress("127.0.0.1", ports["json_port"], ports["tcp_port"], ports["udp_port"])
    async with AsyncCycler(address, timeout_s=60.0) as cycler:
        for channel in range(1, CHANNELS + 1, ACTIVE_SHARE):
            start = StartTest(test_name="Random", procedure=simulator_load.PROCEDURE, c_rate_ah=2.5)
            await cycler.start_test(channel, start)


def _config(directory: str, broker_port: int, ports: list[dict[str, int]]) -> str:
    head = stack.BRIDGE_CONFIG.format(
        name="scale",
        directory=f"{directory}/data",
        broker_port=broker_port,
        root="scale",
        qos=1,
        sweep_s=SWEEP_S,
        active_s=1.0,
        idle_s=600.0,
    )
    tables = [stack.CYCLER_CONFIG.format(name=f"lab{n}", **each) for n, each in enumerate(ports, 1)]
    return head + "".join(tables)


def _count(client: Client, scale: Scale, seconds: float, pids: dict[str, int]) -> Scale:
    decode = msgspec.json.Decoder(Numbered).decode
    last: dict[bytes, int] = {}
    came: dict[bytes, float] = {}
    before, began = _cpu(pids), time.monotonic()
    for message in client.messages_until(began + seconds):
        numbered = decode(message.payload)
        scale.missing += max(0, numbered.seq - last.get(message.topic, numbered.seq - 1) - 1)
        last[message.topic] = numbered.seq
        if not isinstance(numbered.channel, list):
            scale.full += 1
            continue
        now = time.monotonic()
        if message.topic in came:
            scale.late_s.append(now - came[message.topic] - SWEEP_S)
        came[message.topic] = now
        scale.sweeps += 1
        scale.readings += len(numbered.channel)
    scale.readings += scale.full
    scale.seconds = time.monotonic() - began
    scale.cpu = {name: value - before[name] for name, value in _cpu(pids).items()}
    scale.resident_mb = machine.resident_mb(pids["bridge"]) or 0.0
    return scale


def _cpu(pids: dict[str, int]) -> dict[str, float]:
    return {name: machine.cpu_seconds(pid) or 0.0 for name, pid in pids.items()}


def _summary(scale: Scale) -> dict[str, Any]:
    told = asdict(scale)
    late = told.pop("late_s")
    return told | {
        "cores": scale.cores,
        "cpu_us_per_reading": scale.cpu_us,
        "late_p50_s": quantile(late, 0.5),
        "late_p99_s": quantile(late, 0.99),
        "late_max_s": max(late),
    }


def _table(scales: list[Scale]) -> Iterator[str]:
    header = "testers", "channels", "sweeps/s", "full/s", "missing", "bridge cores", "us each", "MB"
    more = "sweep late p50 / p99 / max s", "simulator cores", "broker cores"
    yield f"| {' | '.join(header + more)} |"
    yield f"|{'---|' * len(header + more)}"
    for scale in scales:
        told = _summary(scale)
        cells = (
            f"{scale.cyclers}",
            f"{scale.cyclers * CHANNELS}",
            f"{scale.sweeps / scale.seconds:.1f}",
            f"{scale.full / scale.seconds:.0f}",
            f"{scale.missing}",
            f"{scale.cores:.3f}",
            f"{scale.cpu_us:.2f}",
            f"{scale.resident_mb:.0f}",
            f"{told['late_p50_s']:.3f} / {told['late_p99_s']:.3f} / {told['late_max_s']:.3f}",
            f"{scale.cpu['simulator'] / scale.seconds:.2f}",
            f"{scale.cpu['broker'] / scale.seconds:.3f}",
        )
        yield f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
