"""From rows to what a channel does: steps and waveforms with their numbers worked out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from macnet_bridge.macnet.protocol.codes import RecordCause, StepCode
from macnet_bridge.macnet.protocol.messages import ChannelSpecification
from macnet_bridge.simulator.machine import control
from macnet_bridge.simulator.machine.cell import Cell
from macnet_bridge.simulator.machine.control import RESTING, Setpoint
from macnet_bridge.simulator.machine.phase import NEXT_SEGMENT, Condition, Measure, Phase
from macnet_bridge.simulator.machine.procedure.rows import (
    Amount,
    Comparison,
    End,
    Quantity,
    Report,
    Segment,
    Step,
    Wave,
)
from macnet_bridge.simulator.machine.progress import Progress, RecordRule
from macnet_bridge.simulator.machine.specification import range_ampere


def _resistance_ohm(progress: Progress, cell: Cell) -> float:
    ampere = abs(cell.current_ampere)
    return cell.voltage_volt / ampere if ampere else math.inf


MEASURES: Mapping[Quantity, Measure] = {
    Quantity.STEP_TIME: lambda progress, cell: progress.step_second,
    Quantity.TEST_TIME: lambda progress, cell: progress.test_second,
    Quantity.CURRENT: lambda progress, cell: abs(cell.current_ampere),
    Quantity.VOLTAGE: lambda progress, cell: cell.voltage_volt,
    Quantity.POWER: lambda progress, cell: abs(cell.current_ampere * cell.voltage_volt),
    Quantity.RESISTANCE: _resistance_ohm,
    Quantity.CAPACITY: lambda progress, cell: progress.step_capacity_ah,
    Quantity.ENERGY: lambda progress, cell: progress.step_energy_wh,
}
"""What an end compares, by its quantity."""

CAUSES: Mapping[Quantity, RecordCause] = {
    Quantity.STEP_TIME: RecordCause.END_STEP_TIME,
    Quantity.TEST_TIME: RecordCause.END_TEST_TIME,
    Quantity.CURRENT: RecordCause.END_CURRENT,
    Quantity.VOLTAGE: RecordCause.END_VOLTAGE,
    Quantity.POWER: RecordCause.END_POWER,
    Quantity.RESISTANCE: RecordCause.END_RESISTANCE,
    Quantity.CAPACITY: RecordCause.END_AMP_HOUR,
    Quantity.ENERGY: RecordCause.END_WATT_HOUR,
}
"""What the record of an end says."""

SAFETY_CAUSES: Mapping[tuple[Quantity, Comparison], RecordCause] = {
    (Quantity.VOLTAGE, Comparison.AT_LEAST): RecordCause.SAFETY_OVERCHARGE,
    (Quantity.VOLTAGE, Comparison.AT_MOST): RecordCause.SAFETY_VOLTAGE_PEAK,
    (Quantity.CAPACITY, Comparison.AT_LEAST): RecordCause.SAFETY_CAPACITY,
}
"""What it says of a safety end, where MacNet has a code for that."""

_TIMES = frozenset({Quantity.STEP_TIME, Quantity.TEST_TIME})
_DIRECTIONS = {
    StepCode.CHARGE: control.CHARGE,
    StepCode.DISCHARGE: control.DISCHARGE,
}
_AUTOMATIC_RANGE = 4
_OF_RULE = {
    Quantity.STEP_TIME: "second",
    Quantity.VOLTAGE: "volt",
    Quantity.CURRENT: "ampere",
    Quantity.CAPACITY: "ampere_hour",
    Quantity.ENERGY: "watt_hour",
}


def phase_of(row: Step | Wave, segment: int, c_rate_ah: float, specification: ChannelSpecification) -> Phase:
    """A phase of a row, for a cell of which 1C is `c_rate_ah` amperes.

    A wave has one for each of its segments, from 0. There may be very many, so each is made when
    it comes.
    """
    if isinstance(row, Step):
        return _phase(row, c_rate_ah, specification)
    return _segment(row.segments[segment], c_rate_ah, specification)


def _segment(segment: Segment, c_rate_ah: float, specification: ChannelSpecification) -> Phase:
    """Whichever end of a segment is met, the next segment follows, as after its time."""
    phase = _phase(segment.step, c_rate_ah, specification)
    ends = tuple(replace(each, cause=None, goto=NEXT_SEGMENT) for each in phase.conditions)
    over = Condition(_phase_second, True, segment.second, None, NEXT_SEGMENT, is_time=True)
    return replace(phase, conditions=(*ends, over))


def _phase_second(progress: Progress, cell: Cell) -> float:
    return progress.phase_second


def _phase(step: Step, c_rate_ah: float, specification: ChannelSpecification) -> Phase:
    ends = sorted(step.ends, key=lambda end: end.quantity in _TIMES)
    conditions = tuple(_condition(end, c_rate_ah) for end in ends)
    rule = _rule(step.reports, c_rate_ah)
    return Phase(step.code, _setpoint(step, c_rate_ah, specification), conditions, rule)


def _setpoint(step: Step, c_rate_ah: float, specification: ChannelSpecification) -> Setpoint:
    """What a step controls and what it limits, both as limits; the range bounds the current."""
    if step.control is None:
        return RESTING
    direction = _DIRECTIONS[step.code]
    amounts: dict[Quantity, Amount] = {**step.limits, step.control: step.amount}
    values = {quantity: amount.of(c_rate_ah) for quantity, amount in amounts.items()}
    most = range_ampere(specification, step.current_range or _AUTOMATIC_RANGE, direction)
    return Setpoint(
        direction,
        min(values.get(Quantity.CURRENT, most), most),
        values.get(Quantity.VOLTAGE),
        values.get(Quantity.POWER),
        values.get(Quantity.RESISTANCE),
    )


def _condition(end: End, c_rate_ah: float) -> Condition:
    cause = CAUSES[end.quantity]
    if end.is_safety:
        cause = SAFETY_CAUSES.get((end.quantity, end.comparison), cause)
    return Condition(
        MEASURES[end.quantity],
        end.comparison is Comparison.AT_LEAST,
        end.amount.of(c_rate_ah),
        cause,
        end.goto,
        end.quantity in _TIMES,
    )


def _rule(reports: tuple[Report, ...], c_rate_ah: float) -> RecordRule:
    return RecordRule(**{_OF_RULE[each.quantity]: each.amount.of(c_rate_ah) for each in reports})
