"""Registers of a scan list with their content: where each lies in the raw data, and what it means."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec import Struct, structs

from macnet_bridge.errors import Malformed
from macnet_bridge.macnet.protocol.codes import RegisterFormat
from macnet_bridge.macnet.protocol.messages import PositionSetup, ScanEntry, ScanRegister
from macnet_bridge.macnet.protocol.smart_battery_data import (
    UNREADABLE,
    Meaning,
    Scales,
    Value,
    celsius,
    is_standard,
    meaning,
    packed_date,
    text,
)

_MOST_OF_A_NUMBER = 8
"""Bytes; what is longer is shown as hex, whatever its format."""


class Register(Struct, frozen=True, kw_only=True):
    """One register as it was last read.

    A list may have an address twice: `pointer`, its place in the raw data, tells entries apart.

    Attributes:
        data: its bytes; fewer than the list says where the raw data end before.
        name, value: by the Smart Battery Data Specification, see `Meaning`, else by the
            register's entry; None where neither tells anything.
    """

    pointer: int
    device_address: int
    address: int
    data: bytes
    name: str | None = None
    value: Value = None

    @property
    def number(self) -> int:
        """The bytes as one number, the low byte first."""
        return int.from_bytes(self.data, "little")


def read_list(
    listed: Iterable[ScanRegister],
    raw: bytes,
    setup: PositionSetup,
    *,
    known: Iterable[Register] = (),
    entries: Iterable[ScanEntry] = (),
) -> list[Register]:
    """The registers of a scan list, (7, 5) or (7, 7), out of their raw data, (7, 6) or (7, 8).

    Args:
        setup: of the position, (7, 14): its bus, and the device where an entry names none.
        known: registers of the same battery from another list: its mode and scales hold here too.
        entries: of the list, (7, 20): their error values, and their designators and formats for
            registers that the specification does not tell. One that does not fit is left aside.
    """
    found = [_cut(each, raw, setup.device_address) for each in listed]
    standard = [each for each in found if is_standard(each.device_address, setup.bus_type)]
    told = [*(each for each in known if each.name), *standard]
    scales = Scales.of({each.address: each.number for each in told if len(each.data) == 2})
    entry_at = {entry.index: entry for entry in entries}
    return [
        _explained(each, scales if each in standard else None, _fitting(entry_at.get(index), each))
        for index, each in enumerate(found)
    ]


def by_entry(entry: ScanEntry, data: bytes) -> Value:
    """A register's content as its entry (7, 20) has it shown; None for its error value.

    Goes by length and format alone. What the data type says is in doubt, as the manual's own
    example counts it from 1.

    Raises:
        Malformed: not as long as the entry says.
    """
    if len(data) != entry.length:
        raise Malformed(f"register {entry.register}: {len(data)} bytes, its entry says {entry.length}")
    if len(data) == 2 and int.from_bytes(data, "little") == entry.error_value:
        return None
    if not data:
        return None
    if len(data) > _MOST_OF_A_NUMBER and entry.display_format != RegisterFormat.STRING_ASCII:
        return data.hex()
    return _FORMATS.get(entry.display_format, _unsigned)(data)


def _cut(listed: ScanRegister, raw: bytes, device: int) -> Register:
    return Register(
        pointer=listed.pointer,
        device_address=device if listed.device_address is None else listed.device_address,
        address=listed.address,
        data=raw[listed.pointer : listed.pointer + listed.length],
    )


def _fitting(entry: ScanEntry | None, register: Register) -> ScanEntry | None:
    """The entry, if it is of this register: the software's copy may have been edited."""
    if entry is None or (entry.register, entry.length) != (register.address, len(register.data)):
        return None
    return entry


def _explained(register: Register, scales: Scales | None, entry: ScanEntry | None) -> Register:
    """The register with what is known of it; without scales it is none of the specification's."""
    unreadable = UNREADABLE if entry is None else entry.error_value
    found = meaning(register.address, register.data, scales, unreadable) if scales else None
    if found is None and entry is not None:
        found = Meaning(entry.designator, by_entry(entry, register.data))
    return structs.replace(register, **found._asdict()) if found else register


def _unsigned(data: bytes) -> int:
    return int.from_bytes(data, "little")


def _signed(data: bytes) -> int:
    return int.from_bytes(data, "little", signed=True)


def _scaled(number: Callable[[bytes], int], divisor: int) -> Callable[[bytes], Value]:
    return lambda data: number(data) / divisor


_FORMATS: dict[int, Callable[[bytes], Value]] = {
    RegisterFormat.HEX: lambda data: f"0x{_unsigned(data):0{2 * len(data)}X}",
    RegisterFormat.BINARY: lambda data: f"0b{_unsigned(data):0{8 * len(data)}b}",
    RegisterFormat.UNSIGNED: _unsigned,
    RegisterFormat.SIGNED: _signed,
    RegisterFormat.STRING_ASCII: text,
    RegisterFormat.STRING_HEX: bytes.hex,
    RegisterFormat.SIGNED_TENTHS: _scaled(_signed, 10),
    RegisterFormat.SIGNED_HUNDREDTHS: _scaled(_signed, 100),
    RegisterFormat.SIGNED_THOUSANDTHS: _scaled(_signed, 1000),
    RegisterFormat.UNSIGNED_TENTHS: _scaled(_unsigned, 10),
    RegisterFormat.UNSIGNED_HUNDREDTHS: _scaled(_unsigned, 100),
    RegisterFormat.UNSIGNED_THOUSANDTHS: _scaled(_unsigned, 1000),
    # That batteries' temperatures are meant, in tenths of a kelvin, is assumed.
    RegisterFormat.CELSIUS: lambda data: celsius(_unsigned(data)),
    RegisterFormat.DATE: lambda data: packed_date(_unsigned(data)),
}
