"""A smart battery and the interface that polls it: what MacNet class 7 looks at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from macnet_bridge.macnet.protocol.codes import (
    SMART_BATTERY_ADDRESS,
    RegisterDataType,
    RegisterFormat,
)
from macnet_bridge.macnet.protocol.messages import NewScanEntry, ScanEntry, ScanRegister, SetPosition
from macnet_bridge.simulator.machine.cell import Cell

POLL_SECOND = 0.5
HEADER_SECOND = 2.0
BUS_READ_SECOND = 0.2
ERROR_VALUE = 0xFFFE

_KELVIN = 273.15

# The registers of the Smart Battery Data Specification that this battery has.
TEMPERATURE, VOLTAGE, CURRENT, CHARGE, FULL_CHARGE = 0x08, 0x09, 0x0A, 0x0F, 0x10
_LIST = (
    (TEMPERATURE, "Temperature", RegisterFormat.UNSIGNED_TENTHS),
    (VOLTAGE, "Voltage", RegisterFormat.UNSIGNED),
    (CURRENT, "Current", RegisterFormat.SIGNED),
    (CHARGE, "RemainingCapacity", RegisterFormat.UNSIGNED),
    (FULL_CHARGE, "FullChargeCapacity", RegisterFormat.UNSIGNED),
)
_HEADER: dict[int, bytes] = {
    0x18: (2500).to_bytes(2, "little"),
    0x19: (3700).to_bytes(2, "little"),
    0x1C: (1).to_bytes(2, "little"),
    0x20: b"SIM",
    0x21: b"Cell",
    0x22: b"LION",
}


@dataclass(slots=True)
class BusRead:
    """A read that (7, 11) began; `data` is None when the battery does not answer."""

    count: int
    ready_at: float
    data: bytes | None


def _first_list() -> list[ScanEntry]:
    return [
        ScanEntry(
            index=index,
            register=register,
            length=2,
            data_type=RegisterDataType.WORD,
            error_value=ERROR_VALUE,
            designator=designator,
            display_format=shown,
        )
        for index, (register, designator, shown) in enumerate(_LIST)
    ]


@dataclass(slots=True)
class SmartBattery:
    """One position of a smart battery board, with a battery on it.

    Attributes:
        position: 0-based, as MacNet counts them.
        polls: whether the registers of the scan list are read again and again.
        entries: the software's copy of the scan list.
        polled_entries: the firmware's, which is the one that is polled.
        raw: what the last poll read, register after register.
        polled_at, header_at: moments of the last reads; minus infinity for never.
        written: registers that were written to, and keep their value.
        bus_read: of (7, 11).
    """

    position: int
    polls: bool = True
    entries: list[ScanEntry] = field(default_factory=_first_list)
    polled_entries: list[ScanEntry] = field(default_factory=_first_list)
    raw: list[bytes] = field(default_factory=list)
    polled_at: float = -math.inf
    header_at: float = -math.inf
    written: dict[int, bytes] = field(default_factory=dict)
    bus_read: BusRead | None = None
    setup: SetPosition = field(
        default_factory=lambda: SetPosition(clock_divisor=85, bus_logic_volt=3.25, access_delay_ms=2)
    )

    def advance(self, cell: Cell, now: float) -> None:
        """Poll, if it is time to."""
        if self.polls and now - self.polled_at >= POLL_SECOND:
            self.raw = [self._polled(entry, cell) for entry in self.polled_entries]
            self.polled_at = now

    def register(self, address: int, cell: Cell) -> bytes | None:
        """What a register holds now, None when the battery has no such register."""
        if address in self.written:
            return self.written[address]
        value = _readings(cell).get(address)
        return _HEADER.get(address) if value is None else (value & 0xFFFF).to_bytes(2, "little")

    def value_of(self, address: int) -> int | None:
        """The word that the last poll read from a register, None when it is not polled."""
        for entry, data in zip(self.polled_entries, self.raw, strict=False):
            if entry.register == address:
                return int.from_bytes(data[:2], "little")
        return None

    def header(self, now: float) -> dict[int, bytes]:
        """The registers of the header, none while it was not read."""
        return _HEADER if now >= self.header_at > -math.inf else {}

    def replace_entry(self, entry: NewScanEntry) -> bool:
        """Change an entry of the software's copy, or add one at its end; False past that."""
        kept = ScanEntry(**{name: getattr(entry, name) for name in ScanEntry.__struct_fields__})
        if entry.index < len(self.entries):
            self.entries[entry.index] = kept
        elif entry.index == len(self.entries):
            self.entries.append(kept)
        return entry.index < len(self.entries)

    def _polled(self, entry: ScanEntry, cell: Cell) -> bytes:
        data = self.register(entry.register, cell)
        if data is None:
            data = entry.error_value.to_bytes(2, "little")
        return data[: entry.length].ljust(entry.length, b"\0")


def registers_of(parts: Sequence[tuple[int, int]], with_device: bool) -> list[ScanRegister]:
    """Addresses and lengths as a scan list shows them, with the place of each in the raw data."""
    registers, pointer = [], 0
    for address, length in parts:
        device = SMART_BATTERY_ADDRESS if with_device else None
        registers.append(ScanRegister(device_address=device, address=address, pointer=pointer, length=length))
        pointer += length
    return registers


def _readings(cell: Cell) -> dict[int, int]:
    return {
        TEMPERATURE: round(10.0 * (cell.temperature_celsius + _KELVIN)),
        VOLTAGE: round(1000.0 * cell.voltage_volt),
        CURRENT: round(1000.0 * cell.current_ampere),
        CHARGE: round(1000.0 * cell.capacity_ah * cell.charge),
        FULL_CHARGE: round(1000.0 * cell.capacity_ah),
    }
