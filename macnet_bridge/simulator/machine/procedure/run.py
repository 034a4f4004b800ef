"""A procedure on its way: which row it is at, its loops, and which End it came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from macnet_bridge.macnet.protocol.codes import RecordCause
from macnet_bridge.macnet.protocol.messages import ChannelSpecification
from macnet_bridge.simulator.machine.phase import NEXT_SEGMENT, Phase
from macnet_bridge.simulator.machine.procedure.phases import phase_of
from macnet_bridge.simulator.machine.procedure.rows import (
    AdvanceCycle,
    Do,
    Finish,
    Loop,
    Procedure,
    Step,
    Wave,
)
from macnet_bridge.simulator.machine.progress import Progress

MOST_ROWS_IN_NO_TIME = 100_000
"""After so many rows that take no time the test becomes a problem: it would go round for ever."""


@dataclass(frozen=True, slots=True)
class HeadStart:
    """What a step has behind it when a test begins in its middle."""

    second: float = 0.0
    capacity_ah: float = 0.0
    energy_wh: float = 0.0


class ProcedureRun:
    """A procedure on its way, for a cell of which 1C is `c_rate_ah` amperes.

    Attributes:
        number_of_ends, end_number: how many End rows there are, and which one was reached, from 1.
        end_cause: why the test is over.
    """

    def __init__(self, procedure: Procedure, c_rate_ah: float, specification: ChannelSpecification) -> None:
        self._procedure = procedure
        self._c_rate_ah = c_rate_ah
        self._specification = specification
        self._first_row = 1
        self._rounds: dict[int, int] = {}
        self._row = 0
        self._step: Step | Wave | None = None
        self._phase: Phase | None = None
        self._segment = 0
        self._head_start: HeadStart | None = None
        self._ends = [at for at, row in enumerate(procedure.rows, 1) if isinstance(row, Finish)]
        self.number_of_ends = len(self._ends)
        self.end_number = 0
        self.end_cause = RecordCause.NORMAL_END

    def begin_at(self, row: int, rounds_done: Mapping[int, int], head_start: HeadStart) -> None:
        """Begin with this row in place of the first, as MacNet (6, 13) may want it.

        Args:
            rounds_done: of loops, by their numbers, how often they were gone through.
        """
        at_do = isinstance(self._procedure.rows[row - 1], Do)  # which would count from the start
        self._first_row = row + at_do
        self._rounds.update(rounds_done)
        self._head_start = head_start

    def phase(self, progress: Progress) -> Phase:
        if self._phase is None:
            raise ValueError("the test is at no step that takes time")
        return self._phase

    def go_to(self, row: int | None, progress: Progress) -> bool:
        if row == NEXT_SEGMENT:
            if self._has_next_segment(progress):
                return True
            row = self._row + 1
        at = self._first_row if row is None else row
        for _ in range(MOST_ROWS_IN_NO_TIME):
            if at > len(self._procedure.rows):
                return False
            match self._procedure.rows[at - 1]:
                case Step() | Wave() as step:
                    self._enter(step, at, progress)
                    return True
                case Finish():
                    self.end_number = self._ends.index(at) + 1
                    return False
                case passed:
                    at = self._pass(passed, at, progress)
        self.end_cause = RecordCause.PROBLEM_TIMEOUT
        return False

    def _has_next_segment(self, progress: Progress) -> bool:
        """Go to the next segment of a waveform; where there is none, its step has ended."""
        self._segment += 1
        if isinstance(self._step, Wave) and self._segment < len(self._step.segments):
            progress.phase_second = 0.0
            self._phase = phase_of(self._step, self._segment, self._c_rate_ah, self._specification)
            return True
        progress.record(RecordCause.END_STEP_TIME)
        return False

    def _pass(self, row: AdvanceCycle | Do | Loop, at: int, progress: Progress) -> int:
        """Which row follows one that takes no time."""
        match row:
            case AdvanceCycle():
                progress.cycle_count += 1
            case Do(number):
                self._rounds[number] = 0
            case Loop():
                return self._go_round(row)
        return at + 1

    def _enter(self, step: Step | Wave, at: int, progress: Progress) -> None:
        self._row, self._segment = at, 0
        self._step = step
        self._phase = phase_of(step, 0, self._c_rate_ah, self._specification)
        progress.begin_step(at)
        if self._head_start:
            start = self._head_start
            progress.skip(start.second, start.capacity_ah, start.energy_wh)
            self._head_start = None

    def _go_round(self, loop: Loop) -> int:
        """The row after a Loop row: behind its Do, or where it goes when it is done."""
        done = self._rounds.get(loop.number, 0) + 1
        self._rounds[loop.number] = done
        return loop.begin + 1 if done < loop.times else loop.goto
