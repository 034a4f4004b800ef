"""The clock of a simulated tester: it can be paused and stepped, and it can be held back."""

from __future__ import annotations

import math
from collections.abc import Callable


class Clock:
    """Monotonic seconds, those of `base` until somebody interferes. Call it to read it.

    Everything at the tester goes by it: tests, its time of day, the 100 ms between two outputs,
    watchdogs. So all of them stand still together.

    Attributes:
        is_paused: whether time stands still. Only `step` moves it then.
        lost_second: how much time did not pass because it was held back.
    """

    def __init__(self, base: Callable[[], float], *, is_paused: bool = False) -> None:
        self.is_paused = is_paused
        self._lost_second = 0.0
        self._base = base
        self._behind = 0.0
        self._limit = math.inf
        self._reached = base()  # when somebody interfered last; rounding must not lead before it

    @property
    def lost_second(self) -> float:
        return self._lost_second + self._beyond

    @property
    def _beyond(self) -> float:
        """How much time is lost already, since it was held back last."""
        return 0.0 if self.is_paused else max(self._base() - self._behind - self._limit, 0.0)

    def __call__(self) -> float:
        if self.is_paused:
            return self._reached
        return max(min(self._base() - self._behind, self._limit), self._reached)

    def pause(self) -> None:
        """Let time stand still."""
        self._settle()
        self.is_paused = True

    def resume(self) -> None:
        """Let time go on from where it stands."""
        if self.is_paused:
            self._behind = self._base() - self._reached
            self.is_paused = False

    def step(self, second: float) -> None:
        """Let so much time pass at once.

        Raises:
            ValueError: time does not go backwards, and it is only stepped while it is paused.
        """
        if not self.is_paused:
            raise ValueError("time goes on by itself; pause it to step it")
        if not 0.0 <= second < math.inf:
            raise ValueError(f"time cannot pass by {second} s")
        self._reached += second
        self._limit += second

    def hold_back(self, limit: float) -> None:
        """Go no further than to `limit`, until the next call. What would pass after it is lost."""
        self._settle()
        self._limit = max(limit, self._reached)

    def let_go(self) -> None:
        """Hold back no more."""
        self.hold_back(math.inf)

    def _settle(self) -> None:
        """Keep what passed until now, and what was lost, whatever comes next."""
        if self.is_paused:
            return
        self._reached, beyond = self(), self._beyond
        self._behind += beyond
        self._lost_second += beyond
