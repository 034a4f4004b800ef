"""When the next output of a channel in direct mode may leave: MacNet (6, 8).

Pure: every call brings the time, in monotonic seconds.
"""

from __future__ import annotations

OUTPUT_INTERVAL_S = 0.150
"""Least time between two requests, as they leave here."""

TESTER_GAP_S = 0.100
"""Least time between two requests, as they arrive at the tester; else it answers code 3."""


class OutputPacing:
    """Keeps the outputs of each channel apart.

    Public sources do not say whether the tester's rule is per channel, nor whether an output
    that it refused counts. Here it is per channel, and everything that left counts.
    """

    def __init__(self, interval_s: float = OUTPUT_INTERVAL_S) -> None:
        self._interval_s = interval_s
        self._free_at: dict[int, float] = {}

    def wait_s(self, channel: int, now: float) -> float:
        """Seconds until the next output of this channel may leave, 0 when it may now."""
        return max(0.0, self._free_at.get(channel, now) - now)

    def left(self, channel: int, now: float) -> None:
        """An output left."""
        self._not_before(channel, now + self._interval_s)

    def answered(self, channel: int, now: float) -> None:
        """Its reply came, or is not waited for any more: until now the request may have been on its way."""
        self._not_before(channel, now + TESTER_GAP_S)

    def _not_before(self, channel: int, time: float) -> None:
        self._free_at[channel] = max(time, self._free_at.get(channel, time))
