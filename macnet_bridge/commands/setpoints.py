"""From the arguments of direct control to requests of MacNet (6, 7) and (6, 8), inside all limits. Pure.

Limits are compared as the decimal numbers that people write: 0.1 A x 3 V is 0.3 W, and not a little more.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from msgspec import UNSET, UnsetType

from macnet_bridge.errors import Rejected
from macnet_bridge.macnet.protocol.fieldtypes import single
from macnet_bridge.macnet.protocol.messages import (
    REST,
    ChannelSpecification,
    DirectOutput,
    SafetyLimits,
    StartDirect,
)
from macnet_bridge.payloads.arguments import OutputArguments, SetOutputArguments, StartDirectArguments

OFF_WATT = REST.power_watt
OFF_OHM = 0.0
LARGEST_RANGE = 4

_RANGE_TOLERANCE = 1e-6  # relative; ranges travel as single-precision numbers

Ranges = tuple[tuple[float, float], ...]
"""Full scale of each current range, from the smallest up: charging and discharging amperes."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a lease lets its holder do.

    Attributes:
        limits: the safety limits that the tester was given at the start, inside the channel's envelope.
        armed: which of power_watt and resistance_ohm were given at the start. The tester knows no
            others from then on; current and voltage always are.
        ranges: empty where the tester does not tell them.
        current_range: of the start.
    """

    limits: SafetyLimits
    armed: frozenset[str]
    ranges: Ranges
    current_range: int


def ranges_of(specification: ChannelSpecification | None) -> Ranges:
    """The current ranges of a channel. MacNet (3, 1)"""
    if specification is None:
        return ()
    return tuple(
        (
            getattr(specification, f"range{number}_charge_ampere"),
            getattr(specification, f"range{number}_discharge_ampere"),
        )
        for number in range(1, LARGEST_RANGE + 1)
    )


def first_output(args: StartDirectArguments, test_name: str, terms: Terms) -> StartDirect:
    """The request of MacNet (6, 7).

    Raises:
        Rejected: OUT_OF_LIMITS, or BAD_ARGS for all four limits at once.
    """
    output = _output(args, args.current_ampere, args.range, terms)
    return StartDirect(
        test_name=test_name,
        current_ampere=output.current_ampere,
        voltage_volt=output.voltage_volt,
        power_watt=output.power_watt,
        resistance_ohm=output.resistance_ohm,
        current_range=output.current_range,
        mode=output.mode,
        record_second=args.record_second,
        record_volt=args.record_volt,
        record_ampere=args.record_ampere,
    )


def next_output(args: SetOutputArguments, terms: Terms) -> DirectOutput:
    """The request of MacNet (6, 8); `REST` for zero amperes.

    Raises:
        Rejected: OUT_OF_LIMITS, or BAD_ARGS for all four limits at once.
    """
    for name in given(args) - terms.armed:
        raise _outside(name, "was not given at start_direct, and the tester would take it for none")
    current_range = terms.current_range if isinstance(args.range, UnsetType) else args.range
    output = _output(args, args.current_ampere, current_range, terms)
    return output if output.current_ampere else REST


def given(args: OutputArguments) -> frozenset[str]:
    """Which of the limits that may be left out are there."""
    return frozenset(name for name in ("power_watt", "resistance_ohm") if getattr(args, name) is not UNSET)


def _output(args: OutputArguments, current: float, current_range: int, terms: Terms) -> DirectOutput:
    if len(given(args)) == 2:
        raise Rejected(
            "BAD_ARGS",
            "args.resistance_ohm: testers take three limits at most; current and voltage always are two",
            "args.resistance_ohm",
        )
    if single(current) == 0:
        current = 0.0  # on the wire it would be that, and rest is another message
    _check_current(current, terms.limits)
    _check_range(current, current_range, terms.ranges)
    return DirectOutput(
        current_ampere=abs(current),
        voltage_volt=_voltage(args.voltage_volt, current, terms.limits),
        power_watt=_power(args.power_watt, current, terms.limits),
        resistance_ohm=_resistance(args.resistance_ohm, current, terms.limits),
        current_range=current_range,
        mode="D" if current < 0 else "C",
    )


def _check_current(current: float, limits: SafetyLimits) -> None:
    ampere = limits.charge_max_ampere if current >= 0 else limits.discharge_max_ampere
    if abs(current) > ampere:
        raise _outside("current_ampere", f"{current:g} A is more than the {ampere:g} A that are allowed")
    watt = limits.charge_max_watt if current >= 0 else limits.discharge_max_watt
    if _exact(abs(current)) * _exact(limits.voltage_max_volt) > _exact(watt):
        raise _outside(
            "current_ampere",
            f"{current:g} A at {limits.voltage_max_volt:g} V is more than the {watt:g} W that are allowed",
        )


def _check_range(current: float, current_range: int, ranges: Ranges) -> None:
    """A current beyond its range would be no limit at all to the tester."""
    if not ranges:
        if current_range != LARGEST_RANGE:
            raise _outside(
                "range", "the tester does not tell its current ranges; only the largest, 4, is safe"
            )
        return
    full_scale = ranges[current_range - 1][current < 0]
    if abs(current) > full_scale * (1 + _RANGE_TOLERANCE):
        raise _outside("range", f"{current:g} A is more than the {full_scale:g} A of range {current_range}")


def _voltage(volt: float | UnsetType, current: float, limits: SafetyLimits) -> float:
    if isinstance(volt, UnsetType):
        return limits.voltage_max_volt if current >= 0 else limits.voltage_min_volt
    if not limits.voltage_min_volt <= volt <= limits.voltage_max_volt:
        raise _outside(
            "voltage_volt",
            f"{volt:g} V is outside {limits.voltage_min_volt:g} to {limits.voltage_max_volt:g} V",
        )
    return volt


def _power(watt: float | UnsetType, current: float, limits: SafetyLimits) -> float:
    if isinstance(watt, UnsetType):
        return OFF_WATT
    allowed = limits.charge_max_watt if current >= 0 else limits.discharge_max_watt
    if watt > allowed:
        raise _outside("power_watt", f"{watt:g} W is more than the {allowed:g} W that are allowed")
    return watt


def _resistance(ohm: float | UnsetType, current: float, limits: SafetyLimits) -> float:
    if isinstance(ohm, UnsetType):
        return OFF_OHM
    charge, discharge = limits.charge_max_ampere, limits.discharge_max_ampere
    # At zero the direction is still open.
    ampere = charge if current > 0 else discharge if current < 0 else min(charge, discharge)
    if _exact(limits.voltage_max_volt) > _exact(ampere) * _exact(ohm):
        raise _outside(
            "resistance_ohm",
            f"{ohm:g} ohm at {limits.voltage_max_volt:g} V lets more than {ampere:g} A flow",
        )
    return ohm


def _exact(value: float) -> Fraction:
    """The decimal number that a person would write for it."""
    return Fraction(repr(value))


def _outside(name: str, why: str) -> Rejected:
    return Rejected("OUT_OF_LIMITS", f"args.{name}: {why}", f"args.{name}")
