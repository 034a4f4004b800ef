"""Requests to a simulated tester and its replies, written out: class 7.

The battery is at rest, half full, at 3.73 V and 25 degrees Celsius.
"""

from __future__ import annotations

import struct
from typing import Any

from tests.simulator.cases import CHAN, DONE, RESULT_OK, WAIT, Asked, Case

REGISTERS = {8: [0xA6, 0x0B], 9: [0x92, 0x0E], 10: [0, 0], 15: [0xE2, 0x04], 16: [0xC4, 0x09]}
RAW = [byte for data in REGISTERS.values() for byte in data]
HEADER = {0x18: 2, 0x19: 2, 0x1C: 2, 0x20: 3, 0x21: 4, 0x22: 4}
HEADER_BYTES = bytes.fromhex("C409 740E 0100") + b"SIM" + b"Cell" + b"LION"
HEADER_READ: tuple[Asked, ...] = ((7, 13, CHAN), WAIT, WAIT)
INFO = {
    "SBbrd": 0,
    "SBPos": 3,
    "SBType": 3,
    "ServerVersionMajor": 2,
    "ServerVersionMinor": 1,
    "ClientVersionMajor": 2,
    "ClientVersionMinor": 7,
    "DLLVersionMajor": 0,
    "DLLVersionMinor": 0,
    "DLLCompileNum": 0,
    "SecsLastRead": 0.001,
    "SecsLastHeader": 0.0,
    "Status": "Reading",
    "BusVolt": 3.299,
    "Temperature": 25.0,
}
ENTRY = {
    "Index": 1,
    "dev_addrs": 22,
    "reg_addrs": 9,
    "Len": 2,
    "data_type": 1,
    "ErrorVal": 65534,
    "Designator": "Voltage",
    "FormatType": 2,
}
ENTRY_BYTES = bytes.fromhex("01 09 02 FEFF 01") + b"Voltage".ljust(25) + bytes.fromhex("0200 16")
POSITION = {
    "BusType": 1,
    "DeviceAddr": 22,
    "ClockFreqDivisor": 85,
    "BusLogicV": 3.25,
    "AccessDelay": 2,
}
POSITION_BYTES = bytes.fromhex("01 16 5500 00005040 0200")
BUS_READ = {"BusAddr": 22, "StartDataAddr": 34, "EndDataAddr": 34, "NumOfBytes": 4, "BusType": 1}


def scan_list(lengths: dict[int, int]) -> tuple[list[dict[str, Any]], str]:
    """The scan list of registers with these lengths, as JSON has it and in binary."""
    shown, data, pointer = [], bytes([len(lengths)]), 0
    for address, length in lengths.items():
        shown.append({"DevAddr": 22, "Addr": address, "Ptr": pointer, "Len": length})
        data += bytes([22, address, pointer, length])
        pointer += length
    return shown, struct.pack("<H", len(data)).hex() + data.hex()


LIST, LIST_BYTES = scan_list({address: len(data) for address, data in REGISTERS.items()})
HEADER_LIST, HEADER_LIST_BYTES = scan_list(HEADER)


def order(fnum: int) -> Case:
    return Case(7, fnum, CHAN, DONE, 0, "02 00" + RESULT_OK)


CASES = [
    Case(
        7,
        1,
        CHAN,
        {**CHAN, **INFO},
        0,
        "7C 00 00 03 03 02 01 02 07 00 00 00 00"
        + (b" " * 100).hex()
        + "01 00 00 00 00 00 00 00 02 E3 0C FA 00",
    ),
    *map(order, (2, 3, 13, 22, 23, 24)),
    Case(
        7,
        4,
        {**CHAN, "SMBDevAddr": 22, "SMBRegAddr": 9},
        {**CHAN, "SMBDevAddr": 22, "SMBRegAddr": 9, "SMBRegValue": 3730},
        2,
        "04 00 16 09 92 0E",
        data=b"\x16\x09",
    ),
    Case(
        7,
        4,
        {**CHAN, "SMBDevAddr": 22, "SMBRegAddr": 99},
        {**CHAN, "SMBDevAddr": 0, "SMBRegAddr": 0, "SMBRegValue": 0},
        2,
        "04 00 00 00 00 00",
        data=b"\x16\x63",
    ),
    Case(7, 5, CHAN, {**CHAN, "NumOfRegs": 5, "ScanList": LIST}, 1, LIST_BYTES),
    Case(
        7,
        6,
        {**CHAN, "Format": 1},
        {**CHAN, "Format": 1, "Len": 10, "RawData": RAW},
        0,
        "0A 00" + bytes(RAW).hex(),
    ),
    Case(
        7,
        6,
        {**CHAN, "Format": 2},
        {
            **CHAN,
            "Format": 2,
            "Len": 5,
            "Data": [{"Addr": address, "Len": 2, "Data": data} for address, data in REGISTERS.items()],
        },
        0,
        "0A 00" + bytes(RAW).hex(),
    ),
    Case(
        7,
        7,
        CHAN,
        {**CHAN, "NumOfRegs": 6, "ScanList": HEADER_LIST},
        1,
        HEADER_LIST_BYTES,
        given=HEADER_READ,
    ),
    Case(
        7,
        8,
        {**CHAN, "Format": 1},
        {**CHAN, "Format": 1, "Len": 17, "RawData": list(HEADER_BYTES)},
        0,
        "11 00" + HEADER_BYTES.hex(),
        given=HEADER_READ,
    ),
    Case(
        7,
        9,
        {**CHAN, "RegAddr": 1, "Data": [44, 1]},
        DONE,
        4,
        "02 00" + RESULT_OK,
        data=bytes.fromhex("01 02 2C 01"),
    ),
    Case(
        7,
        10,
        {**CHAN, **BUS_READ, "NumOfBytes": 2, "CheckSum": 0, "Data": [44, 1]},
        DONE,
        8,
        "02 00" + RESULT_OK,
        data=bytes.fromhex("16 22 22 02 01 00 2C 01"),
    ),
    Case(7, 11, {**CHAN, **BUS_READ}, DONE, 5, "02 00" + RESULT_OK, data=bytes.fromhex("16 22 22 04 01")),
    Case(
        7,
        12,
        CHAN,
        {**CHAN, "Status": 2, "NumOfBytes": 4, "Data": [76, 73, 79, 78]},
        0,
        "07 00 02 04 00 4C 49 4F 4E",
        given=((7, 11, {**CHAN, **BUS_READ}), WAIT),
    ),
    Case(
        7,
        12,
        CHAN,
        {**CHAN, "Status": 1, "NumOfBytes": 4, "Data": []},
        0,
        "03 00 01 04 00",
        given=((7, 11, {**CHAN, **BUS_READ}),),
    ),
    Case(
        7,
        14,
        CHAN,
        {**CHAN, **POSITION, "PctOfMax": 0, "PctOfMaxHdr": 0},
        0,
        "0C 00" + POSITION_BYTES.hex() + "00 00",
    ),
    Case(7, 15, {**CHAN, **POSITION}, DONE, 12, "02 00" + RESULT_OK, data=POSITION_BYTES + b"\x38\x0e"),
    Case(7, 20, {**CHAN, "Index": 1}, {**CHAN, **ENTRY}, 1, "22 00" + ENTRY_BYTES.hex(), data=b"\x01"),
    Case(
        7,
        21,
        {**CHAN, **ENTRY},
        {**DONE, "Index": 1},
        34,
        "03 00 01 00 00",
        data=ENTRY_BYTES,
    ),
]
