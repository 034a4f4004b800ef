"""Values of procedures: times, numbers, C-rates.

Times are `hh:mm:ss` with any part left out but not the colons, such as `::.01` for 10 ms. Numbers
have a decimal point, and an exponent if need be: `1.0E-4`. A number with a C behind it, `0.05C`, is
a multiple of what 1C is for the cell: of amperes for a current, of ampere-hours for a capacity.
"""

from __future__ import annotations

import re

from macnet_bridge.simulator.machine.procedure.refusing import Refused, shown
from macnet_bridge.simulator.machine.procedure.rows import Amount, Quantity

TIMES = frozenset({Quantity.STEP_TIME, Quantity.TEST_TIME})
C_RATES = frozenset({Quantity.CURRENT, Quantity.CAPACITY})
"""Quantities that may be multiples of 1C."""

MAX_NUMBER = 1e9
"""No tester has so many volts, nor a test so many seconds."""

MAX_TIMES = 9_999_999
"""Most runs of a loop."""

_TIME = re.compile(r"(?P<hour>[0-9]{0,5}):(?P<minute>[0-5]?[0-9]?):(?P<second>[0-5]?[0-9]?(\.[0-9]{1,9})?)")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_TIMES = re.compile(r"[0-9]{1,9}")
_UNITS = (("hour", 3600.0), ("minute", 60.0), ("second", 1.0))


def second(text: str) -> float:
    """Seconds of `hh:mm:ss`."""
    match = _TIME.fullmatch(text)
    if not match or not any(match[unit] for unit, _ in _UNITS):
        raise Refused(f"{shown(text)} is no time hh:mm:ss")
    return sum(float(match[unit] or 0) * factor for unit, factor in _UNITS)


def number(text: str) -> float:
    """A number as it stands."""
    if not _NUMBER.fullmatch(text):
        raise Refused(f"{shown(text)} is no number")
    if abs(float(text)) > MAX_NUMBER:
        raise Refused(f"{shown(text)} is too large a number")
    return float(text)


def amount(quantity: Quantity, text: str) -> Amount:
    """The value of a quantity, in its unit.

    Raises:
        Refused: it is not written as such a value is, or is negative, but for voltages.
    """
    if quantity in TIMES:
        return Amount(second(text))
    is_c_rate = text.endswith("C")
    if is_c_rate and quantity not in C_RATES:
        raise Refused(f"{shown(text)} is a C-rate, which only a current or a capacity can be")
    value = number(text.removesuffix("C"))
    if value < 0 and quantity is not Quantity.VOLTAGE:
        raise Refused(f"{shown(text)} is negative, which only a voltage can be")
    return Amount(value, is_c_rate)


def more_than_zero(amount: Amount, text: str) -> Amount:
    """The amount that a text stands for, where zero has no meaning."""
    if amount.value <= 0:
        raise Refused(f"{shown(text)} has to be more than zero")
    return amount


def times(text: str) -> int:
    """How often a loop runs, at least once."""
    if not _TIMES.fullmatch(text) or not 1 <= int(text) <= MAX_TIMES:
        raise Refused(f"{shown(text)} is no number of times")
    return int(text)
