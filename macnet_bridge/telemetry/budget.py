"""What a tester can do: how long it takes for a request, measured by those that it answered."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

BATCH_S = 0.004
"""How long requests that are asked for together may take: so long a command may have to wait."""

SWEEP_S = 0.01
"""As `BATCH_S`, of the requests of a sweep: by themselves, each of them waits for the bridge to come
round to it, and the more often the busier it is."""

TRIAL_S = 0.04
"""How long requests may take that are asked for together to see whether a tester is quicker than it looks."""

TRIAL_EVERY = 8
"""One time in so many may be such a trial."""


class Batch(NamedTuple):
    """What may be asked for together, at most.

    Attributes:
        within_s: how long it may take.
    """

    requests: int
    within_s: float


ALERT = Batch(16, BATCH_S)
"""While commands come. With twice as many a reading costs a tenth less, and a command waits for half
as long again."""

AT_EASE = Batch(128, TRIAL_S)
"""When none has come for a while: a reading costs a quarter less, and the first command that comes
may wait as long as for one request of a usual tester."""

_WEIGHT_OF_NEWEST = 1 / 16
_RECENT = 64
"""So many answers tell what the tester itself can do: the quickest of them waited least for us."""

_TOO_LONG_S = 0.1
"""After requests that together took longer than that, only what is measured from then on counts."""


class Budget:
    """The requests of one tester. Nothing of it is configured.

    Attributes:
        request_s: seconds a request takes, smoothed; None before the first.
    """

    def __init__(self) -> None:
        self.request_s: float | None = None
        self._recent: deque[float] = deque(maxlen=_RECENT)
        self._until_trial = TRIAL_EVERY

    def observe(self, seconds: float, requests: int = 1) -> None:
        """So many requests in a row, or asked for together, were answered in this time."""
        each = max(seconds, 0.0) / requests
        if requests > 1 and seconds > _TOO_LONG_S:
            self._recent.clear()  # it is not what it was, and a command may be waiting
        self._recent.append(each)
        self._until_trial -= 1
        if self.request_s is None:
            self.request_s = each
        self.request_s += (each - self.request_s) * _WEIGHT_OF_NEWEST

    @property
    def requests_per_second(self) -> float | None:
        """How many it can answer, None before the first."""
        return 1 / self.request_s if self.request_s else None

    def depth(self, at_most: int, within_s: float = BATCH_S) -> int:
        """How many requests may be asked for together: one of a tester that is not very quick.

        Goes by the quickest of the last answers. The mean has the time in it that replies waited
        for a busy bridge, and to ask for less at a time then would make it busier still. That time
        is in the quickest as well, and counts the less for each the more are asked for together: so
        now and then more are, as many as are sure to be answered soon.

        Args:
            within_s: how long these may take together.
        """
        if not self._recent:
            return 1
        quickest = max(min(self._recent), 1e-6)
        depth = max(1, min(at_most, int(within_s / quickest)))
        if self._until_trial <= 0 and depth < at_most:
            self._until_trial = TRIAL_EVERY
            return max(depth, min(at_most, int(TRIAL_S / quickest)))
        return depth
