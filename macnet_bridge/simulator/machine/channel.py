"""One channel: its state machine, its cell, and the test that runs on it.

Time comes from outside. `now` is the tester's monotonic clock in seconds; the cell and the
test run `speed` times as fast. What the manual states in ticks or seconds of communication
(direct mode getting ready, the watchdog) is not sped up, because clients keep real time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from macnet_bridge.macnet.protocol.codes import ChannelState, RecordCause, StepCode
from macnet_bridge.macnet.protocol.messages import ChannelSpecification, SafetyLimits
from macnet_bridge.simulator.machine.cell import Cell
from macnet_bridge.simulator.machine.control import Setpoint
from macnet_bridge.simulator.machine.direct import DirectRun
from macnet_bridge.simulator.machine.meter import Meter
from macnet_bridge.simulator.machine.phase import Condition
from macnet_bridge.simulator.machine.program import Program
from macnet_bridge.simulator.machine.progress import Progress
from macnet_bridge.simulator.machine.safety import tripped
from macnet_bridge.simulator.machine.slices import Event, Slices
from macnet_bridge.simulator.machine.specification import SPECIFICATION, default_limits

STARTING_SECOND = 0.1
"""How long a channel is `STARTING` after MacNet (6, 2)."""

_STARTABLE = frozenset({ChannelState.AVAILABLE, ChannelState.SELECTED})
_END_STATES = {RecordCause.NORMAL_END: ChannelState.COMPLETED}  # any other cause is a problem
_STEP_CODES = {
    ChannelState.SUSPENDED: StepCode.SUSPENDED,
    ChannelState.COMPLETED: StepCode.COMPLETE,
    ChannelState.PROBLEM: StepCode.PROBLEM,
}


@dataclass(frozen=True, slots=True)
class Label:
    """What MacNet (4, 6) says about the test on a channel."""

    test_name: str = ""
    comment: str = ""
    procedure: str = ""
    description: str = ""


class Channel:
    """One test channel. Public attributes may be set by tests of other parts.

    Attributes:
        number: 1-based.
        state: `Stat` of MacNet (4, 7).
        cell: the cell on it.
        specification: of MacNet (3, 1).
        meter: what measures it, None for exact values.
        progress: counters of the test.
        limits: of MacNet (6, 10).
        variables: VAR1 to VAR15.
        label: names of the test.
        program: what drives the test, None when there is none.
        seen: the moment until which time has passed for it.
    """

    def __init__(
        self,
        number: int,
        cell: Cell,
        *,
        speed: float = 1.0,
        watchdog_second: float = 0.0,
        specification: ChannelSpecification = SPECIFICATION,
        meter: Meter | None = None,
    ) -> None:
        self.number = number
        self.cell = cell
        self.specification = specification
        self.meter = meter
        self.state = ChannelState.AVAILABLE
        self.progress = Progress()
        self.limits: SafetyLimits = default_limits(specification)
        self.variables = [0.0] * 15
        self.label = Label()
        self.program: Program | None = None
        self._speed = speed
        self._watchdog_second = watchdog_second
        self._slices = Slices()
        self.seen = 0.0
        self._begins_at = math.inf

    @property
    def step_code(self) -> StepCode:
        """RF1 of MacNet (4, 7)."""
        if self.state is ChannelState.ACTIVE and self.program is not None:
            return self.program.phase(self.progress).code
        return _STEP_CODES.get(self.state, StepCode.AVAILABLE)

    @property
    def direct(self) -> DirectRun | None:
        """The direct-mode run, None when the channel is not in direct mode."""
        return self.program if isinstance(self.program, DirectRun) else None

    @property
    def startable(self) -> bool:
        return self.state in _STARTABLE

    def shown_volt(self, now: float) -> float:
        """The cell's voltage as it is measured."""
        return self.meter.voltage(self.cell.voltage_volt, now) if self.meter else self.cell.voltage_volt

    def shown_ampere(self, now: float) -> float:
        """The cell's current as it is measured."""
        return self.meter.current(self.cell.current_ampere, now) if self.meter else self.cell.current_ampere

    def power_on(self, now: float) -> None:
        """Begin to count time at `now`."""
        self.seen = now

    def advance(self, now: float) -> None:
        """Let time pass until `now`: steps end, limits trip, the watchdog bites."""
        self.advance_some(now, math.inf)

    def advance_some(self, now: float, most_slices: float) -> bool:
        """Likewise, in about so many slices at most; whether it has got there."""
        if self.state is ChannelState.STARTING and self._begins_at <= now:
            self._flow(self._begins_at, math.inf)  # nothing happens in it, it is one slice
            self._begin()
        if self.state is ChannelState.ACTIVE and self._watchdog_at <= now:
            if not self._flow(self._watchdog_at, most_slices):
                return False
            self._suspend_if_active()
        return self._flow(now, most_slices)

    # --- commands; each expects `advance(now)` before it

    def start(
        self, label: Label, program: Program, begins_at: float, progress: Progress | None = None
    ) -> None:
        """Take a test whose first step begins at `begins_at`. The channel has to be startable.

        `progress` is what a test has behind it that goes on.
        """
        self.label = label
        self.program = program
        self.progress = progress or Progress()
        self.state = ChannelState.STARTING
        self._begins_at = begins_at

    def suspend(self) -> bool:
        """Cut the current and hold the test; False when there is none to hold."""
        if self.state is ChannelState.SUSPENDED:
            return True
        if self.program is None or self.state not in (ChannelState.ACTIVE, ChannelState.STARTING):
            return False
        self._stop(ChannelState.SUSPENDED, RecordCause.SUSPENDED_BY_OPERATOR)
        return True

    def resume(self, now: float) -> bool:
        """Go on where `suspend` held the test; False when the channel is not suspended."""
        if self.state is not ChannelState.SUSPENDED or self.program is None:
            return False
        if self.direct:
            self.direct.fed_at = now
        if self.progress.step_id == 0:  # held before its first step
            self._begin()
        else:
            self.state = ChannelState.ACTIVE
            self._let_flow(self.program)
        return True

    def reset(self) -> None:
        """Stop whatever runs and free the channel. Limits and variables stay."""
        self._halt(ChannelState.AVAILABLE)
        self.program = None
        self.label = Label()
        self.progress = Progress()

    def set_output(self, setpoint: Setpoint) -> None:
        """Change what a channel in direct mode does, at once."""
        if self.direct and self.state is ChannelState.ACTIVE:
            self.direct.set_output(setpoint)
            self._let_flow(self.direct)
        if self.direct and self.state is ChannelState.ACTIVE:  # it did not trip
            records = self.direct.phase(self.progress).records
            self.progress.record_by(records, self.cell.voltage_volt, self.cell.current_ampere)

    def trip(self, cause: RecordCause) -> None:
        """Stop for a safety reason: the channel becomes a problem."""
        self._stop(ChannelState.PROBLEM, cause)

    # --- time

    @property
    def _watchdog_at(self) -> float:
        if self.direct is None or self._watchdog_second <= 0.0:
            return math.inf
        return self.direct.fed_at + self._watchdog_second

    def _flow(self, until: float, most_slices: float) -> bool:
        left = (until - self.seen) * self._speed
        while left > 0.0:
            if most_slices <= 0:
                self.seen = until - left / self._speed
                return False
            left -= self._slice(left)
            most_slices -= 1
        self.seen = max(until, self.seen)
        return True

    def _slice(self, left: float) -> float:
        """Pass at most `left` seconds of test time; how many it was."""
        if self.state is not ChannelState.ACTIVE or self.program is None:
            self.cell.advance(0.0, left)
            return left
        phase = self.program.phase(self.progress)
        second, event = self._slices.next(phase, self.progress, self.cell, self.limits, left)
        if event is not None:
            self._take(event)
        return second

    def _take(self, event: Event) -> None:
        if isinstance(event, Condition):
            if event.cause is not None:
                self.progress.record(event.cause)
            self._begin(event.goto)
        else:
            self.trip(event)

    def _begin(self, row: int | None = None) -> None:
        """Enter the step at a row, the first one without; the test is over when there is none."""
        if self.program is None:
            return
        if self.program.go_to(row, self.progress):
            self.state = ChannelState.ACTIVE
            self._let_flow(self.program)
            self.progress.look_from(self.cell.voltage_volt, self.cell.current_ampere)
        else:
            cause = self.program.end_cause
            self._stop(_END_STATES.get(cause, ChannelState.PROBLEM), cause)

    def _let_flow(self, program: Program) -> None:
        """Let the current of now flow, and trip at once where it may not."""
        self._slices.begin(program.phase(self.progress), self.cell)
        cause = tripped(self.limits, self.cell)
        if cause is not None:
            self.trip(cause)

    def _suspend_if_active(self) -> None:
        if self.state is ChannelState.ACTIVE:
            self.suspend()

    def _stop(self, state: ChannelState, cause: RecordCause) -> None:
        self._halt(state)
        self.progress.record(cause)

    def _halt(self, state: ChannelState) -> None:
        """Let no current flow. What the test has counted stays as it is."""
        self.state = state
        self._begins_at = math.inf
        self.cell.advance(0.0, 0.0)
