"""Requests to a simulated tester and its replies, written out: files, flags, log-in and commands."""

from __future__ import annotations

import struct

from tests.simulator.cases import CHAN, COMMON_BYTES, DONE, NAME, RESULT_OK, START, STARTED, WAIT, Asked, Case

SUSPENDED: Asked = (6, 3, CHAN)
RESET: Asked = (6, 5, CHAN)
EVENTS = b"Simulated tester, no events\r\n"
BUILT, BUILT_BYTES = "2024-04-26T12:00:00", (1714132800000).to_bytes(8, "little").hex()
NEVER = "1970-01-01T00:00:00"
DATES = ["VChg", "VDis", "IChgR4", "IDisR4", "IChgR3", "IDisR3", "IChgR2", "IDisR2"]
INFO = b"\x02t1\x00\x04Rest\x10Rest for an hour"
ADVANCED = {
    "Options": 0,
    "ArchivedTestName": "",
    "RemoveLastDataRecords": 0,
    "TestTime": 0,
    "StepTime": 0,
    "TestStep": 1,
    "Cycle": 0,
    "RemainingLoop1": 0,
    "RemainingLoop2": 0,
    "RemainingLoop3": 0,
    "RemainingLoop4": 0,
    "Capacity": 0,
    "Energy": 0,
}
ADVANCED_BYTES = struct.pack("<B30sBffhihhhhff", 0, b" " * 30, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0)

CASES = [
    Case(1, 3, {"ProcName": "Rest"}, {"ProcedurExists": "TRUE"}, 25, "01 00 01", data=b"Rest".ljust(25)),
    Case(1, 3, {"ProcName": "rest"}, {"ProcedurExists": "FALSE"}, 4, "01 00 00", data=b"rest"),
    Case(1, 4, {"TestName": "t1"}, {"TestNameExists": "FALSE"}, 25, "01 00 00", data=NAME, given=(STARTED,)),
    Case(
        1,
        4,
        {"TestName": "T1"},
        {"TestNameExists": "TRUE"},
        25,
        "01 00 01",
        data=NAME,
        given=(STARTED, RESET),
    ),
    Case(
        1,
        5,
        {"FileType": 1, "Command": 0},
        {"FileType": 1, "Command": 0, "NumberOfFiles": 1},
        2,
        "04 00 01 00 01 00",
        data=b"\x01\x00",
        given=(STARTED,),
    ),
    Case(1, 6, {}, None, 9, "04 00 03 04 00 00", data=b"\x03\x02\x05\x00a.000"),
    Case(1, 7, {}, None, 16, "21 00 08 03 01 00" + EVENTS.hex(), data=b"\x08\x01\x0c\x00SysEvent.log"),
    Case(
        3,
        2,
        CHAN,
        {**CHAN, **dict.fromkeys(DATES, BUILT), "IChgR1": NEVER, "IDisR1": NEVER},
        0,
        "50 00" + BUILT_BYTES * 8 + "00" * 16,
    ),
    Case(4, 10, CHAN, {**CHAN, "NumOfEnds": 1, "EndNum": 0}, 0, "04 00 01 00 00 00", given=(STARTED,)),
    Case(4, 11, CHAN, None, 0, "1A 00" + INFO.hex(), given=(STARTED,)),
    Case(
        5,
        1,
        {"GlobFlags": "0x80000001"},
        {"New GlobFlags": "0x80000001"},
        4,
        "04 00 01 00 00 80",
        data=b"\x01\x00\x00\x80",
    ),
    # JSON has Chans alone; Chan is for the binary header here, and testers ignore what is too much.
    Case(6, 1, {**CHAN, "Chans": [3]}, {"Result": "OK"}, 0, "02 00" + RESULT_OK),
    Case(6, 6, CHAN, DONE, 0, "02 00" + RESULT_OK, given=(STARTED, WAIT, SUSPENDED)),
    Case(6, 12, {}, None, 0, "00 00"),
    Case(
        6,
        13,
        {**CHAN, **START, **ADVANCED},
        DONE,
        199,
        "02 00" + RESULT_OK,
        data=b"\x01\x01" + COMMON_BYTES + ADVANCED_BYTES,
    ),
    Case(8, 1, {"UserID": "a", "Password": "bc"}, {"Result": "PASSED"}, 5, "01 00 01", data=b"\x01a\x02bc"),
    Case(8, 2, {}, {"Result": "LOGGED OUT"}, 0, "01 00 01"),
]
