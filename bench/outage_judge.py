"""Judges what a subscriber recorded over outages: gaps, duplicates, order, and what each new run said.

Pure: it gets the lines of `bench/keeper.py` and the times of what was done to broker and bridge.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

Key = tuple[str, int]
"""Topic and run."""


class Record(NamedTuple):
    """A reading as it arrived. Times are Unix seconds."""

    at: float
    topic: str
    run: int
    seq: int
    is_historical: bool
    measured_at: float
    previous: tuple[int, int] | None


class Window(NamedTuple):
    """From a kill until everything ran again, in Unix seconds."""

    start: float
    end: float
    what: str = ""


@dataclass(frozen=True)
class Gap:
    """Numbers that never came.

    Attributes:
        after, before: when its neighbours were measured.
    """

    topic: str
    run: int
    first: int
    last: int
    after: float
    before: float

    @property
    def count(self) -> int:
        return self.last - self.first + 1


@dataclass
class Judgement:
    """What was found.

    Attributes:
        duplicates: arrivals after the first one, by how the first and this one were marked.
        disordered_live, disordered_historical: first arrivals that were not above the one before of
            their channel and kind.
        outside: gaps that lie in no window.
        false_previous: runs whose `previous` is above what the subscriber has of that run, or names
            what it lost outside of a window.
        without_previous: channels of later runs that said none.
        unannounced: readings of ended runs above `previous`, which arrived although they were not
            known to be safe; no fault.
        longest_silence_s: between two readings of one channel, by the times they were measured at.
    """

    readings: int = 0
    channels: int = 0
    runs: int = 0
    historical: int = 0
    duplicates: dict[str, int] = field(default_factory=dict)
    disordered_live: int = 0
    disordered_historical: int = 0
    gaps: list[Gap] = field(default_factory=list)
    outside: list[Gap] = field(default_factory=list)
    false_previous: list[str] = field(default_factory=list)
    without_previous: int = 0
    unannounced: int = 0
    longest_silence_s: float = 0.0

    @property
    def missing(self) -> int:
        return sum(gap.count for gap in self.gaps)

    def faults(self, *, channels: int, silence_s: float) -> list[str]:
        """Why it does not hold, in words; none when it does."""
        found = [
            (self.channels != channels, f"readings of {self.channels} channels, not {channels}"),
            (bool(self.outside), f"{sum(g.count for g in self.outside)} readings lost outside of any kill"),
            (self.disordered_live > 0, f"{self.disordered_live} live readings out of order"),
            (self.disordered_historical > 0, f"{self.disordered_historical} replayed ones out of order"),
            (bool(self.false_previous), f"{len(self.false_previous)} untrue `previous`"),
            (self.without_previous > 0, f"{self.without_previous} new runs of a channel without `previous`"),
            (
                self.longest_silence_s > silence_s,
                f"a channel was not read for {self.longest_silence_s:.1f} s",
            ),
        ]
        return [words for is_so, words in found if is_so]


def records(lines: Iterable[Sequence[Any]]) -> list[Record]:
    """The readings among the lines of a keeper."""
    return [
        Record(at, topic, run, seq, bool(historical), measured_at, tuple(previous) if previous else None)
        for kind, at, topic, run, seq, historical, measured_at, previous, *_ in (
            line for line in lines if line[0] == "reading"
        )
    ]


def judge(arrived: Sequence[Record], windows: Sequence[Window], slack_s: float) -> Judgement:
    """
    Args:
        windows: in which readings may be missing; none where nothing may.
        slack_s: how far beyond a window a gap may reach, as a gap ends at the next reading only.
    """
    found = Judgement(readings=len(arrived), historical=sum(each.is_historical for each in arrived))
    firsts = _first_arrivals(arrived, found)
    by_key: defaultdict[Key, dict[int, Record]] = defaultdict(dict)
    for each in firsts:
        by_key[each.topic, each.run][each.seq] = each
    found.channels = len({topic for topic, _ in by_key})
    found.runs = len({run for _, run in by_key})
    found.disordered_live = _disordered(each for each in firsts if not each.is_historical)
    found.disordered_historical = _disordered(each for each in firsts if each.is_historical)
    for key, numbered in by_key.items():
        found.gaps += _gaps(key, numbered)
    _judge_previous(by_key, found)
    together = merged(windows, slack_s)
    found.outside = [gap for gap in found.gaps if not _lies_in(gap, together)]
    found.longest_silence_s = _longest_silence(firsts)
    return found


def merged(windows: Iterable[Window], slack_s: float) -> list[Window]:
    """Windows, each made longer at both ends, and those that touch made one."""
    together: list[Window] = []
    for window in sorted(windows):
        longer = Window(window.start - slack_s, window.end + slack_s, window.what)
        if together and longer.start <= together[-1].end:
            last = together.pop()
            what = f"{last.what}, {longer.what}"
            longer = Window(last.start, max(longer.end, last.end), what)
        together.append(longer)
    return together


def gaps_by_window(gaps: Iterable[Gap], windows: Sequence[Window]) -> Mapping[str, int]:
    """Readings lost in each window that lost any; a gap counts for the one of which it overlaps most."""
    counted: defaultdict[str, int] = defaultdict(int)
    for gap in gaps:
        widest = max(windows, key=lambda window: _overlap(gap, window), default=None)
        inside = widest is not None and _overlap(gap, widest) >= 0
        counted[widest.what if widest and inside else "outside"] += gap.count
    return counted


def _overlap(gap: Gap, window: Window) -> float:
    """In seconds; below zero when they do not touch."""
    return min(gap.before, window.end) - max(gap.after, window.start)


def _first_arrivals(arrived: Iterable[Record], found: Judgement) -> list[Record]:
    seen: dict[tuple[str, int, int], bool] = {}
    firsts = []
    for each in arrived:
        number = (each.topic, each.run, each.seq)
        if number in seen:
            kind = f"{_kind(seen[number])} again {_kind(each.is_historical)}"
            found.duplicates[kind] = found.duplicates.get(kind, 0) + 1
        else:
            seen[number] = each.is_historical
            firsts.append(each)
    return firsts


def _kind(is_historical: bool) -> str:
    return "historical" if is_historical else "live"


def _disordered(firsts: Iterable[Record]) -> int:
    last: dict[str, tuple[int, int]] = {}
    count = 0
    for each in firsts:
        count += (each.run, each.seq) <= last.get(each.topic, (0, 0))
        last[each.topic] = (each.run, each.seq)
    return count


def _gaps(key: Key, numbered: Mapping[int, Record]) -> list[Gap]:
    """Numbers between those that arrived, and before the first one: a run begins with 1."""
    topic, run = key
    in_order = sorted(numbered)
    begun = numbered[in_order[0]].measured_at
    edges = [(0, begun), *((seq, numbered[seq].measured_at) for seq in in_order)]
    return [
        Gap(topic, run, one + 1, two - 1, after, before)
        for (one, after), (two, before) in pairwise(edges)
        if two > one + 1
    ]


def _judge_previous(by_key: Mapping[Key, Mapping[int, Record]], found: Judgement) -> None:
    runs = defaultdict(list)
    for topic, run in sorted(by_key):
        runs[topic].append(run)
    for topic, own in runs.items():
        for run in own[1:]:
            first = by_key[topic, run].get(1)
            if first is None:
                continue  # lost itself: that is a gap, and counted as one
            if first.previous is None:
                found.without_previous += 1
            else:
                _compare(topic, first, by_key.get((topic, first.previous[0]), {}), found)


def _compare(topic: str, first: Record, before: Mapping[int, Record], found: Judgement) -> None:
    assert first.previous is not None
    run, seq = first.previous
    if run >= first.run:
        found.false_previous.append(f"{topic} run {first.run} names run {run}")
        return
    highest = max(before, default=0)
    found.unannounced += max(0, highest - seq)
    if seq > highest:
        after = before[highest].measured_at if before else first.measured_at
        found.gaps.append(Gap(topic, run, highest + 1, seq, after, first.measured_at))


def _lies_in(gap: Gap, together: Iterable[Window]) -> bool:
    return any(window.start <= gap.after and gap.before <= window.end for window in together)


def _longest_silence(firsts: Iterable[Record]) -> float:
    times: defaultdict[str, list[float]] = defaultdict(list)
    for each in firsts:
        times[each.topic].append(each.measured_at)
    return max(
        (two - one for own in times.values() for one, two in pairwise(sorted(own))),
        default=0.0,
    )
