"""Puts auxiliary inputs beside the readings of a test. No I/O.

They are measured at moments of their own. Each measurement stands once, in the first reading at or after
its moment, and nothing is carried on to the next: a field is empty where nothing new was measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple


class Input(NamedTuple):
    """One measurement of an auxiliary input."""

    unix_time_second: float
    name: str
    value: float | None


def with_inputs(
    rows: Iterable[tuple[Any, ...]], time_at: int, inputs: Iterable[Input], names: Sequence[str]
) -> Iterator[tuple[Any, ...]]:
    """The rows, each followed by a value or None for each name; both in the order of their times.

    Args:
        time_at: where a row has its Unix time. Of two measurements for one row, the later one counts.
    """
    left = iter(inputs)
    waiting = next(left, None)
    for row in rows:
        found: dict[str, float | None] = {}
        while waiting is not None and waiting.unix_time_second <= row[time_at]:
            found[waiting.name] = waiting.value
            waiting = next(left, None)
        yield (*row, *map(found.get, names))
