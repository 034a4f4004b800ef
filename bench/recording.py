"""A recording at 1,000 readings a second while all is stopped and started; and how fast it can be.

    python -m bench.recording                      # about 12 minutes
    python -m bench.recording --seconds 60 --only restarts
    python -m bench.recording --only ceiling --rows 100000

`restarts`: ten testers of 125 channels at 1 Hz, which is above 1,000 readings a second with the bridge's
pauses, too; a Mosquitto as shipped, a bridge, `macnet-bridge record`, and a subscriber of its own that keeps
count. Recorder, broker and bridge are each stopped and started twice, the recorder once by SIGKILL. In the
end the rows of the database have to be exactly the readings that were numbered; `bench/recording_judge.py`
says so, which knows nothing of us.
`ceiling`: a backlog waits at the broker, and the recorder takes it in; beside it the same rows go into the
same table through SQLite alone, in the same run. Exit code 1: it does not hold.
"""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click
import msgspec

from bench import machine, stack
from bench.spool import READING
from bench.trial import ROOT, Keeper, Trial, bridge_config
from bench.wire import Client, publish_packet
from macnet_bridge.recorder.columns import TABLES
from macnet_bridge.recorder.rows import rows_of
from macnet_bridge.store.recording_file import connect
from tests.bridge.recording import RecordProgram
from tests.bridge.running import BridgeProcess

JUDGE = Path(__file__).with_name("recording_judge.py")
FILTERS = ("+/+/telemetry/reading", "bridge/+/health")
TESTERS, CHANNELS = 10, 125
SETTLE_S = 11.0
"""Without a replayed reading until it counts as caught up; health comes every 10 s."""
CAUGHT_UP_S = 120.0
BATCHES = (50, 1000)
TOPICS = 128
CHUNK = 200
PUBACK_BYTES = 4


@dataclass(frozen=True)
class Size:
    """How long it takes; `down_s` is how long recorder and broker are away each time.

    Attributes:
        bridge_down_s: nothing is published meanwhile.
    """

    seconds: float = 600.0
    down_s: float = 15.0
    bridge_down_s: float = 3.0


class Restarts:
    """The processes, and what is done to them."""

    def __init__(self, size: Size, running: ExitStack) -> None:
        self.size = size
        self.trial = Trial(running)
        self.lines = self.trial.folder / "keeper.jsonl"
        self.keeper: Keeper = self.trial.keeper(*FILTERS, record=self.lines)
        testers = running.enter_context(stack.fast_testers(TESTERS, CHANNELS))
        ports = {f"lab{number}": (at.json, at.tcp, at.udp) for number, at in enumerate(testers, 1)}
        broker = self.trial.broker
        self.recorder = RecordProgram(broker.host, broker.port, ROOT, self.trial.folder)
        running.callback(self._end_recorder)
        self.recorder.start()
        self._until("the recorder connects", lambda: "connected to" in self.recorder.said)
        config = bridge_config(self.trial.folder, broker.port, ports, interval_s=1.0, sweep_s=0.0)
        self.bridge: BridgeProcess = self.trial.bridge(config)
        self.keeper.until_live(TESTERS * CHANNELS, 0.0)
        self.began = time.monotonic()

    def run(self) -> None:
        """Six ends and starts, evenly over the time."""
        acts = [self.recorder_stops, self.broker_stops, self.bridge_stops]
        acts += [self.recorder_is_killed, self.broker_stops, self.bridge_stops]
        for number, act in enumerate(acts, 1):
            self._pause(self.began + number * self.size.seconds / (len(acts) + 1))
            _say(act.__name__.replace("_", " "))
            act()
        self._pause(self.began + self.size.seconds)

    def recorder_stops(self) -> None:
        process = self.recorder.process
        assert process is not None
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0, self.recorder.said
        time.sleep(self.size.down_s)
        self.recorder.start()

    def recorder_is_killed(self) -> None:
        process = self.recorder.process
        assert process is not None
        process.kill()
        process.wait()
        time.sleep(self.size.down_s)
        self.recorder.start()

    def broker_stops(self) -> None:
        self.trial.broker.stop()
        time.sleep(self.size.down_s)
        self.trial.broker.start()

    def bridge_stops(self) -> None:
        assert self.bridge.interrupt() == 0
        time.sleep(self.size.bridge_down_s)
        self.bridge.start()

    def finish(self) -> float:
        """Let all arrive, and have a last run of the bridge say what was before it.

        Returns:
            Readings a second until then, all pauses included.
        """
        seconds = time.monotonic() - self.began
        seen = self.keeper.look()
        readings: int = seen["readings"] - seen["duplicates"]
        self.keeper.until_replayed(SETTLE_S)
        self.bridge_stops()
        self.keeper.until_live(TESTERS * CHANNELS, time.time())
        self.keeper.until_replayed(SETTLE_S)
        self.bridge.interrupt()
        self.keeper.until_quiet(2.0)
        seen = self.keeper.look()
        wanted = seen["readings"] - seen["duplicates"]
        self._until("the recorder has all", lambda: self._rows() >= wanted)
        self._end_recorder()
        return readings / seconds

    def _rows(self) -> int:
        found = self.recorder.select("SELECT sum(readings) FROM runs")
        return int(found[0][0] or 0) if found else 0

    def _end_recorder(self) -> None:
        process = self.recorder.process
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(30)

    def _until(self, what: str, holds: Callable[[], bool]) -> None:
        end = time.monotonic() + CAUGHT_UP_S
        while not holds():
            if time.monotonic() > end:
                _say(f"not within {CAUGHT_UP_S:g} s: {what}")
                return
            time.sleep(0.2)

    def _pause(self, until: float) -> None:
        while (left := until - time.monotonic()) > 0:
            seen = self.keeper.look()
            _say(f"{seen['readings']} readings, {seen['missing']} missing; {self._rows()} recorded")
            time.sleep(min(left, 20.0))


def restarts(size: Size) -> tuple[dict[str, Any], list[str]]:
    """What the judge says, and the lines that the recorder logged."""
    with ExitStack() as running:
        trial = Restarts(size, running)
        trial.run()
        rate = trial.finish()
        verdict = trial.trial.folder / "verdict.json"
        with verdict.open("w") as out:
            code = _python(str(JUDGE), str(trial.recorder.file), str(trial.lines), out=out)
        found: dict[str, Any] = json.loads(verdict.read_text())
        found |= {
            "per_second": round(rate),
            "megabytes": trial.recorder.file.stat().st_size / 1e6,
            "code": code,
        }
        return found, trial.recorder.said.splitlines()


def _python(*arguments: str, out: Any) -> int:
    return subprocess.run([sys.executable, *arguments], stdout=out, check=False).returncode


# --- the ceiling


def ceiling(rows: int) -> dict[str, float]:
    """Rows a second."""
    payloads = [_reading(number) for number in range(rows)]
    found = {}
    for batch in BATCHES:
        found[f"SQLite alone, batches of {batch}"] = _sqlite_alone(payloads, batch)
    found["recorder, from a backlog"] = _recorder(payloads)
    if find_spec("pyarrow"):
        found["recorder to Parquet, from a backlog"] = _recorder(payloads, "--format", "parquet")
    return found


def _reading(number: int) -> tuple[int, bytes]:
    channel, seq = 1 + number % TOPICS, 1 + number // TOPICS
    told = READING | {"run": 1, "seq": seq, "quality": "good", "is_historical": False}
    return channel, msgspec.json.encode(told | {"unix_time_second": 1795343196.06 + seq})


def _sqlite_alone(payloads: list[tuple[int, bytes]], batch: int) -> float:
    table = TABLES["reading"]
    rows = [rows_of("reading", ("lab1", channel), payload)[0] for channel, payload in payloads]
    insert = f"INSERT OR IGNORE INTO readings VALUES ({', '.join('?' * len(table.columns))})"
    with (
        tempfile.TemporaryDirectory(prefix="macnet-bench-") as folder,
        closing(connect(Path(folder, "alone.sqlite"))) as database,
    ):
        began = time.perf_counter()
        for first in range(0, len(rows), batch):
            database.execute("BEGIN IMMEDIATE")
            database.executemany(insert, rows[first : first + batch])
            database.execute("COMMIT")
        return len(rows) / (time.perf_counter() - began)


def _recorder(payloads: list[tuple[int, bytes]], *options: str) -> float:
    """A recorder that was here before comes back to what the broker has kept for it."""
    with ExitStack() as running:
        trial = Trial(running)
        recorder = RecordProgram(trial.broker.host, trial.broker.port, ROOT, trial.folder, "backlog")
        if options:
            recorder.database = recorder.file / "recording.sqlite"
        with recorder.recording(*options):
            while "connected to" not in recorder.said:
                time.sleep(0.05)
            time.sleep(1.0)
        _publish(trial.broker.port, payloads)
        with recorder.recording(*options):
            (began, first), (ended, last) = _edges(recorder, len(payloads))
        if options:  # the parts are written at the end
            ended = time.perf_counter()
        return (last - first) / (ended - began)


def _publish(port: int, payloads: list[tuple[int, bytes]]) -> None:
    client = Client(port, "bench-publisher")
    for first in range(0, len(payloads), CHUNK):
        packets = [
            publish_packet(
                f"{ROOT}/lab1/{channel}/telemetry/reading".encode(), payload, _id(first + place), 1
            )
            for place, (channel, payload) in enumerate(payloads[first : first + CHUNK])
        ]
        client.socket.sendall(b"".join(packets))
        left = PUBACK_BYTES * len(packets)
        while left > 0:
            left -= len(client.socket.recv(1 << 16))
    client.close()


def _id(number: int) -> bytes:
    return (1 + number % 0xFFFF).to_bytes(2, "big")


def _edges(recorder: RecordProgram, rows: int) -> tuple[tuple[float, int], tuple[float, int]]:
    """When how many were there: at the first tenth, so that the start does not count, and at the end."""
    seen: list[tuple[float, int]] = []
    while not seen or seen[-1][1] < rows:
        found = recorder.select("SELECT coalesce(sum(readings), 0) FROM runs")
        seen.append((time.perf_counter(), int(found[0][0]) if found else 0))
        time.sleep(0.05)
    return next(edge for edge in seen if edge[1] >= rows // 10), seen[-1]


# --- what came out


def _restarts_table(found: dict[str, Any]) -> list[str]:
    shown = {name: value for name, value in found.items() if name not in ("examples", "faults", "code")}
    shown["megabytes"] = f"{found['megabytes']:.1f}"
    holds = "no: " + "; ".join(found["faults"]) if found["faults"] else "yes"
    return [
        "| restarts | |",
        "| --- | --- |",
        *(f"| {name.replace('_', ' ')} | {value} |" for name, value in shown.items()),
        f"| rows equal the numbers published | {holds} |",
    ]


def _ceiling_table(found: dict[str, float]) -> list[str]:
    alone = found[f"SQLite alone, batches of {BATCHES[0]}"]
    lines = ["| ceiling | rows/s | of SQLite alone |", "| --- | --- | --- |"]
    return [*lines, *(f"| {name} | {rate:,.0f} | {rate / alone:.2f} |" for name, rate in found.items())]


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


@click.command(help=__doc__)
@click.option("--only", type=click.Choice(["restarts", "ceiling"]), help="One part of the two.")
@click.option("--seconds", default=600.0, show_default=True, type=click.FloatRange(20))
@click.option("--down-s", default=15.0, show_default=True, type=click.FloatRange(0.1))
@click.option("--rows", default=100_000, show_default=True, type=click.IntRange(5_000, 400_000))
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write all there.")
def main(only: str | None, seconds: float, down_s: float, rows: int, json_file: Path | None) -> None:
    facts = machine.facts() | {"sqlite": sqlite3.sqlite_version}
    print("\n".join(f"- {name}: {value}" for name, value in facts.items()), flush=True)
    results: dict[str, Any] = {"facts": facts}
    if only != "restarts":
        results["ceiling"] = ceiling(rows)
        print("\n".join(["", *_ceiling_table(results["ceiling"])]), flush=True)
    if only != "ceiling":
        results["restarts"], said = restarts(Size(seconds, down_s))
        print("\n".join(["", *_restarts_table(results["restarts"]), *results["restarts"]["examples"]]))
        print("\n".join(["", "What the recorder said:", *said]), flush=True)
    if json_file:
        json_file.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    sys.exit(bool(results.get("restarts", {}).get("faults")))


if __name__ == "__main__":
    main()
