"""Quantiles as the benches mean them."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil


def quantile(values: Sequence[float], share: float) -> float:
    """The value that this share of all values does not exceed; no value is made up between two."""
    ordered = sorted(values)
    return ordered[max(0, ceil(share * len(ordered)) - 1)]
