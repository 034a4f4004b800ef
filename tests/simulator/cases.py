"""Requests to a simulated tester and its replies, written out: classes 0 to 4 and 6.

Channel 4 has a cell at rest at 3.73 V; the tester's clock stands at 2016-11-14 09:24:08.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any

VOLT = 3.7300000190734863  # 3.73 in single precision
VOLT_HEX = "52 B8 6E 40"
NAME = b"t1".ljust(25)
RESULT_OK = "00 00"


Asked = tuple[int, int, dict[str, Any]]


@dataclass(frozen=True)
class Case:
    """A request and its reply in both forms. The binary reply is without its first six bytes.

    `result` is None where JSON does not have the function.
    """

    fclass: int
    fnum: int
    params: dict[str, Any]
    result: dict[str, Any] | None
    length: int
    reply: str
    data: bytes = b""
    given: tuple[Asked, ...] = field(default=())

    def __str__(self) -> str:
        return f"{self.fclass},{self.fnum}"


CHAN = {"Chan": 3}
START = {"TestName": "t1", "ProcName": "Rest", "Comment": "", "Crate": 1, "ChamberNum": 0}
START_REST = {
    "StartCycle": 0,
    "TotCycles": 0,
    "Mass": 1,
    "VGain": 0,
    "AbsTRepAlign": 0,
    "ParallelR": 0,
    "VDivHiR": 0,
    "VDivLoR": 0,
    "CANpos": -1,
    "CANprof": "",
    "RegimeName": "",
}
OUTPUT = {"Current": 0, "Voltage": 4.2, "Power": 65536, "Resistance": 0, "CurrentRange": 4, "ChMode": "C"}
RECORDS = {"DataTime": 1, "DataV": 0, "DataI": 0}
SAFETY = {
    "VSafeMax": 4.5,
    "VSafeMin": 2.5,
    "ISafeChg": 4.25,
    "ISafeDis": 2.5,
    "PBatSafeChg": 25,
    "PBatSafeDis": 20,
}
COMMON_BYTES = NAME + b"Rest".ljust(25) + b" " * 80 + struct.pack("<fB", 1.0, 0)
OUTPUT_BYTES = struct.pack("<ffffBB", 0.0, 4.2, 65536.0, 0.0, 4, ord("C"))
STARTED: Asked = (6, 2, {**CHAN, **START, **START_REST})
DIRECT: Asked = (6, 7, {**CHAN, "TestName": "t1", **OUTPUT, **RECORDS})
WAIT: Asked = (0, 0, {})  # lets a second pass
DONE = {**CHAN, "Result": "OK"}
SPECIFICATION = {
    "TickSpeed": 0.009999999776482582,
    "Vmax": 5.0,
    "Vmin": 0.0,
    "VSafeMax": 5.25,
    "VSafeMin": -0.25,
    "IR4Chg": 5.0,
    "IR3Chg": 0.15000000596046448,
    "IR2Chg": 0.004999999888241291,
    "IR1Chg": 0.0001500000071246177,
    "IR4Dis": 5.0,
    "IR3Dis": 0.15000000596046448,
    "IR2Dis": 0.004999999888241291,
    "IR1Dis": 0.0001500000071246177,
    "ISafeChg": 5.25,
    "ISafeDis": 5.25,
    "PBatSafeChg": 30.0,
    "PBatSafeDis": 30.0,
    "PChanSafeChg": 50.0,
    "PChanSafeDis": 50.0,
    "PSVChg": 8.0,
    "PSVDis": 8.0,
}

CASES = [
    Case(
        1,
        1,
        {},
        {
            "APIVersion": 1,
            "MacTest32EXEversionMajor": 2,
            "MacTest32EXEversionMinor": 5,
            "MacTest32EXEversionBuild": 32,
            "MacTest32DLLversionMajor": 2,
            "MacTest32DLLversionMinor": 5,
            "MacTest32DLLversionBuild": 32,
            "MacTest32ExeDT": "2024-04-26T12:00:00",
            "MacTest32DLLDT": "2024-04-26T12:00:00",
        },
        0,
        "1A 00 01 00 20 00 05 02 20 00 05 02" + (1714132800000).to_bytes(8, "little").hex() * 2,
    ),
    Case(
        1,
        2,
        {},
        {
            "SystemID": "Simulated cycler",
            "SystemType": 0,
            "ControllerBoards": 1,
            "TestChannels": 8,
            "AuxBoards": 1,
            "AuxChannels": 16,
            "SMB1Pos": 0,
            "SMB3Pos": 1,
        },
        0,
        "43 00" + b"Simulated cycler".ljust(50).hex() + "00 01 00 08 00 01 00 10 00 00 00 01 00 00 00 00 00",
    ),
    Case(
        3, 1, CHAN, {**CHAN, **SPECIFICATION}, 1, "54 00" + struct.pack("<21f", *SPECIFICATION.values()).hex()
    ),
    Case(
        4,
        1,
        {**CHAN, "Len": 2},
        {**CHAN, "Len": 2, "Status": [{"RF1": 0, "RF2": 128, "Stat": 0}] * 2},
        2,
        "08 00 00 80 00 00 00 80 00 00",
    ),
    Case(4, 2, {**CHAN, "Len": 1}, {**CHAN, "Len": 1, "Voltage": [VOLT]}, 1, "04 00" + VOLT_HEX),
    Case(4, 3, {**CHAN, "Len": 2}, {**CHAN, "Len": 2, "Current": [0.0, 0.0]}, 2, "08 00" + "00" * 8),
    Case(4, 4, CHAN, {**CHAN, "Len": 2, "AuxValues": [25.0, VOLT]}, 0, "08 00 00 00 C8 41" + VOLT_HEX),
    Case(4, 5, CHAN, {**CHAN, "Len": 2, "AuxUnit": ["C", "V"]}, 0, "08 00 43 20 20 20 56 20 20 20"),
    Case(
        4,
        6,
        CHAN,
        {**CHAN, "TestName": "t1", "ProcName": "Rest"},
        0,
        "D2 00" + (NAME + b" " * 80 + b"Rest".ljust(25) + b"Rest for an hour".ljust(80)).hex(),
        given=(STARTED,),
    ),
    Case(
        4,
        7,
        CHAN,
        {
            **CHAN,
            "RF1": 4,
            "RF2": 0,
            "Stat": 2,
            "LastRecNum": 1,
            "Cycle": 0,
            "Step": 1,
            "TestTime": 0.8999999761581421,
            "StepTime": 0.8999999761581421,
            "Capacity": 0.0,
            "Energy": 0.0,
            "Current": 0.0,
            "Voltage": VOLT,
            "TesterTime": "2016-11-14T09:24:09",
        },
        0,
        "2E 00 04 00 02 00 01 00 00 00 00 00 00 00 01 00 66 66 66 3F 66 66 66 3F 00 00 00 00 00 00 00 00 "
        "00 00 00 00" + VOLT_HEX + "A8 A2 26 62 58 01 00 00",
        given=(STARTED, WAIT),
    ),
    Case(
        4,
        8,
        CHAN,
        {**CHAN, "GlobFlags": "0x00000000", "VARs": [0.0, -1.25, *[0.0] * 13]},
        0,
        "40 00 00 00 00 00 00 00 00 00 00 00 A0 BF" + "00" * 52,
        given=((6, 9, {**CHAN, "VarNum": 2, "Value": -1.25}),),
    ),
    Case(4, 9, {**CHAN, "Len": 1}, {**CHAN, "Len": 1, "TestTimes": [0.0]}, 1, "04 00 00 00 00 00"),
    Case(
        6,
        2,
        {**CHAN, **START, **START_REST},
        DONE,
        186,
        "02 00" + RESULT_OK,
        data=b"\x02\x01" + COMMON_BYTES + struct.pack("<HHfBBfffh", 0, 0, 1, 0, 0, 0, 0, 0, -1) + b" " * 25,
    ),
    Case(6, 3, CHAN, DONE, 0, "02 00" + RESULT_OK, given=(STARTED, WAIT)),
    Case(6, 4, CHAN, DONE, 0, "02 00" + RESULT_OK, given=(STARTED, WAIT, (6, 3, CHAN))),
    Case(6, 5, CHAN, DONE, 0, "02 00" + RESULT_OK, given=(STARTED,)),
    Case(
        6,
        7,
        {**CHAN, "TestName": "t1", **OUTPUT, **RECORDS},
        DONE,
        55,
        "02 00" + RESULT_OK,
        data=NAME + OUTPUT_BYTES + struct.pack("<fff", 1.0, 0.0, 0.0),
    ),
    Case(6, 8, {**CHAN, **OUTPUT}, DONE, 18, "02 00" + RESULT_OK, data=OUTPUT_BYTES, given=(DIRECT, WAIT)),
    Case(
        6,
        8,
        {**CHAN, **OUTPUT},
        {**CHAN, "Result": 2},
        18,
        "02 00 02 00",
        data=OUTPUT_BYTES,
    ),
    Case(
        6,
        9,
        {**CHAN, "VarNum": 3, "Value": -1.25},
        DONE,
        5,
        "02 00" + RESULT_OK,
        data=bytes.fromhex("03 00 00 A0 BF"),
    ),
    Case(
        6,
        10,
        {**CHAN, **SAFETY},
        {**CHAN, **SAFETY},
        24,
        "18 00" + struct.pack("<6f", *SAFETY.values()).hex(),
        data=struct.pack("<6f", *SAFETY.values()),
    ),
    Case(6, 11, {**CHAN, **START}, DONE, 137, "02 00" + RESULT_OK, data=b"\x01\x01" + COMMON_BYTES),
    Case(
        6,
        11,
        {**CHAN, **START},
        {**CHAN, "Result": 1},
        137,
        "02 00 01 00",
        data=b"\x01\x01" + COMMON_BYTES,
        given=(STARTED,),
    ),
]
