"""How far channels got: the last reading of each that is on disk or was confirmed. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from macnet_bridge.payloads.telemetry import Previous
from macnet_bridge.store.spool_tables import Safe
from macnet_bridge.telemetry.owed import Place


class Progress:
    """That of one run of the bridge, between two times that it is noted on disk.

    Attributes:
        run: which start of the bridge this is.
        previous: the last readings of earlier runs, of channels that had none in this one.
        has_begun_some: channels had their first reading of this run and nothing says so on disk. Should
            the bridge be killed now, the next run could not name what they had.
    """

    def __init__(self, run: int) -> None:
        self.run = run
        self.previous: dict[Place, Previous] = {}
        self.has_begun_some = False
        self._last: dict[Place, int] = {}
        self._begun: set[Place] = set()

    def __bool__(self) -> bool:
        """Whether there is something to note."""
        return bool(self._last)

    def recall(self, safe: Iterable[Safe]) -> None:
        """What a file told that was opened."""
        # A run that began before the file could be opened has nothing to say of earlier ones. A file that
        # was put aside leaves what is known to channels that were not read yet.
        self.previous |= {
            (known.cycler, known.channel): Previous(known.run, known.seq)
            for known in safe
            if known.run < self.run
        }

    def safe(self, place: Place, seq: int) -> None:
        """A reading of this run was confirmed, or is on disk."""
        if seq > self._last.get(place, 0):
            self._last[place] = seq
        if place not in self._begun:
            self._begun.add(place)
            self.has_begun_some = True

    def take(self) -> list[Safe]:
        """What is to be noted now."""
        self.has_begun_some = False
        taken, self._last = self._last, {}
        return [Safe(cycler, channel, self.run, seq) for (cycler, channel), seq in taken.items()]

    def put_back(self, taken: Iterable[Safe]) -> None:
        """It could not be noted."""
        self._last = {(safe.cycler, safe.channel): safe.seq for safe in taken} | self._last
