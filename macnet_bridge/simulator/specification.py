"""What every simulated channel can do: the values of MacNet (3, 1), and their use."""

from __future__ import annotations

from macnet_bridge.macnet.protocol.messages import ChannelSpecification, SafetyLimits

SPECIFICATION = ChannelSpecification(
    tick_speed=0.01,
    voltage_max_volt=5.0,
    voltage_min_volt=0.0,
    safety_voltage_max_volt=5.25,
    safety_voltage_min_volt=-0.25,
    range4_charge_ampere=5.0,
    range3_charge_ampere=0.15,
    range2_charge_ampere=0.005,
    range1_charge_ampere=0.00015,
    range4_discharge_ampere=5.0,
    range3_discharge_ampere=0.15,
    range2_discharge_ampere=0.005,
    range1_discharge_ampere=0.00015,
    safety_charge_ampere=5.25,
    safety_discharge_ampere=5.25,
    battery_safety_charge_watt=30.0,
    battery_safety_discharge_watt=30.0,
    channel_safety_charge_watt=50.0,
    channel_safety_discharge_watt=50.0,
    supply_charge_volt=8.0,
    supply_discharge_volt=8.0,
)

MAX_WATT = SPECIFICATION.range4_charge_ampere * SPECIFICATION.voltage_max_volt
"""Largest power that a direct-mode limit can have; more switches that limit off."""

MAX_OHM = 10_000.0
"""Largest resistance that a direct-mode limit can have."""

AUX_UNITS = ("C", "V")
"""Auxiliary inputs of a channel: a thermometer and a second voltage wire."""


def range_ampere(number: int) -> float:
    """Full scale of current range 1 to 4."""
    amperes: float = getattr(SPECIFICATION, f"range{number}_charge_ampere")
    return amperes


def default_limits() -> SafetyLimits:
    """Safety limits of a channel that never got any by MacNet (6, 10)."""
    return SafetyLimits(
        voltage_max_volt=SPECIFICATION.safety_voltage_max_volt,
        voltage_min_volt=SPECIFICATION.safety_voltage_min_volt,
        charge_max_ampere=SPECIFICATION.safety_charge_ampere,
        discharge_max_ampere=SPECIFICATION.safety_discharge_ampere,
        charge_max_watt=SPECIFICATION.battery_safety_charge_watt,
        discharge_max_watt=SPECIFICATION.battery_safety_discharge_watt,
    )
