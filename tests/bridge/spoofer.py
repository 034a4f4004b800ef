"""pymacnet's MaccorSpoofer, as installed, in a process of its own.

Its threads never end and its templates are module-wide, so every test gets a fresh process.

Usage: python -m tests.bridge.spoofer JSON_PORT TCP_PORT CHANNELS
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

from tests.brokers import free_port

HOST = "127.0.0.1"


class Spoofer:
    """A running MaccorSpoofer."""

    def __init__(self, channels: int) -> None:
        self.json_port, self.tcp_port = free_port(), free_port()
        numbers = [str(self.json_port), str(self.tcp_port), str(channels)]
        self._command = [sys.executable, "-m", "tests.bridge.spoofer", *numbers]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=Path(__file__).parents[2],
        )
        for port in (self.json_port, self.tcp_port):
            _wait_until_open(port)
        return self

    def __exit__(self, *exc_info: object) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.communicate()

    @property
    def table(self) -> str:
        """Its `[[cycler]]` table."""
        return f"""
[[cycler]]
name = "spoofed"
host = "{HOST}"
json_port = {self.json_port}
tcp_port = {self.tcp_port}
quirks = ["constant_id"]
[cycler.limits]
voltage_max_volt = 4.25
voltage_min_volt = 2.5
charge_max_ampere = 5.0
discharge_max_ampere = 5.0
power_max_watt = 25.0
"""


def _wait_until_open(port: int) -> None:
    end = time.monotonic() + 15
    while True:
        try:
            socket.create_connection((HOST, port), 1).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)  # between two tries; what is waited for is the open port


def _main() -> None:
    from pymacnet.maccorspoofer import MaccorSpoofer

    json_port, tcp_port, channels = map(int, sys.argv[1:])
    config = {"server_ip": HOST, "json_port": json_port, "tcp_port": tcp_port, "num_channels": channels}
    MaccorSpoofer(config).start()
    sys.stdin.read()  # until whoever started us is gone


if __name__ == "__main__":
    _main()
