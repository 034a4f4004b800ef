"""`macnet-bridge check` as people and scripts run it, and how its report looks."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from msgspec import structs

from macnet_bridge.app.report import BrokerReport, CyclerReport, Report, TransportReport, error, warning
from macnet_bridge.cli.check import render
from macnet_bridge.simulator import SimulatedCycler
from tests.bridge.running import config_text, cycler_table
from tests.brokers import RunningBroker
from tests.patience import PATIENCE_S

PROJECT = Path(__file__).parents[2]

JSON = TransportReport(transport="json", port=57570, bulk_read_ms=34.5, reason=None)
TCP = TransportReport(transport="tcp", port=57560, bulk_read_ms=34.2, reason=None)
UDP = TransportReport(transport="udp", port=57550, bulk_read_ms=None, reason="it does not answer")
CYCLER = CyclerReport(
    name="lab1",
    host="10.0.0.17",
    transport="auto",
    system="Formation 3",
    system_type="lab",
    exe_version="2.5.32",
    dll_version="2.5.31",
    channel_count=16,
    served_count=16,
    clock_second=-0.4,
    time_zone_second=7200,
    round_trip_ms=34.6,
    transports=[JSON, TCP, UDP],
    reads_by="json",
    notes=[warning("its EXE and DLL are of different versions")],
)
BROKER = BrokerReport(url="mqtt://127.0.0.1:1883", username="bridge", protocol="5")
REPORT = Report(ok=True, config="bridge.toml", bridge="lab", broker=BROKER, cyclers=[CYCLER])


@dataclass
class Ended:
    """A program that has ended."""

    code: int
    out: str
    err: str


async def check(*arguments: str) -> Ended:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "macnet_bridge", "check", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )
    async with asyncio.timeout(PATIENCE_S):
        out, err = await process.communicate()
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())


@pytest.fixture
async def simulated() -> AsyncIterator[SimulatedCycler]:
    # Its clock runs fast, so that its movement is soon seen.
    async with SimulatedCycler(8, clock=lambda: time.monotonic() * 20) as simulated:
        yield simulated


def write(folder: Path, broker: RunningBroker, *tables: str) -> str:
    path = folder / "bridge.toml"
    path.write_text(config_text(broker, f"t{uuid4().hex[:10]}", folder / "data", *tables), "utf-8")
    return str(path)


# --- the program


async def test_all_well(simulated: SimulatedCycler, broker: RunningBroker, tmp_path: Path) -> None:
    ended = await check("-c", write(tmp_path, broker, cycler_table(simulated)))
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0].endswith("bridge lab, 1 cycler")
    assert "  channels    8, all served" in lines
    assert any(line.startswith(f"  json {simulated.json_port}  ") for line in lines)
    assert any(line.startswith("  warning     no log-in (user)") for line in lines)
    assert lines[-1].startswith("ready to run: ")
    assert "\x1b" not in ended.out, "no colours where nobody sees them"


async def test_something_wrong(simulated: SimulatedCycler, broker: RunningBroker, tmp_path: Path) -> None:
    path = write(tmp_path, broker, cycler_table(simulated))
    await simulated.stop()
    ended = await check("-c", path)
    assert (ended.code, ended.err) == (1, "")
    assert "  error       no connection to 127.0.0.1" in ended.out
    assert ended.out.splitlines()[-1].startswith("not ready: 1 error and ")


async def test_json_for_scripts(simulated: SimulatedCycler, broker: RunningBroker, tmp_path: Path) -> None:
    path = write(tmp_path, broker, cycler_table(simulated))
    well = await check("-c", path, "--json")
    found = json.loads(well.out)
    assert (well.code, found["ok"], well.out.count("\n")) == (0, True, 1)
    assert found["cyclers"][0]["channel_count"] == 8
    assert {note["level"] for note in found["notes"]} == {"warning"}
    await simulated.stop()
    ill = await check("-c", path, "--json")
    assert (ill.code, json.loads(ill.out)["ok"]) == (1, False)


async def test_all_mistakes_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "bridge.toml"
    path.write_text('bogus = 1\n[mqtt]\nkeepalive_s = 1\nroot = "/x"\n')
    ended = await check("-c", str(path))
    assert ended.code == 1
    assert ended.out.count("  error ") == 3
    assert ended.out.splitlines()[-1] == "not ready: 3 errors"


async def test_no_file(tmp_path: Path) -> None:
    ended = await check("-c", str(tmp_path / "none.toml"))
    assert ended.code == 1
    assert "cannot read" in ended.out
    assert "Traceback" not in ended.out + ended.err


async def test_help_has_an_example() -> None:
    ended = await check("--help")
    assert ended.code == 0
    for words in ("Example: macnet-bridge check -c bridge.toml", "--json", "--log-format", "--log-level"):
        assert words in ended.out


# --- the report


def test_how_it_looks() -> None:
    assert list(render(REPORT, 100)) == [
        "bridge.toml   bridge lab, 1 cycler",
        "",
        "broker        mqtt://127.0.0.1:1883",
        "  answers     MQTT 5, as user bridge",
        "",
        "lab1          10.0.0.17",
        "  system      Formation 3, type lab",
        "  MacTest32   EXE 2.5.32, DLL 2.5.31",
        "  channels    16, all served",
        "  clock       0.4 s behind, time zone UTC+02:00",
        "  round trip  34.6 ms",
        "  json 57570  34.5 ms a bulk read",
        "  tcp  57560  34.2 ms a bulk read",
        "  udp  57550  out: it does not answer",
        '  reads by    json, chosen by "auto"',
        "  \x1b[33mwarning\x1b[0m     its EXE and DLL are of different versions",
        "",
        "ready to run: 1 warning",
    ]


def test_nothing_to_complain_about() -> None:
    well = structs.replace(REPORT, cyclers=[structs.replace(CYCLER, notes=[])])
    assert list(render(well, 100))[-1] == "ready to run: nothing to complain about"


def test_other_numbers_on_the_screen_of_the_tester() -> None:
    cycler = structs.replace(
        CYCLER, served_count=8, display_channels=(103, 110), clock_second=3.0, time_zone_second=-12600
    )
    lines = list(render(structs.replace(REPORT, cyclers=[cycler]), 100))
    assert "  channels    16, 8 served; the tester's screen shows them as 103 to 110" in lines
    assert "  clock       3.0 s ahead, time zone UTC-03:30" in lines


def test_a_bridge_that_runs_and_tls() -> None:
    broker = BrokerReport(url="mqtts://b", username="", protocol="3.1.1", running_since=0.0)
    lines = list(render(structs.replace(REPORT, broker=broker), 100))
    assert "  answers     MQTT 3.1.1, without a user, TLS" in lines
    assert "  bridge      this one is running, since 1970-01-01 00:00:00Z" in lines


@pytest.mark.parametrize("width", [20, 40, 80, 100])
def test_errors_come_first_and_long_lines_are_wrapped(width: int) -> None:
    long = "a long story of many words that " * 6
    cycler = structs.replace(CYCLER, notes=[warning(long), error(long)])
    lines = list(render(structs.replace(REPORT, ok=False, cyclers=[cycler]), width))
    plain = [line.replace("\x1b[31m", "").replace("\x1b[33m", "").replace("\x1b[0m", "") for line in lines]
    first = next(at for at, line in enumerate(plain) if line.startswith("  error "))
    assert first < next(at for at, line in enumerate(plain) if line.startswith("  warning "))
    assert all(len(line) <= max(width, 28) for line in plain[first:-1])
    assert plain[-1] == "not ready: 1 error and 1 warning"


def test_a_tester_does_not_get_at_the_terminal() -> None:
    cycler = structs.replace(CYCLER, system="\x1b]0;x\x07evil\r\n", notes=[warning("\x1b[2J")])
    lines = list(render(structs.replace(REPORT, cyclers=[cycler]), 100))
    assert "  system      ?]0;x?evil??, type lab" in lines
    assert sum(line.count("\x1b") for line in lines) == 2, "our own two, around the word warning"
