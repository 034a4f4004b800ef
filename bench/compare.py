"""The comparison: our bridge, pymacnet + paho, Node-RED, and the bare floor, on one machine in one run.

    python bench/compare.py --node-red FOLDER
    python bench/compare.py --quick
    python bench/compare.py --seconds 10 --rounds 5 --json bench.json

Every round measures all rows in turn, so that a machine that slows down slows all of them.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

import click

# A script's own directory is on the path, the directory above, with both packages, is not.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import machine, node_red, others, stack
from bench.goals import FIGURES, ratios
from bench.measure import Sample
from bench.rows import (
    EIGHT,
    FAST,
    FAST_TESTERS,
    NODE_RED_FLOWS,
    SERIAL,
    SERIAL_MS,
    Bench,
    Key,
    Row,
    measure,
    rows,
)
from bench.table import remark_on_failures, remark_on_subscriber, table
from bench.verdicts import Verdict, judge_figure, judge_ratio, summary
from bench.wire import WireError

QUICK_SECONDS, QUICK_COMMANDS = 1.0, 20
NO_NODE_RED = (
    "Node-RED is not there, so its rows are left out: "
    "`npm install node-red` in a folder of its own, and --node-red FOLDER."
)


@click.command()
@click.option(
    "--seconds",
    type=click.FloatRange(0.2),
    default=5.0,
    show_default=True,
    help="Of each count of readings.",
)
@click.option(
    "--commands",
    type=click.IntRange(1),
    default=150,
    show_default=True,
    help="Of each verb, row and round.",
)
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True)
@click.option(
    "--runs",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="So many times all rounds, each time with a broker and testers that were started anew.",
)
@click.option("--channels", type=click.IntRange(1, 1024), default=128, show_default=True)
@click.option("--only", default="", help="Only rows that have this text in their label; no other scripts.")
@click.option(
    "--node-red",
    "node_red_folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Where npm installed it; else it is looked for on the PATH.",
)
@click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write facts, every sample, and the summary there.",
)
@click.option("--quick", is_flag=True, help="One short round of most rows: whether it works, not how fast.")
def main(
    seconds: float,
    commands: int,
    rounds: int,
    runs: int,
    channels: int,
    only: str,
    node_red_folder: Path | None,
    json_file: Path | None,
    quick: bool,
) -> None:
    """Compare, and print one table of goals and one of rows; exit 1 when a row could not be measured.

    Example: python bench/compare.py --runs 3 --node-red /opt/node-red --json bench.json
    """
    if quick:
        seconds, commands, rounds, runs = QUICK_SECONDS, QUICK_COMMANDS, 1, 1
    program = node_red.find(node_red_folder)
    chosen = choose(rows(channels), only=only, quick=quick, with_node_red=program is not None)
    if not chosen:
        raise click.UsageError(f"no row has {only!r} in its label")
    facts = machine.facts() | {
        "node-red": node_red.version(program) if program else "not there",
        "channels": str(channels),
        "rounds": f"{rounds} in each of {runs} runs, interleaved",
        "of each": f"{seconds:g} s of readings, {commands} commands of a verb",
    }
    samples: list[list[Sample]] = [[] for _ in chosen]
    more = {"seconds": seconds, "commands": commands, "node_red": program}
    for number in range(1, runs + 1):
        new = run(chosen, rounds, channels, f"run {number}, ", **more)
        samples = [before + taken for before, taken in zip(samples, new, strict=True)]
    figures, absent = ({}, _left_out()) if only else others.run_all(quick=quick)
    facts |= noise(samples)
    taken_by_key = dict(zip((row.key for row in chosen), samples, strict=True))
    verdicts = [judge_ratio(ratio, taken_by_key, rounds * runs) for ratio in ratios(channels)]
    verdicts += [judge_figure(figure, figures, absent) for figure in FIGURES]
    failures = list(remark_on_failures(taken_by_key))
    remarks = [*remark_on_subscriber(taken_by_key), *([] if program else [NO_NODE_RED]), *failures]
    print(table(facts, chosen, samples, verdicts, remarks))
    if json_file:
        content = as_json(facts, chosen, samples, verdicts) | {"scripts": figures, "remarks": remarks}
        json_file.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
    if failures:
        sys.exit(1)


def choose(all_rows: Sequence[Row], *, only: str, quick: bool, with_node_red: bool) -> list[Row]:
    """The rows of a run. Those asked for by name are measured by `--quick`, too."""
    return [
        row
        for row in all_rows
        if only in str(row.key)
        and (row.quick or only or not quick)
        and (with_node_red or row.key.who not in NODE_RED_FLOWS)
    ]


def run(chosen: Sequence[Row], rounds: int, channels: int, name: str = "", **more: Any) -> list[list[Sample]]:
    """Samples by row, then round. What `Bench` has more goes there."""
    samples: list[list[Sample]] = [[] for _ in chosen]
    with ExitStack() as running:
        broker_port, broker_pid = running.enter_context(stack.mosquitto())
        testers = _start_testers({row.key.tester for row in chosen}, channels, running)
        bench = Bench(broker_port, broker_pid, testers, channels, **more)
        for number in range(1, rounds + 1):
            for row, taken in zip(chosen, samples, strict=True):
                print(f"{name}round {number}: {row.key}", file=sys.stderr)
                taken.append(_take(bench, row))
    return samples


def _take(bench: Bench, row: Row) -> Sample:
    """One sample. A row that fails says so in it, and costs the others nothing."""
    try:
        with row.setup(bench, row) as measured:
            time.sleep(measured.settle_s)
            return measure(bench, measured, row)
    except (RuntimeError, OSError, WireError) as error:
        print(f"failed: {error}", file=sys.stderr)
        return Sample(failure=str(error), calibration_ms=machine.calibration_ms())


def _start_testers(wanted: set[str], channels: int, running: ExitStack) -> dict[str, list[stack.TesterPorts]]:
    testers: dict[str, list[stack.TesterPorts]] = {}
    if wanted & {FAST, EIGHT}:
        testers[EIGHT] = running.enter_context(stack.fast_testers(FAST_TESTERS, channels))
        testers[FAST] = testers[EIGHT][:1]
    if SERIAL in wanted:
        testers[SERIAL] = [running.enter_context(stack.simulated_tester(channels, SERIAL_MS))]
    return testers


def noise(samples: Sequence[list[Sample]]) -> dict[str, str]:
    """What other work on the machine did meanwhile."""
    taken = [sample.calibration_ms for of_row in samples for sample in of_row]
    shown = f"{median(taken):.0f} ms [{min(taken):.0f}..{max(taken):.0f}] before {len(taken)} measurements"
    return {"load after": machine.load(), "a fixed piece of work took": shown}


def as_json(
    facts: dict[str, str], chosen: Sequence[Row], samples: Sequence[list[Sample]], verdicts: Sequence[Verdict]
) -> dict[str, Any]:
    """Everything, to be read by machines."""
    return {
        "facts": facts,
        "summary": summary(verdicts),
        "rows": [
            {
                "label": str(row.key),
                **Key._asdict(row.key),
                "reading": row.reading,
                "arithmetic_per_s": row.arithmetic_per_s,
                "samples": [asdict(sample) for sample in taken],
            }
            for row, taken in zip(chosen, samples, strict=True)
        ],
    }


def _left_out() -> dict[str, str]:
    return {script.name: "left out by --only" for script in others.SCRIPTS}


if __name__ == "__main__":
    main()
