"""A frozen broker, a slow tester and one that answers garbage: what becomes of lag, memory and commands.

    python -m bench.ordeal                       # 7 minutes
    python -m bench.ordeal --seconds 20 --json ordeal.json

One bridge serves two testers and is left alone first. Then `lab2` takes 2 s for every reply; then, after
a second undisturbed phase, it answers garbage one time in a hundred; then the broker is stopped by
SIGSTOP. Meanwhile both testers get commands, and a subscriber of its own counts. Exit code 1: something
untrue was published, memory
grew beyond the bound, commands to the healthy `lab1` were slower than undisturbed, or a reading
was lost. Needs Mosquitto on the PATH.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import click
import psutil

from bench import machine
from bench.asking import Asked, Asker
from bench.ordeal_judge import Phase, Report, faults, missing_in, seen, slower_of, untrue
from bench.outage_judge import judge, records
from bench.trial import ROOT, Trial, bridge_config, read_lines
from macnet_bridge.simulator import Fault
from macnet_bridge.simulator.threaded import ThreadedCycler

HEALTHY, BAD = "lab1", "lab2"
FILTERS = ("+/+/telemetry/reading", "bridge/+/health")
VERBS = ("read_status", "suspend")
CALM, CALM_AGAIN = "undisturbed", "undisturbed again"
ANSWER_S = 90.0
MEMORY_EVERY_S = 0.25


@dataclass(frozen=True)
class Size:
    """How much of everything there is.

    Attributes:
        channels, bad_channels: of the healthy tester, and of the other one.
        share: of replies that are garbage.
        slow_s: how long the slow tester takes for each.
        memory_mb: by how much the bridge may grow in a phase.
        calm_s: before the first phase, and after each.
        caught_up_s: without a replayed reading until it counts as caught up.
    """

    seconds: float = 60.0
    channels: int = 128
    bad_channels: int = 16
    share: float = 0.01
    slow_s: float = 2.0
    memory_mb: float = 20.0
    ask_every_s: float = 0.1
    calm_s: float = 5.0
    caught_up_s: float = 11.0


class Ordeal:
    """The processes of a run, and when which phase was."""

    def __init__(self, size: Size, running: ExitStack) -> None:
        self.size = size
        self.phases: list[Phase] = []
        self.memory: list[tuple[float, float]] = []
        self.trial = Trial(running)
        self.record = self.trial.folder / "record.jsonl"
        self.keeper = self.trial.keeper(*FILTERS, record=self.record)
        healthy = self.trial.tester(size.channels)
        # Its cells rest, so that it is known what its readings have to show.
        self.bad = running.enter_context(ThreadedCycler(size.bad_channels, max_records=1000))
        ports = {HEALTHY: healthy, BAD: (self.bad.json_port, self.bad.tcp_port, self.bad.udp_port)}
        self.bridge = self.trial.bridge(
            bridge_config(self.trial.folder, self.trial.broker.port, ports, interval_s=1.0)
        )
        self._all_live(0.0)
        self.askers = [
            running.enter_context(Asker(self.trial.broker.port, ROOT, name, channels, VERBS, every_s))
            for name, channels, every_s in (
                (HEALTHY, size.channels, size.ask_every_s),
                (BAD, size.bad_channels, 10 * size.ask_every_s),
            )
        ]
        running.enter_context(self._watched_memory())

    def run(self) -> None:
        """All phases, with a recovery after each."""
        time.sleep(self.size.calm_s)
        self._phase(CALM)
        self._faulty("slow tester", Fault("delay", second=self.size.slow_s))
        self._phase(CALM_AGAIN)
        self._faulty("garbage", Fault("garble", share=self.size.share))
        self.trial.broker.freeze()
        try:
            self._phase("frozen broker")
        finally:
            self.trial.broker.thaw()
        self._all_live(time.time())
        _say("catching up")
        self.keeper.until_replayed(self.size.caught_up_s)

    def finish(self) -> tuple[list[list[Any]], list[Asked], int]:
        """Lines of the subscriber, commands that were answered, and how many were not."""
        for asker in self.askers:
            asker.pause()
        end = time.monotonic() + ANSWER_S
        while any(asker.waiting() for asker in self.askers) and time.monotonic() < end:
            time.sleep(0.1)
        unanswered = sum(asker.waiting() for asker in self.askers)
        self.bridge.interrupt()
        self.keeper.until_quiet(2.0)
        asked = [each for asker in self.askers for each in asker.take()]
        return read_lines(self.record), asked, unanswered

    def _faulty(self, name: str, fault: Fault) -> None:
        self.bad.add_fault(fault)
        self._phase(name)
        self.bad.do(lambda cycler: cycler.faults.clear())
        self._all_live(time.time())
        time.sleep(self.size.calm_s)

    def _phase(self, name: str) -> None:
        began = time.time()
        _say(f"{name}, {self.size.seconds:g} s")
        time.sleep(self.size.seconds)
        self.phases.append(Phase(name, began, time.time()))

    def _all_live(self, since: float) -> None:
        self.keeper.until_live(self.size.channels + self.size.bad_channels, since)

    @contextmanager
    def _watched_memory(self) -> Iterator[None]:
        process, stopped = psutil.Process(self.bridge.pid), threading.Event()

        def watch() -> None:
            while not stopped.wait(MEMORY_EVERY_S) and process.is_running():
                self.memory.append((time.time(), process.memory_info().rss / 1e6))

        thread = threading.Thread(target=watch, name="memory", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stopped.set()
            thread.join()


def run(size: Size) -> list[Report]:
    """One whole run, judged."""
    with ExitStack() as running:
        ordeal = Ordeal(size, running)
        ordeal.run()
        lines, asked, unanswered = ordeal.finish()
    return judged(size, ordeal.phases, ordeal.memory, lines, asked, unanswered)


def judged(
    size: Size,
    phases: list[Phase],
    memory: list[tuple[float, float]],
    lines: list[list[Any]],
    asked: list[Asked],
    unanswered: int,
) -> list[Report]:
    """The reports of all phases; the first one is the undisturbed one. Commands that were never answered
    count for the last one."""
    calm = phases[0]
    arrived = records(lines)
    gaps = judge(arrived, [], 0.0).gaps
    before = median(_within(memory, calm))
    reports = []
    for phase in phases:
        health = [line[3] for line in lines if line[0] == "other" and phase.start <= line[1] < phase.end]
        sent = [each for each in asked if phase.start <= each.sent_at < phase.end]
        report = Report(
            phase,
            {name: seen(name, phase, arrived, health, sent) for name in (HEALTHY, BAD)},
            memory_before_mb=before,
            memory_highest_mb=max(_within(memory, phase)),
            missing=missing_in(gaps, phase, phases),
            untrue=untrue(lines, f"{ROOT}/{BAD}/", phase, calm),
            unanswered=sum(each.status == "unanswered" for each in sent),
        )
        reports.append(report)
    reports[-1].unanswered += unanswered
    again = next(report for report in reports if report.phase.name == CALM_AGAIN)
    undisturbed = replace(
        reports[0],
        testers={HEALTHY: slower_of(reports[0].testers[HEALTHY], again.testers[HEALTHY])},
    )
    for report in reports:
        commands_too = report.phase.name in ("slow tester", "garbage")
        report.faults = faults(
            report, undisturbed, HEALTHY, memory_mb=size.memory_mb, commands_too=commands_too
        )
    return reports


def _within(memory: list[tuple[float, float]], phase: Phase) -> list[float]:
    return [mb for at, mb in memory if phase.start <= at < phase.end] or [0.0]


COLUMNS: dict[str, Callable[[Report], str]] = {
    "phase": lambda r: r.phase.name,
    "seconds": lambda r: f"{r.phase.end - r.phase.start:.0f}",
    "readings/s": lambda r: _both(r, lambda s: f"{s.readings_per_s:.1f}"),
    "late p99, most s": lambda r: _both(r, lambda s: f"{s.late_p99_s:.2f}, {s.latest_s:.2f}"),
    "poll lag s": lambda r: _both(r, lambda s: "not told" if s.poll_lag_s is None else f"{s.poll_lag_s:.1f}"),
    "MB undisturbed, most": lambda r: f"{r.memory_before_mb:.1f}, {r.memory_highest_mb:.1f}",
    "missing": lambda r: str(r.missing),
    "untrue": lambda r: str(r.untrue),
    "read_status p50, p99 ms": lambda r: _both(r, lambda s: _times(s.commands.get("read_status"))),
    "suspend p50, p99 ms": lambda r: _both(r, lambda s: _times(s.commands.get("suspend"))),
    "holds": lambda r: "no: " + "; ".join(r.faults) if r.faults else "yes",
}
"""Of `lab1` and, behind a slash, of `lab2`."""


def table(reports: list[Report]) -> list[str]:
    head = [f"| {' | '.join(COLUMNS)} |", f"|{'---|' * len(COLUMNS)}"]
    return head + [f"| {' | '.join(cell(each) for cell in COLUMNS.values())} |" for each in reports]


def _both(report: Report, cell: Callable[[Any], str]) -> str:
    return " / ".join(cell(report.testers[name]) for name in (HEALTHY, BAD))


def _times(told: dict[str, Any] | None) -> str:
    if not told or "p50_ms" not in told:
        return "none"
    statuses = ", ".join(f"{n} {status}" for status, n in sorted(told["statuses"].items()))
    return f"{told['p50_ms']:.1f}, {told['p99_ms']:.1f} ({statuses})"


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


@click.command(help=__doc__)
@click.option("--seconds", default=60.0, show_default=True, type=click.FloatRange(1), help="Of each phase.")
@click.option("--channels", default=128, show_default=True, type=click.IntRange(1, 128), help="Of lab1.")
@click.option("--share", default=0.01, show_default=True, type=click.FloatRange(0, 1), help="Of garbage.")
@click.option("--memory-mb", default=20.0, show_default=True, type=click.FloatRange(0))
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write all there.")
def main(seconds: float, channels: int, share: float, memory_mb: float, json_file: Path | None) -> None:
    facts = machine.facts()
    print("\n".join(f"- {name}: {value}" for name, value in facts.items()))
    reports = run(Size(seconds, channels, share=share, memory_mb=memory_mb))
    print("\n".join(["", *table(reports)]))
    if json_file:
        content = {"facts": facts, "phases": [report.as_json() for report in reports]}
        json_file.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
    sys.exit(int(any(report.faults for report in reports)))


if __name__ == "__main__":
    main()
