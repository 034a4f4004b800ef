"""What the numbers were measured on, and how much processor a process used."""

from __future__ import annotations

import contextlib
import os
import platform
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from macnet_bridge.embedded_broker import find_mosquitto, mosquitto_version
from macnet_bridge.errors import BrokerError

CALIBRATION_STEPS = 500_000
_NOT_THERE = "not there"


def facts() -> dict[str, str]:
    """Machine and versions; whatever is missing is said to be, and nothing is raised for it."""
    return {
        "date": time.strftime("%Y-%m-%d"),
        "system": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "load before": load(),
        "python": platform.python_version(),
        "mosquitto": _mosquitto(),
        **{name: _package(name) for name in ("paho-mqtt", "msgspec", "pymacnet")},
    }


def load() -> str:
    """The system's load over 1, 5 and 15 minutes."""
    # Windows has no such thing.
    return " ".join(f"{value:.1f}" for value in os.getloadavg()) if hasattr(os, "getloadavg") else _NOT_THERE


def _mosquitto() -> str:
    program = find_mosquitto()
    try:
        return mosquitto_version(program) if program else _NOT_THERE
    except BrokerError:
        return _NOT_THERE


def _package(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return _NOT_THERE


def cpu_seconds(pid: int) -> float | None:
    """Processor time of a process so far, all its threads; None where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cpu_seconds_of_all(pid: int) -> float | None:
    """`cpu_seconds` of a process and of all that it started and that still run."""
    mine = cpu_seconds(pid)
    if mine is None:
        return None
    return mine + sum(cpu_seconds_of_all(child) or 0.0 for child in _children(pid))


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += map(int, task.read_text().split())
    return found


def calibration_ms() -> float:
    """How long a fixed piece of work takes just now: what other work on the machine slows down."""
    started = time.perf_counter()
    total = 0
    for number in range(CALIBRATION_STEPS):
        total += number % 7
    return 1000 * (time.perf_counter() - started)


def resident_mb(pid: int) -> float | None:
    """Resident memory of a process in millions of bytes; None where the system does not tell."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return None
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
