"""From the simulator by bridge, broker and recorder into a file, and from there into a picture."""

from __future__ import annotations

import asyncio
import csv
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from macnet_bridge.payloads.telemetry import Reading
from tests.bridge.conftest import Lab, lab
from tests.bridge.running import ALLOW_ALL, cycler_table
from tests.client.conftest import client_of
from tests.export.conftest import Export
from tests.patience import PATIENCE_S

__all__ = ["lab"]
PROJECT = Path(__file__).parents[2]
SPEED = 1000
C_RATE_AH = 2.5
OFTEN = "\n[telemetry]\nactive_interval_s = 0.05\naux_interval_s = 0.5\nsweep_interval_s = 0\n"
NAMED = '\n[cycler.channel.1]\naux = { 1 = "surface_temperature_celsius" }\n'
LINES_MAX = 80


@asynccontextmanager
async def recorder(lab: Lab, file: Path) -> AsyncIterator[None]:
    """`macnet-bridge record` that listens already, ended by Ctrl-C."""
    url = f"mqtt://{lab.broker.host}:{lab.broker.port}"
    process = await asyncio.create_subprocess_exec(
        *(
            sys.executable,
            "-m",
            "macnet_bridge",
            "record",
            "--to",
            str(file),
            "--url",
            url,
            "--root",
            lab.root,
        ),
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    while b"connected to" not in await process.stderr.readline():
        assert process.returncode is None
    yield
    process.send_signal(signal.SIGINT)
    await process.communicate()
    assert process.returncode == 0


async def one_cycle(lab: Lab, file: Path) -> None:
    """A recording of a first cycle, and of the beginning of the next one."""
    cycler = await lab.cycler(1, speed=SPEED)
    await lab.bridge(cycler_table(cycler, more=NAMED), more=ALLOW_ALL + OFTEN)
    await lab.online(await lab.peer())
    async with asyncio.timeout(PATIENCE_S), recorder(lab, file), client_of(lab) as client:
        channel = client["lab1"][1]
        readings = channel.readings()
        await channel.start_test(procedure="Cycle_1C", c_rate_ah=C_RATE_AH, test_name="cell-01")
        async for reading in readings:
            if isinstance(reading, Reading) and reading.cycle_count == 1:
                break
        await channel.suspend()


async def run_example(folder: Path, *words: str) -> list[str]:
    """The lines that it prints."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(PROJECT / "examples" / "plot_cycle.py"), *words),
        stdout=asyncio.subprocess.PIPE,
        cwd=folder,
        env={**os.environ, "MPLCONFIGDIR": str(folder)},
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    return out.decode().splitlines()


@pytest.mark.timeout(240)  # two programs that load pandas and polars, on a slow machine
async def test_a_cycle_from_the_tester_to_the_picture(lab: Lab, tmp_path: Path, export: Export) -> None:
    for module in ("pandas", "polars", "matplotlib", "pyarrow"):
        pytest.importorskip(module, reason=f"{module} comes with the extra `examples`")
    await one_cycle(lab, tmp_path / "lab.sqlite")
    lines = {}
    for ending in ("csv", "parquet"):
        file = tmp_path / f"cell-01.bdf.{ending}"
        assert export(tmp_path / "lab.sqlite", "cell-01", "--to", file)[0] == 0
        lines[ending] = await run_example(tmp_path, f"file={file}", f"picture={ending}.png")
    assert lines["csv"][:-1] == lines["parquet"][:-1]
    check_rows(tmp_path / "cell-01.bdf.csv")
    check_steps(lines["csv"])
    check_picture(tmp_path / "csv.png")


def check_rows(file: Path) -> None:
    """What MacNet counts in a step of constant current is current and time."""
    with file.open(newline="", encoding="utf-8") as text:
        rows = list(csv.DictReader(text))
    times = [float(row["Test Time / s"]) for row in rows]
    assert times == sorted(times)
    warm = [float(row["Surface Temperature / degC"]) for row in rows if row["Surface Temperature / degC"]]
    assert 1 <= len(warm) < len(rows)
    assert all(10 < celsius < 60 for celsius in warm)
    discharge = [row for row in rows if row["Step Type"] == "discharge" and float(row["Current / A"])]
    assert len(discharge) >= 3
    for row in discharge:
        assert float(row["Current / A"]) == pytest.approx(-C_RATE_AH, rel=1e-3)
        counted, seconds = float(row["Step Cumulative Capacity / Ah"]), float(row["Step Time / s"])
        assert counted == pytest.approx(C_RATE_AH * seconds / 3600, rel=2e-3, abs=2e-3)


def check_steps(lines: list[str]) -> None:
    assert lines[0].endswith("pandas and polars agree")
    header, *rows = (line.split() for line in lines[1:-1])
    steps = [dict(zip(header, row, strict=True)) for row in rows]
    types = [step["type"] for step in steps]
    assert types[-4:] == ["charge", "rest", "discharge", "rest"]
    (discharge,) = (step for step in steps if step["type"] == "discharge")
    assert float(discharge["ampere"]) == pytest.approx(-C_RATE_AH, rel=1e-3)
    # The readings begin and end a moment within the step.
    assert 0.5 < -float(discharge["integrated_ah"]) / float(discharge["counted_ah"]) <= 1.001


def check_picture(file: Path) -> None:
    """It is a picture, and has lines of both colours on it."""
    from matplotlib import pyplot

    pixels = pyplot.imread(file)
    assert pixels.shape[:2] == (500, 800)
    red, blue = pixels[..., 0], pixels[..., 2]
    assert (blue > red + 0.3).sum() > 500  # voltage
    assert (red > blue + 0.3).sum() > 500  # current


def test_the_example_is_short() -> None:
    assert len((PROJECT / "examples" / "plot_cycle.py").read_text("utf-8").splitlines()) < LINES_MAX
