"""How long stops took. Pure; times are given in milliseconds."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

KEPT = 1000
"""Stops that the figures are of: the last ones."""


class Figures(NamedTuple):
    """Median, 99th percentile (nearest rank) and longest, in ms."""

    p50: float
    p99: float
    longest: float


class StopLatency:
    """Of the stops that were confirmed: from receipt until the request left, and until confirmed.

    Attributes:
        count: of all stops since the start.
    """

    def __init__(self) -> None:
        self.count = 0
        self._sent: deque[float] = deque(maxlen=KEPT)
        self._confirmed: deque[float] = deque(maxlen=KEPT)

    def add(self, *, sent_ms: float, confirmed_ms: float) -> None:
        """One more stop, both from its receipt on."""
        self.count += 1
        self._sent.append(sent_ms)
        self._confirmed.append(confirmed_ms)

    @property
    def sent(self) -> Figures | None:
        """From receipt until the first request to the tester left; None before the first stop."""
        return _figures(self._sent)

    @property
    def confirmed(self) -> Figures | None:
        """From receipt until the tester showed that nothing runs; None before the first stop."""
        return _figures(self._confirmed)


def _figures(values: Sequence[float]) -> Figures | None:
    if not values:
        return None
    ordered = sorted(values)
    return Figures(_rank(ordered, 50), _rank(ordered, 99), ordered[-1])


def _rank(ordered: Sequence[float], percent: int) -> float:
    return ordered[-(-len(ordered) * percent // 100) - 1]
