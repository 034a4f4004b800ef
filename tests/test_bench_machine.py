"""What the benchmarks say of the machine: a tool that is missing costs no report."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version

import pytest

from bench import machine


def test_tools_that_are_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def only_msgspec(name: str) -> str:
        if name != "msgspec":
            raise PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(machine, "find_mosquitto", lambda: None)
    monkeypatch.setattr(machine, "version", only_msgspec)
    monkeypatch.delattr(os, "getloadavg", raising=False)  # Windows has none
    facts = machine.facts()
    missing = [name for name, value in facts.items() if value == "not there"]
    assert missing == ["load before", "mosquitto", "paho-mqtt", "pymacnet"]
    assert facts["msgspec"] == version("msgspec")


def test_a_tool_that_does_not_run(monkeypatch: pytest.MonkeyPatch, tmp_path: os.PathLike[str]) -> None:
    monkeypatch.setattr(machine, "find_mosquitto", lambda: str(tmp_path))
    assert machine.facts()["mosquitto"] == "not there"


@pytest.mark.skipif(machine.cpu_seconds(os.getpid()) is None, reason="the system does not tell")
def test_the_work_of_a_child_counts() -> None:
    """A contestant may be several processes."""
    work = "import time\nwhile time.process_time() < 0.3: pass\nprint(flush=True)\ninput()"
    outer = "import subprocess, sys\nsubprocess.run([sys.executable, '-c', sys.argv[1]])"
    command = [sys.executable, "-c", outer, work]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        alone, together = machine.cpu_seconds(process.pid), machine.cpu_seconds_of_all(process.pid)
        process.communicate(b"\n")
    assert alone is not None
    assert together is not None
    assert together - alone >= 0.25


def test_a_process_that_is_gone_used_nothing_that_is_known() -> None:
    assert machine.cpu_seconds_of_all(2**22 + 1) is None


def test_a_fixed_piece_of_work_takes_its_time() -> None:
    assert 0.0 < machine.calibration_ms() < 10_000
