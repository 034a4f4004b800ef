"""Numbers of readings: one for each channel and reading, rising by one within a run. Pure."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET

from macnet_bridge.payloads.telemetry import Reading
from macnet_bridge.telemetry.owed import Place
from macnet_bridge.telemetry.progress import Progress


class Numbering:
    """The numbers that were given in one run of the bridge.

    Attributes:
        per_second: how many were given, as of the last count.
    """

    def __init__(self, progress: Progress) -> None:
        self.per_second = 0.0
        self._progress = progress
        self._last: dict[Place, int] = {}
        self._given = 0

    def numbered(self, place: Place, values: dict[str, Any]) -> tuple[bytes, int]:
        """The payload of the next reading of a channel, and its number, from 1 on.

        Args:
            values: the fields of `Measured`.
        """
        seq = self._last[place] = self._last.get(place, 0) + 1
        self._given += 1
        progress = self._progress
        previous = progress.previous.pop(place, UNSET) if seq == 1 else UNSET
        return msgspec.json.encode(Reading(**values, run=progress.run, seq=seq, previous=previous)), seq

    def count(self, seconds: float) -> None:
        """So much time has passed since this was called last."""
        self.per_second, self._given = self._given / seconds, 0
