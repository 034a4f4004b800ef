"""What registers of smart batteries mean."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from macnet_bridge.errors import Malformed
from macnet_bridge.macnet.protocol import functions, jsonrpc
from macnet_bridge.macnet.protocol.codes import RegisterFormat
from macnet_bridge.macnet.protocol.messages import PositionSetup, ScanEntry, ScanRegister
from macnet_bridge.macnet.protocol.registers import Register, by_entry, read_list
from macnet_bridge.macnet.protocol.smart_battery_data import (
    Meaning,
    Scales,
    celsius,
    counts_capacity,
    meaning,
    packed_date,
    signed,
)
from tests.protocol.examples_smart_battery import EXAMPLES

SMBUS = PositionSetup(
    bus_type=1,
    device_address=22,
    clock_divisor=85,
    bus_logic_volt=3.3,
    access_delay_ms=2,
    used_percent=56,
    header_used_percent=14,
)
BY_CHARGE = Scales(by_energy=False)
words = st.integers(0, 0xFFFF)
registers = st.integers(0, 0xFF)
scales = st.builds(
    Scales,
    by_energy=st.sampled_from([None, False, True]),
    voltage_exponent=st.integers(0, 15),
    current_exponent=st.integers(0, 15),
)


def of_word(register: int, word: int, how: Scales = BY_CHARGE) -> Meaning | None:
    return meaning(register, word.to_bytes(2, "little"), how)


def printed(fnum: int) -> Any:
    """The first reply that the manual prints for a function."""
    example = next(each for each in EXAMPLES if each.fnum == fnum)
    return jsonrpc.decode_reply(functions.FUNCTIONS[7, fnum], 10, 1987, example.reply.encode())


def shown(found: list[Register]) -> dict[str, Any]:
    return {each.name: each.value for each in found if each.name}


# --- the manual's battery


def test_the_manuals_scan_list() -> None:
    found = read_list(printed(5).registers, bytes(printed(6).raw), printed(14))
    assert [each.pointer for each in found] == list(range(0, 64, 2))
    assert shown(found) == {
        "remaining_capacity_alarm_ah": 0.1,
        "remaining_time_alarm_minute": 10,
        "battery_mode": ["internal_charge_controller", "alarm_mode", "charger_mode"],
        "at_rate_ampere": 0.0,
        "at_rate_time_to_full_minute": None,
        "at_rate_time_to_empty_minute": None,
        "at_rate_ok": True,
        "temperature_celsius": 23.75,
        "voltage_volt": 10.261,
        "current_ampere": 0.0,
        "average_current_ampere": 0.0,
        "max_error_percent": 1,
        "relative_state_of_charge_percent": 0,
        "absolute_state_of_charge_percent": 0,
        "remaining_capacity_ah": 0.0,
        "full_charge_capacity_ah": 6.593,
        "run_time_to_empty_minute": None,
        "average_time_to_empty_minute": None,
        "average_time_to_full_minute": None,
        "charging_current_ampere": 4.592,
        "charging_voltage_volt": 13.05,
        "battery_status": ["fully_discharged", "discharging", "initialized", "remaining_capacity_alarm"],
        "cycle_count": 2,
    }
    last = found[-1]
    assert (last.address, last.number, last.name, last.value) == (63, 3423, None, None)


def test_the_manuals_header() -> None:
    header = read_list(printed(7).registers, bytes(printed(8).raw), printed(14))
    content = {
        "design_voltage_volt": 11.42,
        "specification_info": {"revision": 1, "version": 3, "voltage_exponent": 0, "current_exponent": 0},
        "manufacture_date": "2014-12-13",
        "serial_number": 1,
        "manufacturer_name": "SMP",
        "device_name": "bq20",
        "device_chemistry": "LION",
        "manufacturer_data": "00000000070200013217000003333038033030370353444902",
        "remaining_time_alarm_minute": 10,
    }
    unknown = {"design_capacity": None, "remaining_capacity_alarm": None}
    assert shown(header) == content | unknown, "a header has no battery mode"
    polled = read_list(printed(5).registers, bytes(printed(6).raw), printed(14))
    known = {"design_capacity_ah": 6.559, "remaining_capacity_alarm_ah": 0.1}
    header = read_list(printed(7).registers, bytes(printed(8).raw), printed(14), known=polled)
    assert shown(header) == content | known


def test_the_manuals_register() -> None:
    reply = printed(4)
    assert of_word(reply.register, reply.value) == Meaning("voltage_volt", 10.261)


def test_the_manuals_entry() -> None:
    entry = printed(20)
    assert by_entry(entry, b"\x0a\x00") == 10
    assert by_entry(entry, b"\xfe\xff") is None
    with pytest.raises(Malformed, match="1 bytes, its entry says 2"):
        by_entry(entry, b"\x0a")


# --- the specification


@pytest.mark.parametrize(
    ("register", "word", "expected"),
    [
        (0x08, 2982, ("temperature_celsius", 25.05)),
        (0x08, 0, ("temperature_celsius", -273.15)),
        (0x09, 0, ("voltage_volt", 0.0)),
        (0x0A, 0xF830, ("current_ampere", -2.0)),
        (0x0A, 0x7FFF, ("current_ampere", 32.767)),
        (0x0A, 0xFFFE, ("current_ampere", None)),
        (0x0B, 0xFFFF, ("average_current_ampere", -0.001)),
        (0x04, 0xFC18, ("at_rate_ampere", -1.0)),
        (0x07, 0, ("at_rate_ok", False)),
        (0x11, 65535, ("run_time_to_empty_minute", None)),
        (0x11, 65533, ("run_time_to_empty_minute", 65533)),
        (0x0D, 100, ("relative_state_of_charge_percent", 100)),
        (0x14, 65535, ("charging_current_ampere", None)),
        (0x15, 65535, ("charging_voltage_volt", None)),
        (0x16, 0x0000, ("battery_status", [])),
        (0x16, 0xDB, ("battery_status", ["error_11", "fully_discharged", "discharging", "initialized"])),
        (0x16, 0x8403, ("battery_status", ["error_unsupported_command", "bit_10", "over_charged_alarm"])),
        (0x03, 0x8080, ("battery_mode", ["condition_flag", "capacity_mode"])),
        (0x1B, 0, ("manufacture_date", None)),
        (0x1B, 0x21, ("manufacture_date", "1980-01-01")),
        (0x1B, 0xFF9F, ("manufacture_date", "2107-12-31")),
        (0x17, 0xFFFF, ("cycle_count", 0xFFFF)),
    ],
)
def test_a_word(register: int, word: int, expected: tuple[str, Any]) -> None:
    assert of_word(register, word) == Meaning(*expected)


def test_scales() -> None:
    scaled = Scales.of({0x03: 0x8000, 0x1A: 0x2131})
    assert scaled == Scales(by_energy=True, voltage_exponent=1, current_exponent=2)
    assert of_word(0x09, 4800, scaled) == Meaning("voltage_volt", 48.0)
    assert of_word(0x19, 4800, scaled) == Meaning("design_voltage_volt", 48.0)
    assert of_word(0x0A, 0xFFF6, scaled) == Meaning("current_ampere", -1.0)
    assert of_word(0x0F, 500, scaled) == Meaning("remaining_capacity_wh", 500.0)
    assert of_word(0x04, 0xFFF6, scaled) == Meaning("at_rate_watt", -10.0)
    assert of_word(0x14, 1500, scaled) == Meaning("charging_current_ampere", 1.5)
    assert of_word(0x15, 4200, scaled) == Meaning("charging_voltage_volt", 4.2)
    assert Scales.of({}) == Scales.of({0x03: 0xFFFE, 0x1A: 0xFFFE}) == Scales()


CAPACITIES = [register for register in range(0x100) if counts_capacity(register)]


def test_what_hangs_on_the_battery_mode() -> None:
    assert CAPACITIES == [0x01, 0x04, 0x0F, 0x10, 0x18]


@given(st.sampled_from(CAPACITIES), words)
def test_a_capacity_without_a_mode_has_no_unit(register: int, word: int) -> None:
    found = of_word(register, word, Scales())
    assert found is not None
    assert found.value is None
    assert not found.name.endswith(("_ah", "_wh", "_ampere", "_watt"))


@given(registers, st.binary(max_size=255), scales)
def test_any_content_means_something_or_nothing(register: int, data: bytes, how: Scales) -> None:
    found = meaning(register, data, how)
    if found is not None:
        assert found.name
        assert register >= 0x20 or len(data) == 2


@pytest.mark.parametrize("register", [0x00, 0x1D, 0x1F, 0x24, 0x2F, 0x3C, 0x3F, 0xFF])
def test_what_is_left_to_manufacturers_stays_a_number(register: int) -> None:
    assert of_word(register, 1234) is None


@given(st.sampled_from([0x09, 0x19]), words.filter(lambda word: word != 0xFFFE), st.integers(0, 3))
def test_voltages_and_back(register: int, word: int, exponent: int) -> None:
    found = of_word(register, word, Scales(voltage_exponent=exponent))
    assert found is not None
    assert isinstance(found.value, float)
    assert round(found.value * 1000 / 10**exponent) == word


@given(st.sampled_from([0x0A, 0x0B]), st.integers(-0x8000, 0x7FFF).filter(lambda number: number != -2))
def test_currents_and_back(register: int, milliampere: int) -> None:
    found = of_word(register, milliampere & 0xFFFF)
    assert found is not None
    assert isinstance(found.value, float)
    assert round(found.value * 1000) == milliampere


@given(words)
def test_temperatures_and_signs_and_back(word: int) -> None:
    assert round(10 * (celsius(word) + 273.15)) == word
    assert signed(word) & 0xFFFF == word


@given(st.dates(min_value=date(1980, 1, 1), max_value=date(2107, 12, 31)))
def test_dates_and_back(day: date) -> None:
    assert packed_date((day.year - 1980) * 512 + day.month * 32 + day.day) == day.isoformat()


@given(words)
def test_flags_name_every_bit_that_is_set(word: int) -> None:
    for register, bits in ((0x03, word), (0x16, word >> 4)):
        found = of_word(register, word)
        if found is not None and isinstance(found.value, list):
            flags = [flag for flag in found.value if not flag.startswith("error_")]
            assert len(flags) == bits.bit_count()


# --- whose registers they are


@pytest.mark.parametrize(
    ("device", "setup", "known"),
    [
        (22, {}, True),
        (None, {}, True),
        (23, {}, False),
        (None, {"device_address": 23}, False),
        (22, {"device_address": 23}, True),
        (22, {"bus_type": 2}, False),
        (None, {"bus_type": 4}, False),
    ],
)
def test_only_a_smart_battery_on_an_smbus_is_decoded(
    device: int | None, setup: dict[str, int], known: bool
) -> None:
    listed = ScanRegister(device_address=device, address=9, pointer=0, length=2)
    (found,) = read_list([listed], b"\x15\x28", structs.replace(SMBUS, **setup))
    assert (found.name, found.value) == (("voltage_volt", 10.261) if known else (None, None))
    assert found.number == 10261


def test_the_mode_of_another_device_says_nothing() -> None:
    listed = [
        ScanRegister(device_address=23, address=3, pointer=0, length=2),
        ScanRegister(device_address=22, address=0x0F, pointer=2, length=2),
    ]
    raw = bytes.fromhex("0160 E803")
    found = read_list(listed, raw, SMBUS)
    assert shown(found) == {"remaining_capacity": None}
    known = read_list(listed[:1], raw, SMBUS)
    assert shown(read_list(listed, raw, SMBUS, known=known)) == {"remaining_capacity": None}


def test_q29_addresses_may_come_twice() -> None:
    listed = [
        ScanRegister(device_address=22, address=9, pointer=0, length=2),
        ScanRegister(address=9, pointer=2, length=2),
    ]
    found = read_list(listed, bytes.fromhex("1528 1627"), SMBUS)
    assert [(each.pointer, each.value) for each in found] == [(0, 10.261), (2, 10.006)]


def test_raw_data_may_end_early() -> None:
    listed = [ScanRegister(address=9, pointer=pointer, length=2) for pointer in (0, 2, 4)]
    found = read_list(listed, bytes.fromhex("1528 15"), SMBUS)
    assert [(each.data, each.value) for each in found] == [
        (b"\x15\x28", 10.261),
        (b"\x15", None),
        (b"", None),
    ]


any_listed = st.builds(
    ScanRegister,
    device_address=st.none() | registers,
    address=registers,
    pointer=st.integers(0, 10) | words,
    length=st.integers(0, 4) | words,
)


any_entry = st.builds(
    ScanEntry,
    index=st.integers(0, 19),
    register=registers,
    length=st.integers(0, 4),
    data_type=st.integers(0, 5),
    error_value=words,
    designator=st.text(max_size=25),
    display_format=st.integers(0, 14),
)


@given(
    st.lists(any_listed, max_size=20),
    st.binary(max_size=300),
    st.integers(0, 2),
    st.lists(any_entry, max_size=20),
)
def test_any_list_with_any_data(
    listed: list[ScanRegister], raw: bytes, bus: int, entries: list[ScanEntry]
) -> None:
    found = read_list(listed, raw, structs.replace(SMBUS, bus_type=bus), entries=entries)
    assert [(each.address, each.pointer) for each in found] == [(e.address, e.pointer) for e in listed]


def test_entries_tell_what_the_specification_does_not() -> None:
    listed = [ScanRegister(address=address, pointer=0, length=2) for address in (9, 0x3F, 0x3E, 0x3F)]
    entries = [
        structs.replace(entry(RegisterFormat.HEX, error_value=0x2815), index=0),
        structs.replace(entry(RegisterFormat.UNSIGNED_THOUSANDTHS), index=1, register=0x3F),
        structs.replace(entry(RegisterFormat.UNSIGNED), index=2, register=0x3D),
        structs.replace(entry(RegisterFormat.UNSIGNED, length=1), index=3, register=0x3F),
    ]
    expected = [("voltage_volt", None), ("x", 10.261), (None, None), (None, None)]
    found = read_list(listed, b"\x15\x28", SMBUS, entries=entries)
    assert [(each.name, each.value) for each in found] == expected
    found = read_list(listed, b"\x15\x28", structs.replace(SMBUS, bus_type=2), entries=entries)
    assert [(each.name, each.value) for each in found] == [("x", None), *expected[1:]]


# --- by entry


def entry(shown_as: int, length: int = 2, data_type: int = 1, error_value: int = 0xFFFE) -> ScanEntry:
    return ScanEntry(
        index=0,
        register=9,
        length=length,
        data_type=data_type,
        error_value=error_value,
        designator="x",
        display_format=shown_as,
    )


@pytest.mark.parametrize(
    ("shown_as", "data", "expected"),
    [
        (RegisterFormat.HEX, "1528", "0x2815"),
        (RegisterFormat.HEX, "05", "0x05"),
        (RegisterFormat.BINARY, "05", "0b00000101"),
        (RegisterFormat.UNSIGNED, "1528", 10261),
        (RegisterFormat.UNSIGNED, "15280100", 75797),
        (RegisterFormat.SIGNED, "FDFF", -3),
        (RegisterFormat.SIGNED, "FE", -2),
        (RegisterFormat.STRING_ASCII, "4C494F4E", "LION"),
        (RegisterFormat.STRING_ASCII, "534D509999", "SMP"),
        (RegisterFormat.STRING_ASCII, "0000", None),
        (RegisterFormat.STRING_HEX, "4C494F4E", "4c494f4e"),
        (RegisterFormat.SIGNED_TENTHS, "FBFF", -0.5),
        (RegisterFormat.SIGNED_HUNDREDTHS, "FBFF", -0.05),
        (RegisterFormat.SIGNED_THOUSANDTHS, "FBFF", -0.005),
        (RegisterFormat.UNSIGNED_TENTHS, "FBFF", 6553.1),
        (RegisterFormat.UNSIGNED_HUNDREDTHS, "FBFF", 655.31),
        (RegisterFormat.UNSIGNED_THOUSANDTHS, "1528", 10.261),
        (RegisterFormat.CELSIUS, "990B", 23.75),
        (RegisterFormat.DATE, "8D45", "2014-12-13"),
        (RegisterFormat.DATE, "0000", None),
        (99, "1528", 10261),
        (RegisterFormat.UNSIGNED, "", None),
        (RegisterFormat.UNSIGNED, "01" * 9, "01" * 9),
    ],
)
def test_a_format(shown_as: int, data: str, expected: Any) -> None:
    content = bytes.fromhex(data)
    assert by_entry(entry(shown_as, len(content)), content) == expected


@given(st.integers(0, 5))
def test_q27_the_data_type_does_not_count(data_type: int) -> None:
    assert by_entry(entry(RegisterFormat.UNSIGNED, data_type=data_type), b"\x15\x28") == 10261


def test_an_entry_has_an_error_value_of_its_own() -> None:
    assert by_entry(entry(RegisterFormat.SIGNED, error_value=0x8000), b"\xfe\xff") == -2
    assert by_entry(entry(RegisterFormat.SIGNED, error_value=0x8000), b"\x00\x80") is None


@given(st.integers(0, 0xFFFF), st.binary(max_size=255), words)
def test_any_entry_with_any_data(shown_as: int, data: bytes, error_value: int) -> None:
    by_entry(entry(shown_as, len(data), error_value=error_value), data)
    with pytest.raises(Malformed):
        by_entry(entry(shown_as, (len(data) + 1) % 256), data)
