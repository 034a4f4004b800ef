"""Rows on their way into a recording. Values only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

Kind = Literal["text", "integer", "real", "flag", "json"]
"""What a column holds; a flag is 1 or 0, JSON is text."""

Row = tuple[Any, ...]


class Rows(NamedTuple):
    """Rows of one table.

    Attributes:
        columns: their names, in the order of the values in each row.
    """

    table: str
    columns: tuple[str, ...]
    rows: Sequence[Row]
