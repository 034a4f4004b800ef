"""How quickly one tester is read."""

from __future__ import annotations

from typing import Literal

from macnet_bridge.macnet.cycler.traffic import Traffic
from macnet_bridge.payloads.health import CyclerHealth, latency
from macnet_bridge.telemetry.figures import CyclerFigures


class Pace:
    """Counts reads of one tester, over all times that it is online.

    Attributes:
        readings, sweeps: that were answered and completed.
        failed: reads without a good reply.
    """

    def __init__(self, traffic: Traffic, now: float) -> None:
        self.readings = self.sweeps = self.failed = 0
        self._traffic = traffic
        self._last = (now, 0, 0, 0)

    def health(
        self, now: float, state: Literal["online", "degraded", "offline"], lag_s: float
    ) -> CyclerHealth:
        """What happened since the last call. `now` and times of `lag_s` are monotonic seconds."""
        then, *before = self._last
        counts = (self._traffic.answered, self.readings, self.sweeps)
        self._last = (now, *counts)
        seconds = max(now - then, 1e-9)
        requests, readings, sweeps = (
            round((count - old) / seconds, 2) for count, old in zip(counts, before, strict=True)
        )
        return CyclerHealth(
            state=state,
            poll_lag_second=round(lag_s, 3),
            requests_per_second=requests,
            readings_per_second=readings,
            sweeps_per_second=sweeps,
            round_trip_ms=latency(round(trip * 1000, 3) for trip in self._traffic.take_round_trips()),
            failed_reads=self.failed,
        )

    def figures(
        self, name: str, state: Literal["online", "degraded", "offline"], lag_s: float
    ) -> CyclerFigures:
        """What happened since the bridge began."""
        return CyclerFigures(
            name=name,
            state=state,
            poll_lag_s=lag_s,
            requests=self._traffic.answered,
            busy_s=self._traffic.busy_s,
            readings=self.readings,
            sweeps=self.sweeps,
            failed_reads=self.failed,
        )
