"""Rows as CSV: commas, one header, UTF-8, LF; an absent value is an empty field."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any, BinaryIO


def write_csv(rows: Iterable[tuple[Any, ...]], file: BinaryIO, names: Sequence[str]) -> None:
    """Write a header and the rows; a number in the fewest digits that read back as the same number."""
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(rows)
    text.flush()
    text.detach()
