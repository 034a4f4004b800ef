"""Which channels a command is for, as far as one who gives it can tell. No I/O."""

from __future__ import annotations

from typing import Self

from msgspec import Struct

ALL = 128
"""Channels of the largest testers: what `"all"` are, only the bridge knows."""


class Reach(Struct, frozen=True):
    """Channels of one cycler, or of all.

    Attributes:
        cycler: None for those of all cyclers.
        channels: None for all that there are.
    """

    cycler: str | None = None
    channels: frozenset[int] | None = None

    @classmethod
    def of(cls, cycler: str, which: str | list[int]) -> Self:
        """`"1-16,33"`, a list, or `"all"`; what cannot be read may be any."""
        if isinstance(which, list):
            return cls(cycler, frozenset(which))
        parts = [part.strip().partition("-") for part in which.split(",")]
        if not all(
            first.isdecimal() and (last if dash else first).isdecimal() for first, dash, last in parts
        ):
            return cls(cycler)
        numbers = (range(int(first), int(last or first) + 1) for first, _, last in parts)
        return cls(cycler, frozenset().union(*numbers))

    def __len__(self) -> int:
        return ALL if self.channels is None else len(self.channels)

    def meets(self, other: Reach) -> bool:
        """Whether a channel may be in both."""
        if None not in (self.cycler, other.cycler) and self.cycler != other.cycler:
            return False
        if self.channels is None or other.channels is None:
            return True
        return not self.channels.isdisjoint(other.channels)
