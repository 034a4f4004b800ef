"""How kinds of reads share a tester that cannot do all that is wanted. Pure, and without a clock.

Start-time fair queueing: each kind has a tag that grows by what it was given, the more slowly the
larger its weight, and the smallest tag goes next. What waited for nothing has saved nothing up:
its tag is lifted to that of whoever was served last. So a kind that asks rarely goes at once, and
one that asks for everything gets its share and what the others leave.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar

K = TypeVar("K")


class Shares(Generic[K]):
    """Shares of requests by kind."""

    def __init__(self, weights: Mapping[K, float]) -> None:
        self._weights = weights
        self._tags = dict.fromkeys(weights, 0.0)
        self._served = 0.0

    def next(self, waiting: Sequence[K]) -> K:
        """Who goes next among those that wait; of equals the first."""
        for kind in waiting:
            self._tags[kind] = max(self._tags[kind], self._served)
        chosen = min(waiting, key=self._tags.__getitem__)
        self._served = self._tags[chosen]
        return chosen

    def spend(self, kind: K, requests: int) -> None:
        """It was given so many requests."""
        self._tags[kind] += requests / self._weights[kind]

    def settle(self) -> None:
        """Nothing waits: nobody owes anybody anything."""
        self._served = max(self._tags.values())
