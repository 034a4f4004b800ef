"""The audit of a whole bridge: over crashes, with a full disk, and without a secret in it."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from macnet_bridge.simulator import Behaviour
from tests.bridge.conftest import Lab
from tests.bridge.running import cycler_table

START = {"procedure": "CCCV_1C", "c_rate_ah": 2.5}
LIMITS = """
[cycler.limits]
voltage_max_volt = 4.25
voltage_min_volt = 2.5
charge_max_ampere = 5.0
discharge_max_ampere = 5.0
power_max_watt = 25.0
"""


def audited(lab: Lab) -> list[dict[str, Any]]:
    text = (lab.folder / "data" / "audit.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def fill_the_disk(folder: Path) -> None:
    folder.mkdir()
    (folder / "audit.jsonl").symlink_to("/dev/full")


async def test_lines_are_there_after_a_kill_and_the_next_run_goes_on(lab: Lab) -> None:
    cycler = await lab.cycler(2)
    peer = await lab.peer()
    process = lab.process(cycler_table(cycler, more=LIMITS))
    for run in (1, 2):
        process.start()
        await lab.online(peer, after=len(peer.seen))
        for number in range(20):
            await peer.command(f"{lab.root}/lab1/1/cmd/read_status", {"id": f"{run}-{number}"})
        # A batch may still be on its way to the disk.
        await _until_answered(lab, run, 20)
        process.kill()
        assert [line["n"] for line in audited(lab) if line["run"] == run] == list(
            range(1, 1 + sum(line["run"] == run for line in audited(lab)))
        )


async def _until_answered(lab: Lab, run: int, count: int) -> None:
    async with asyncio.timeout(15):
        while _answers(lab, run) < count:  # noqa: ASYNC110 - a file sets no event
            await asyncio.sleep(0.01)


def _answers(lab: Lab, run: int) -> int:
    return sum(line["fact"] == "answered" and line["run"] == run for line in audited(lab))


@pytest.mark.skipif(sys.platform != "linux", reason="needs /dev/full")
async def test_a_full_disk_does_not_disturb_a_stop(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    cycler = await lab.cycler(2, behaviour=Behaviour(starting_second=0.0))
    peer = await lab.peer()
    fill_the_disk(lab.folder / "data")
    await lab.bridge(cycler_table(cycler, more=LIMITS))
    await lab.online(peer)
    base = f"{lab.root}/lab1/1/cmd"
    started = await peer.command(f"{base}/start_test", {"id": "a", "args": START})
    stopped = await peer.command(f"{base}/suspend", {"id": "b"})
    assert (started["status"], stopped["status"], stopped["verified"]) == ("done", "done", "read_back")
    assert stopped["latency_ms"] < 1000
    assert "the audit cannot be written" in caplog.text


async def test_no_password_gets_into_it(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TESTER_PASSWORD", "open sesame")
    monkeypatch.setenv("BROKER_PASSWORD", "hunter2")
    cycler = await lab.cycler(2, behaviour=Behaviour(users={"robin": "open sesame"}))
    peer = await lab.peer()
    process = lab.process(
        cycler_table(cycler, more='user = "robin"\npassword_env = "TESTER_PASSWORD"'),
        mqtt='password_env = "BROKER_PASSWORD"\nusername = "bridge"\n',
    )
    process.start()
    await lab.online(peer)
    args = {"variable": 1, "value": 2, "password": "swordfish"}
    await peer.command(f"{lab.root}/lab1/1/cmd/set_variable", {"id": "a", "args": args, "key": "swordfish"})
    await peer.command(f"{lab.root}/lab1/1/cmd/read_status", {"id": "b"})
    assert process.interrupt() == 0
    text = (lab.folder / "data" / "audit.jsonl").read_text("utf-8")
    assert {line["fact"] for line in audited(lab)} == {
        "started",
        "received",
        "admitted",
        "asked",
        "refused",
        "answered",
    }
    assert any(line.get("function") == "login" for line in audited(lab))
    assert not [word for word in ("sesame", "hunter2", "swordfish") if word in text]
