"""Numbers of readings: one for each channel and reading, rising by one within a run. Pure."""

from __future__ import annotations

from macnet_bridge.telemetry.safekeeping import Place


class Numbering:
    """The numbers that were given in one run of the bridge.

    Attributes:
        run: which start of the bridge this is.
        per_second: how many were given, as of the last count.
    """

    def __init__(self, run: int) -> None:
        self.run = run
        self.per_second = 0.0
        self._last: dict[Place, int] = {}
        self._given = 0

    def next(self, place: Place) -> int:
        """The number of the next reading of a channel, from 1 on."""
        seq = self._last[place] = self._last.get(place, 0) + 1
        self._given += 1
        return seq

    def count(self, seconds: float) -> None:
        """So much time has passed since this was called last."""
        self.per_second, self._given = self._given / seconds, 0
