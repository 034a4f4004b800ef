"""A bridge is killed at every named point of a command, many times, and what came of it is counted.

    python -m bench.kills --runs 20
    python -m bench.kills --runs 5 --mutant journals_after_sending --point after_send

Each run: a bridge with `MACNET_TEST_KILL_AT` gets a `start_test`, dies at the point, and is started
again; the broker delivers again what it was not told to forget, and the requester sends the same id
until it has a final acknowledgement, and once more after that. What was sent is counted by the
simulated cycler. Needs Mosquitto on the PATH.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

import click

from macnet_bridge.kill_points import POINTS
from tests.bridge import mutant as mutants
from tests.bridge.conftest import Lab
from tests.bridge.kills import Killer, Verdict
from tests.brokers import MosquittoBroker, RunningBroker

HEADER = ["point", "runs", "sent 0", "sent 1", "sent 2+", "done", "unknown", "not sent", "faults"]
_NOT_SENT = ("rejected", "expired", "superseded")


async def kill(broker: RunningBroker, point: str, runs: int, mutant: str) -> list[Verdict]:
    """So many runs at one point, on a cycler of their own."""
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncExitStack() as stack:
            lab = Lab(broker, f"k{time.time_ns():x}", Path(folder), stack)
            killer = Killer(lab, await lab.cycler(max(runs, 2)), await lab.peer())
            if mutant:
                killer.module, killer.environment = "tests.bridge.mutant", {mutants.VARIABLE: mutant}
            try:
                return [await killer.run(point) for _ in range(runs)]
            finally:
                for process in lab.processes:
                    process.close()


def row(point: str, verdicts: list[Verdict]) -> list[str]:
    sent = Counter(min(verdict.sent, 2) for verdict in verdicts)
    ends = Counter(status for verdict in verdicts for status in verdict.statuses)
    numbers = [
        len(verdicts),
        sent[0],
        sent[1],
        sent[2],
        ends["done"],
        ends["unknown"],
        sum(ends[status] for status in _NOT_SENT),
        sum(bool(verdict.faults) for verdict in verdicts),
    ]
    return [point, *map(str, numbers)]


def line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


@click.command(help=__doc__)
@click.option("--runs", default=20, show_default=True, type=click.IntRange(1, 128))
@click.option("--point", "points", multiple=True, type=click.Choice(POINTS), help="All, when left out.")
@click.option("--mutant", default="", type=click.Choice(["", *mutants.MUTANTS]))
def main(runs: int, points: tuple[str, ...], mutant: str) -> None:
    broker = MosquittoBroker()
    broker.start()
    print(line(HEADER), line(["---"] * len(HEADER)), sep="\n", flush=True)
    rows, faults = [], 0
    try:
        for point in points or POINTS:
            verdicts = asyncio.run(kill(broker, point, runs, mutant))
            rows.append(row(point, verdicts))
            print(line(rows[-1]), flush=True)
            found = [fault for verdict in verdicts for fault in verdict.faults]
            faults += len(found)
            for fault in found:
                print(f"{point}: {fault}", file=sys.stderr)
    finally:
        broker.remove()
    print(f"\n{runs * len(rows)} kills, {faults} faults")
    sys.exit(int(faults > 0))


if __name__ == "__main__":
    main()
