"""What the numbers were measured on, and how much processor a process used."""

from __future__ import annotations

import os
import platform
import time
from importlib.metadata import version
from pathlib import Path

from macnet_bridge.embedded_broker import find_mosquitto, mosquitto_version


def facts() -> dict[str, str]:
    """Machine and versions."""
    return {
        "date": time.strftime("%Y-%m-%d"),
        "system": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "load before": " ".join(f"{value:.1f}" for value in os.getloadavg()),
        "python": platform.python_version(),
        "mosquitto": mosquitto_version(find_mosquitto() or "mosquitto"),
        "paho-mqtt": version("paho-mqtt"),
        "msgspec": version("msgspec"),
        "pymacnet": version("pymacnet"),
    }


def cpu_seconds(pid: int) -> float | None:
    """Processor time of a process so far, all its threads; None where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> float | None:
    """Resident memory of a process in millions of bytes; None where the system does not tell."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return None
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
