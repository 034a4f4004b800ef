"""The processes of a run: one Mosquitto, one simulated tester of each kind, and who is measured."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.wire import Client, Message
from macnet_bridge.embedded_broker import connack, find_mosquitto

ROOT = Path(__file__).resolve().parent.parent
READY_S = 90.0
STOP_S = 10.0

# What Debian's package ships, with paths and port of our own and the anonymous access that its
# default listener on loopback has. So: no set_tcp_nodelay.
MOSQUITTO_CONFIG = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence true
persistence_location {directory}/
log_dest file {directory}/mosquitto.log
"""

BRIDGE_CONFIG = """\
[bridge]
name = "{name}"
data_dir = '{directory}'
http = ""
[mqtt]
url = "mqtt://127.0.0.1:{broker_port}"
root = "{root}"
[telemetry]
qos = {qos}
sweep_interval_s = {sweep_s}
active_interval_s = {active_s}
idle_interval_s = {idle_s}
[[commands.allow]]
principal = "*"
commands = ["*"]
"""

CYCLER_CONFIG = """\
[[cycler]]
name = "{name}"
host = "127.0.0.1"
json_port = {json_port}
tcp_port = {tcp_port}
udp_port = {udp_port}
"""

LIMITS_CONFIG = """\
[cycler.limits]
voltage_max_volt = 4.5
voltage_min_volt = 2.0
charge_max_ampere = 5.0
discharge_max_ampere = 5.0
"""


@dataclass(frozen=True)
class TesterPorts:
    """Where a simulated tester listens, and the process it is."""

    __test__ = False  # not a test case, whatever pytest makes of the name

    json: int
    tcp: int
    udp: int
    channels: int
    pid: int


@dataclass(frozen=True)
class Polling:
    """The bridge's intervals, 0 = off. `FLAT_OUT_S` is below what any tester can do."""

    sweep_s: float = 0.0
    active_s: float = 0.0
    idle_s: float = 0.0


FLAT_OUT_S = 0.001
IDLE = Polling()
READINGS = Polling(active_s=FLAT_OUT_S, idle_s=FLAT_OUT_S)
SWEEPS = Polling(sweep_s=FLAT_OUT_S)


@contextmanager
def process(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A Python process with its standard output to read, ended by SIGTERM."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as running:
        try:
            yield running
        finally:
            stop(running)


@contextmanager
def helper(module: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """A module of this package, once it said that it is ready."""
    with process("-m", module, *map(str, arguments)) as running:
        assert running.stdout is not None
        if running.stdout.readline() != "ready\n":
            raise RuntimeError(f"{module} did not start")
        yield running


def stop(running: subprocess.Popen[Any]) -> None:
    running.terminate()
    try:
        running.wait(STOP_S)
    except subprocess.TimeoutExpired:
        running.kill()


@contextmanager
def mosquitto() -> Iterator[tuple[int, int]]:
    """A broker: its port and process."""
    program = find_mosquitto()
    if program is None:
        raise RuntimeError("the comparison needs mosquitto on the PATH")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="macnet-bench-") as directory:
        # Started by root it becomes a user that has to write here.
        Path(directory).chmod(0o777)
        config = Path(directory, "mosquitto.conf")
        config.write_text(MOSQUITTO_CONFIG.format(port=port, directory=directory))
        with subprocess.Popen([program, "-c", str(config)]) as running:
            try:
                while connack("127.0.0.1", port) != 0:
                    if running.poll() is not None:
                        raise RuntimeError("mosquitto did not start")
                yield port, running.pid
            finally:
                stop(running)


@contextmanager
def simulated_tester(channels: int, latency_ms: float, *more: str) -> Iterator[TesterPorts]:
    """`macnet-bridge simulate` as a process; `more` are further options."""
    ports = [part for kind in ("json", "tcp", "udp") for part in (f"--{kind}-port", "0")]
    options = ["--channels", str(channels), "--latency-ms", str(latency_ms), *more]
    with process("-m", "macnet_bridge", "simulate", *ports, *options) as running:
        assert running.stdout is not None
        told = json.loads(running.stdout.readline())
        yield TesterPorts(told["json_port"], told["tcp_port"], told["udp_port"], channels, running.pid)


@contextmanager
def fast_testers(count: int, channels: int) -> Iterator[list[TesterPorts]]:
    """`bench/fast_tester.py`: several testers without latency in one process."""
    with process("-m", "bench.fast_tester", str(count), str(channels)) as running:
        assert running.stdout is not None
        yield [
            TesterPorts(at["json_port"], at["tcp_port"], at["udp_port"], channels, running.pid)
            for at in json.loads(running.stdout.readline())
        ]


@contextmanager
def bridge(
    broker_port: int,
    testers: TesterPorts | Sequence[TesterPorts],
    root: str,
    *,
    qos: int,
    polling: Polling,
    name: str = "bench",
    data_parent: Path | None = None,
) -> Iterator[subprocess.Popen[str]]:
    """`macnet-bridge run` as a process, once it has looked at every channel.

    This first look takes a request per channel, which would count as slow sweeps at a slow tester.

    Args:
        testers: one, or several that become lab1, lab2, ...
        name: of the bridge; two at one broker need two.
        data_parent: where its data directory is made, the system's place for temporary files if None.
    """
    testers = [testers] if isinstance(testers, TesterPorts) else testers
    with ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="macnet-bench-", dir=data_parent))
        config = Path(directory, "bridge.toml")
        config.write_text(
            BRIDGE_CONFIG.format(
                name=name,
                directory=directory,
                broker_port=broker_port,
                root=root,
                qos=qos,
                sweep_s=polling.sweep_s,
                active_s=polling.active_s,
                idle_s=polling.idle_s,
            )
            + "".join(
                CYCLER_CONFIG.format(name=f"lab{n}", json_port=at.json, tcp_port=at.tcp, udp_port=at.udp)
                + LIMITS_CONFIG
                for n, at in enumerate(testers, 1)
            )
        )
        watcher = Client(broker_port, f"bench-watcher-{root}")
        stack.callback(watcher.close)
        watcher.subscribe(f"{root}/+/+/telemetry/state")
        running = stack.enter_context(
            process("-m", "macnet_bridge", "run", "-c", str(config), "--log-level", "warning")
        )
        seen: set[bytes] = set()

        def all_seen(message: Message) -> bool:
            seen.add(message.topic)
            return len(seen) == sum(at.channels for at in testers)

        watcher.wait_for(all_seen, READY_S, "the bridge does not show all channels of its testers")
        yield running


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
