"""Calls that may be refused, for tests that hold either way."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from macnet_bridge.errors import Rejected

T = TypeVar("T")


def attempt(call: Callable[[], T]) -> T | Rejected:
    """What a call gives, or why it was refused."""
    try:
        return call()
    except Rejected as error:
        return error
