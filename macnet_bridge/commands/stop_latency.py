"""How long stops took. Pure; times are given in milliseconds."""

from __future__ import annotations

from collections import deque

from macnet_bridge.payloads.health import StopHealth, latency

KEPT = 1000
"""Stops that the figures are of: the last ones."""


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

    def health(self) -> StopHealth:
        """The figures, as they are published."""
        return StopHealth(
            count=self.count, sent_ms=latency(self._sent), confirmed_ms=latency(self._confirmed)
        )
