"""What the broker has been given and has not confirmed: in memory alone, or on disk as well. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile

from macnet_bridge.telemetry.owed import Owed

_NONE = 1 << 62


class Unconfirmed:
    """By number, the oldest first."""

    def __init__(self) -> None:
        self._in_memory: dict[int, Owed] = {}
        self._on_disk: dict[int, Owed] = {}

    def __len__(self) -> int:
        return len(self._in_memory) + len(self._on_disk)

    def add(self, owed: Owed) -> None:
        """It was handed over, and is in memory alone. Its number is the largest so far."""
        self._in_memory[owed.number] = owed

    def take(self, number: int) -> Owed:
        """It was settled, and is not here any more."""
        owed = self._in_memory.pop(number, None)
        return self._on_disk.pop(number) if owed is None else owed

    def oldest(self) -> int:
        """The number of the oldest; more than any where there is none."""
        return min(next(iter(self._in_memory), _NONE), min(self._on_disk, default=_NONE))

    def older_than(self, since: float) -> list[Owed]:
        """Those in memory alone that were handed over before this time."""
        return list(takewhile(lambda owed: owed.since < since, self._in_memory.values()))

    def to_disk(self, owed: Owed) -> None:
        """One of those in memory alone is given to the disk."""
        self._on_disk[owed.number] = self._in_memory.pop(owed.number)
        owed.is_on_disk = True

    def on_disk(self) -> list[Owed]:
        """Those that were given to the disk."""
        return list(self._on_disk.values())

    def not_kept(self, batch: Iterable[Owed]) -> list[Owed]:
        """The disk did not take these: they are in memory alone again, for they may still be confirmed.

        Returns those of them that are unconfirmed no more.
        """
        back, gone = {}, []
        for owed in batch:
            if self._on_disk.pop(owed.number, None) is None:
                gone.append(owed)
            else:
                owed.is_on_disk = False
                back[owed.number] = owed
        if back:
            self._in_memory = dict(sorted((back | self._in_memory).items()))
        return gone
