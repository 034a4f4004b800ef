"""Judges what one bad peer did to the rest: truth, memory, lateness, losses, and commands. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, NamedTuple

from bench.asking import Asked, summary
from bench.outage_judge import Gap, Record
from bench.table import quantile

SLOWER_P50, SLOWER_P99 = (1.5, 3.0), (2.0, 25.0)
"""Times undisturbed, plus so many milliseconds: what still counts as quick as undisturbed. The machine that
runs all of it is part of the measurement."""

ENOUGH = 100
"""Commands of a kind that it takes to speak of their 99th percentile."""


class Phase(NamedTuple):
    """A part of the run, in Unix seconds."""

    name: str
    start: float
    end: float


@dataclass(frozen=True)
class Seen:
    """What was seen of one tester in one phase.

    Attributes:
        readings_per_s: by the times they were measured at.
        late_p99_s, latest_s: from measuring to the arrival at the subscriber.
        poll_lag_s: the largest that the bridge told; None where it told none.
        commands: by verb: number, statuses, and time to the final answer.
    """

    readings_per_s: float
    late_p99_s: float
    latest_s: float
    poll_lag_s: float | None
    commands: Mapping[str, dict[str, Any]]


@dataclass
class Report:
    """One phase.

    Attributes:
        memory_before_mb, memory_highest_mb: median of the undisturbed phase, and the most in this one.
        missing: readings of this phase that never came.
        untrue: readings that do not show what the tester has.
        unanswered: commands without a final acknowledgement.
    """

    phase: Phase
    testers: dict[str, Seen]
    memory_before_mb: float
    memory_highest_mb: float
    missing: int = 0
    untrue: int = 0
    unanswered: int = 0
    faults: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"phase": self.phase._asdict()}


def seen(
    tester: str,
    phase: Phase,
    records: Iterable[Record],
    health: Iterable[dict[str, Any]],
    asked: Iterable[Asked],
) -> Seen:
    """
    Args:
        health: messages of this phase.
        asked: commands that were sent in it.
    """
    own = [each for each in records if f"/{tester}/" in each.topic and _is_in(each.measured_at, phase)]
    late = [each.at - each.measured_at for each in own]
    lags = [
        told["cyclers"][tester]["poll_lag_second"] for told in health if tester in told.get("cyclers", {})
    ]
    to_it = [each for each in asked if each.cycler == tester]
    return Seen(
        readings_per_s=len(own) / (phase.end - phase.start),
        late_p99_s=quantile(late, 0.99) if late else 0.0,
        latest_s=max(late, default=0.0),
        poll_lag_s=max(lags, default=None),
        commands={
            verb: summary([each for each in to_it if each.verb == verb])
            for verb in sorted({each.verb for each in to_it})
        },
    )


def untrue(lines: Iterable[Sequence[Any]], topics_below: str, phase: Phase, calm: Phase) -> int:
    """Readings of a tester whose cells rest which differ from those of the calm phase.

    Args:
        lines: of the keeper: state and voltage are compared.
    """
    own = [line for line in lines if line[0] == "reading" and line[2].startswith(topics_below)]
    truth = {line[2]: line[8:10] for line in own if _is_in(line[6], calm)}
    return sum(line[8:10] != truth.get(line[2]) for line in own if _is_in(line[6], phase))


def missing_in(gaps: Iterable[Gap], phase: Phase, phases: Sequence[Phase]) -> int:
    """Readings of gaps that ended in a phase or in the recovery from it, up to the next phase.

    What was lost before the first phase is the first one's.
    """
    start = float("-inf") if phase == phases[0] else phase.start
    end = min((other.start for other in phases if other.start > phase.start), default=float("inf"))
    return sum(gap.count for gap in gaps if start <= gap.before < end)


def faults(report: Report, calm: Report, healthy: str, *, memory_mb: float, commands_too: bool) -> list[str]:
    """Why it does not hold, in words.

    Args:
        memory_mb: by how much memory may exceed that of the calm phase.
        commands_too: whether commands to the healthy tester have to be as quick as undisturbed; behind a
            frozen broker they cannot.
    """
    grown = report.memory_highest_mb - report.memory_before_mb
    found = [
        (report.untrue > 0, f"{report.untrue} untrue readings"),
        (report.missing > 0, f"{report.missing} readings lost"),
        (report.unanswered > 0, f"{report.unanswered} commands without a final acknowledgement"),
        (grown > memory_mb, f"memory grew by {grown:.1f} MB"),
        (_is_slower(report, calm, healthy), f"{healthy} was read less often"),
    ]
    slow = _slow_commands(report.testers[healthy], calm.testers[healthy]) if commands_too else []
    return [*(words for is_so, words in found if is_so), *slow]


def slower_of(one: Seen, other: Seen) -> Seen:
    """Two undisturbed phases as one: of each verb, the longer times. The machine has its moods."""
    commands = {
        verb: {
            **told,
            **{
                name: max(told[name], other.commands[verb][name])
                for name in ("p50_ms", "p99_ms")
                if name in told and name in other.commands.get(verb, {})
            },
        }
        for verb, told in one.commands.items()
    }
    return replace(one, commands=commands)


def _is_slower(report: Report, calm: Report, healthy: str) -> bool:
    return report.testers[healthy].readings_per_s < 0.9 * calm.testers[healthy].readings_per_s


def _slow_commands(now: Seen, calm: Seen) -> list[str]:
    words = []
    for verb, undisturbed in calm.commands.items():
        disturbed = now.commands.get(verb, {"n": 0, "statuses": {}})
        for name, (factor, more) in (("p50_ms", SLOWER_P50), ("p99_ms", SLOWER_P99)):
            if name == "p99_ms" and min(disturbed["n"], undisturbed["n"]) < ENOUGH:
                continue  # it would be the slowest one
            limit = factor * undisturbed.get(name, 0.0) + more
            if disturbed.get(name, float("inf")) > limit:
                words.append(f"{verb} {name} {disturbed.get(name, float('inf')):.1f}, above {limit:.1f}")
        if set(disturbed["statuses"]) - {"done"}:
            words.append(f"{verb} ended {disturbed['statuses']}")
    return words


def _is_in(at: float, phase: Phase) -> bool:
    return phase.start <= at < phase.end
