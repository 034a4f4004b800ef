"""Direct mode, MacNet (6, 7) and (6, 8): set points from outside in place of a procedure."""

from __future__ import annotations

import math

from macnet_bridge.macnet.protocol.codes import ChannelMode
from macnet_bridge.macnet.protocol.messages import DirectOutput, StartDirect
from macnet_bridge.simulator import control
from macnet_bridge.simulator.control import RESTING, Setpoint
from macnet_bridge.simulator.specification import MAX_OHM, MAX_WATT, SPECIFICATION, range_ampere

OUTPUT_GAP_SECOND = 0.1
"""Least time between two (6, 8) on one channel, by the manual."""

_DIRECTIONS = {
    ChannelMode.CHARGE: control.CHARGE,
    ChannelMode.DISCHARGE: control.DISCHARGE,
    ChannelMode.REST: control.REST,
}
_MOST_LIMITS = 3


def is_possible(body: DirectOutput | StartDirect) -> bool:
    """Whether a tester can make a set point of these values at all.

    A mode that is no letter of the manual, a value that is no number, and all four limits at
    once are impossible. A value out of range is possible: it switches its limit off.
    """
    values = (body.current_ampere, body.voltage_volt, body.power_watt, body.resistance_ohm)
    known_mode = len(body.mode) == 1 and ord(body.mode) in set(ChannelMode)
    return known_mode and all(map(math.isfinite, values)) and len(limits_in_range(body)) <= _MOST_LIMITS


def limits_in_range(body: DirectOutput | StartDirect) -> frozenset[str]:
    """Names of the limits that are on."""
    in_range = {
        "current": 0.0 <= body.current_ampere <= range_ampere(body.current_range),
        "voltage": SPECIFICATION.voltage_min_volt <= body.voltage_volt <= SPECIFICATION.voltage_max_volt,
        "power": 0.0 <= body.power_watt <= MAX_WATT,
        "resistance": 0.0 < body.resistance_ohm <= MAX_OHM,  # 0 is off here, by the manual
    }
    return frozenset(name for name, value in in_range.items() if value)


def setpoint(body: DirectOutput | StartDirect, armed: frozenset[str]) -> Setpoint:
    """What the output does: limits count when in range now and among those armed at the start.

    Without a current limit the range bounds the current.
    """
    direction = _DIRECTIONS[ChannelMode(ord(body.mode))]
    if direction == control.REST:
        return RESTING
    limits = limits_in_range(body) & armed
    return Setpoint(
        direction,
        body.current_ampere if "current" in limits else range_ampere(body.current_range),
        body.voltage_volt if "voltage" in limits else None,
        body.power_watt if "power" in limits else None,
        body.resistance_ohm if "resistance" in limits else None,
    )
