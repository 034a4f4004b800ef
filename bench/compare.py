"""The comparison: our bridge, pymacnet + paho, and the bare floor, on one simulator and one broker.

    python bench/compare.py
    python bench/compare.py --quick
    python bench/compare.py --seconds 10 --rounds 5 --json bench.json

Every round measures all rows in turn, so that a machine that slows down slows all of them.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

import click

# A script's own directory is on the path, the directory above, with both packages, is not.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import machine, stack
from bench.measure import Sample
from bench.rows import SERIAL_MS, Bench, Row, rows
from bench.table import table


@click.command()
@click.option(
    "--seconds", type=click.FloatRange(0.2), default=5.0, show_default=True, help="Of each measurement."
)
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True)
@click.option("--channels", type=click.IntRange(1, 1024), default=128, show_default=True)
@click.option("--only", default="", help="Only rows that have this text in their label.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False), help="Write every sample there.")
@click.option("--quick", is_flag=True, help="One round of one second: whether it works, not how fast.")
def main(seconds: float, rounds: int, channels: int, only: str, json_file: str | None, quick: bool) -> None:
    """Compare, and print one table."""
    if quick:
        seconds, rounds = 1.0, 1
    chosen = [row for row in rows(channels) if only in label(row)]
    facts = machine.facts() | {
        "channels": str(channels),
        "rounds": f"{rounds}, interleaved",
        "seconds": f"{seconds:g} for readings, {seconds:g} for each verb",
    }
    samples = run(chosen, rounds, channels, seconds)
    print(table(facts, chosen, samples))
    if json_file:
        Path(json_file).write_text(json.dumps(_as_json(facts, chosen, samples), indent=1) + "\n", "utf-8")


def run(chosen: list[Row], rounds: int, channels: int, seconds: float) -> list[list[Sample]]:
    """Samples by row, then round."""
    samples: list[list[Sample]] = [[] for _ in chosen]
    with ExitStack() as running:
        broker_port, broker_pid = running.enter_context(stack.mosquitto())
        testers = {
            name: running.enter_context(stack.simulated_tester(channels, latency_ms))
            for name, latency_ms in (("fast", 0.0), ("serial", SERIAL_MS))
        }
        bench = Bench(broker_port, broker_pid, testers, channels, seconds)
        for number in range(1, rounds + 1):
            for row, taken in zip(chosen, samples, strict=True):
                print(f"round {number}: {label(row)}", file=sys.stderr)
                with row.setup(bench) as measured:
                    time.sleep(measured.settle_s)
                    taken.append(row.measure(bench, measured, row))
    return samples


def label(row: Row) -> str:
    """A row in words."""
    return f"{row.who}, {row.name}, tester {row.tester}, QoS {row.qos}"


def _as_json(facts: dict[str, str], chosen: list[Row], samples: list[list[Sample]]) -> dict[str, object]:
    return {
        "facts": facts,
        "rows": [
            {
                "label": label(row),
                "who": row.who,
                "name": row.name,
                "tester": row.tester,
                "qos": row.qos,
                "reading": row.reading,
                "arithmetic_per_s": row.arithmetic_per_s,
                "samples": [asdict(sample) for sample in taken],
            }
            for row, taken in zip(chosen, samples, strict=True)
        ],
    }


if __name__ == "__main__":
    main()
