"""The examples of the client, as their users run them."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from macnet_bridge.payloads.arguments import Safety
from tests.bridge.conftest import Lab
from tests.bridge.running import ALLOW_ALL, cycler_table
from tests.client.conftest import client_of
from tests.patience import PATIENCE_S

PROJECT = Path(__file__).parents[2]
LINES_MAX = 80
AUX_SOON = """
[telemetry]
active_interval_s = 0.2
aux_interval_s = 0.2
"""
NAMED = '\n[cycler.channel.1]\naux = { 1 = "surface_temperature_celsius" }\n'


@contextlib.asynccontextmanager
async def running(lab: Lab, name: str, *words: str) -> AsyncIterator[asyncio.subprocess.Process]:
    url = f"url=mqtt://{lab.broker.host}:{lab.broker.port}"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(PROJECT / "examples" / name), url, f"root={lab.root}", *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def line(process: asyncio.subprocess.Process, beginning: str) -> str:
    """The next line that begins like this."""
    assert process.stdout is not None
    async for raw in process.stdout:
        if raw.decode().startswith(beginning):
            return raw.decode().rstrip()
    raise AssertionError(f"it ended without {beginning!r}")


async def test_alerts_of_a_warm_cell_and_of_a_problem(lab: Lab) -> None:
    cycler = await lab.cycler(2)
    await lab.bridge(cycler_table(cycler, more=NAMED), more=ALLOW_ALL + AUX_SOON)
    await lab.online(await lab.peer())
    async with client_of(lab) as client, running(lab, "alert_service.py", "limit=20") as service:
        await line(service, "watching")
        await client["lab1"][1].start_test(procedure="CCCV_1C", c_rate_ah=2.5, test_name="warm")
        assert (await line(service, "too warm")).startswith("too warm: lab1/1 warm, 2")
        states = client["lab1"][1].states()
        while (await anext(states)).state != "active":
            pass
        # The simulated channel takes a limit that is passed for lost control of the current.
        await client["lab1"][1].set_safety_limits(safety=Safety(charge_max_ampere=0.1))
        assert await line(service, "problem") == "problem: lab1/1 warm, problem_lost_current_control"


def write_cells(file: Path, channels: int, wrong: int | None = None) -> None:
    """As a spreadsheet saves them, with a mark before the first byte."""
    with file.open("w", newline="", encoding="utf-8-sig") as out:
        writer = csv.writer(out)
        writer.writerow(["channel", "procedure", "c_rate_ah", "test_name", "cell_id"])
        for channel in range(1, channels + 1):
            procedure = "NONE_SUCH" if channel == wrong else "CCCV_1C"
            writer.writerow([channel, procedure, "2.5", f"cell {channel}", f"c-{channel}"])


async def test_96_channels_are_started_after_a_dry_run_and_once(lab: Lab) -> None:
    cycler, file = await lab.cycler(96), lab.folder / "cells.csv"
    await lab.bridge(cycler_table(cycler))
    await lab.online(await lab.peer())
    write_cells(file, 96, wrong=7)
    async with running(lab, "batch_start.py", f"file={file}") as refused:
        assert (await line(refused, "lab1/7")).startswith("lab1/7: start_test rejected, PROCEDURE_MISSING")
        assert await line(refused, "dry run") == "dry run: 95 of 96"
        assert await refused.wait() == 1
    assert cycler.received.of(6, 2) == []
    async with running(lab, "batch_start.py", f"file={file}", "go_on=yes") as started:
        assert await line(started, "started") == "started: 95 of 95"
        assert await started.wait() == 1
    starts = cycler.received.of(6, 2)
    assert sorted(start.channel or 0 for start in starts) == [n for n in range(1, 97) if n != 7]


async def test_the_cells_that_come_with_it_start(lab: Lab) -> None:
    cycler = await lab.cycler(8)
    await lab.bridge(cycler_table(cycler))
    await lab.online(await lab.peer())
    async with running(lab, "batch_start.py", f"file={PROJECT / 'examples' / 'cells.csv'}") as started:
        assert await line(started, "started") == "started: 3 of 3"
        assert await started.wait() == 0
    assert [cycler.channel(n).label.test_name for n in (6, 7)] == ["cell-17 a", "cell-18 a"]


@pytest.mark.parametrize(
    ("name", "words", "said"),
    [
        ("alert_service.py", [], "not watching: url must look like mqtt://"),
        (
            "batch_start.py",
            [f"file={PROJECT / 'examples' / 'cells.csv'}"],
            "nothing was started: url must look like mqtt://",
        ),
        ("batch_start.py", ["file=nowhere.csv"], "nothing was started: [Errno 2]"),
        ("closed_loop_charge.py", [], "ended early: url must look like mqtt://"),
        ("closed_loop_charge.py", ["chanel=3"], "no chanel, only url,"),
    ],
)
async def test_what_is_wrong_is_one_line(lab: Lab, name: str, words: list[str], said: str) -> None:
    async with running(lab, name, *words, "url=http://127.0.0.1") as process:
        assert process.stdout is not None
        printed = (await process.stdout.read()).decode().splitlines()
        assert await process.wait() == 1
    assert len(printed) == 1
    assert printed[0].startswith(said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("channel;procedure;c_rate_ah\n5;CCCV_1C;2.5\n", "line 2: invalid literal for int()"),
        (
            'channel,procedure,c_rate_ah\n5,CCCV_1C,"2,5"\n',
            "line 2: could not convert string to float: '2,5'; ",
        ),
        (
            "channel,procedure,c_rate_ah\n5,CCCV_1C,2,5\n",
            "line 2: channel 5 is there twice, or cells have no column",
        ),
        ("channel,procedure\n5,CCCV_1C\n6,CCCV_1C\n5,Discharge_1C\n", "line 4: channel 5 is there twice"),
    ],
)
async def test_a_table_with_a_slip_in_it_starts_nothing(lab: Lab, text: str, said: str) -> None:
    file = lab.folder / "cells.csv"
    file.write_text(text, "utf-8")
    async with running(lab, "batch_start.py", f"file={file}") as process:
        assert process.stdout is not None
        printed = (await process.stdout.read()).decode().splitlines()
        assert await process.wait() == 1
    assert len(printed) == 1
    assert printed[0].startswith(said)


@pytest.mark.parametrize("name", ["alert_service.py", "batch_start.py", "closed_loop_charge.py"])
def test_examples_are_short(name: str) -> None:
    assert len((PROJECT / "examples" / name).read_text("utf-8").splitlines()) < LINES_MAX
