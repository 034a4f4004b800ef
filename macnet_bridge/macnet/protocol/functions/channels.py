"""Rows that read channels: MacNet classes 3 and 4."""

from __future__ import annotations

from typing import Any

from macnet_bridge.macnet.protocol import messages
from macnet_bridge.macnet.protocol.fieldtypes import wire_names
from macnet_bridge.macnet.protocol.function import Function, RequestLength
from macnet_bridge.macnet.protocol.functions.rows import NOTHING, asks, reads, reads_many
from macnet_bridge.macnet.protocol.layout import Layout

_SPECIFICATION = Layout(
    messages.ChannelSpecification,
    " | ".join(f"{name} f32" for name in wire_names(messages.ChannelSpecification)),
)
_STATUS = Layout(messages.ChannelStatus, "RF1 u8 | RF2 u8 | Stat u16")
_TEST_INFO = Layout(
    messages.TestInfo, "TestName char[25] | Comment char[80] | ProcName char[25] | ProcDesc char[80]"
)
_LONG_TEST_INFO = Layout(
    messages.TestInfo, "TestName text8 | Comment text8 | ProcName text8 | ProcDesc text8"
)

CHANNEL_SPECIFICATION = asks(
    3,
    1,
    "channel_spec",
    messages.Empty,
    NOTHING,
    messages.ChannelSpecification,
    (_SPECIFICATION,),
    request_length=RequestLength.CHANNELS,
)
CHANNEL_SPECIFICATIONS = reads_many(
    3,
    1,
    "channel_spec",
    messages.ChannelSpecifications,
    Layout(messages.ChannelSpecifications, "Channels items[]", items=_SPECIFICATION),
    json=False,
)
"""The form of (3, 1) for several channels, which JSON does not have."""

CALIBRATION_DATES = reads(
    3,
    2,
    "calibration_dates",
    messages.CalibrationDates,
    " | ".join(f"{name} ms" for name in wire_names(messages.CalibrationDates)),
)
CHANNEL_STATUSES = reads_many(
    4,
    1,
    "channel_status_multi",
    messages.ChannelStatuses,
    Layout(messages.ChannelStatuses, "Status items[]", items=_STATUS),
)
VOLTAGES = reads_many(4, 2, "voltages", messages.Voltages, Layout(messages.Voltages, "Voltage f32[]"))
CURRENTS = reads_many(4, 3, "currents", messages.Currents, Layout(messages.Currents, "Current f32[]"))
AUX_READINGS = reads(4, 4, "aux_readings", messages.AuxReadings, "AuxValues f32[]")
AUX_UNITS = reads(4, 5, "aux_units", messages.AuxUnits, "AuxUnit char[4][]")
TEST_INFO = asks(4, 6, "test_info", messages.Empty, NOTHING, messages.TestInfo, (_TEST_INFO,))
STATUS_AND_READINGS = reads(
    4,
    7,
    "status_and_readings",
    messages.StatusAndReadings,
    "RF1 u8 | RF2 u8 | Stat u16 | LastRecNum u32 | Cycle u32 | Step u16 | TestTime f32 | StepTime f32 | "
    "Capacity f32 | Energy f32 | Current f32 | Voltage f32 | TesterTime ms",
)
FLAGS_AND_VARIABLES = reads(
    4, 8, "global_flags_and_variables", messages.FlagsAndVariables, "GlobFlags hex | VARs f32[15]"
)
TEST_TIMES = reads_many(
    4,
    9,
    "test_times",
    messages.TestTimes,
    Layout(messages.TestTimes, "TestTimes f32[]"),
    misprinted_fnum=2,
)
END_STATUS = reads(4, 10, "end_status", messages.EndStatus, "NumOfEnds u16 | EndNum u16", misprinted_fnum=8)
# Printed with the number of (4, 6), so a tester may give that layout as well.
TEST_INFO_EXTENDED = asks(
    4,
    11,
    "test_info_extended",
    messages.Empty,
    NOTHING,
    messages.TestInfo,
    (_LONG_TEST_INFO, _TEST_INFO),
    json=False,
    misprinted_fnum=6,
)

ROWS: tuple[Function[Any, Any], ...] = (
    CHANNEL_SPECIFICATION,
    CALIBRATION_DATES,
    CHANNEL_STATUSES,
    VOLTAGES,
    CURRENTS,
    AUX_READINGS,
    AUX_UNITS,
    TEST_INFO,
    STATUS_AND_READINGS,
    FLAGS_AND_VARIABLES,
    TEST_TIMES,
    END_STATUS,
    TEST_INFO_EXTENDED,
)
