"""What kinds of commands there are, for one who has to send them in the right order."""

from __future__ import annotations

from enum import Enum
from typing import Self

from macnet_bridge.client.verb_roles import READS, STOPS


class Role(Enum):
    """What a command does to a channel."""

    READS = "reads"
    STOPS = "stops"
    CHANGES = "changes"

    @classmethod
    def of(cls, verb: str, *, dry_run: bool = False) -> Self:
        """That of a verb; one that is not known here may change anything."""
        if verb in STOPS:
            return cls.READS if dry_run else cls.STOPS
        return cls.READS if dry_run or verb in READS else cls.CHANGES
