"""What may be due at a tester, and how often it is wanted. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

FLAT_OUT_S = 0.01
"""A shorter interval means: as often as it goes. Such reads are never late."""


@dataclass(frozen=True, slots=True)
class Intervals:
    """Seconds between reads of one kind; 0 turns it off."""

    sweep_s: float = 1.0
    active_s: float = 1.0
    idle_s: float = 60.0
    aux_s: float = 0.0
    variables_s: float = 0.0

    @property
    def has_flat_out(self) -> bool:
        """Whether any kind of read goes as fast as it can."""
        of_kinds = (self.sweep_s, self.active_s, self.idle_s, self.aux_s, self.variables_s)
        return any(0 < interval_s < FLAT_OUT_S for interval_s in of_kinds)


@dataclass(frozen=True, slots=True)
class SweepDue:
    """A sweep of all channels is due."""


@dataclass(frozen=True, slots=True)
class ReadingsDue:
    """Full readings of these channels are due, to be asked for together."""

    channels: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class AuxDue:
    """The auxiliary inputs of a channel are due."""

    channel: int


@dataclass(frozen=True, slots=True)
class VariablesDue:
    """The variables of a channel are due."""

    channel: int


Due = SweepDue | ReadingsDue | AuxDue | VariablesDue


class Kind(Enum):
    """Kinds of reads, in the order of need. The value is the key that configures it."""

    SWEEP = "sweep_interval_s"
    HURRIED = "hurried"
    ACTIVE = "active_interval_s"
    IDLE = "idle_interval_s"
    AUX = "aux_interval_s"
    VARIABLES = "variables_interval_s"

    # They are looked up for every read, and Enum's own hash is slower than the look-up.
    __hash__ = object.__hash__
