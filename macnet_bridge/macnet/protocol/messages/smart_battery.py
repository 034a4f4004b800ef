"""Messages of the smart battery interface: MacNet class 7.

Where JSON and binary have different units, the Struct has JSON's, which are those of SI.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, field

from macnet_bridge.macnet.protocol.codes import (
    MAX_BUS_BYTES,
    MAX_REGISTER_BYTES,
    SMART_BATTERY_ADDRESS,
    RawFormat,
)
from macnet_bridge.macnet.protocol.fieldtypes import Single, UInt8, UInt16
from macnet_bridge.macnet.protocol.messages.base import Message, Outcome, SaysByLen


class SmartBatteryInfo(Message, frozen=True, kw_only=True):
    """Reply of MacNet (7, 1).

    `status` is a number in binary and a label in JSON. The two times are seconds since the
    last full read, 0 for never.
    """

    board: UInt8 = field(name="SBbrd")
    position: UInt8 = field(name="SBPos")
    kind: UInt8 = field(name="SBType")
    server_major: UInt8 = field(name="ServerVersionMajor")
    server_minor: UInt8 = field(name="ServerVersionMinor")
    client_major: UInt8 = field(name="ClientVersionMajor")
    client_minor: UInt8 = field(name="ClientVersionMinor")
    dll_major: UInt8 = field(name="DLLVersionMajor")
    dll_minor: UInt8 = field(name="DLLVersionMinor")
    dll_compilation: UInt16 = field(name="DLLCompileNum")
    dll_version: str | None = field(name="DLLversionString", default=None)
    dll_name: str | None = field(name="DLLName", default=None)
    last_read_second: float = field(name="SecsLastRead")
    last_header_second: float = field(name="SecsLastHeader")
    status: UInt8 | str = field(name="Status")
    bus_volt: float = field(name="BusVolt")
    temperature_celsius: float = field(name="Temperature")

    @property
    def seconds_since_read(self) -> float | None:
        """Age of the polled registers; None when none was read yet."""
        return self.last_read_second or None

    @property
    def seconds_since_header(self) -> float | None:
        """Age of the header; None when it was not read yet."""
        return self.last_header_second or None


class ReadRegister(Message, frozen=True, kw_only=True, omit_defaults=True):
    """Request of MacNet (7, 4). Without a device address it is the short form of older testers."""

    device_address: UInt8 | None = field(name="SMBDevAddr", default=None)
    register: UInt8 = field(name="SMBRegAddr")


class RegisterValue(Message, frozen=True, kw_only=True):
    """Reply of MacNet (7, 4): the register as it was last polled."""

    device_address: UInt8 | None = field(name="SMBDevAddr", default=None)
    register: UInt8 = field(name="SMBRegAddr")
    value: UInt16 = field(name="SMBRegValue")

    @property
    def found(self) -> bool:
        """Whether the scan list has the register: testers answer zeros when it has not."""
        if self.device_address is not None:
            return self.device_address != 0
        return bool(self.register or self.value)


class ScanListRequest(SaysByLen, frozen=True, kw_only=True):
    """Request of MacNet (7, 5) and (7, 7). In binary, 1 asks for device addresses as well."""

    selector: Annotated[int, Meta(ge=0, le=1)] = field(name="Len", default=1)

    @property
    def header_length(self) -> int:
        return self.selector


class ScanRegister(Message, frozen=True, kw_only=True, omit_defaults=True):
    """One register in a scan list: where it is on the bus, and where in the raw data.

    Addresses may come twice: `pointer` is what tells entries apart.
    """

    device_address: UInt8 | None = field(name="DevAddr", default=None)
    address: UInt8 = field(name="Addr")
    pointer: UInt16 = field(name="Ptr")
    length: UInt16 = field(name="Len")


class ScanList(Message, frozen=True, kw_only=True):
    """Reply of MacNet (7, 5) and (7, 7)."""

    count: int | None = field(name="NumOfRegs", default=None)
    registers: list[ScanRegister] = field(name="ScanList")


class RawRequest(Message, frozen=True, kw_only=True):
    """Request of MacNet (7, 6) and (7, 8). `raw_format` is JSON's; binary always gives bytes."""

    raw_format: Annotated[int, Meta(ge=1, le=2)] = field(name="Format", default=RawFormat.BYTES.value)


class RegisterBytes(Message, frozen=True, kw_only=True):
    """One register with its content."""

    address: UInt8 = field(name="Addr")
    length: UInt16 = field(name="Len")
    data: list[UInt8] = field(name="Data")


class RawData(Message, frozen=True, kw_only=True):
    """Reply of MacNet (7, 6) and (7, 8): bytes or registers, as was asked.

    `count` is that of bytes or of registers. There may be fewer registers than in the scan list.
    """

    raw_format: UInt8 | None = field(name="Format", default=None)
    count: int | None = field(name="Len", default=None)
    raw: list[UInt8] | None = field(name="RawData", default=None)
    registers: list[RegisterBytes] | None = field(name="Data", default=None)


class WriteRegister(Message, frozen=True, kw_only=True):
    """Request of MacNet (7, 9). The reply does not tell whether the battery took it."""

    register: UInt8 = field(name="RegAddr")
    data: Annotated[list[UInt8], Meta(max_length=MAX_REGISTER_BYTES)] = field(name="Data")


class BusRead(Message, frozen=True, kw_only=True):
    """Request of MacNet (7, 11): start a read whose result (7, 12) fetches, up to 2 s later.

    With `first` = `last` all bytes come from one address, else each address gives a word.
    """

    bus_address: UInt8 = field(name="BusAddr", default=SMART_BATTERY_ADDRESS)
    first: UInt8 = field(name="StartDataAddr")
    last: UInt8 = field(name="EndDataAddr")
    count: UInt8 = field(name="NumOfBytes")
    bus_type: UInt8 = field(name="BusType", default=1)


class BusWrite(Message, frozen=True, kw_only=True):
    """Request of MacNet (7, 10). The reply does not tell whether the battery took it.

    With `first` = `last` all bytes go to one address, else each address gets one.
    """

    bus_address: UInt8 = field(name="BusAddr", default=SMART_BATTERY_ADDRESS)
    first: UInt8 = field(name="StartDataAddr")
    last: UInt8 = field(name="EndDataAddr")
    count: UInt8 = field(name="NumOfBytes")
    bus_type: UInt8 = field(name="BusType", default=1)
    checksum: UInt8 = field(name="CheckSum", default=0)
    data: Annotated[list[UInt8], Meta(max_length=MAX_BUS_BYTES)] = field(name="Data")


class BusReadResult(Message, frozen=True, kw_only=True):
    """Reply of MacNet (7, 12). `status` is one of `BusReadStatus`; no data while it is not completed."""

    status: UInt8 = field(name="Status")
    count: UInt16 = field(name="NumOfBytes", default=0)
    data: list[UInt8] = field(name="Data", default_factory=list)


class PositionSetup(Message, frozen=True, kw_only=True):
    """Reply of MacNet (7, 14): volts, milliseconds and percent."""

    bus_type: UInt8 = field(name="BusType")
    device_address: UInt8 = field(name="DeviceAddr")
    clock_divisor: UInt16 = field(name="ClockFreqDivisor")
    bus_logic_volt: float = field(name="BusLogicV")
    access_delay_ms: UInt16 = field(name="AccessDelay")
    used_percent: UInt8 = field(name="PctOfMax")
    header_used_percent: UInt8 = field(name="PctOfMaxHdr")


class SetPosition(Message, frozen=True, kw_only=True):
    """Request of MacNet (7, 15)."""

    bus_type: UInt8 = field(name="BusType", default=1)
    device_address: UInt8 = field(name="DeviceAddr", default=SMART_BATTERY_ADDRESS)
    clock_divisor: UInt16 = field(name="ClockFreqDivisor")
    bus_logic_volt: Single = field(name="BusLogicV")
    access_delay_ms: UInt16 = field(name="AccessDelay")


class ScanIndex(Message, frozen=True, kw_only=True):
    """Request of MacNet (7, 20)."""

    index: UInt8 = field(name="Index")


class ScanEntry(Message, frozen=True, kw_only=True):
    """Reply of MacNet (7, 20): one entry of the software's copy of the scan list."""

    index: UInt8 = field(name="Index")
    device_address: UInt8 = field(name="dev_addrs", default=SMART_BATTERY_ADDRESS)
    register: UInt8 = field(name="reg_addrs")
    length: UInt8 = field(name="Len")
    data_type: UInt8 = field(name="data_type")
    error_value: UInt16 = field(name="ErrorVal")
    designator: str = field(name="Designator")
    display_format: UInt16 = field(name="FormatType")


class NewScanEntry(ScanEntry, frozen=True, kw_only=True):
    """Request of MacNet (7, 21): as the entry is to be; (7, 23) then hands it to the firmware."""

    designator: Annotated[str, Meta(max_length=25, pattern=r"\A[\x00-\x7f]*\Z")] = field(name="Designator")


class ScanEntryWritten(Outcome, frozen=True, kw_only=True):
    """Reply of MacNet (7, 21)."""

    index: UInt8 | None = field(name="Index", default=None)
