"""What all code tables have in common, and the numbers that are in none of them.

A tester may send a number that no table knows. It survives as that number, and its word
is `code_23`. Words are lower case; where the manual gives one label to several numbers
the word stays the same and the number beside it tells them apart.
"""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache
from typing import Self

ALL_SELECTED = 0xFFFF
"""Wire channel that means "all selected" in (6, 2) and a bitmap in (6, 1); never a channel."""

MAX_CHANNELS_PER_REQUEST = 128
"""Most channels that one bulk request may ask for, MacNet class 3 and 4."""


class Code(IntEnum):
    """A code table. `word(number)` works for every number, known or not."""

    @classmethod
    @lru_cache(maxsize=1 << 12)
    def word(cls, number: int) -> str:
        """The lower-case word for a number; `code_<number>` when the table lacks it."""
        known = cls._known(number)
        return f"code_{number}" if known is None else known.name.lower()

    @classmethod
    def _known(cls, number: int) -> Self | None:
        return cls._value2member_map_.get(number)  # type: ignore[return-value]


RESULT_OK = 0
"""The result of most functions that agree; log-in and log-out have 1, see `results`."""
