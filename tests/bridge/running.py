"""A bridge under test, in this process or as the program that users run."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from macnet_bridge.app.bridge import Bridge
from macnet_bridge.app.data_dir import DataDir
from macnet_bridge.app.load import logins, parse
from macnet_bridge.simulator import SimulatedCycler
from tests.brokers import RunningBroker
from tests.patience import PATIENCE_S

ALLOW_ALL = """
[[commands.allow]]
principal = "*"
commands = ["*"]
"""
FAST = """
[telemetry]
sweep_interval_s = 0.2
active_interval_s = 0.2
idle_interval_s = 0.5
"""


def config_text(
    broker: RunningBroker,
    root: str,
    data_dir: Path,
    *cyclers: str,
    mqtt: str = "",
    more: str = ALLOW_ALL + FAST,
) -> str:
    """A configuration for a bridge called `lab`, with the given `[[cycler]]` tables."""
    if not broker.supports_v5 and "protocol" not in mqtt:
        mqtt += 'protocol = "4"'  # to find that out by itself takes the bridge some seconds
    return f"""
[bridge]
name = "lab"
data_dir = '{data_dir}'
http = ""
[mqtt]
url = "mqtt://{broker.host}:{broker.port}"
root = "{root}"
{mqtt}
{more}
{"".join(cyclers)}
"""


def cycler_table(cycler: SimulatedCycler, name: str = "lab1", more: str = "") -> str:
    """The `[[cycler]]` of a simulated one."""
    return f"""
[[cycler]]
name = "{name}"
host = "{cycler.host}"
json_port = {cycler.json_port}
tcp_port = {cycler.tcp_port}
udp_port = {cycler.udp_port}
{more}
"""


@contextlib.asynccontextmanager
async def running_bridge(text: str, password: str = "") -> AsyncIterator[Bridge]:
    """A bridge in this loop; stopped in good order at the end."""
    config = parse(text, "test")
    with DataDir(config.bridge.data_dir) as data_dir:
        bridge = Bridge(config, password=password, logins=logins(config), data_dir=data_dir)
        task = asyncio.create_task(bridge.run())
        try:
            yield bridge
        finally:
            bridge.stop()
            await task


class BridgeProcess:
    """`macnet-bridge run` as a process of its own, to be killed or interrupted."""

    def __init__(self, text: str, folder: Path) -> None:
        self._config = folder / "bridge.toml"
        self._config.write_text(text, encoding="utf-8")
        self._log = folder / "bridge.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, module: str = "macnet_bridge", environment: Mapping[str, str] = {}) -> None:
        command = [sys.executable, "-m", module, "run", "-c", str(self._config)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, env=_environment() | dict(environment)
            )

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """End it without a word, as a power cut would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def interrupt(self, number: int = signal.SIGINT) -> int:
        """Ctrl-C, or another signal; its exit code."""
        assert self._process is not None
        self._process.send_signal(number)
        return self._process.wait(timeout=PATIENCE_S)

    def wait(self) -> int:
        """Its exit code, once it has ended by itself."""
        assert self._process is not None
        return self._process.wait(timeout=PATIENCE_S)

    @property
    def log(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def close(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self.kill()


def _environment() -> dict[str, str]:
    root = str(Path(__file__).parents[2])
    return {**os.environ, "PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])}
