"""From an ampere with a sign to a request of MacNet (6, 8), inside the configured limits. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from msgspec import structs

from macnet_bridge.errors import InvalidRequest, Rejected
from macnet_bridge.macnet.interface.config import ChannelConfig
from macnet_bridge.macnet.protocol.messages import (
    REST,
    ChannelSpecification,
    DirectOutput,
    StartDirect,
)

NO_VOLTAGE_V = 4900.0
"""What pymacnet has for "no voltage given"; no channel has that much."""

OFF_WATT = REST.power_watt
OFF_OHM = 0.0
LARGEST_RANGE = 4

_TOLERANCE = 1e-6  # relative; ranges travel as single-precision numbers


def setpoint(config: ChannelConfig, current_a: float, voltage_v: float) -> DirectOutput:
    """What the output is to do; `REST` for zero amperes.

    Args:
        current_a: positive charges, negative discharges.
        voltage_v: where a charge turns from constant current to constant voltage.

    Raises:
        InvalidRequest: no number.
        Rejected: OUT_OF_LIMITS
    """
    current, voltage = _number("current_a", current_a), _number("voltage_v", voltage_v)
    if current == 0:
        return REST
    limits = config.limits
    allowed = limits.charge_max_ampere if current > 0 else limits.discharge_max_ampere
    if abs(current) > allowed:
        raise _outside("current_a", f"{current:g} A is outside the configured safety limit of {allowed:g} A")
    return DirectOutput(
        current_ampere=abs(current),
        voltage_volt=_charge_volt(config, voltage) if current > 0 else config.discharge_until_volt,
        power_watt=OFF_WATT,
        resistance_ohm=OFF_OHM,
        mode="C" if current > 0 else "D",
    )


def first_setpoint(config: ChannelConfig, test_name: str) -> StartDirect:
    """The request of MacNet (6, 7): zero amperes, and a voltage that is in range.

    A limit that is out of range here could not be used later, and rest is not taken by JSON.
    """
    return StartDirect(
        test_name=test_name,
        current_ampere=0.0,
        voltage_volt=config.charge_until_volt,
        power_watt=OFF_WATT,
        resistance_ohm=OFF_OHM,
        current_range=LARGEST_RANGE,
        mode="C",
        record_second=config.data_record_time_s,
        record_volt=config.data_record_voltage_delta_vbys,
        record_ampere=config.data_record_current_delta_abys,
    )


def check_voltage(voltage_volt: float, specification: ChannelSpecification) -> None:
    """Refuse a voltage that the channel would take for no limit at all.

    Raises:
        Rejected: OUT_OF_LIMITS
    """
    low, high = specification.voltage_min_volt, specification.voltage_max_volt
    if not low <= voltage_volt <= high * (1 + _TOLERANCE):
        raise _outside(
            "voltage_v",
            f"{voltage_volt:g} V is outside the channel's {low:g} to {high:g} V: it would not limit",
        )


def in_range(output: DirectOutput, specification: ChannelSpecification) -> DirectOutput:
    """The output in the smallest current range that holds it.

    Raises:
        Rejected: OUT_OF_LIMITS, the channel cannot do this.
    """
    check_voltage(output.voltage_volt, specification)
    for number, ampere in _ranges(specification, output.mode):
        if output.current_ampere <= ampere * (1 + _TOLERANCE):
            return structs.replace(output, current_range=number)
    raise _outside("current_a", f"{output.current_ampere:g} A is more than the channel's {ampere:g} A")


def _ranges(specification: ChannelSpecification, mode: str) -> Iterator[tuple[int, float]]:
    """Current ranges and their full scale, from the smallest up."""
    direction = "charge" if mode == "C" else "discharge"
    for number in range(1, LARGEST_RANGE + 1):
        yield number, getattr(specification, f"range{number}_{direction}_ampere")


def _charge_volt(config: ChannelConfig, voltage: float) -> float:
    if voltage == NO_VOLTAGE_V:
        return config.charge_until_volt
    low, high = config.discharge_until_volt, config.charge_until_volt
    if not low <= voltage <= high:
        raise _outside("voltage_v", f"{voltage:g} V is outside the configured {low:g} to {high:g} V")
    return voltage


def _number(name: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise InvalidRequest(f"{name} has to be a number, not {value!r}", name)
    return number


def _outside(field: str, message: str) -> Rejected:
    return Rejected("OUT_OF_LIMITS", f"{field}: {message}", field)
