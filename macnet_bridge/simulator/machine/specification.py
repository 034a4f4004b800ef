"""What simulated channels can do: the values of MacNet (3, 1), and their use."""

from __future__ import annotations

from functools import cache

from macnet_bridge.macnet.protocol.messages import ChannelSpecification, SafetyLimits
from macnet_bridge.simulator.machine import control

MAX_VOLT = 5.0
MAX_AMPERE = 5.0
"""Full scale of voltage, and of the largest current range where nothing else is asked for."""

MAX_OHM = 10_000.0
"""Largest resistance that a direct-mode limit can have."""

AUX_UNITS = ("C", "V")
"""Auxiliary inputs of a channel: a thermometer and a second voltage wire."""

_RANGE_SHARES = {1: 0.00003, 2: 0.001, 3: 0.03, 4: 1.0}


@cache
def specification_of(max_ampere: float = MAX_AMPERE, tick_second: float = 0.01) -> ChannelSpecification:
    """A channel with this largest current; its smaller ranges and its safety limits go with it."""
    ranges = {
        f"range{number}_{direction}_ampere": max_ampere * share
        for number, share in _RANGE_SHARES.items()
        for direction in ("charge", "discharge")
    }
    watt = MAX_VOLT * max_ampere
    return ChannelSpecification(
        tick_speed=tick_second,
        voltage_max_volt=MAX_VOLT,
        voltage_min_volt=0.0,
        safety_voltage_max_volt=1.05 * MAX_VOLT,
        safety_voltage_min_volt=-0.05 * MAX_VOLT,
        **ranges,
        safety_charge_ampere=1.05 * max_ampere,
        safety_discharge_ampere=1.05 * max_ampere,
        battery_safety_charge_watt=1.2 * watt,
        battery_safety_discharge_watt=1.2 * watt,
        channel_safety_charge_watt=2.0 * watt,
        channel_safety_discharge_watt=2.0 * watt,
        supply_charge_volt=8.0,
        supply_discharge_volt=8.0,
    )


SPECIFICATION = specification_of()


def range_ampere(specification: ChannelSpecification, number: int, direction: int) -> float:
    """Full scale of current range 1 to 4 in a direction of `control`."""
    word = "discharge" if direction == control.DISCHARGE else "charge"
    amperes: float = getattr(specification, f"range{number}_{word}_ampere")
    return amperes


def max_watt(specification: ChannelSpecification) -> float:
    """Largest power that a direct-mode limit can have; more switches that limit off."""
    return specification.range4_charge_ampere * specification.voltage_max_volt


def default_limits(specification: ChannelSpecification) -> SafetyLimits:
    """Safety limits of a channel that never got any by MacNet (6, 10)."""
    return SafetyLimits(
        voltage_max_volt=specification.safety_voltage_max_volt,
        voltage_min_volt=specification.safety_voltage_min_volt,
        charge_max_ampere=specification.safety_charge_ampere,
        discharge_max_ampere=specification.safety_discharge_ampere,
        charge_max_watt=specification.battery_safety_charge_watt,
        discharge_max_watt=specification.battery_safety_discharge_watt,
    )
