"""When to survey a tester again of which replies were lost. Pure: the time is an argument.

Until then it lacks what it did not answer, and its read-backs may count for nothing.
"""

from __future__ import annotations

from macnet_bridge.telemetry.turns import NEVER


class Doubts:
    """Asks again after a while, then after twice as long, and so on; not for ever.

    A tester that answers one function with silence always would be kept busy for nothing.
    """

    def __init__(self, first_s: float, last_s: float, now: float, *, doubtful: bool) -> None:
        """
        Args:
            first_s, last_s: the shortest and the longest wait.
            doubtful: whether replies were lost when the tester came online.
        """
        self._wait_s, self._last_s = first_s, last_s
        self._again_at = NEVER
        self.surveyed(now, doubtful=doubtful)

    def is_due(self, now: float) -> bool:
        """Whether to survey it now."""
        return now >= self._again_at

    def surveyed(self, now: float, *, doubtful: bool) -> None:
        """It was surveyed, with or without replies that were lost."""
        is_worth_it = doubtful and self._wait_s <= self._last_s
        self._again_at = now + self._wait_s if is_worth_it else NEVER
        self._wait_s *= 2
