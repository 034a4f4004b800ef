"""The example of a service that lacks no reading, as its users run it, through restarts of both sides."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.bridge.conftest import Lab
from tests.bridge.running import cycler_table, running_bridge
from tests.brokers import free_port
from tests.patience import PATIENCE_S

EXAMPLE = Path(__file__).parents[2] / "examples" / "readings_without_gaps.py"

pytestmark = pytest.mark.needs_real_broker


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110 - facts of other processes set no event
            await asyncio.sleep(0.05)


class Example:
    """The program, and what it has said so far."""

    def __init__(self, lab: Lab) -> None:
        self._out = lab.folder / "example.out"
        self.file = lab.folder / "readings.sqlite"
        self.command = [
            *(sys.executable, str(EXAMPLE), f"host={lab.broker.host}", f"port={lab.broker.port}"),
            *(f"root={lab.root}", f"file={self.file}"),
        ]

    @contextmanager
    def running(self) -> Iterator[None]:
        with self._out.open("ab") as out:
            process = subprocess.Popen(self.command, stdout=out, stderr=out)
            try:
                yield
                assert process.poll() is None, self._out.read_text("utf-8")
            finally:
                process.kill()
                process.wait()

    def said(self, word: str) -> list[list[str]]:
        lines = self._out.read_text("utf-8").splitlines() if self._out.exists() else []
        return [line.split() for line in lines if line.startswith(f"{word} ")]

    def stored(self) -> set[tuple[str, int, int]]:
        with closing(sqlite3.connect(self.file)) as database:
            return set(database.execute("SELECT channel, run, seq FROM reading"))


async def test_broker_bridge_and_service_are_restarted(own_lab: Lab) -> None:
    lab, example = own_lab, Example(own_lab)
    cycler = await lab.cycler(3)
    text = lab.config(cycler_table(cycler))
    channel = f"{lab.root}/lab1/1"
    with example.running():
        async with running_bridge(text) as bridge:
            await until(lambda: len(example.said("kept")) > 10)
            lab.broker.stop()
            await until(lambda: bridge.delivery.spool_health().waiting >= 15)
            lab.broker.start()
            await until(lambda: sum("late" in words for words in example.said("kept")) >= 15)
    peer = await lab.peer(f"{channel}/telemetry/reading")
    async with running_bridge(text):  # while the service is away, too
        await peer.wait(lambda seen: bool(seen.json["run"] == 2 and seen.json["seq"] >= 5))
        with example.running():
            await until(lambda: [channel, "2", "5"] in [words[1:] for words in example.said("kept")])
    stored = example.stored()
    for run in (1, 2):
        seqs = sorted(seq for of, its_run, seq in stored if (of, its_run) == (channel, run))
        assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
    assert example.said("missing") == []


async def test_what_is_missing_is_told_once_nothing_waits(lab: Lab) -> None:
    example, peer = Example(lab), await lab.peer()
    topic, health = f"{lab.root}/lab1/1/telemetry/reading", f"{lab.root}/bridge/lab/health"

    def read(run: int, seq: int, **more: object) -> bool:
        times = {"unix_time_second": run * 100.0 + seq, "is_historical": False}
        peer.publish(topic, {"run": run, "seq": seq, **times, **more})
        return bool(example.said("kept"))

    def nothing_waits(waiting: int = 0) -> None:
        peer.publish(health, {"spool": {"state": "ok", "waiting": waiting}})

    with example.running():
        await until(lambda: read(2, 7))  # until it listens
        for seq in (9, 10, 14):
            read(2, seq)
        read(4, 1, previous={"run": 3, "seq": 5})
        read(4, 3)
        read(4, 2, is_historical=True)
        nothing_waits()
        nothing_waits(waiting=3)
        nothing_waits()
        read(2, 8, is_historical=True)
        nothing_waits()
        nothing_waits()
        read(4, 4)
        await until(lambda: ["4", "4"] in [words[2:4] for words in example.said("kept")])
    channel = f"{lab.root}/lab1/1"
    assert [words[1:4] for words in example.said("missing")] == [
        [channel, "2", "13,"],
        [channel, "3", "5,"],
    ]
    assert len(example.stored()) == 9


def test_a_broker_that_is_not_there_is_one_line() -> None:
    port = free_port()
    outcome = subprocess.run(
        [sys.executable, str(EXAMPLE), f"port={port}"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert outcome.returncode == 1
    said = outcome.stdout + outcome.stderr
    assert said.startswith(f"no connection to the broker at 127.0.0.1:{port}: "), said
    assert said.count("\n") == 1
