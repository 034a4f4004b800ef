"""How much a process grew, from samples of its memory. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import NamedTuple

PER_READINGS = 10_000_000
SHARE = 10
"""First and last of so many parts are compared."""


class Sample(NamedTuple):
    """Resident memory in millions of bytes when so many readings had passed."""

    readings: int
    megabytes: float


@dataclass(frozen=True)
class Growth:
    """Of a run after its warm-up, in millions of bytes.

    Attributes:
        readings: that passed between the first and the last sample.
        slope: of the least squares line, per 10 million readings.
        by_medians: median of the last tenth less that of the first, as it is.
        highest: of all samples.
    """

    readings: int
    slope: float
    by_medians: float
    highest: float

    def faults(self, limit_mb: float) -> list[str]:
        """Why it does not hold: growth per 10 million readings, by either way of looking."""
        # A shorter run is judged by what it grew, not by what that would be in 10 million readings:
        # the noise of a few pages would become a leak.
        by_medians = self.by_medians * min(1.0, PER_READINGS / self.readings)
        slope = self.slope * min(1.0, self.readings / PER_READINGS)
        return [
            f"grew by {value:.1f} MB per 10 million readings, {how}"
            for how, value in (("by least squares", slope), ("by medians", by_medians))
            if value >= limit_mb
        ]


def growth(samples: Sequence[Sample]) -> Growth:
    """Raises ValueError for fewer than ten samples, or when no reading passed."""
    readings = samples[-1].readings - samples[0].readings if samples else 0
    if len(samples) < SHARE or readings <= 0:
        raise ValueError(f"{len(samples)} samples over {readings} readings are too few")
    part = len(samples) // SHARE
    first, last = samples[:part], samples[-part:]
    return Growth(
        readings,
        slope=_slope(samples) * PER_READINGS,
        by_medians=median(s.megabytes for s in last) - median(s.megabytes for s in first),
        highest=max(s.megabytes for s in samples),
    )


def _slope(samples: Sequence[Sample]) -> float:
    mean_x = fmean(s.readings for s in samples)
    mean_y = fmean(s.megabytes for s in samples)
    covariance = sum((s.readings - mean_x) * (s.megabytes - mean_y) for s in samples)
    return covariance / sum((s.readings - mean_x) ** 2 for s in samples)
