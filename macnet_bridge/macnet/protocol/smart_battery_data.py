"""What the registers of a smart battery mean.

By the Smart Battery Data Specification, revision 1.1 (1998-12-11) (the SBS
Implementers Forum's sbdat110.pdf), section 5.1. It holds for a battery on an SMBus at address 0x16 only.
Registers that the specification leaves to manufacturers are not in here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import NamedTuple

from msgspec import Struct

from macnet_bridge.macnet.protocol.codes import SMART_BATTERY_ADDRESS, PositionBusType

Value = bool | int | float | str | list[str] | dict[str, int] | None

BATTERY_MODE, SPECIFICATION_INFO = 0x03, 0x1A

UNREADABLE = 0xFFFE
"""The word that stands for a register that could not be read, in the manual's scan list.

A scan list may set another one. -2 mA looks the same, and is not told apart from it.
"""

_NOT_APPLICABLE = 0xFFFF


class Meaning(NamedTuple):
    """Name and value of a register, the unit at the end of the name.

    `value` is None for what could not be read, does not apply (times of a battery that rests,
    a charger without limit), is no date or text, or has a unit that is not known.
    """

    name: str
    value: Value


class Scales(Struct, frozen=True, kw_only=True):
    """How a battery counts.

    Attributes:
        by_energy: whether capacities are in 10 mWh and not in mAh; None = not known.
        voltage_exponent, current_exponent: powers of ten that voltages, and currents and
            capacities, are to be multiplied by.
    """

    by_energy: bool | None = None
    voltage_exponent: int = 0
    current_exponent: int = 0

    @classmethod
    def of(cls, words: Mapping[int, int]) -> Scales:
        """From what is known of the registers 0x03 and 0x1A; without the latter nothing is multiplied."""
        mode = words.get(BATTERY_MODE, UNREADABLE)
        info = words.get(SPECIFICATION_INFO, UNREADABLE)
        return cls(
            by_energy=None if mode == UNREADABLE else bool(mode >> 15),
            voltage_exponent=0 if info == UNREADABLE else info >> 8 & 0xF,
            current_exponent=0 if info == UNREADABLE else info >> 12,
        )


def is_standard(device: int, bus_type: int) -> bool:
    """Whether the specification holds for a device, by the bus of its position (7, 14)."""
    return device == SMART_BATTERY_ADDRESS and bus_type == PositionBusType.I2C_SMBUS


def meaning(register: int, data: bytes, scales: Scales, unreadable: int = UNREADABLE) -> Meaning | None:
    """What a register's content means, None where the specification does not tell.

    Args:
        data: as it lies in the raw data, the low byte first.
        unreadable: the word that stands for a failed read.
    """
    if register in _BLOCKS:
        name, decode = _BLOCKS[register]
        return Meaning(name, decode(data))
    known = _WORDS.get(register)
    if known is None or len(data) != 2:
        return None
    word = int.from_bytes(data, "little")
    found = known(word, scales)
    return found._replace(value=None) if word == unreadable else found


def counts_capacity(register: int) -> bool:
    """Whether a register's unit hangs on the battery mode."""
    return register in _CAPACITIES


def celsius(tenths_of_kelvin: int) -> float:
    """Degrees from what batteries count temperature in."""
    return (10 * tenths_of_kelvin - 27315) / 100


def packed_date(word: int) -> str | None:
    """A date such as `2014-12-13`: five bits of day, four of month, the rest years from 1980 on."""
    try:
        return date(1980 + (word >> 9), word >> 5 & 0xF, word & 0x1F).isoformat()
    except (ValueError, OverflowError):
        return None


def text(data: bytes) -> str | None:
    """The printable characters that it begins with; what lies behind them is not the battery's."""
    end = next((place for place, byte in enumerate(data) if not 0x20 <= byte < 0x7F), len(data))
    return data[:end].decode("ascii").rstrip() or None


def signed(word: int) -> int:
    """A word as a number with sign."""
    return word - 0x10000 if word & 0x8000 else word


_Decode = Callable[[int, Scales], Meaning]


def _plain(name: str) -> _Decode:
    return lambda word, scales: Meaning(name, word)


def _truth(name: str) -> _Decode:
    return lambda word, scales: Meaning(name, word != 0)


def _minutes(name: str) -> _Decode:
    return lambda word, scales: Meaning(name, None if word == _NOT_APPLICABLE else word)


def _voltage(name: str) -> _Decode:
    return lambda word, scales: Meaning(name, word * 10**scales.voltage_exponent / 1000)


def _current(name: str) -> _Decode:
    return lambda word, scales: Meaning(name, signed(word) * 10**scales.current_exponent / 1000)


def _wish(name: str) -> _Decode:
    """What a battery asks of its charger: not multiplied, and without a limit where it asks for none."""
    return lambda word, scales: Meaning(name, None if word == _NOT_APPLICABLE else word / 1000)


def _capacity(name: str) -> _Decode:
    return lambda word, scales: _by_mode(name, word, scales, "ah", "wh")


def _rate(name: str) -> _Decode:
    return lambda word, scales: _by_mode(name, signed(word), scales, "ampere", "watt")


def _by_mode(name: str, number: int, scales: Scales, charge_unit: str, energy_unit: str) -> Meaning:
    """In mA(h) or in 10 mW(h), as the battery's mode says; without the mode nobody knows."""
    counted = number * 10**scales.current_exponent
    if scales.by_energy is None:
        return Meaning(name, None)
    if scales.by_energy:
        return Meaning(f"{name}_{energy_unit}", counted / 100)
    return Meaning(f"{name}_{charge_unit}", counted / 1000)


def _flags(name: str, flags: Mapping[int, str], errors: Mapping[int, str] | None = None) -> _Decode:
    def decode(word: int, scales: Scales) -> Meaning:
        shown = [errors.get(word & 0xF, f"error_{word & 0xF}")] if errors and word & 0xF else []
        bits = range(4 if errors else 0, 16)
        return Meaning(name, shown + [flags.get(bit, f"bit_{bit}") for bit in bits if word >> bit & 1])

    return decode


def _specification(word: int, scales: Scales) -> Meaning:
    parts = {"revision": word & 0xF, "version": word >> 4 & 0xF}
    exponents = {"voltage_exponent": word >> 8 & 0xF, "current_exponent": word >> 12}
    return Meaning("specification_info", parts | exponents)


_MODE = {
    0: "internal_charge_controller",
    1: "primary_battery_support",
    7: "condition_flag",
    8: "charge_controller_enabled",
    9: "primary_battery",
    13: "alarm_mode",
    14: "charger_mode",
    15: "capacity_mode",
}
_STATUS = {
    4: "fully_discharged",
    5: "fully_charged",
    6: "discharging",
    7: "initialized",
    8: "remaining_time_alarm",
    9: "remaining_capacity_alarm",
    11: "terminate_discharge_alarm",
    12: "over_temperature_alarm",
    14: "terminate_charge_alarm",
    15: "over_charged_alarm",
}
_STATUS_ERRORS = {
    1: "error_busy",
    2: "error_reserved_command",
    3: "error_unsupported_command",
    4: "error_access_denied",
    5: "error_overflow_underflow",
    6: "error_bad_size",
    7: "error_unknown",
}
_CAPACITIES: dict[int, _Decode] = {
    0x01: _capacity("remaining_capacity_alarm"),
    0x04: _rate("at_rate"),
    0x0F: _capacity("remaining_capacity"),
    0x10: _capacity("full_charge_capacity"),
    0x18: _capacity("design_capacity"),
}
_WORDS: dict[int, _Decode] = {
    **_CAPACITIES,
    0x02: _plain("remaining_time_alarm_minute"),
    BATTERY_MODE: _flags("battery_mode", _MODE),
    0x05: _minutes("at_rate_time_to_full_minute"),
    0x06: _minutes("at_rate_time_to_empty_minute"),
    0x07: _truth("at_rate_ok"),
    0x08: lambda word, scales: Meaning("temperature_celsius", celsius(word)),
    0x09: _voltage("voltage_volt"),
    0x0A: _current("current_ampere"),
    0x0B: _current("average_current_ampere"),
    0x0C: _plain("max_error_percent"),
    0x0D: _plain("relative_state_of_charge_percent"),
    0x0E: _plain("absolute_state_of_charge_percent"),
    0x11: _minutes("run_time_to_empty_minute"),
    0x12: _minutes("average_time_to_empty_minute"),
    0x13: _minutes("average_time_to_full_minute"),
    0x14: _wish("charging_current_ampere"),
    0x15: _wish("charging_voltage_volt"),
    0x16: _flags("battery_status", _STATUS, _STATUS_ERRORS),
    0x17: _plain("cycle_count"),
    0x19: _voltage("design_voltage_volt"),
    SPECIFICATION_INFO: _specification,
    0x1B: lambda word, scales: Meaning("manufacture_date", packed_date(word)),
    0x1C: _plain("serial_number"),
}
_BLOCKS: dict[int, tuple[str, Callable[[bytes], Value]]] = {
    0x20: ("manufacturer_name", text),
    0x21: ("device_name", text),
    0x22: ("device_chemistry", text),
    0x23: ("manufacturer_data", bytes.hex),
}
