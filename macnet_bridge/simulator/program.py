"""What drives a channel through a test: a procedure's rows, or set points from outside.

A channel knows only `Program`. Another kind of procedure is another class here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from macnet_bridge.macnet.protocol.codes import RecordCause, StepCode
from macnet_bridge.simulator import control
from macnet_bridge.simulator.cell import Cell
from macnet_bridge.simulator.control import Setpoint
from macnet_bridge.simulator.procedures import AdvanceCycle, End, Loop, Procedure, Step
from macnet_bridge.simulator.progress import Progress, RecordRule
from macnet_bridge.simulator.specification import SPECIFICATION

_DIRECTIONS = {
    StepCode.CHARGE: control.CHARGE,
    StepCode.DISCHARGE: control.DISCHARGE,
    StepCode.REST: control.REST,
}
_STEP_CODES = {direction: code for code, direction in _DIRECTIONS.items()}
_ENOUGH = 1e-9  # seconds; sums of slices miss a round number by less

_Reached = Callable[[float, Setpoint, Progress, Cell], bool]

_REACHED: dict[RecordCause, _Reached] = {
    RecordCause.END_STEP_TIME: lambda value, _, progress, __: progress.step_second >= value - _ENOUGH,
    RecordCause.END_CURRENT: lambda value, _, __, cell: abs(cell.current_ampere) <= value,
    RecordCause.END_VOLTAGE: lambda value, setpoint, _, cell: (
        setpoint.direction * (cell.voltage_volt - value) >= 0.0
    ),
    RecordCause.END_AMP_HOUR: lambda value, _, progress, __: progress.step_capacity_ah >= value,
}
SUPPORTED_ENDS = frozenset(_REACHED)
"""Causes that an `End` of a procedure may have."""


@dataclass(frozen=True, slots=True)
class HeadStart:
    """What a step has behind it when a test begins in its middle."""

    second: float = 0.0
    capacity_ah: float = 0.0
    energy_wh: float = 0.0


class Program(Protocol):
    """What a channel asks of its test."""

    @property
    def setpoint(self) -> Setpoint:
        """What the output does in this step."""

    @property
    def step_code(self) -> StepCode:
        """RF1 of this step."""

    @property
    def records(self) -> RecordRule:
        """When records are written."""

    def second_left(self, progress: Progress) -> float:
        """Seconds until this step ends by its time; infinity when it has no such end."""

    def end_reached(self, progress: Progress, cell: Cell) -> RecordCause | None:
        """Why this step ends now, None while it goes on."""

    def next_step(self, progress: Progress) -> bool:
        """Go to the next step that takes time, the first one at first; False when none is left."""


class ProcedureRun:
    """A procedure on its way, for a cell of which 1C is `c_rate_ah` amperes."""

    def __init__(self, procedure: Procedure, c_rate_ah: float) -> None:
        self._procedure = procedure
        self._c_rate_ah = c_rate_ah
        self._row = 0
        self._loops_done: dict[int, int] = {}
        self.records = RecordRule(second=procedure.record_second)
        self.step_code = StepCode.REST
        self.setpoint = control.RESTING
        self._ends: tuple[End, ...] = ()
        self._head_start: HeadStart | None = None

    def begin_at(self, row: int, loops_done: Mapping[int, int], head_start: HeadStart) -> None:
        """Begin with this row, from 1, in place of the first, as MacNet (6, 13) may want it."""
        self._row = row - 1
        self._loops_done.update(loops_done)
        self._head_start = head_start

    def second_left(self, progress: Progress) -> float:
        ends = [end.value for end in self._ends if end.cause is RecordCause.END_STEP_TIME]
        return max(min(ends, default=math.inf) - progress.step_second, 0.0)

    def end_reached(self, progress: Progress, cell: Cell) -> RecordCause | None:
        for end in self._ends:
            if _REACHED[end.cause](end.value, self.setpoint, progress, cell):
                return end.cause
        return None

    def next_step(self, progress: Progress) -> bool:
        while self._row < len(self._procedure.rows):
            self._row += 1
            match self._procedure.rows[self._row - 1]:
                case AdvanceCycle():
                    progress.cycle_count += 1
                case Loop() as loop:
                    self._go_round(loop)
                case Step() as step:
                    self._enter(step, progress)
                    return True
        return False

    def _enter(self, step: Step, progress: Progress) -> None:
        ampere = step.current_ampere + step.c_rate * self._c_rate_ah
        self.step_code = step.code
        self.setpoint = Setpoint(
            _DIRECTIONS[step.code], min(ampere, SPECIFICATION.range4_charge_ampere), step.voltage_volt
        )
        self._ends = step.ends
        if step.end_c_rate:
            self._ends += (End(RecordCause.END_CURRENT, step.end_c_rate * self._c_rate_ah),)
        progress.begin_step(self._row)
        if self._head_start:
            progress.step_second = self._head_start.second
            progress.step_capacity_ah = self._head_start.capacity_ah
            progress.step_energy_wh = self._head_start.energy_wh
            self._head_start = None

    def _go_round(self, loop: Loop) -> None:
        done = self._loops_done.get(self._row, 0) + 1
        if done < loop.times:
            self._loops_done[self._row] = done
            self._row = loop.to - 1
        else:
            self._loops_done.pop(self._row, None)  # an outer loop may come back and count again


class DirectRun:
    """Direct mode: one endless step whose set point comes from MacNet (6, 8)."""

    def __init__(self, setpoint: Setpoint, records: RecordRule, armed: frozenset[str], fed_at: float) -> None:
        """`armed` names the limits that were in range at the start: only these can be used."""
        self.setpoint = setpoint
        self.records = records
        self.armed = armed
        self.last_output_at = -math.inf
        self.fed_at = fed_at
        self._begun = False

    @property
    def step_code(self) -> StepCode:
        return _STEP_CODES[self.setpoint.direction]

    def second_left(self, progress: Progress) -> float:
        return math.inf

    def end_reached(self, progress: Progress, cell: Cell) -> RecordCause | None:
        return None

    def next_step(self, progress: Progress) -> bool:
        if self._begun:
            return False
        self._begun = True
        progress.begin_step(1)
        return True
