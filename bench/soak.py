"""A run of any length that watches the bridge's memory, processor, lag and losses.

    python -m bench.soak --readings 10000000 --rate 2800 --out soak.jsonl
    python -m bench.soak --hours 24 --rate 128 --out day.jsonl
    nohup python -m bench.soak --hours 1 --out hour.jsonl > hour.txt 2> hour.log &

Full readings (4,7) of testers without latency at an adjustable rate, a sweep a second of each tester beside
them, and a command now and then. Every line of the output file is a sample, written as it is taken;
the last one is the verdict. It ends with the first of `--hours` and `--readings` that is reached, or with
Ctrl-C; what was measured is judged then. Only full readings count as readings. Exit code 1: after the
warm-up the bridge grew by 10 MB or more per 10 million readings, a reading is missing, or the bridge
ended by itself. Needs Mosquitto on the PATH.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

import click
import psutil

from bench import machine
from bench.asking import Asked, Asker, summary
from bench.growth import Growth, Sample, growth
from bench.trial import ROOT, Keeper, Trial, bridge_config

LIMIT_MB = 10.0
ASK_EVERY_S = 10.0
SHOW_S = 60.0
STOP_QUIET_S = 3.0
VERBS = ("read_status", "suspend")
FILTERS = ("+/+/telemetry/reading", "+/telemetry/sweep", "bridge/+/health")
MOST_ASKED = 10_000
MOST_SAMPLES = 20_000
"""Kept for the verdict; every second one is forgotten when there are more. The file has all."""


@dataclass(frozen=True)
class Plan:
    """What is run, until when, and when it counts as warm.

    Attributes:
        rate: full readings a second, over all testers.
        warm_up: share of the run that is left out of the verdict.
    """

    testers: int
    channels: int
    rate: float
    qos: int
    every_s: float
    hours: float | None
    readings: int | None
    warm_up: float = 0.1

    @property
    def interval_s(self) -> float:
        return self.testers * self.channels / self.rate

    def is_over(self, second: float, readings: int) -> bool:
        over_time = self.hours is not None and second >= 3600 * self.hours
        return over_time or (self.readings is not None and readings >= self.readings)


class Samples:
    """Memory over readings, thinned so that a week takes no more room than an hour."""

    def __init__(self, most: int = MOST_SAMPLES) -> None:
        self.kept: list[Sample] = []
        self._most, self._every, self._seen = most, 1, 0

    def add(self, sample: Sample) -> None:
        if self._seen % self._every == 0:
            self.kept.append(sample)
        self._seen += 1
        if len(self.kept) > self._most:
            self.kept, self._every = self.kept[::2], 2 * self._every

    def warm(self, share: float) -> Sequence[Sample]:
        """Without those before this share of all readings."""
        total = self.kept[-1].readings if self.kept else 0
        return [sample for sample in self.kept if sample.readings >= share * total]


class Soak:
    """Broker, testers, bridge, subscriber and asker of a run, and what was seen of them."""

    def __init__(self, plan: Plan, out: TextIO, running: ExitStack) -> None:
        self.plan, self._out = plan, out
        self.samples = Samples()
        self.faults: list[str] = []
        self.asked: deque[Asked] = deque(maxlen=MOST_ASKED)
        trial = Trial(running)
        self.keeper: Keeper = trial.keeper(*FILTERS)
        ports = {f"lab{n}": trial.tester(plan.channels) for n in range(1, plan.testers + 1)}
        config = bridge_config(
            trial.folder, trial.broker.port, ports, interval_s=plan.interval_s, qos=plan.qos
        )
        self.bridge = trial.bridge(config)
        self._process = psutil.Process(self.bridge.pid)
        self._keeper_process = psutil.Process(self.keeper.pid)
        self.keeper.until_live(plan.testers * plan.channels, 0.0)
        self._asker = running.enter_context(
            Asker(trial.broker.port, ROOT, "lab1", plan.channels, VERBS, ASK_EVERY_S)
        )
        self._cpu = (time.monotonic(), self._process.cpu_times(), self._keeper_process.cpu_times())
        self._began = time.monotonic()

    def run(self, stopped: threading.Event) -> None:
        """Sample until it is over, or the bridge is."""
        try:
            self._run(stopped)
        except psutil.Error as error:
            self.faults.append(f"the bridge ended by itself: {error}")

    def _run(self, stopped: threading.Event) -> None:
        shown_at = 0.0
        while True:
            told = self._sample()
            if time.monotonic() - shown_at >= SHOW_S:
                shown_at = time.monotonic()
                _say(told)
            if self.plan.is_over(told["second"], told["readings"]) or stopped.wait(self.plan.every_s):
                return

    def finish(self) -> dict[str, Any]:
        """Stop the bridge, wait for the last messages, and give the last counters."""
        if not self.faults:
            self.bridge.interrupt()
        self.keeper.until_quiet(STOP_QUIET_S)
        return self.keeper.look()

    def _sample(self) -> dict[str, Any]:
        seen = self.keeper.look()
        rss = self._process.memory_info().rss / 1e6
        self.samples.add(Sample(seen["readings"], rss))
        told = {
            "second": round(time.monotonic() - self._began, 1),
            "unix_time_second": round(time.time(), 3),
            "rss_mb": round(rss, 3),
            "threads": self._process.num_threads(),
            **self._cores(),
            **{name: seen[name] for name in ("readings", "sweeps", "sweep_channels", "historical")},
            **{name: seen[name] for name in ("duplicates", "missing")},
            "behind_second": round(time.time() - seen["oldest_live"], 3),
            "health": seen["health"],
            "commands": self._commands(),
        }
        self._out.write(json.dumps(told) + "\n")
        self._out.flush()
        return told

    def _commands(self) -> dict[str, Any]:
        """Those that were answered since the last sample."""
        taken = self._asker.take()
        self.asked.extend(taken)
        return summary(taken)

    def _cores(self) -> dict[str, float]:
        """Processor time per time since the last sample, of the bridge and of the subscriber."""
        at, *before = self._cpu
        self._cpu = (time.monotonic(), self._process.cpu_times(), self._keeper_process.cpu_times())
        now, *after = self._cpu
        used = [b.user + b.system - a.user - a.system for a, b in zip(before, after, strict=True)]
        second = max(1e-9, now - at)
        return {"cores": round(used[0] / second, 4), "subscriber_cores": round(used[1] / second, 4)}


def verdict(samples: Sequence[Sample], last: dict[str, Any]) -> tuple[Growth | None, list[str]]:
    """Growth, and why it does not hold."""
    lost = [f"{last['missing']} readings are missing"] if last["missing"] else []
    try:
        found = growth(samples)
    except ValueError as error:
        return None, [*lost, str(error)]
    return found, [*lost, *found.faults(LIMIT_MB)]


def run(plan: Plan, out: TextIO, stopped: threading.Event) -> dict[str, Any]:
    """A whole run; the verdict, which is the last line of the output too."""
    out.write(json.dumps({"facts": machine.facts(), "plan": asdict(plan)}) + "\n")
    with ExitStack() as running:
        soak = Soak(plan, out, running)
        soak.run(stopped)
        last = soak.finish()
    found, faults = verdict(soak.samples.warm(plan.warm_up), last)
    told = {
        "growth": asdict(found) if found else None,
        **{name: last[name] for name in ("readings", "sweep_channels", "duplicates", "missing")},
        "commands": summary(soak.asked),
        "faults": [*soak.faults, *faults],
    }
    out.write(json.dumps(told) + "\n")
    return told


def _say(told: dict[str, Any]) -> None:
    lag = {name: c.get("poll_lag_second") for name, c in (told["health"] or {}).get("cyclers", {}).items()}
    print(
        f"{told['second']:.0f} s: {told['readings']:,} readings, {told['rss_mb']:.1f} MB, "
        f"{told['cores']:.2f} cores, {told['missing']} missing, lag {lag or 'not told'}",
        file=sys.stderr,
        flush=True,
    )


@click.command(help=__doc__)
@click.option("--hours", type=click.FloatRange(min=0, min_open=True), help="At most so long.")
@click.option("--readings", type=click.IntRange(1), help="At most so many full readings.")
@click.option(
    "--rate", default=2800.0, show_default=True, type=click.FloatRange(1), help="Readings a second."
)
@click.option("--testers", default=2, show_default=True, type=click.IntRange(1, 100))
@click.option("--channels", default=128, show_default=True, type=click.IntRange(1, 128), help="Of each.")
@click.option("--qos", default=1, show_default=True, type=click.IntRange(0, 1))
@click.option(
    "--every-s", default=5.0, show_default=True, type=click.FloatRange(0.1), help="Between samples."
)
@click.option(
    "--out", default="soak.jsonl", show_default=True, type=click.Path(dir_okay=False, path_type=Path)
)
def main(
    hours: float | None,
    readings: int | None,
    rate: float,
    testers: int,
    channels: int,
    qos: int,
    every_s: float,
    out: Path,
) -> None:
    if hours is None and readings is None:
        raise click.UsageError("say how long: --hours, --readings or both")
    plan = Plan(testers, channels, rate, qos, every_s, hours, readings)
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with out.open("w", encoding="utf-8") as lines:
        told = run(plan, lines, stopped)
    print(json.dumps(told, indent=1))
    sys.exit(int(bool(told["faults"])))


if __name__ == "__main__":
    main()
