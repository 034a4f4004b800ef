"""Messages and their bytes, packed by hand from the manual's fields: classes 0, 1, 3, 4 and 6.

Nothing in here is what our own encoder once produced.
"""

from __future__ import annotations

import struct
from datetime import datetime
from typing import Any

from macnet_bridge.macnet.protocol import functions, messages
from macnet_bridge.macnet.protocol.functions import Function


def number(value: float) -> bytes:
    return struct.pack("<f", value)


START = messages.StartTest(
    test_name="Random",
    procedure="Procedure Name",
    comment="Test comment",
    c_rate_ah=2.5,
    chamber=1,
    start_cycle=2,
    total_cycles=3,
    voltage_gain=4,
    align_reports=1,
    parallel_ohm=0.5,
    divider_high_ohm=10.0,
    divider_low_ohm=20.0,
)
START_COMMON = (
    b"Random".ljust(25) + b"Procedure Name".ljust(25) + b"Test comment".ljust(80) + number(2.5) + b"\x01"
)
START_MORE = (
    b"\x02\x00\x03\x00" + number(1) + b"\x04\x01" + number(0.5) + number(10) + number(20) + b"\xff\xff"
)
START_MORE += b"".ljust(25)
OUTPUT: dict[str, Any] = {
    "current_ampere": 0.5,
    "voltage_volt": 4.0,
    "power_watt": 65536.0,
    "resistance_ohm": 0.25,
}
OUTPUT_BYTES = bytes.fromhex("0000003F 00008040 00008047 0000803E")
LIMITS = messages.SafetyLimits(
    voltage_max_volt=5.0,
    voltage_min_volt=0.5,
    charge_max_ampere=4.25,
    discharge_max_ampere=2.5,
    charge_max_watt=50.0,
    discharge_max_watt=20.0,
)
LIMITS_BYTES = bytes.fromhex("0000A040 0000003F 00008840 00002040 00004842 0000A041")
EMPTY = messages.Empty()

REQUESTS: list[tuple[Function[Any, Any], int, messages.Message, bytes]] = [
    (functions.ECHO, 1, EMPTY, bytes.fromhex("00 00 00 00 00 00 00 00")),
    (functions.VERSION_INFO, 1, EMPTY, bytes.fromhex("01 00 01 00 00 00 00 00")),
    (functions.SYSTEM_INFO, 1, EMPTY, bytes.fromhex("01 00 02 00 00 00 00 00")),
    (functions.CHANNEL_SPECIFICATION, 4, EMPTY, bytes.fromhex("03 00 01 00 03 00 01 00")),
    (functions.CHANNEL_STATUSES, 5, messages.ChannelRange(count=2), bytes.fromhex("0400010004000200")),
    (functions.VOLTAGES, 1, messages.ChannelRange(count=128), bytes.fromhex("0400020000008000")),
    (functions.CURRENTS, 1, messages.ChannelRange(count=8), bytes.fromhex("0400030000000800")),
    (functions.AUX_READINGS, 2, EMPTY, bytes.fromhex("0400040001000000")),
    (functions.AUX_UNITS, 2, EMPTY, bytes.fromhex("0400050001000000")),
    (functions.TEST_INFO, 4, EMPTY, bytes.fromhex("0400060003000000")),
    (functions.STATUS_AND_READINGS, 4, EMPTY, bytes.fromhex("0400070003000000")),
    (functions.FLAGS_AND_VARIABLES, 4, EMPTY, bytes.fromhex("0400080003000000")),
    (functions.TEST_TIMES, 1, messages.ChannelRange(count=8), bytes.fromhex("0400090000000800")),
    (functions.START_TEST, 4, START, bytes.fromhex("060002000300BA00 0201") + START_COMMON + START_MORE),
    (
        functions.START_TEST,
        4,
        messages.StartTest(test_name="T", procedure="P", regime="R"),
        bytes.fromhex("060002000300D300 0202")
        + b"T".ljust(25)
        + b"P".ljust(25)
        + b" " * 80
        + bytes.fromhex("0000803F 00 0000 0000 0000803F 00 00 00000000 00000000 00000000 FFFF")
        + b" " * 25
        + b"R".ljust(25),
    ),
    (functions.SUSPEND, 4, EMPTY, bytes.fromhex("0600030003000000")),
    (functions.RESUME, 4, EMPTY, bytes.fromhex("0600040003000000")),
    (functions.RESET, 4, EMPTY, bytes.fromhex("0600050003000000")),
    (
        functions.START_DIRECT,
        4,
        messages.StartDirect(test_name="Random", mode="C", **OUTPUT, record_volt=0.25, record_ampere=0.5),
        bytes.fromhex("0600070003003700")
        + b"Random".ljust(25)
        + OUTPUT_BYTES
        + bytes.fromhex("04 43 0000803F 0000803E 0000003F"),
    ),
    (
        functions.SET_OUTPUT,
        1,
        messages.REST,
        bytes.fromhex("06 00 08 00 00 00 12 00 00 00 00 00 00 00 00 00 00 00 80 47 00 00 00 00 04 52"),
    ),
    (
        functions.SET_OUTPUT,
        128,
        messages.DirectOutput(mode="D", current_range=2, **OUTPUT),
        bytes.fromhex("060008007F001200") + OUTPUT_BYTES + b"\x02D",
    ),
    (
        functions.SET_VARIABLE,
        4,
        messages.SetVariable(variable=3, value=-1.25),
        bytes.fromhex("06 00 09 00 03 00 05 00 03 00 00 A0 BF"),
    ),
    (functions.SET_SAFETY_LIMITS, 4, LIMITS, bytes.fromhex("06000A0003001800") + LIMITS_BYTES),
    (
        functions.CHECK_START,
        4,
        messages.CheckStart(
            test_name="Random", procedure="Procedure Name", comment="Test comment", c_rate_ah=2.5, chamber=1
        ),
        bytes.fromhex("06000B0003008900 0101") + START_COMMON,
    ),
]

SPECIFICATION = messages.ChannelSpecification(
    **{name: at + 0.5 for at, name in enumerate(messages.ChannelSpecification.__struct_fields__)}
)
# The JSON example of (4, 7), manual page 34, its time read as UTC.
READING = messages.StatusAndReadings(
    step_code=31,
    record_cause=193,
    state=4,
    record_index=18,
    cycle_count=0,
    step_id=2,
    test_time_second=15.0,
    step_time_second=10.0,
    step_capacity_ah=0.0,
    step_energy_wh=0.0,
    current_ampere=0.0,
    voltage_volt=struct.unpack("<f", bytes.fromhex("CD00CD3B"))[0],
    tester_time=datetime(2016, 11, 14, 9, 24, 8),  # noqa: DTZ001
)
READING_BYTES = bytes.fromhex(
    "04 00 07 00 03 00 2E 00 1F C1 04 00 12 00 00 00 00 00 00 00 02 00 00 00 70 41 00 00 20 41 00 00 00 00 "
    "00 00 00 00 00 00 00 00 CD 00 CD 3B C0 9E 26 62 58 01 00 00"
)
SYSTEM = {
    "system_id": "Win10",
    "system_type": 0,
    "controller_boards": 3,
    "test_channels": 12,
    "aux_boards": 1,
    "aux_channels": 128,
    "smb1_boards": 0,
    "smb3_boards": 1,
}
SYSTEM_BYTES = b"Win10".ljust(50) + bytes.fromhex("00 0300 0C00 0100 8000 0000 0100")
TWO = messages.ChannelRange(count=2)

REPLIES: list[tuple[Function[Any, Any], int, messages.Message, messages.Message, bytes]] = [
    (functions.ECHO, 1, EMPTY, messages.Echo(), bytes(8)),
    (
        functions.VERSION_INFO,
        1,
        EMPTY,
        messages.VersionInfo(
            api_version=1,
            exe_major=3,
            exe_minor=2,
            exe_build=18,
            dll_major=5,
            dll_minor=4,
            dll_build=19,
            exe_time=datetime(1970, 1, 1),  # noqa: DTZ001
            dll_time=datetime(2016, 11, 14, 9, 24, 8),  # noqa: DTZ001
        ),
        bytes.fromhex("0100010000001A00 0100 1200 02 03 1300 04 05 0000000000000000 C09E266258010000"),
    ),
    (
        functions.SYSTEM_INFO,
        1,
        EMPTY,
        messages.SystemInfo(**SYSTEM, channel_number_offset=64),  # type: ignore[arg-type]
        bytes.fromhex("0100020000004300") + SYSTEM_BYTES + bytes.fromhex("40000000"),
    ),
    (
        functions.SYSTEM_INFO,
        1,
        EMPTY,
        messages.SystemInfo(**SYSTEM),  # type: ignore[arg-type]
        bytes.fromhex("0100020000003F00") + SYSTEM_BYTES,
    ),
    (
        functions.CHANNEL_SPECIFICATION,
        4,
        EMPTY,
        SPECIFICATION,
        bytes.fromhex("0300010003005400") + b"".join(number(at + 0.5) for at in range(21)),
    ),
    (
        functions.CHANNEL_STATUSES,
        5,
        TWO,
        messages.ChannelStatuses(
            statuses=[
                messages.ChannelStatus(step_code=31, record_cause=193, state=4),
                messages.ChannelStatus(step_code=1, record_cause=0, state=0x0102),
            ]
        ),
        bytes.fromhex("0400010004000800 1FC10400 01000201"),
    ),
    (
        functions.VOLTAGES,
        1,
        TWO,
        messages.Voltages(voltage_volt=[4.25, -0.5]),
        bytes.fromhex("0400020000000800 00008840 000000BF"),
    ),
    (
        functions.CURRENTS,
        1,
        TWO,
        messages.Currents(current_ampere=[0.0, 2.5]),
        bytes.fromhex("0400030000000800 00000000 00002040"),
    ),
    (
        functions.AUX_READINGS,
        2,
        EMPTY,
        messages.AuxReadings(values=[24.75]),
        bytes.fromhex("0400040001000400 0000C641"),
    ),
    (
        functions.AUX_UNITS,
        2,
        EMPTY,
        messages.AuxUnits(units=["C", "mOhm"]),
        bytes.fromhex("0400050001000800") + b"C   mOhm",
    ),
    (
        functions.TEST_INFO,
        4,
        EMPTY,
        messages.TestInfo(test_name="T", comment="C", procedure="P", procedure_description="D"),
        bytes.fromhex("040006000300D200") + b"T".ljust(25) + b"C".ljust(80) + b"P".ljust(25) + b"D".ljust(80),
    ),
    (functions.STATUS_AND_READINGS, 4, EMPTY, READING, READING_BYTES),
    (
        functions.FLAGS_AND_VARIABLES,
        4,
        EMPTY,
        messages.FlagsAndVariables(global_flags="0x00000020", variables=[-1.25, *[0.0] * 13, 0.5]),
        bytes.fromhex("0400080003004000 20000000 0000A0BF") + bytes(52) + bytes.fromhex("0000003F"),
    ),
    (
        functions.TEST_TIMES,
        1,
        TWO,
        messages.TestTimes(test_time_second=[0.0, 15.0]),
        bytes.fromhex("0400090000000800 00000000 00007041"),
    ),
    (functions.START_TEST, 4, START, messages.Outcome(result=23), bytes.fromhex("0600020003000200 1700")),
    (functions.SUSPEND, 4, EMPTY, messages.Outcome(result=0), bytes.fromhex("0600030003000200 0000")),
    (functions.SUSPEND, 4, EMPTY, messages.Outcome(), bytes.fromhex("0600030003000000")),
    (functions.RESUME, 4, EMPTY, messages.Outcome(result=0), bytes.fromhex("0600040003000200 0000")),
    (functions.RESET, 4, EMPTY, messages.Outcome(result=0), bytes.fromhex("0600050003000200 0000")),
    (functions.START_DIRECT, 4, EMPTY, messages.Outcome(result=2), bytes.fromhex("0600070003000200 0200")),
    (functions.SET_OUTPUT, 4, EMPTY, messages.Outcome(result=3), bytes.fromhex("0600080003000200 0300")),
    (functions.SET_VARIABLE, 4, EMPTY, messages.Outcome(result=0), bytes.fromhex("0600090003000200 0000")),
    (functions.SET_SAFETY_LIMITS, 4, LIMITS, LIMITS, bytes.fromhex("06000A0003001800") + LIMITS_BYTES),
    (
        functions.CHECK_START,
        4,
        EMPTY,
        messages.Outcome(result=0xFFFF),
        bytes.fromhex("06000B0003000200 FFFF"),
    ),
]
