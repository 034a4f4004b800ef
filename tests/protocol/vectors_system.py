"""Messages and their bytes, packed by hand from the manual's fields: files, flags, log-in and
what else concerns the system; and the reads of channels that `vectors` lacks.
"""

from __future__ import annotations

import struct
from datetime import datetime
from typing import Any

from macnet_bridge.macnet.protocol import functions, messages
from macnet_bridge.macnet.protocol.functions import Function

EMPTY = messages.Empty()
NEVER = datetime(1970, 1, 1)  # noqa: DTZ001
# 2016-11-14T09:24:08, read as UTC.
TIME, TIME_BYTES = datetime(2016, 11, 14, 9, 24, 8), bytes.fromhex("C09E266258010000")  # noqa: DTZ001
PROCEDURE = messages.ProcedureName(procedure="Procedure Name")
TEST = messages.TestName(test_name="Test Name")
BUILD, NEXT = messages.ListFiles(file_type=2), messages.ListFiles(file_type=2, command=1)
READ = messages.ReadRequest(file_type=8, file_name="SysEvent.log")
WRITE = messages.WriteRequest(file_type=3, file_name="a.000")
BLOCK = messages.FileData(file_type=3, block=258, data=b"abc")
ACKNOWLEDGED = messages.FileAcknowledgement(file_type=3, block=258)
FAILED = messages.FileError(file_type=3, error_code=2, message="no")
LOGIN = messages.Login(user="Robin Hood", password="xxxxyyyy")
START: dict[str, Any] = {"test_name": "Random", "procedure": "P", "c_rate_ah": 2.5, "chamber": 1}
START_BYTES = b"Random".ljust(25) + b"P".ljust(25) + b" " * 80 + struct.pack("<fB", 2.5, 1)
TOGGLE = messages.ToggleSelection.of(4)
# The manual's sample names 26 where its bytes say 18; these are the bytes that 26 needs.
BITMAP = messages.SelectionBitmap.of([1, 9, 11, 26], 32)
ADVANCED = messages.AdvancedStart(
    **START,
    options=1,
    archived_test_name="Archived File.003",
    remove_last_records=20,
    test_time_second=1.5,
    test_step=258,
    cycle=65539,
    remaining_loop_1=1,
    remaining_loop_4=4,
    energy_wh=0.5,
)
ADVANCED_BYTES = (
    b"\x01"
    + b"Archived File.003".ljust(30)
    + bytes.fromhex("14 0000C03F 000080BF 0201 03000100 0100 FFFF FFFF 0400 000080BF 0000003F")
)

REQUESTS: list[tuple[Function[Any, Any], int, messages.Message, bytes]] = [
    (
        functions.PROCEDURE_EXISTS,
        1,
        PROCEDURE,
        bytes.fromhex("0100030000001900") + b"Procedure Name".ljust(25),
    ),
    (functions.TEST_NAME_EXISTS, 1, TEST, bytes.fromhex("0100040000001900") + b"Test Name".ljust(25)),
    (functions.LIST_FILES, 1, BUILD, bytes.fromhex("0100050000000200 02 00")),
    (functions.LIST_FILES, 1, NEXT, bytes.fromhex("0100050000000200 02 01")),
    (functions.SEND_FILE, 1, WRITE, bytes.fromhex("0100060000000900 03 02 0500") + b"a.000"),
    (functions.SEND_FILE, 1, BLOCK, bytes.fromhex("0100060000000700 03 03 0201") + b"abc"),
    (functions.SEND_FILE, 1, FAILED, bytes.fromhex("0100060000000700 03 05 0200") + b"no\0"),
    (functions.GET_FILE, 1, READ, bytes.fromhex("0100070000001000 08 01 0C00") + b"SysEvent.log"),
    (functions.GET_FILE, 1, ACKNOWLEDGED, bytes.fromhex("0100070000000400 03 04 0201")),
    (functions.CALIBRATION_DATES, 4, EMPTY, bytes.fromhex("0300020003000000")),
    (
        functions.CHANNEL_SPECIFICATIONS,
        4,
        messages.ChannelRange(count=2),
        bytes.fromhex("0300010003000200"),
    ),
    (functions.END_STATUS, 4, EMPTY, bytes.fromhex("04000A0003000000")),
    (functions.TEST_INFO_EXTENDED, 4, EMPTY, bytes.fromhex("04000B0003000000")),
    (
        functions.SET_GLOBAL_FLAGS,
        1,
        messages.GlobalFlags.of(1),
        bytes.fromhex("05 00 01 00 00 00 04 00 01 00 00 00"),
    ),
    (functions.SELECT, 4, TOGGLE, bytes.fromhex("0600010003000000")),
    (functions.SELECT_CHANNELS, 1, BITMAP, bytes.fromhex("06 00 01 00 FF FF 04 00 01 05 00 02")),
    (
        functions.START_SELECTED,
        1,
        messages.StartTest(**START),
        bytes.fromhex("06000200FFFF8900 0101") + START_BYTES,
    ),
    (functions.ARCHIVE, 4, EMPTY, bytes.fromhex("0600060003000000")),
    (functions.CHECK_MESSAGES, 1, EMPTY, bytes.fromhex("06000C0000000000")),
    (
        functions.ADVANCED_START,
        4,
        ADVANCED,
        bytes.fromhex("06000D000300C700 0101") + START_BYTES + ADVANCED_BYTES,
    ),
    (functions.LOGIN, 1, LOGIN, bytes.fromhex("0800010000001400") + b"\x0aRobin Hood\x08xxxxyyyy"),
    (functions.LOGOUT, 1, EMPTY, bytes.fromhex("0800020000000000")),
]

LISTED = messages.FileListing(
    file_type=2,
    command=1,
    number_of_files=282,
    index=9,
    file_date=TIME,
    size_byte=17157,
    file_name="a.005",
)
DATES = dict.fromkeys(messages.CalibrationDates.__struct_fields__, NEVER)
INFO = messages.TestInfo(test_name="Test", comment="", procedure="Proc", procedure_description="Two words")

REPLIES: list[tuple[Function[Any, Any], int, messages.Message, messages.Message, bytes]] = [
    (
        functions.PROCEDURE_EXISTS,
        1,
        PROCEDURE,
        messages.ProcedureExists(answer="TRUE"),
        bytes.fromhex("0100030000000100 01"),
    ),
    (
        functions.TEST_NAME_EXISTS,
        1,
        TEST,
        messages.TestNameExists(answer="FALSE"),
        bytes.fromhex("0100040000000100 00"),
    ),
    (
        functions.LIST_FILES,
        1,
        BUILD,
        messages.FileListing(file_type=2, command=0, number_of_files=282),
        bytes.fromhex("0100050000000400 02 00 1A01"),
    ),
    (
        functions.LIST_FILES,
        1,
        NEXT,
        LISTED,
        bytes.fromhex("0100050000001D00 02 01 1A01 0900")
        + TIME_BYTES
        + bytes.fromhex("0543000000000000 0500")
        + b"a.005",
    ),
    (functions.SEND_FILE, 1, BLOCK, ACKNOWLEDGED, bytes.fromhex("0100060000000400 03 04 0201")),
    (functions.SEND_FILE, 1, BLOCK, FAILED, bytes.fromhex("0100060000000700 03 05 0200") + b"no\0"),
    (functions.GET_FILE, 1, READ, BLOCK, bytes.fromhex("0100070000000700 03 03 0201") + b"abc"),
    (
        functions.GET_FILE,
        1,
        READ,
        messages.FileData(file_type=3, block=1, data=b"x" * 500),
        bytes.fromhex("010007000000F801 03 03 0100") + b"x" * 500,
    ),
    (
        functions.CHANNEL_SPECIFICATIONS,
        4,
        messages.ChannelRange(count=2),
        messages.ChannelSpecifications(
            specifications=[
                messages.ChannelSpecification(
                    **dict.fromkeys(messages.ChannelSpecification.__struct_fields__, value)
                )
                for value in (0.5, 2.5)
            ]
        ),
        bytes.fromhex("030001000300A800" + "0000003F" * 21 + "00002040" * 21),
    ),
    (
        functions.CALIBRATION_DATES,
        4,
        EMPTY,
        messages.CalibrationDates(**{**DATES, "voltage_charge": TIME, "range1_discharge": TIME}),
        bytes.fromhex("0300020003005000") + TIME_BYTES + bytes(64) + TIME_BYTES,
    ),
    (
        functions.END_STATUS,
        4,
        EMPTY,
        messages.EndStatus(number_of_ends=2, end_number=1),
        bytes.fromhex("04 00 0A 00 03 00 04 00 02 00 01 00"),
    ),
    (
        functions.TEST_INFO_EXTENDED,
        4,
        EMPTY,
        INFO,
        bytes.fromhex("04000B0003001500") + b"\x04Test\x00\x04Proc\x09Two words",
    ),
    (
        functions.SET_GLOBAL_FLAGS,
        1,
        messages.GlobalFlags.of(1),
        messages.NewGlobalFlags(global_flags="0x00000001"),
        bytes.fromhex("0500010000000400 01000000"),
    ),
    (functions.SELECT, 4, TOGGLE, messages.Outcome(result=0), bytes.fromhex("0600010003000200 0000")),
    (functions.SELECT_CHANNELS, 1, BITMAP, messages.Outcome(), bytes.fromhex("06000100FFFF0000")),
    (
        functions.START_SELECTED,
        1,
        messages.StartTest(**START),
        messages.Outcome(result=24),
        bytes.fromhex("06000200FFFF0200 1800"),
    ),
    (functions.ARCHIVE, 4, EMPTY, messages.Outcome(result=0), bytes.fromhex("0600060003000200 0000")),
    (
        functions.CHECK_MESSAGES,
        1,
        EMPTY,
        messages.CheckMessage(text="Step 3"),
        bytes.fromhex("06000C0000000600") + b"Step 3",
    ),
    (functions.CHECK_MESSAGES, 1, EMPTY, messages.CheckMessage(text=""), bytes.fromhex("06000C0000000000")),
    (
        functions.ADVANCED_START,
        4,
        ADVANCED,
        messages.Outcome(result=0xFFFF),
        bytes.fromhex("06000D0003000200 FFFF"),
    ),
    (functions.LOGIN, 1, LOGIN, messages.Outcome(result=1), bytes.fromhex("0800010000000100 01")),
    (functions.LOGOUT, 1, EMPTY, messages.Outcome(result=1), bytes.fromhex("0800020000000100 01")),
]
