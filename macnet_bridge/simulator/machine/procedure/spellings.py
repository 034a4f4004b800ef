"""How Maccor's files spell what the simulator knows.

Spellings are compared without case, spaces, hyphens, dots and underscores: `Amp Hour` is `amp-hour`.
Those marked as seen are in public procedure files of laboratories (TRI-AMDD/beep, BattGenie/battetl).
Those marked as assumed are in none: no public source tells how the XML spells them, so that what is
near at hand is taken. A spelling that is in no table is refused with its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from macnet_bridge.macnet.protocol.codes import StepCode
from macnet_bridge.simulator.machine.procedure.refusing import Refused, shown
from macnet_bridge.simulator.machine.procedure.rows import Comparison, Quantity

T = TypeVar("T")

_FILLING = str.maketrans("", "", " -._\t\r\n")

SEEN_ENDS: Mapping[str, Quantity] = {
    "StepTime": Quantity.STEP_TIME,
    "Voltage": Quantity.VOLTAGE,
    "Current": Quantity.CURRENT,
    "Amp Hour": Quantity.CAPACITY,
}
ASSUMED_ENDS: Mapping[str, Quantity] = {
    "TestTime": Quantity.TEST_TIME,
    "Power": Quantity.POWER,
    "Resistance": Quantity.RESISTANCE,
    "Resist": Quantity.RESISTANCE,
    "Amp-hr": Quantity.CAPACITY,
    "Ah": Quantity.CAPACITY,
    "Watt Hour": Quantity.ENERGY,
    "Watt-hr": Quantity.ENERGY,
    "Wh": Quantity.ENERGY,
}
SEEN_REPORTS: Mapping[str, Quantity] = {
    "StepTime": Quantity.STEP_TIME,
    "Voltage": Quantity.VOLTAGE,
    "Current": Quantity.CURRENT,
}
ASSUMED_REPORTS: Mapping[str, Quantity] = {
    "Amp Hour": Quantity.CAPACITY,
    "Amp-hr": Quantity.CAPACITY,
    "Ah": Quantity.CAPACITY,
    "Watt Hour": Quantity.ENERGY,
    "Watt-hr": Quantity.ENERGY,
    "Wh": Quantity.ENERGY,
}
"""MacNet's RF2 has a cause for records by each of these, and by no other quantity."""

SEEN_MODES: Mapping[str, Quantity] = {"Current": Quantity.CURRENT, "Voltage": Quantity.VOLTAGE}
ASSUMED_MODES: Mapping[str, Quantity] = {"Power": Quantity.POWER, "Resistance": Quantity.RESISTANCE}
"""beep writes these two when it converts other testers' procedures."""

SEEN_LIMITS = SEEN_MODES
ASSUMED_LIMITS = ASSUMED_MODES

LOOP_COUNT = "Loop Cnt"

STATE_LETTERS: Mapping[str, StepCode] = {"C": StepCode.CHARGE, "D": StepCode.DISCHARGE}
QUANTITY_LETTERS: Mapping[str, Quantity] = {
    "I": Quantity.CURRENT,
    "V": Quantity.VOLTAGE,
    "P": Quantity.POWER,
    "R": Quantity.RESISTANCE,
}
"""Of waveforms. Seen are I and P as control, V, P and R as limits, V and I as ends."""

REPORT_LETTERS: Mapping[str, Quantity] = {"T": Quantity.STEP_TIME}

_GROWING: Mapping[str, Comparison] = {"=": Comparison.AT_LEAST, ">=": Comparison.AT_LEAST}
_LEVEL: Mapping[str, Comparison] = {">=": Comparison.AT_LEAST, "<=": Comparison.AT_MOST}
OPERATORS: Mapping[Quantity, Mapping[str, Comparison]] = {
    Quantity.STEP_TIME: _GROWING,
    Quantity.TEST_TIME: _GROWING,
    Quantity.CAPACITY: _GROWING,
    Quantity.ENERGY: _GROWING,
    Quantity.CURRENT: _LEVEL,
    Quantity.VOLTAGE: _LEVEL,
    Quantity.POWER: _LEVEL,
    Quantity.RESISTANCE: _LEVEL,
}
RANGES: Mapping[str, int | None] = {"": None, "A": None, "1": 1, "2": 2, "3": 3, "4": 4}


def plain(text: str) -> str:
    """The text without what spellings differ in."""
    return text.translate(_FILLING).lower()


def table(*parts: Mapping[str, T]) -> dict[str, T]:
    """The parts as one table, to be asked with `plain` texts."""
    return {plain(spelling): meaning for part in parts for spelling, meaning in part.items()}


END_TYPES = table(SEEN_ENDS, ASSUMED_ENDS)
REPORT_TYPES = table(SEEN_REPORTS, ASSUMED_REPORTS)
MODES = table(SEEN_MODES, ASSUMED_MODES)
LIMITS = table(SEEN_LIMITS, ASSUMED_LIMITS)


def look_up(what: str, spellings: Mapping[str, T], text: str) -> T:
    """What a spelling means. `what` is the name of such texts."""
    if plain(text) not in spellings:
        raise Refused(f"{what} {shown(text)} is not simulated")
    return spellings[plain(text)]


def comparison(quantity: Quantity, text: str) -> Comparison:
    """How an end on a quantity compares."""
    if text not in OPERATORS[quantity]:
        raise Refused(f"operator {shown(text)} does not fit {quantity.words}")
    return OPERATORS[quantity][text]


def current_range(text: str) -> int | None:
    """1 to 4, None for automatic."""
    if text not in RANGES:
        raise Refused(f"range {shown(text)} is not simulated")
    return RANGES[text]
