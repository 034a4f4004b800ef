"""Messages and their bytes, packed by hand from the manual's fields: class 7.

Values are those of the manual's JSON examples where they fit. The smart battery is channel 10's.
"""

from __future__ import annotations

from typing import Any

from macnet_bridge.macnet.protocol import functions, messages
from macnet_bridge.macnet.protocol.functions import Function

EMPTY = messages.Empty()
OK = messages.Outcome(result=0)
RAW = messages.RawRequest()
SHORT_LIST, LONG_LIST = messages.ScanListRequest(selector=0), messages.ScanListRequest(selector=1)
LONG = messages.ReadRegister(device_address=22, register=9)
SHORT = messages.ReadRegister(register=9)
WRITE = messages.WriteRegister(register=1, data=[44, 1])
BUS_WRITE = messages.BusWrite(first=1, last=1, count=2, data=[44, 1])
BUS_READ = messages.BusRead(first=34, last=34, count=4)
INDEX = messages.ScanIndex(index=3)
ENTRY: dict[str, Any] = {
    "index": 3,
    "device_address": 22,
    "register": 4,
    "length": 2,
    "data_type": 2,
    "error_value": 65534,
    "designator": "AtRate",
    "display_format": 2,
}
ENTRY_BYTES = bytes.fromhex("03 04 02 FEFF 02") + b"AtRate".ljust(25) + bytes.fromhex("0200 16")
POSITION = messages.SetPosition(clock_divisor=85, bus_logic_volt=3.25, access_delay_ms=2)
INFO = messages.SmartBatteryInfo(
    board=0,
    position=9,
    kind=3,
    server_major=2,
    server_minor=1,
    client_major=2,
    client_minor=7,
    dll_major=4,
    dll_minor=5,
    dll_compilation=258,
    dll_version="v",
    dll_name="n.dll",
    last_read_second=0.031,
    last_header_second=6.703,
    status=2,
    bus_volt=3.299,
    temperature_celsius=-48.4,
)
INFO_BYTES = (
    bytes.fromhex("00 09 03 02 01 02 07 04 05 0201")
    + b"v".ljust(50)
    + b"n.dll".ljust(50)
    + bytes.fromhex("1F000000 2F1A0000 02 E30C 1CFE")
)


def _order(row: Function[Any, Any]) -> tuple[Function[Any, Any], int, messages.Message, bytes]:
    return (row, 10, EMPTY, bytes([7, 0, row.fnum, 0, 9, 0, 0, 0]))


def _done(
    row: Function[Any, Any], request: messages.Message = EMPTY
) -> tuple[Function[Any, Any], int, messages.Message, messages.Message, bytes]:
    return (row, 10, request, OK, bytes([7, 0, row.fnum, 0, 9, 0, 2, 0, 0, 0]))


ORDERS: tuple[Function[Any, Any], ...] = (
    functions.SMB_SUSPEND,
    functions.SMB_RESUME,
    functions.SMB_READ_HEADER,
    functions.SMB_CLEAR_LIST,
    functions.SMB_SAVE_LIST,
    functions.SMB_REFRESH_LIST,
)
READS: tuple[Function[Any, Any], ...] = (
    functions.SMB_INFO,
    functions.SMB_FETCH_READ,
    functions.SMB_POSITION,
)

REQUESTS: list[tuple[Function[Any, Any], int, messages.Message, bytes]] = [
    *map(_order, (*ORDERS, *READS)),
    (functions.SMB_READ_REGISTER, 10, LONG, bytes.fromhex("07 00 04 00 09 00 02 00 16 09")),
    (functions.SMB_READ_REGISTER, 10, SHORT, bytes.fromhex("07 00 04 00 09 00 01 00 09")),
    (functions.SMB_SCAN_LIST, 10, SHORT_LIST, bytes.fromhex("0700050009000000")),
    (functions.SMB_SCAN_LIST, 10, LONG_LIST, bytes.fromhex("0700050009000100")),
    (functions.SMB_RAW_DATA, 10, RAW, bytes.fromhex("0700060009000000")),
    (functions.SMB_HEADER_SCAN_LIST, 10, LONG_LIST, bytes.fromhex("0700070009000100")),
    (functions.SMB_RAW_HEADER, 10, RAW, bytes.fromhex("0700080009000000")),
    (functions.SMB_WRITE_REGISTER, 10, WRITE, bytes.fromhex("07 00 09 00 09 00 04 00 01 02 2C 01")),
    (
        functions.SMB_WRITE_BYTES,
        10,
        BUS_WRITE,
        bytes.fromhex("07000A0009000800 16 01 01 02 01 00 2C 01"),
    ),
    (functions.SMB_REQUEST_READ, 10, BUS_READ, bytes.fromhex("07000B0009000500 16 22 22 04 01")),
    (
        functions.SMB_SET_POSITION,
        10,
        POSITION,
        bytes.fromhex("07000F0009000C00 01 16 5500 00005040 0200 00 00"),
    ),
    (functions.SMB_READ_ENTRY, 10, INDEX, bytes.fromhex("0700140009000100 03")),
    (
        functions.SMB_WRITE_ENTRY,
        10,
        messages.NewScanEntry(**ENTRY),
        bytes.fromhex("0700150009002200") + ENTRY_BYTES,
    ),
]

REGISTERS = [(22, 1, 0, 2), (22, 32, 2, 8)]

REPLIES: list[tuple[Function[Any, Any], int, messages.Message, messages.Message, bytes]] = [
    *map(_done, ORDERS),
    _done(functions.SMB_WRITE_REGISTER, WRITE),
    _done(functions.SMB_WRITE_BYTES, BUS_WRITE),
    _done(functions.SMB_REQUEST_READ, BUS_READ),
    _done(functions.SMB_SET_POSITION, POSITION),
    (functions.SMB_INFO, 10, EMPTY, INFO, bytes.fromhex("0700010009007C00") + INFO_BYTES),
    (
        functions.SMB_READ_REGISTER,
        10,
        LONG,
        messages.RegisterValue(device_address=22, register=9, value=10261),
        bytes.fromhex("07 00 04 00 09 00 04 00 16 09 15 28"),
    ),
    (
        functions.SMB_READ_REGISTER,
        10,
        SHORT,
        messages.RegisterValue(register=9, value=10261),
        bytes.fromhex("07 00 04 00 09 00 03 00 09 15 28"),
    ),
    (
        functions.SMB_SCAN_LIST,
        10,
        LONG_LIST,
        messages.ScanList(
            registers=[
                messages.ScanRegister(device_address=device, address=address, pointer=pointer, length=length)
                for device, address, pointer, length in REGISTERS
            ]
        ),
        bytes.fromhex("0700050009000900 02 16010002 16200208"),
    ),
    (
        functions.SMB_HEADER_SCAN_LIST,
        10,
        SHORT_LIST,
        messages.ScanList(
            registers=[
                messages.ScanRegister(address=address, pointer=pointer, length=length)
                for _, address, pointer, length in REGISTERS
            ]
        ),
        bytes.fromhex("0700070009000700 02 010002 200208"),
    ),
    (
        functions.SMB_RAW_DATA,
        10,
        RAW,
        messages.RawData(raw=[100, 0, 10]),
        bytes.fromhex("0700060009000300 64000A"),
    ),
    (
        functions.SMB_RAW_HEADER,
        10,
        RAW,
        messages.RawData(raw=[83, 77]),
        bytes.fromhex("0700080009000200 534D"),
    ),
    (
        functions.SMB_FETCH_READ,
        10,
        EMPTY,
        messages.BusReadResult(status=2, count=4, data=[76, 73, 79, 78]),
        bytes.fromhex("07000C0009000700 02 0400 4C494F4E"),
    ),
    (
        functions.SMB_FETCH_READ,
        10,
        EMPTY,
        messages.BusReadResult(status=1, count=4),
        bytes.fromhex("07000C0009000300 01 0400"),
    ),
    (
        functions.SMB_POSITION,
        10,
        EMPTY,
        messages.PositionSetup(
            bus_type=1,
            device_address=22,
            clock_divisor=85,
            bus_logic_volt=3.25,
            access_delay_ms=2,
            used_percent=56,
            header_used_percent=14,
        ),
        bytes.fromhex("07000E0009000C00 01 16 5500 00005040 0200 38 0E"),
    ),
    (
        functions.SMB_READ_ENTRY,
        10,
        INDEX,
        messages.ScanEntry(**ENTRY),
        bytes.fromhex("0700140009002200") + ENTRY_BYTES,
    ),
    (
        functions.SMB_WRITE_ENTRY,
        10,
        messages.NewScanEntry(**ENTRY),
        messages.ScanEntryWritten(index=3, result=0),
        bytes.fromhex("0700150009000300 03 0000"),
    ),
]
