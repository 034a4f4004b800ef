"""Whether a tester keeps up with the configured intervals, and what it could keep. Pure."""

from __future__ import annotations

import math

from macnet_bridge.telemetry.dues import Kind
from macnet_bridge.telemetry.planner import Planner

WINDOW_S = 10.0
"""Turns are judged by tens of seconds."""

MANY_MISSED = 0.1
FEW_MISSED = 0.02
_BAD_WINDOWS = 2
_KEPT_FREE = 0.9
"""Intervals that take all of a tester's time would leave none for commands."""


class Lateness:
    """Judges a planner's missed turns.

    A tester is late once a tenth of its turns were missed in two windows in a row, so that a stop
    of many channels or a reply that took long does not make it so, and in time again after a window
    in which hardly any were.

    Attributes:
        reason: why it is late and what helps, None while it is in time. It stays the same while
            the tester stays late.
    """

    def __init__(self, planner: Planner, now: float, window_s: float = WINDOW_S) -> None:
        self.reason: str | None = None
        self._planner = planner
        self._window_s = window_s
        self._began = now
        self._taken, self._missed = planner.taken, planner.missed
        self._bad_windows = 0

    def judge(self, now: float) -> bool:
        """Judge what happened until now. True = the reason came or went."""
        if now - self._began < self._window_s:
            return False
        planner = self._planner
        taken, missed = planner.taken - self._taken, planner.missed - self._missed
        self._began, self._taken, self._missed = now, planner.taken, planner.missed
        return self._decide(missed / max(1, taken + missed))

    def _decide(self, missed: float) -> bool:
        was = self.reason
        self._bad_windows = self._bad_windows + 1 if missed > MANY_MISSED else 0
        if was is None and self._bad_windows >= _BAD_WINDOWS:
            self.reason = too_slow(self._planner)
        elif missed < FEW_MISSED:
            self.reason = None
        return (was is None) is not (self.reason is None)


def too_slow(planner: Planner) -> str:
    """What a tester can do, what is asked of it, and which intervals it could keep."""
    able, demand = planner.budget.requests_per_second, planner.demand()
    asked = sum(demand.values())
    if able is None or asked <= able * _KEPT_FREE:
        return "reads come later than configured: commands, or replies that take long, leave too little time"
    factor = asked / (able * _KEPT_FREE)
    kept = ", ".join(
        f"{kind.value} = {_rounded_up(planner.interval(kind) * factor):g}"
        for kind in Kind
        if demand.get(kind)
    )
    return (
        f"it answers {able:.3g} requests/s, and the intervals ask for {asked:.3g}; "
        f"it could keep {kept}, or fewer channels"
    )


def _rounded_up(seconds: float) -> float:
    """To two digits, so that what is advised is enough."""
    unit = 10.0 ** (math.floor(math.log10(seconds)) - 1)
    return math.ceil(seconds / unit) * unit
