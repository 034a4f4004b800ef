"""Whether a channel can give what a procedure asks of it, for a cell of a given size."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping

from macnet_bridge.macnet.protocol.codes import StepCode
from macnet_bridge.macnet.protocol.messages import ChannelSpecification
from macnet_bridge.simulator.machine.procedure.refusing import line, shown
from macnet_bridge.simulator.machine.procedure.rows import Procedure, Quantity, Row, Step, Wave

_LARGEST_RANGE = 4

Misfits = dict[int, list[str]]
"""What does not fit of waves, by the identity of their segments."""

_WORDS = {StepCode.CHARGE: "charge", StepCode.DISCHARGE: "discharge"}


def findings(procedure: Procedure, c_rate_ah: float, specification: ChannelSpecification) -> list[str]:
    """What the channel cannot give: one line for each step and quantity, none where all fits.

    Set points and limits are looked at; ends are not, they are only compared. Of a waveform's lines
    the first that does not fit is named.

    Args:
        c_rate_ah: what 1C is, as MacNet (6, 2) gives it.
    """
    waves: Misfits = {}
    return [
        line(f"step {number}: {text}")
        for number, row in enumerate(procedure.rows, 1)
        for text in _row(row, c_rate_ah, specification, waves)
    ]


def _row(row: Row, c_rate_ah: float, specification: ChannelSpecification, waves: Misfits) -> Iterator[str]:
    if isinstance(row, Step):
        yield from _step(row, c_rate_ah, specification)
    elif isinstance(row, Wave):
        # A wave is long, and many rows may name it.
        key = id(row.segments)
        if key not in waves:
            waves[key] = _first_misfit(row, c_rate_ah, specification)
        yield from (f"waveform {shown(row.name)}, {text}" for text in waves[key])


def _first_misfit(wave: Wave, c_rate_ah: float, specification: ChannelSpecification) -> list[str]:
    """What is said of the first line that does not fit."""
    for number, segment in enumerate(wave.segments, 1):
        if texts := list(_step(segment.step, c_rate_ah, specification)):
            return [f"line {number}: {text}" for text in texts]
    return []


def _step(step: Step, c_rate_ah: float, specification: ChannelSpecification) -> Iterator[str]:
    if _uses_c_rate(step) and not (math.isfinite(c_rate_ah) and c_rate_ah > 0):
        yield f"a C-rate needs a 1C above zero, not {c_rate_ah:g} A"
        return
    wanted = dict(step.limits) if step.control is None else {step.control: step.amount, **step.limits}
    for quantity, amount in wanted.items():
        if quantity in _LOOKS:
            yield from _LOOKS[quantity](amount.of(c_rate_ah), step, specification)


def _uses_c_rate(step: Step) -> bool:
    amounts = (
        step.amount,
        *step.limits.values(),
        *(end.amount for end in step.ends),
        *(report.amount for report in step.reports),
    )
    return any(amount.is_c_rate for amount in amounts)


def _current(ampere: float, step: Step, specification: ChannelSpecification) -> Iterator[str]:
    largest = _full_scale(step, specification)
    if not ampere <= largest:
        yield f"{ampere:g} A is more than range {_range(step)} of this channel, {largest:g} A"


def _power(watt: float, step: Step, specification: ChannelSpecification) -> Iterator[str]:
    largest = _full_scale(step, specification) * specification.voltage_max_volt
    if not watt <= largest:
        yield f"{watt:g} W is more than range {_range(step)} of this channel, {largest:g} W"


def _voltage(volt: float, step: Step, specification: ChannelSpecification) -> Iterator[str]:
    if not volt <= specification.voltage_max_volt:
        yield f"{volt:g} V is more than this channel's {specification.voltage_max_volt:g} V"
    if not volt >= specification.voltage_min_volt:
        yield f"{volt:g} V is less than this channel's {specification.voltage_min_volt:g} V"


_LOOKS: Mapping[Quantity, Callable[[float, Step, ChannelSpecification], Iterator[str]]] = {
    Quantity.CURRENT: _current,
    Quantity.POWER: _power,
    Quantity.VOLTAGE: _voltage,
}


def _range(step: Step) -> int:
    return step.current_range or _LARGEST_RANGE


def _full_scale(step: Step, specification: ChannelSpecification) -> float:
    """Amperes of the range that a step names, else of the largest."""
    ampere: float = getattr(specification, f"range{_range(step)}_{_WORDS[step.code]}_ampere")
    return ampere
