"""What a recorder says of itself: one line. No I/O, no clock; times are seconds of `time.monotonic()`."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

WINDOW_S = 10.0
"""A rate is that of so long."""


@dataclass
class Figures:
    """What is shown.

    Attributes:
        readings: in the whole recording; `new` are those of this start.
        rows: of other tables, of this start.
        doubles: rows that were there already.
        unread: messages that no table has a row for.
        lag_second: from the newest live reading's time to its arrival, by two clocks.
        megabytes: of the file.
        trouble: why nothing is recorded just now.
    """

    readings: int = 0
    new: int = 0
    rows: int = 0
    doubles: int = 0
    unread: int = 0
    missing: int = 0
    lost: int = 0
    lag_second: float | None = None
    megabytes: float = 0.0
    trouble: str = ""
    _seen: deque[tuple[float, int]] = field(default_factory=deque)

    def rate(self, now: float) -> float:
        """Readings a second that were new, of the last seconds."""
        seen = self._seen
        seen.append((now, self.new))
        while len(seen) > 2 and seen[0][0] < now - WINDOW_S:
            seen.popleft()
        (since, before), (until, after) = seen[0], seen[-1]
        return (after - before) / (until - since) if until > since else 0.0

    def line(self, now: float) -> str:
        """All of it."""
        parts = [f"{self.readings:,} readings, {self.rate(now):,.0f}/s"]
        parts.append(self._lacking())
        if self.lag_second is not None:
            parts.append(f"{max(self.lag_second, 0.0):.1f} s behind")
        parts.append(f"{self.megabytes:,.1f} MB")
        if self.rows:
            parts.append(f"{self.rows:,} other rows")
        if self.doubles:
            parts.append(f"{self.doubles:,} doubles")
        if self.unread:
            parts.append(f"{self.unread:,} unread")
        return ", ".join([*parts, *([self.trouble] if self.trouble else [])])

    def _lacking(self) -> str:
        if not self.missing and not self.lost:
            return "none missing"
        found = [f"{self.missing:,} missing"] if self.missing else []
        return ", ".join([*found, *([f"{self.lost:,} lost"] if self.lost else [])])
