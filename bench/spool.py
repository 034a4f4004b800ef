"""The spool beside SQLite alone, and live readings while a replay goes on.

    python bench/spool.py
    python bench/spool.py --rows 100000 --directory /var/lib --json spool.json

The same rows, of 128 channels in batches of 100, go through SQLite alone and through the bridge's
spool, taking turns, so that other work on the machine meets both alike. A replay reads and deletes
them, in batches of 100 and, in the spool, of those that it takes at once. Then a broker's driver and
the bridge's delivery, with a Mosquitto as shipped, publish readings of 128 channels at 1 Hz: without
and with a replay. Latencies are from the reading to the broker's confirmation.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import click
from msgspec.structs import replace

# A script's own directory is on the path, the directory above, with both packages, is not.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import machine, stack
from bench.table import quantile
from macnet_bridge.broker import Broker, BrokerSettings, Outgoing, Subscription
from macnet_bridge.payloads.telemetry import RawCodes
from macnet_bridge.store import Spool
from macnet_bridge.store.spool_tables import Message
from macnet_bridge.telemetry.delivery import Delivery
from macnet_bridge.telemetry.replay import FETCHED_AT_ONCE

BATCH = 100
CHANNELS = 128
UNDER_WAY = 8
"""Batches that the spool is given ahead of the disk, as several testers would."""

ALL = 1 << 62
MAX_BYTES = 4 << 30
ROOT = "bench"
GOAL = 0.5
WARM_UP_S = 3
"""Until there is a connection, and the rate of live readings is known."""

READING: dict[str, Any] = {
    "unix_time_second": 1795343196.06,
    "state": "active",
    "mode": "charge",
    "test_name": "cell-01",
    "test_time_second": 293.2818298339844,
    "step_time_second": 293.2818298339844,
    "cycle_count": 1,
    "step_id": 2,
    "record_index": 30,
    "voltage_volt": 3.920905828475952,
    "current_ampere": 2.5,
    "power_watt": 9.80226457118988,
    "step_cumulative_capacity_ah": 0.20366792380809784,
    "step_cumulative_energy_wh": 0.7900201678276062,
    "tester_time": "2026-11-22T10:26:36",
    "raw": RawCodes(2, 1, 1),
}


def topic_of(channel: int) -> str:
    return f"{ROOT}/lab1/{channel}/telemetry/reading"


@click.command()
@click.option("--rows", type=click.IntRange(1_000, 1_000_000), default=50_000, show_default=True)
@click.option("--rounds", type=click.IntRange(1, 20), default=3, show_default=True)
@click.option(
    "--seconds", type=click.IntRange(2, 600), default=10, show_default=True, help="Of live readings."
)
@click.option(
    "--directory",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=tempfile.gettempdir(),
    show_default=True,
    help="On the disk that the spool is to be on.",
)
@click.option("--json", "json_file", type=click.Path(dir_okay=False), help="Write all figures there.")
def main(rows: int, rounds: int, seconds: int, directory: Path, json_file: str | None) -> None:
    """Measure, print a table, and exit 1 when a goal was missed.

    Example: python bench/spool.py --rows 100000 --directory /var/lib
    """
    facts = machine.facts() | {"rows": f"{rows} in each of {rounds} rounds, batches of {BATCH}"}
    rates = _rates(rows, rounds, directory)
    with stack.mosquitto() as (port, _):
        live = asyncio.run(_live(port, seconds, directory))
    result = _result(rates, live)
    print("\n".join([*(f"- {name}: {value}" for name, value in facts.items()), "", *_table(result)]))
    if json_file:
        text = json.dumps({"facts": facts, "rates": rates, **result}, indent=1)
        Path(json_file).write_text(text + "\n", "utf-8")
    sys.exit(not all(result["met"].values()))


# --- the disk


def _rates(rows: int, rounds: int, directory: Path) -> dict[str, list[float]]:
    """Rows a second, a figure for each round."""
    rates: dict[str, list[float]] = {}
    messages = _messages(rows)
    for _ in range(rounds):
        for name, measure in (("SQLite alone", _sqlite), ("spool", _spool)):
            with tempfile.TemporaryDirectory(dir=directory) as folder:
                append, replay = measure(messages, Path(folder))
            rates.setdefault(f"{name}, append", []).append(append)
            rates.setdefault(f"{name}, replay", []).append(replay)
    return rates


def _messages(rows: int) -> list[Message]:
    # As they are at the bridge: payloads of some 450 bytes, and a topic string for each channel.
    sent: list[Outgoing] = []

    def publish(message: Outgoing) -> bool:
        sent.append(message)
        return True

    delivery = Delivery(publish, lambda: True, run=1)
    delivery.reading("lab1", 1, topic_of(1), READING, 1)
    payload = sent[0].payload
    topics = [topic_of(channel) for channel in range(1, CHANNELS + 1)]
    return [
        Message(
            number, 1795343196.06, topics[number % CHANNELS], payload, "lab1", number % CHANNELS, 1, number
        )
        for number in range(1, rows + 1)
    ]


def _batches(messages: list[Message]) -> list[list[Message]]:
    return [messages[first : first + BATCH] for first in range(0, len(messages), BATCH)]


def _sqlite(messages: list[Message], folder: Path) -> tuple[float, float]:
    connection = sqlite3.connect(folder / "alone.sqlite", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    columns = "id INTEGER PRIMARY KEY, kept_at, topic, payload, cycler, channel, run, seq"
    connection.execute(f"CREATE TABLE message ({columns})")

    def append(batch: list[Message]) -> None:
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?)", batch)
        connection.execute("COMMIT")

    def replay(batch: list[Message]) -> None:
        connection.execute("BEGIN")
        found = connection.execute("SELECT * FROM message ORDER BY id LIMIT ?", (BATCH,)).fetchall()
        connection.executemany("DELETE FROM message WHERE id = ?", [(row[0],) for row in found])
        connection.execute("COMMIT")

    rates = tuple(len(messages) / _seconds(step, _batches(messages)) for step in (append, replay))
    connection.close()
    return rates[0], rates[1]


def _seconds(step: Callable[[list[Message]], None], batches: list[list[Message]]) -> float:
    started = time.perf_counter()
    for batch in batches:
        step(batch)
    return time.perf_counter() - started


def _spool(messages: list[Message], folder: Path) -> tuple[float, float]:
    return asyncio.run(_spool_rates(messages, folder))


async def _spool_rates(messages: list[Message], folder: Path) -> tuple[float, float]:
    spool = Spool(folder, max_bytes=MAX_BYTES, max_age_s=1e9)
    spool.open()
    started = time.perf_counter()
    under_way: list[asyncio.Future[Any]] = []
    for batch in _batches(messages):
        under_way.append(spool.keep(batch))
        if len(under_way) >= UNDER_WAY:
            await under_way.pop(0)
    await asyncio.gather(*under_way)
    kept = time.perf_counter()
    last = 0
    while rows := await spool.oldest(last, ALL, FETCHED_AT_ONCE):
        last = rows[-1].id
        deleted = spool.forget([row.id for row in rows])
    await deleted
    replayed = time.perf_counter()
    assert spool.waiting == 0
    spool.close()
    return len(messages) / (kept - started), len(messages) / (replayed - kept)


# --- the broker


class Timed:
    """Between delivery and driver: how long live readings take until they are confirmed."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self.latencies_ms: list[float] = []
        self.replayed = 0

    def publish(self, message: Outgoing) -> bool:
        published, settled = time.perf_counter(), message.settled
        assert settled is not None
        is_live = b'"is_historical":false' in message.payload

        def timed(is_taken: bool) -> None:
            if is_live:
                self.latencies_ms.append(1000 * (time.perf_counter() - published))
            else:
                self.replayed += is_taken
            settled(is_taken)

        return self._broker.publish(replace(message, settled=timed))


async def _live(port: int, seconds: int, directory: Path) -> dict[str, Any]:
    alone = await _live_readings(port, seconds, directory, waiting=0)
    beside = await _live_readings(port, seconds, directory, waiting=20 * CHANNELS * (seconds + WARM_UP_S))
    return {
        "alone_ms": [quantile(alone[0], share) for share in (0.5, 0.99)],
        "beside_replay_ms": [quantile(beside[0], share) for share in (0.5, 0.99)],
        "replayed_per_second": beside[1],
        "times_live": beside[1] / CHANNELS,
    }


async def _live_readings(
    port: int, seconds: int, directory: Path, *, waiting: int
) -> tuple[list[float], float]:
    with tempfile.TemporaryDirectory(dir=directory) as folder:
        spool = Spool(folder, max_bytes=MAX_BYTES, max_age_s=1e9)
        if waiting:
            spool.open()
            await asyncio.gather(*(spool.keep(batch) for batch in _batches(_messages(waiting))))
            spool.close()
        async with _delivering(port, spool) as (delivery, timed):
            await _publish(delivery, WARM_UP_S)
            timed.latencies_ms.clear()
            replayed, started = timed.replayed, time.perf_counter()
            await _publish(delivery, seconds)
            rate = (timed.replayed - replayed) / (time.perf_counter() - started)
            await delivery.drain(5.0)
            return timed.latencies_ms, rate


async def _publish(delivery: Delivery, seconds: int) -> None:
    begun = time.perf_counter()
    for number in range(seconds * CHANNELS):
        await asyncio.sleep(max(0.0, begun + number / CHANNELS - time.perf_counter()))
        channel = 1 + number % CHANNELS
        delivery.reading("lab1", channel, topic_of(channel), READING, 1)


@asynccontextmanager
async def _delivering(port: int, spool: Spool) -> AsyncIterator[tuple[Delivery, Timed]]:
    broker = Broker(
        BrokerSettings(url=f"mqtt://127.0.0.1:{port}", client_id="bench-spool"),
        [Subscription(f"{ROOT}/cmd/#", f"{ROOT}/cmd/canary")],
        will=Outgoing(f"{ROOT}/status", b"offline", 1),
        on_ready=lambda session_present: delivery.connected(),
        on_lost=lambda reason: delivery.lost(),
    )
    timed = Timed(broker)
    delivery = Delivery(timed.publish, lambda: broker.ready, spool, run=2)
    delivery.open()
    tasks = [asyncio.create_task(broker.run()), asyncio.create_task(delivery.run())]
    try:
        yield delivery, timed
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        delivery.close()


# --- what came out


def _result(rates: dict[str, list[float]], live: dict[str, Any]) -> dict[str, Any]:
    ratios = {
        what: statistics.median(
            ours / alone
            for ours, alone in zip(rates[f"spool, {what}"], rates[f"SQLite alone, {what}"], strict=True)
        )
        for what in ("append", "replay")
    }
    met = {f"{what} at {GOAL:.0%} of SQLite alone": ratio >= GOAL for what, ratio in ratios.items()}
    met["replay at 10x live"] = live["times_live"] >= 10
    met["live p99 under 1 s meanwhile"] = live["beside_replay_ms"][1] < 1000
    return {
        "per_second": {name: statistics.median(values) for name, values in rates.items()},
        "ratios": ratios,
        "live": live,
        "met": met,
    }


def _table(result: dict[str, Any]) -> list[str]:
    rates, live = result["per_second"], result["live"]
    lines = ["| | SQLite alone, rows/s | spool, rows/s | ratio |", "| --- | --- | --- | --- |"]
    for what, ratio in result["ratios"].items():
        alone, ours = rates[f"SQLite alone, {what}"], rates[f"spool, {what}"]
        lines.append(f"| {what} | {alone:,.0f} | {ours:,.0f} | {ratio:.2f} |")
    lines += ["", "| live readings, 128/s | p50 ms | p99 ms |", "| --- | --- | --- |"]
    for name, (p50, p99) in (("alone", live["alone_ms"]), ("beside a replay", live["beside_replay_ms"])):
        lines.append(f"| {name} | {p50:.2f} | {p99:.2f} |")
    lines += [
        "",
        f"Replayed meanwhile: {live['replayed_per_second']:,.0f}/s, {live['times_live']:.1f} x live.",
    ]
    return [*lines, *(f"{'met' if is_met else 'MISSED'}: {goal}" for goal, is_met in result["met"].items())]


if __name__ == "__main__":
    main()
