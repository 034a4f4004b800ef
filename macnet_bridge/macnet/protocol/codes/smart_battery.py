"""Codes of the smart battery interface, MacNet class 7."""

from __future__ import annotations

from macnet_bridge.macnet.protocol.codes.base import Code

SMART_BATTERY_ADDRESS = 0x16
"""Where a smart battery listens on I2C and SMBus."""

MAX_REGISTER_BYTES = 60
"""Most bytes that (7, 9) writes."""

MAX_BUS_BYTES = 255
"""Most bytes of (7, 10) and (7, 11): the manual says 256, and the count of them is one byte."""


class SmartBatteryType(Code):
    """`SBType` of (7, 1). Type 2 is obsolete."""

    SMB1 = 1
    SMB2 = 2
    SMB3 = 3


class SmartBatteryStatus(Code):
    """`Status` of (7, 1) in binary. In JSON it is a label, and one label stands for 2 and 3."""

    PROBLEM = 0
    CLIENT_IDLE = 1
    READING = 2
    READING_3 = 3
    SCAN_LIST_DOWNLOADED = 4
    SCAN_LIST_TIMEOUT = 5
    BOOT_LOADER_RUNNING = 6
    VERIFYING_CLIENT = 128
    VERIFY_OK = 129
    VERIFY_FAILED = 130
    PROGRAMMING_CLIENT = 131
    PROGRAMMING_DONE = 132
    PROGRAMMING_ABORTED = 133
    PROGRAMMING_TIMEOUT = 134


SMART_BATTERY_STATUS_LABELS: dict[int, str] = {
    0: "Problem",
    1: "Client idle",
    2: "Reading",
    3: "Reading",
    4: "Scanlist downloaded",
    5: "Scanlist DL timeout",
    6: "Boot loader running",
    128: "Verifying client",
    129: "Verify OK",
    130: "Verify FAIL",
    131: "Programming client",
    132: "Programming done",
    133: "Programming abort",
    134: "Programming timeout",
}
"""What JSON shows in place of the number, as the manual prints it."""


class BusReadStatus(Code):
    """`Status` of (7, 12)."""

    IN_PROGRESS = 1
    COMPLETED = 2
    ERROR = 3


class TransferBusType(Code):
    """`BusType` of (7, 10) and (7, 11). Not the numbers of `PositionBusType`."""

    I2C_SMBUS = 1
    HDQ = 2
    ONE_WIRE = 3


class PositionBusType(Code):
    """`BusType` of (7, 14) and (7, 15). Not the numbers of `TransferBusType`."""

    I2C_SMBUS = 1
    HDQ8 = 2
    HDQ16 = 3
    ONE_WIRE = 4


class RegisterDataType(Code):
    """`data_type` of (7, 20) and (7, 21).

    The manual's example has 2 for a word of two bytes, so JSON may count from 1: show the
    number, and do not decode by it before a register that is known has confirmed it.
    """

    BYTE = 0
    WORD = 1
    STRING = 2
    WORD_PLUS = 3
    WORD_MINUS = 4


class RegisterFormat(Code):
    """`FormatType` of (7, 20) and (7, 21): how MacTest32 shows a register."""

    HEX = 0
    BINARY = 1
    UNSIGNED = 2
    SIGNED = 3
    STRING_ASCII = 4
    STRING_HEX = 5
    SIGNED_TENTHS = 6
    SIGNED_HUNDREDTHS = 7
    SIGNED_THOUSANDTHS = 8
    UNSIGNED_TENTHS = 9
    UNSIGNED_HUNDREDTHS = 10
    UNSIGNED_THOUSANDTHS = 11
    CELSIUS = 12
    DATE = 13


class RawFormat(Code):
    """`Format` of (7, 6) and (7, 8), in JSON only."""

    BYTES = 1
    REGISTERS = 2
