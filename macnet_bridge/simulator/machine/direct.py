"""Direct mode, MacNet (6, 7) and (6, 8): set points from outside in place of a procedure."""

from __future__ import annotations

import math

from macnet_bridge.macnet.protocol.codes import ChannelMode, RecordCause, StepCode
from macnet_bridge.macnet.protocol.messages import ChannelSpecification, DirectOutput, StartDirect
from macnet_bridge.simulator.machine import control
from macnet_bridge.simulator.machine.control import RESTING, Setpoint
from macnet_bridge.simulator.machine.phase import Phase
from macnet_bridge.simulator.machine.progress import Progress, RecordRule
from macnet_bridge.simulator.machine.specification import MAX_OHM, max_watt, range_ampere

OUTPUT_GAP_SECOND = 0.1
"""Least time between two (6, 8) on one channel, by the manual."""

_DIRECTIONS = {
    ChannelMode.CHARGE: control.CHARGE,
    ChannelMode.DISCHARGE: control.DISCHARGE,
    ChannelMode.REST: control.REST,
}
_STEP_CODES = {
    control.CHARGE: StepCode.CHARGE,
    control.DISCHARGE: StepCode.DISCHARGE,
    control.REST: StepCode.REST,
}
_MOST_LIMITS = 3


class DirectRun:
    """A program of one endless step whose set point comes from MacNet (6, 8).

    Attributes:
        armed: names of the limits that were in range at the start: only these can be used.
        last_output_at: tester's seconds of the last (6, 8), taken or not.
        fed_at: of the last one that was taken, for the watchdog.
    """

    number_of_ends = 0
    end_number = 0
    end_cause = RecordCause.NORMAL_END

    def __init__(self, setpoint: Setpoint, records: RecordRule, armed: frozenset[str], fed_at: float) -> None:
        self.armed = armed
        self.last_output_at = -math.inf
        self.fed_at = fed_at
        self._records = records
        self.set_output(setpoint)

    def set_output(self, setpoint: Setpoint) -> None:
        """Do this from now on."""
        self._phase = Phase(_STEP_CODES[setpoint.direction], setpoint, records=self._records)

    def phase(self, progress: Progress) -> Phase:
        return self._phase

    def go_to(self, row: int | None, progress: Progress) -> bool:
        progress.begin_step(1)
        return True


def is_possible(body: DirectOutput | StartDirect, specification: ChannelSpecification) -> bool:
    """Whether a tester can make a set point of these values at all.

    A mode that is no letter of the manual, a value that is no number, and all four limits at
    once are impossible. A value out of range is possible: it switches its limit off.
    """
    values = (body.current_ampere, body.voltage_volt, body.power_watt, body.resistance_ohm)
    known_mode = len(body.mode) == 1 and ord(body.mode) in set(ChannelMode)
    return (
        known_mode
        and all(map(math.isfinite, values))
        and len(limits_in_range(body, specification)) <= _MOST_LIMITS
    )


def limits_in_range(body: DirectOutput | StartDirect, specification: ChannelSpecification) -> frozenset[str]:
    """Names of the limits that are on."""
    most_ampere = _range_ampere(body, specification)
    in_range = {
        "current": 0.0 <= body.current_ampere <= most_ampere,
        "voltage": specification.voltage_min_volt <= body.voltage_volt <= specification.voltage_max_volt,
        "power": 0.0 <= body.power_watt <= max_watt(specification),
        "resistance": 0.0 < body.resistance_ohm <= MAX_OHM,  # 0 is off here, by the manual
    }
    return frozenset(name for name, value in in_range.items() if value)


def setpoint(
    body: DirectOutput | StartDirect, armed: frozenset[str], specification: ChannelSpecification
) -> Setpoint:
    """What the output does: limits count when in range now and among those armed at the start.

    Without a current limit the range bounds the current.
    """
    direction = _DIRECTIONS[ChannelMode(ord(body.mode))]
    if direction == control.REST:
        return RESTING
    limits = limits_in_range(body, specification) & armed
    return Setpoint(
        direction,
        body.current_ampere if "current" in limits else _range_ampere(body, specification),
        body.voltage_volt if "voltage" in limits else None,
        body.power_watt if "power" in limits else None,
        body.resistance_ohm if "resistance" in limits else None,
    )


def _range_ampere(body: DirectOutput | StartDirect, specification: ChannelSpecification) -> float:
    direction = _DIRECTIONS.get(ChannelMode(ord(body.mode)), control.REST)
    return range_ampere(specification, body.current_range, direction)
