"""`macnet-bridge simulate`, as somebody would start it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

PORTS = ["--json-port", "0", "--tcp-port", "0", "--udp-port", "0"]
SYSTEM = b'{"jsonrpc":"2.0","method":"MacNet","params":{"FClass":1,"FNum":2},"id":7}'


@contextmanager
def simulating(*options: str) -> Iterator[dict[str, Any]]:
    """What it prints when it is ready."""
    command = [sys.executable, "-m", "macnet_bridge", "simulate", *PORTS, *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())
        finally:
            process.kill()


def system_info(ports: dict[str, Any]) -> dict[str, Any]:
    with (
        socket.create_connection((ports["host"], ports["json_port"]), 10) as sock,
        sock.makefile("rb") as file,
    ):
        sock.sendall(SYSTEM)
        text = b""
        while not text or text.count(b"{") != text.count(b"}"):
            text += file.readline()
    answer: dict[str, Any] = json.loads(text)
    return answer


@pytest.mark.parametrize(
    ("options", "system", "channels", "answer_id"),
    [
        ([], "Simulated cycler", 128, 7),
        (["--profile", "faithful", "--channels", "3"], "Simulated cycler", 3, 7),
        (["--profile", "pymacnet"], "Win10", 12, 1987),
        (["--profile", "pymacnet", "--channels", "128"], "Win10", 128, 1987),
    ],
)
def test_a_profile_and_its_channels(options: list[str], system: str, channels: int, answer_id: int) -> None:
    with simulating(*options) as ports:
        assert ports["channels"] == channels
        answer = system_info(ports)
    assert (answer["result"]["SystemID"], answer["result"]["TestChannels"]) == (system, channels)
    assert answer["id"] == answer_id


def test_a_profile_that_is_not_there() -> None:
    command = [sys.executable, "-m", "macnet_bridge", "simulate", "--profile", "real"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "'faithful', 'pymacnet'" in done.stderr
