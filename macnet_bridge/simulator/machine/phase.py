"""What a channel does until something happens: an output, and the conditions that end it.

A step is one phase, a waveform has one for each of its segments.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from macnet_bridge.macnet.protocol.codes import RecordCause, StepCode
from macnet_bridge.simulator.machine.cell import Cell
from macnet_bridge.simulator.machine.control import Setpoint
from macnet_bridge.simulator.machine.progress import NO_RECORDS, TICK_SECOND, Progress, RecordRule

_ALIKE = 1e-6
"""Share by which a value may miss what it is compared with: numbers come as singles, and sums of
slices miss a round number."""

_ALIKE_SECOND = 1e-4
"""The most of it for times: of a long one, such a share would be more than a tick."""

NEXT_SEGMENT = 0
"""Where the end of a segment goes, which is no row."""

Measure = Callable[[Progress, Cell], float]


@dataclass(frozen=True, slots=True)
class Condition:
    """An end with its numbers worked out.

    Attributes:
        measure: what is compared.
        at_least: whether it is met from `value` upwards, else downwards.
        cause: what the record of it says; None for none, where only a segment is over.
        goto: the row that comes next; `NEXT_SEGMENT` within a waveform.
        is_time: whether `measure` is a time, so that the moment is known beforehand.
    """

    measure: Measure
    at_least: bool
    value: float
    cause: RecordCause | None
    goto: int
    is_time: bool = False

    def is_met(self, progress: Progress, cell: Cell) -> bool:
        measured = self.measure(progress, cell)
        near = abs(self.value) * _ALIKE
        if self.is_time:
            near = min(near, _ALIKE_SECOND)
        if self.at_least:
            return measured >= self.value - near
        return measured <= self.value + near

    def second_left(self, progress: Progress, cell: Cell) -> float:
        """Seconds until it is met by time alone; infinity when that cannot be known."""
        return self.value - self.measure(progress, cell) if self.is_time else math.inf


@dataclass(frozen=True, slots=True)
class Phase:
    """An output and what ends it.

    Attributes:
        code: `RF1` of MacNet (4, 7).
        conditions: looked at in their order. Those of time are the last: what is met together
            with one of them has come before it, or both are due at the same moment.
    """

    code: StepCode
    setpoint: Setpoint
    conditions: tuple[Condition, ...] = ()
    records: RecordRule = NO_RECORDS

    def second_left(self, progress: Progress, cell: Cell) -> float:
        """Seconds until a condition of time is due; at least what a tick has left."""
        left = min((each.second_left(progress, cell) for each in self.conditions), default=math.inf)
        return max(left, TICK_SECOND - progress.phase_second, 0.0)

    def met(self, progress: Progress, cell: Cell) -> Condition | None:
        """The first condition that is met now, None within the first tick."""
        if progress.phase_second < TICK_SECOND * (1.0 - _ALIKE):
            return None
        return next((each for each in self.conditions if each.is_met(progress, cell)), None)
