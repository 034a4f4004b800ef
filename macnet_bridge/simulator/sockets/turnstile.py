"""One request after another: a real tester answers about 30 a second, over all connections."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable

Job = Callable[[], None]


class Turnstile:
    """Does jobs in the order of their arrival, each after a latency of its own.

    A latency is `latency_second`, and at most `jitter_second` more or less, every value between
    equally likely, so that the mean stays. Deadlines follow from the one before and not from
    when a timer happened to fire, so that 34 ms means 29.4 jobs a second. Without latency a job
    is done at once, by its caller.

    Raises:
        ValueError: a latency below zero, or a jitter that would lead to one.
    """

    def __init__(self, latency_second: float, jitter_second: float = 0.0, seed: int = 0) -> None:
        if not 0.0 <= jitter_second <= latency_second:
            raise ValueError("the latency has to be 0 or more, and the jitter 0 to the latency")
        self._latency_second = latency_second
        self._jitter_second = jitter_second
        self._dice = random.Random(f"{seed}/latency")
        self._free_at = 0.0
        self._waiting: deque[tuple[float, Job]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def submit(self, job: Job) -> None:
        """Do a job when its turn has come."""
        if self._latency_second <= 0.0:
            job()
            return
        self._free_at = max(self._free_at, asyncio.get_running_loop().time()) + self.next_latency_second()
        self._waiting.append((self._free_at, job))
        if self._timer is None:
            self._wind()

    def next_latency_second(self) -> float:
        """Throw the dice: how long the next job takes."""
        return self._latency_second + self._dice.uniform(-self._jitter_second, self._jitter_second)

    def clear(self) -> None:
        """Forget all jobs that wait."""
        self._waiting.clear()
        if self._timer:
            self._timer.cancel()
        self._timer, self._free_at = None, 0.0

    def _wind(self) -> None:
        self._timer = None
        if self._waiting:
            self._timer = asyncio.get_running_loop().call_at(self._waiting[0][0], self._serve)

    def _serve(self) -> None:
        _, job = self._waiting.popleft()
        try:
            job()
        finally:
            self._wind()
