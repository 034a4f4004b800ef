"""Network cuts, broker restarts and kills, while a subscriber of its own keeps count of every reading.

    python -m bench.outage                        # about 25 minutes
    python -m bench.outage --cut-s 60 --only cut
    python -m bench.outage --kills 20 --only kill --seed 2 --json outage.json

`cut`: 128 channels at 1 Hz; a proxy between bridge and broker falls silent, then the broker is stopped in
good order and started again five times. The subscriber has to end with every (run, seq) of every channel.
`kill`: broker and bridge are ended by SIGKILL, in random order, seconds apart. Readings may be missing
only between a kill and the recovery from it, and the first reading of each new run has to say truly what
is safe of the run before. Exit code 1: it does not hold. Needs Mosquitto on the PATH.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import click

from bench import machine
from bench.outage_judge import Judgement, Window, gaps_by_window, judge, records
from bench.proxy import Proxy
from bench.trial import ROOT, Keeper, Trial, bridge_config, read_lines
from tests.bridge.running import BridgeProcess

FILTERS = ("+/+/telemetry/reading", "bridge/+/health")
SHOWN = 10
SLACK_S = 2.5
"""A reading a second, the one before a kill and the one after it, and half a second for the machine."""
SILENCE_S = 20.0


@dataclass(frozen=True)
class Size:
    """How much of everything there is.

    Attributes:
        calm_s: before the cut.
        settle_s: without a replayed reading until it counts as caught up; health comes every 10 s.
    """

    channels: int = 128
    interval_s: float = 1.0
    calm_s: float = 5.0
    cut_s: float = 600.0
    stops: int = 5
    down_s: float = 10.0
    kills: int = 20
    most_pause_s: float = 5.0
    settle_s: float = 11.0
    seed: int = 1


@dataclass
class Outcome:
    """One part of the trial."""

    part: str
    second: float
    judgement: Judgement
    faults: list[str]
    windows: list[Window]
    health: dict[int, dict[str, Any]] = field(default_factory=dict)


class Outage:
    """Broker, proxy, tester, bridge and subscriber of one part."""

    def __init__(self, size: Size, running: ExitStack) -> None:
        self.size = size
        self.windows: list[Window] = []
        self._trial = Trial(running)
        self.record = self._trial.folder / "record.jsonl"
        self.keeper: Keeper = self._trial.keeper(*FILTERS, record=self.record)
        self.proxy = running.enter_context(Proxy(self._trial.broker.port))
        tester = self._trial.tester(size.channels)
        config = bridge_config(
            self._trial.folder, self.proxy.port, {"lab1": tester}, interval_s=size.interval_s
        )
        self.bridge: BridgeProcess = self._trial.bridge(config)
        self._live(0.0)

    def cut(self) -> None:
        """The network falls silent; then clean stops of the broker, one after the other."""
        size = self.size
        self._pause(size.calm_s, "before the cut")
        self.proxy.cut()
        self._pause(size.cut_s, "cut")
        self.proxy.restore()
        self._live(time.time())
        for number in range(1, size.stops + 1):
            _say(f"clean stop {number}")
            self._trial.broker.stop()
            self._pause(size.down_s, "broker down")
            self._trial.broker.start()
            self._live(time.time())

    def kill(self) -> None:
        """Kills in a random order, each followed by a start, the recovery and a pause."""
        dice = random.Random(self.size.seed)
        order = ["broker", "bridge"] * self.size.kills
        dice.shuffle(order)
        for number, what in enumerate(order, 1):
            time.sleep(dice.uniform(0.1, 1.0) * self.size.most_pause_s)
            victim = self._trial.broker if what == "broker" else self.bridge
            began = time.time()
            victim.kill()
            time.sleep(dice.uniform(0.0, 2.0))
            victim.start()
            ended = self._live(time.time())
            self.windows.append(Window(began, ended, f"{number} {what}"))
            counted = _counted(self.keeper.look())
            _say(f"kill {number} of {len(order)}, the {what}: {ended - began:.1f} s; {counted}")

    def finish(self) -> list[list[Any]]:
        """Wait until all is replayed, stop the bridge, and start it once more: it tells what it has sent."""
        self._caught_up()
        self.bridge.interrupt()
        self.bridge.start()
        self._live(time.time())
        self._caught_up()
        self.bridge.interrupt()
        self.keeper.until_quiet(2.0)
        return read_lines(self.record)

    def _live(self, since: float) -> float:
        return self.keeper.until_live(self.size.channels, since)

    def _caught_up(self) -> None:
        self.keeper.until_replayed(self.size.settle_s, lambda seen: _say(f"replay; {_counted(seen)}"))

    def _pause(self, seconds: float, what: str) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            _say(f"{what}, {left:.0f} s left; {_counted(self.keeper.look())}")
            time.sleep(min(left, 10.0))


PARTS: dict[str, Callable[[Outage], None]] = {"cut": Outage.cut, "kill": Outage.kill}


def run(part: str, size: Size) -> Outcome:
    """One whole part."""
    began = time.monotonic()
    with ExitStack() as running:
        outage = Outage(size, running)
        PARTS[part](outage)
        lines = outage.finish()
    found = judge(records(lines), outage.windows, SLACK_S * size.interval_s)
    silence_s = SILENCE_S if part == "cut" else float("inf")
    faults = found.faults(channels=size.channels, silence_s=silence_s)
    return Outcome(part, time.monotonic() - began, found, faults, outage.windows, health_of_runs(lines))


def health_of_runs(lines: list[list[Any]]) -> dict[int, dict[str, Any]]:
    """The last health message of each run, which has its counters."""
    topic = f"{ROOT}/bridge/trial/health"
    told = (line[3] for line in lines if line[0] == "other" and line[2] == topic)
    return {health["run"]: health for health in told}


def table(outcome: Outcome) -> list[str]:
    found = outcome.judgement
    where = gaps_by_window(found.gaps, outcome.windows)
    rows = [
        ("seconds", f"{outcome.second:.0f}"),
        ("channels, runs", f"{found.channels}, {found.runs}"),
        ("readings that arrived", found.readings),
        ("of them replayed", found.historical),
        *((f"duplicates, {kind}", count) for kind, count in sorted(found.duplicates.items())),
        ("out of order, live and replayed", f"{found.disordered_live}, {found.disordered_historical}"),
        ("missing", found.missing),
        *((f"missing in {what}", count) for what, count in where.items()),
        ("missing outside of any kill", sum(gap.count for gap in found.outside)),
        ("arrived above `previous`", found.unannounced),
        ("untrue `previous`, none", f"{len(found.false_previous)}, {found.without_previous}"),
        ("longest silence of a channel, s", f"{found.longest_silence_s:.1f}"),
        *((f"told by the bridge: {name}", value) for name, value in totals(outcome.health).items()),
        ("holds", "no: " + "; ".join(outcome.faults) if outcome.faults else "yes"),
    ]
    return [f"| {outcome.part} | |", "| --- | --- |", *(f"| {what} | {value} |" for what, value in rows)]


def totals(health: dict[int, dict[str, Any]]) -> dict[str, int]:
    """The bridge's own loss counters, over all runs; those that its version does not have are left out."""
    wanted = {
        "broker": ("losses", "dropped", "refused"),
        "delivery": ("lost", "conflated", "suppressed"),
        "spool": ("kept", "replayed", "dropped_for_size", "dropped_for_age"),
    }
    return {
        f"{part}.{name}": sum(told[part][name] for told in health.values() if name in told.get(part, {}))
        for part, names in wanted.items()
        for name in names
        if any(name in told.get(part, {}) for told in health.values())
    }


def _counted(seen: dict[str, Any]) -> str:
    return f"{seen['readings']} readings, {seen['historical']} replayed, {seen['missing']} missing"


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


@click.command(help=__doc__)
@click.option("--only", type=click.Choice(list(PARTS)), help="One part of the two.")
@click.option("--channels", default=128, show_default=True, type=click.IntRange(1, 128))
@click.option("--cut-s", default=600.0, show_default=True, type=click.FloatRange(1))
@click.option("--stops", default=5, show_default=True, type=click.IntRange(0))
@click.option("--kills", default=20, show_default=True, type=click.IntRange(1), help="Of each of the two.")
@click.option("--seed", default=1, show_default=True, type=int)
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write all there.")
def main(
    only: str | None, channels: int, cut_s: float, stops: int, kills: int, seed: int, json_file: Path | None
) -> None:
    size = Size(channels=channels, cut_s=cut_s, stops=stops, kills=kills, seed=seed)
    facts = machine.facts()
    print("\n".join(f"- {name}: {value}" for name, value in facts.items()))
    outcomes = []
    for part in [only] if only else PARTS:
        outcomes.append(run(part, size))
        print("\n".join(["", *table(outcomes[-1])]), flush=True)
        for gap in outcomes[-1].judgement.outside[:SHOWN]:
            print(gap, file=sys.stderr)
        if json_file:
            content = {"facts": facts, "size": asdict(size), "parts": [asdict(each) for each in outcomes]}
            json_file.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
    sys.exit(int(any(outcome.faults for outcome in outcomes)))


if __name__ == "__main__":
    main()
