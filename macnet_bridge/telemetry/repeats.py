"""What a broker confirmed shortly before it was lost: it may have forgotten that. Pure.

A broker that is killed forgets its subscribers and what it had for them. Whether it kept our session
does not tell: it comes back with what it had written long before.
"""

from __future__ import annotations

from collections import deque

from macnet_bridge.telemetry.owed import Owed

REPEATED_S = 5.0
"""What was confirmed so shortly before a broker was lost is sent again."""

REPEAT_AFTER_S = 3.0
"""How long after it came back, together with what was confirmed meanwhile: subscribers are back then, too."""


class Repeats:
    """Remembers the last messages that were confirmed, so many at most. Times are monotonic seconds."""

    def __init__(self, at_most: int) -> None:
        self._last: deque[tuple[float, Owed]] = deque(maxlen=at_most)
        self._lost_at: float | None = None
        self._since: float | None = None
        self._due_at = 0.0

    def confirmed(self, now: float, owed: Owed) -> None:
        """The broker has it."""
        self._last.append((now, owed))

    def lost(self, now: float) -> None:
        """There is no broker any more."""
        self._lost_at = now

    def connected(self, now: float) -> float:
        """There is a broker. Returns from when on it may have what waits: later if something is repeated."""
        if self._lost_at is None and self._since is None:
            return now
        if self._lost_at is not None:
            since, self._lost_at = self._lost_at - REPEATED_S, None
            self._since = since if self._since is None else min(since, self._since)
        self._due_at = now + REPEAT_AFTER_S
        return self._due_at

    def due(self, now: float) -> list[Owed]:
        """What is to be sent again now; told once."""
        if self._since is None or now < self._due_at:
            return []
        repeated = [owed for at, owed in self._last if at >= (self._since or 0.0)]
        self._since = None
        self._last.clear()
        return repeated
