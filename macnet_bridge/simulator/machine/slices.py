"""How a test moves on: in slices, each of which ends where something happens.

Within a slice the current is constant, and the cell is exact for that. So a slice is as long as
the current may stay as it is, and what a slice has passed is looked for within it: no end and no
limit is noticed late, however long a slice was.
"""

from __future__ import annotations

from collections.abc import Callable

from macnet_bridge.macnet.protocol.codes import RecordCause
from macnet_bridge.macnet.protocol.messages import SafetyLimits
from macnet_bridge.simulator.machine.cell import Cell
from macnet_bridge.simulator.machine.phase import Condition, Phase
from macnet_bridge.simulator.machine.progress import TICK_SECOND, Progress
from macnet_bridge.simulator.machine.safety import tripped

LONGEST_SECOND = 60.0
LONGEST_REST_SECOND = 600.0
SHARE_OF_CAPACITY = 1.0 / 240.0
"""Most of a cell's capacity that moves in one slice: 15 s at 1C."""

FOUND_WITHIN_SECOND = 0.001
"""How exactly the moment of an end or of a limit is found."""

_FIRST_SECOND = 1.0
_COARSE, _FINE = 0.02, 0.005
"""Shares of the current: a slice over which it would change by more than the first is halved, and
after one over which it changed by less than the second the next may be twice as long."""
_SMALL_AMPERE = 1e-4

_PARTS_TO_A_TURN = 64.0
"""How exactly the highest or lowest voltage within a slice is found. Near it the voltage hardly
changes: what is missed of it is less than a thousandth of its way within the slice."""

Event = Condition | RecordCause
"""An end that is met, or the code of a safety limit."""


class Slices:
    """Cuts the time of one channel. It remembers only how long the next slice may be."""

    def __init__(self) -> None:
        self._reach_second = _FIRST_SECOND

    def begin(self, phase: Phase, cell: Cell) -> None:
        """Let a phase's current flow, without any time passing."""
        self._reach_second = _FIRST_SECOND
        cell.advance(phase.setpoint.current(cell, 0.0), 0.0)

    def next(
        self, phase: Phase, progress: Progress, cell: Cell, limits: SafetyLimits, most_second: float
    ) -> tuple[float, Event | None]:
        """Pass one slice of at most so many seconds.

        Returns:
            How long it was, and what has happened at its end.
        """
        slice_ = _Slice(phase, progress, cell, limits)
        longest = min(most_second, self._reach_second, _longest(phase, cell))
        second = self._drive(slice_, min(longest, phase.second_left(progress, cell)))
        event = slice_.event()
        if _only_time(event) and slice_.has_turned():
            second = slice_.find(second, slice_.has_turned, second / _PARTS_TO_A_TURN)
            event = slice_.event()
        if not _only_time(event):
            second = slice_.find(second, slice_.has_happened, FOUND_WITHIN_SECOND)
            event = slice_.event()
        progress.record_by(phase.records, cell.voltage_volt, cell.current_ampere, second)
        return second, event

    def _drive(self, slice_: _Slice, second: float) -> float:
        """Let a slice pass, shorter where the current changes too much; its length."""
        while (change := slice_.drive(second)) > _COARSE and second > TICK_SECOND:
            self._reach_second = second = second / 2.0
        if change < _FINE:
            self._reach_second = 2.0 * self._reach_second
        return second


class _Slice:
    """A slice that can be tried: every time it begins where the first one did."""

    def __init__(self, phase: Phase, progress: Progress, cell: Cell, limits: SafetyLimits) -> None:
        self._phase, self._progress, self._cell, self._limits = phase, progress, cell, limits
        self._saved, self._counted = cell.save(), progress.save()
        self._ampere = cell.current_ampere
        self._began_volt_per_second = 0.0

    def drive(self, second: float) -> float:
        """Let so much time pass; the share by which the current changed."""
        cell = self._cell
        cell.restore(self._saved)
        self._progress.restore(self._counted)
        ampere = self._phase.setpoint.current(cell, second)
        before = cell.voltage_under(ampere)
        cell.advance(ampere, 0.0)
        self._began_volt_per_second = cell.volt_per_second()
        cell.advance(ampere, second)
        self._progress.add(second, ampere, (before + cell.voltage_volt) / 2.0)
        return abs(ampere - self._ampere) / max(abs(self._ampere), _SMALL_AMPERE)

    def event(self) -> Event | None:
        """What is the matter now: a limit goes before any end."""
        return tripped(self._limits, self._cell) or self._phase.met(self._progress, self._cell)

    def has_happened(self) -> bool:
        """Whether something is the matter."""
        return self.event() is not None

    def has_turned(self) -> bool:
        """Whether the voltage went up and then down, or the other way.

        Something may have been the matter in between then. Two turns in one slice are not seen.
        """
        return self._began_volt_per_second * self._cell.volt_per_second() < 0.0

    def find(self, second: float, has_come: Callable[[], bool], within_second: float) -> float:
        """Pass only so much of it that something has just come; how much that is."""
        nothing, something = 0.0, second
        while something - nothing > max(within_second, FOUND_WITHIN_SECOND):
            middle = (nothing + something) / 2.0
            self.drive(middle)
            if has_come():
                something = middle
            else:
                nothing = middle
        self.drive(something)
        return something


def _only_time(event: Event | None) -> bool:
    """Whether nothing has happened, or something of which the moment was known beforehand."""
    return event is None or (isinstance(event, Condition) and event.is_time)


def _longest(phase: Phase, cell: Cell) -> float:
    """Seconds that may pass at this current before the cell has become another one."""
    if not phase.setpoint.direction:
        return LONGEST_REST_SECOND
    ampere = max(abs(cell.current_ampere), _SMALL_AMPERE)
    return min(LONGEST_SECOND, SHARE_OF_CAPACITY * 3600.0 * cell.capacity_ah / ampere)
