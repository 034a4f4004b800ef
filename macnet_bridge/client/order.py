"""Which readings are missing, and which came twice, by (run, seq). No I/O, no clock."""

from __future__ import annotations

from bisect import bisect_right

from msgspec import UNSET, Struct

from macnet_bridge.payloads.telemetry import Reading

RUNS_MAX = 16
"""Older runs of the bridge are forgotten; what is left of them on its disk is hours old by then."""


class Gap(Struct, frozen=True):
    """Readings of a channel that have not come so far.

    Those that wait on the bridge's disk come later, as `is_historical`; what never comes is lost.

    Attributes:
        run: the bridge's start.
        first, last: their numbers, both included.
    """

    run: int
    first: int
    last: int


class Ranges:
    """Whole numbers, kept as ranges: as many of them as there are gaps."""

    def __init__(self) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []

    @property
    def newest(self) -> int:
        """The largest number, 0 where there is none."""
        return self._lasts[-1] if self._lasts else 0

    def add(self, number: int) -> bool:
        """Take in a number. False = it was there already."""
        at = bisect_right(self._firsts, number)
        if at and number <= self._lasts[at - 1]:
            return False
        joins_before = at > 0 and self._lasts[at - 1] == number - 1
        joins_after = at < len(self._firsts) and self._firsts[at] == number + 1
        if joins_before and joins_after:
            self._lasts[at - 1] = self._lasts.pop(at)
            self._firsts.pop(at)
        elif joins_before:
            self._lasts[at - 1] = number
        elif joins_after:
            self._firsts[at] = number
        else:
            self._firsts.insert(at, number)
            self._lasts.insert(at, number)
        return True

    def missing(self, first: int, last: int) -> list[tuple[int, int]]:
        """The ranges between two numbers, both included, that are not there."""
        found = []
        for begin, end in zip(self._firsts, self._lasts, strict=True):
            if first < begin and first <= last:
                found.append((first, min(begin - 1, last)))
            first = max(first, end + 1)
        if first <= last:
            found.append((first, last))
        return found


class ReadingOrder:
    """What one reader of one channel has seen. What was before its first live reading is no gap."""

    def __init__(self) -> None:
        self._runs: dict[int, Ranges] = {}
        self._told: dict[int, int] = {}
        self._latest = float("-inf")

    def take(self, reading: Reading) -> list[Reading | Gap]:
        """What a reading means: the gaps before it, and itself unless it came before."""
        if self._begins_anew(reading):
            self._runs.clear()
            self._told.clear()
        self._latest = max(self._latest, reading.unix_time_second)
        gaps = [] if reading.is_historical else self._gaps_before(reading)
        if not self._of(reading.run).add(reading.seq):
            return []
        if not reading.is_historical:
            self._told[reading.run] = max(self._told.get(reading.run, 0), reading.seq)
        self._forget()
        return [*gaps, reading]

    def _begins_anew(self, reading: Reading) -> bool:
        """Later than all others, and with a lower number: runs are counted anew, as they are by a
        bridge that lost its data directory, or by another bridge."""
        if reading.is_historical or not self._told or reading.unix_time_second <= self._latest:
            return False
        newest = max(self._told)
        return (reading.run, reading.seq) <= (newest, self._told[newest])

    def _gaps_before(self, reading: Reading) -> list[Gap]:
        if not self._told:
            return []
        gaps = []
        if reading.previous is not UNSET and reading.previous.run >= min(self._told):
            gaps += self._gaps_until(reading.previous.run, reading.previous.seq)
        if reading.run >= min(self._told):
            gaps += self._gaps_until(reading.run, reading.seq - 1)
        return gaps

    def _gaps_until(self, run: int, last: int) -> list[Gap]:
        """Those that were not told yet; each is told once."""
        first = self._told.get(run, 0) + 1
        self._told[run] = max(self._told.get(run, 0), last)
        return [Gap(run, *missing) for missing in self._of(run).missing(first, last)]

    def _of(self, run: int) -> Ranges:
        return self._runs.setdefault(run, Ranges())

    def _forget(self) -> None:
        while len(self._runs) > RUNS_MAX:
            oldest = min(self._runs)
            del self._runs[oldest]
            self._told.pop(oldest, None)
