"""Under which conditions a command is carried out, besides its deadline."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

Check = Callable[[Any], Awaitable[None]]
"""Called with the command's job; passes, or raises the refusal."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """
    Attributes:
        dry_run: all is checked and nothing changed.
        not_before: the monotonic second at which its turn comes at the earliest.
        expected: what the channel must be like, judged on a fresh read.
        rehearse: waits until all parts of an atomic command were checked.
    """

    dry_run: bool = False
    not_before: float = 0.0
    expected: Check | None = None
    rehearse: Check | None = None


UNCONDITIONAL = Conditions()
