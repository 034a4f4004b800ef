"""THE table: one row per MacNet function. Client, simulator, bridge and tests all read it.

A new function is a new row. A row says which Structs go both ways, how they lie in binary,
whether the function changes anything, and what may be done when its reply is lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from macnet_bridge.macnet.protocol import codes, messages
from macnet_bridge.macnet.protocol.fieldtypes import wire_names
from macnet_bridge.macnet.protocol.function import (
    Effect,
    Function,
    RequestLength,
    Retry,
    Target,
    check_result,
)
from macnet_bridge.macnet.protocol.layout import Layout
from macnet_bridge.macnet.protocol.messages import Message, Outcome

__all__ = ["Effect", "Function", "RequestLength", "Retry", "Target", "check_result", "find"]

Q = TypeVar("Q", bound=Message)
R = TypeVar("R", bound=Message)


_NOTHING = (Layout(messages.Empty, ""),)
_COUNT_ONLY = (Layout(messages.ChannelRange, ""),)
_RESULT = (Layout(Outcome, "Result u16"),)
# The manual prints no binary reply for these, so a bare header and one byte are taken as well.
_RESULT_OR_HEADER = (Layout(Outcome, "Result u16"), Layout(Outcome, "Result u8"), Layout(Outcome, ""))

_START_COMMON = "TestName char[25] | ProcName char[25] | Comment char[80] | Crate f32 | ChamberNum u8"
_START_MORE = (
    "StartCycle u16 | TotCycles u16 | Mass f32 | VGain u8 | AbsTRepAlign u8 | ParallelR f32 | "
    "VDivHiR f32 | VDivLoR f32 | CANpos i16 | CANprof char[25]"
)
_START_LAYOUTS = (
    Layout(messages.StartTest, f"=2 u8 | =1 u8 | {_START_COMMON} | {_START_MORE}"),
    Layout(messages.StartTest, f"=2 u8 | =2 u8 | {_START_COMMON} | {_START_MORE} | RegimeName char[25]"),
)
_CHECK_LAYOUTS = (Layout(messages.CheckStart, f"=1 u8 | =1 u8 | {_START_COMMON}"),)
_OUTPUT = "Current f32 | Voltage f32 | Power f32 | Resistance f32 | CurrentRange u8 | ChMode letter"
_START_DIRECT_LAYOUTS = (
    Layout(messages.StartDirect, f"TestName char[25] | {_OUTPUT} | DataTime f32 | DataV f32 | DataI f32"),
)
_SAFETY_LAYOUTS = (
    Layout(
        messages.SafetyLimits,
        "VSafeMax f32 | VSafeMin f32 | ISafeChg f32 | ISafeDis f32 | PBatSafeChg f32 | PBatSafeDis f32",
    ),
)
_VERSION_LAYOUTS = (
    Layout(
        messages.VersionInfo,
        "APIVersion u16 | MacTest32EXEversionBuild u16 | MacTest32EXEversionMinor u8 | "
        "MacTest32EXEversionMajor u8 | MacTest32DLLversionBuild u16 | MacTest32DLLversionMinor u8 | "
        "MacTest32DLLversionMajor u8 | MacTest32ExeDT ms | MacTest32DLLDT ms",
    ),
)
_SYSTEM_BASE = (
    "SystemID char[50] | SystemType u8 | ControllerBoards u16 | TestChannels u16 | AuxBoards u16 | "
    "AuxChannels u16 | SMB1Boards u16 | SMB3Boards u16"
)
_SYSTEM_LAYOUTS = (
    Layout(messages.SystemInfo, f"{_SYSTEM_BASE} | ChannelNumberOffset u32"),
    Layout(messages.SystemInfo, _SYSTEM_BASE),  # 63 bytes: the manual gives both sizes
)
_SPECIFICATION_LAYOUTS = (
    Layout(
        messages.ChannelSpecification,
        " | ".join(f"{name} f32" for name in wire_names(messages.ChannelSpecification)),
    ),
)
_STATUS = Layout(messages.ChannelStatus, "RF1 u8 | RF2 u8 | Stat u16")
_READING_LAYOUTS = (
    Layout(
        messages.StatusAndReadings,
        "RF1 u8 | RF2 u8 | Stat u16 | LastRecNum u32 | Cycle u32 | Step u16 | TestTime f32 | StepTime f32 | "
        "Capacity f32 | Energy f32 | Current f32 | Voltage f32 | TesterTime ms",
    ),
)
_TEST_INFO_LAYOUTS = (
    Layout(messages.TestInfo, "TestName char[25] | Comment char[80] | ProcName char[25] | ProcDesc char[80]"),
)


def _read(
    fclass: int,
    fnum: int,
    name: str,
    reply: type[R],
    target: Target,
    layouts: tuple[Layout[R], ...],
) -> Function[messages.Empty, R]:
    """A row that asks for one thing and changes nothing."""
    length = RequestLength.CHANNELS if fclass == 3 else RequestLength.BYTES
    return Function(
        fclass,
        fnum,
        name,
        messages.Empty,
        reply,
        target,
        Effect.READS,
        Retry.AT_ONCE,
        True,
        _NOTHING,
        layouts,
        request_length=length,
    )


def _bulk(fnum: int, name: str, reply: type[R], layout: Layout[R]) -> Function[messages.ChannelRange, R]:
    """A row of class 4 that reads up to 128 channels in one request."""
    return Function(
        4,
        fnum,
        name,
        messages.ChannelRange,
        reply,
        Target.CHANNELS,
        Effect.READS,
        Retry.AT_ONCE,
        True,
        _COUNT_ONLY,
        (layout,),
        request_length=RequestLength.CHANNELS,
    )


def _command(
    fnum: int,
    name: str,
    request: type[Q],
    layouts: tuple[Layout[Q], ...],
    retry: Retry,
    *,
    results: Mapping[int, tuple[str, str]] | None = None,
    idempotent: bool = False,
) -> Function[Q, Outcome]:
    """A row of class 6 whose reply is a result."""
    return Function(
        6,
        fnum,
        name,
        request,
        Outcome,
        Target.CHANNEL,
        Effect.CHANGES,
        retry,
        idempotent,
        layouts,
        _RESULT_OR_HEADER if results is None else _RESULT,
        results=results or {},
    )


ECHO = _read(0, 0, "echo", messages.Echo, Target.SYSTEM, (Layout(messages.Echo, ""),))
VERSION_INFO = _read(1, 1, "version_info", messages.VersionInfo, Target.SYSTEM, _VERSION_LAYOUTS)
SYSTEM_INFO = replace(
    _read(1, 2, "system_info", messages.SystemInfo, Target.SYSTEM, _SYSTEM_LAYOUTS),
    binary_only=frozenset({"SMB1Boards", "SMB3Boards", "ChannelNumberOffset"}),
)
CHANNEL_SPECIFICATION = _read(
    3, 1, "channel_spec", messages.ChannelSpecification, Target.CHANNEL, _SPECIFICATION_LAYOUTS
)
CHANNEL_STATUSES = _bulk(
    1,
    "channel_status_multi",
    messages.ChannelStatuses,
    Layout(messages.ChannelStatuses, "Status items[]", items=_STATUS),
)
VOLTAGES = _bulk(2, "voltages", messages.Voltages, Layout(messages.Voltages, "Voltage f32[]"))
CURRENTS = _bulk(3, "currents", messages.Currents, Layout(messages.Currents, "Current f32[]"))
AUX_READINGS = _read(
    4,
    4,
    "aux_readings",
    messages.AuxReadings,
    Target.CHANNEL,
    (Layout(messages.AuxReadings, "AuxValues f32[]"),),
)
AUX_UNITS = _read(
    4, 5, "aux_units", messages.AuxUnits, Target.CHANNEL, (Layout(messages.AuxUnits, "AuxUnit char[4][]"),)
)
TEST_INFO = _read(4, 6, "test_info", messages.TestInfo, Target.CHANNEL, _TEST_INFO_LAYOUTS)
STATUS_AND_READINGS = _read(
    4, 7, "status_and_readings", messages.StatusAndReadings, Target.CHANNEL, _READING_LAYOUTS
)
FLAGS_AND_VARIABLES = _read(
    4,
    8,
    "global_flags_and_variables",
    messages.FlagsAndVariables,
    Target.CHANNEL,
    (Layout(messages.FlagsAndVariables, "GlobFlags hex | VARs f32[15]"),),
)
TEST_TIMES = _bulk(9, "test_times", messages.TestTimes, Layout(messages.TestTimes, "TestTimes f32[]"))

START_TEST = _command(
    2, "start_test", messages.StartTest, _START_LAYOUTS, Retry.NEVER, results=codes.START_TEST_RESULTS
)
SUSPEND = _command(3, "suspend", messages.Empty, _NOTHING, Retry.AT_ONCE, idempotent=True)
RESUME = _command(4, "resume", messages.Empty, _NOTHING, Retry.AFTER_READING_STATE)
RESET = _command(5, "reset", messages.Empty, _NOTHING, Retry.AFTER_READING_STATE)
START_DIRECT = _command(
    7,
    "start_direct_mode",
    messages.StartDirect,
    _START_DIRECT_LAYOUTS,
    Retry.NEVER,
    results=codes.START_DIRECT_RESULTS,
)
SET_OUTPUT = _command(
    8,
    "set_direct_output",
    messages.DirectOutput,
    (Layout(messages.DirectOutput, _OUTPUT),),
    Retry.AT_ONCE,
    results=codes.SET_OUTPUT_RESULTS,
    idempotent=True,
)
SET_VARIABLE = _command(
    9,
    "set_variable",
    messages.SetVariable,
    (Layout(messages.SetVariable, "VarNum u8 | Value f32"),),
    Retry.AT_ONCE,
    idempotent=True,
)
SET_SAFETY_LIMITS: Function[messages.SafetyLimits, messages.SafetyLimits] = Function(
    6,
    10,
    "set_safety_limits",
    messages.SafetyLimits,
    messages.SafetyLimits,
    Target.CHANNEL,
    Effect.CHANGES,
    Retry.AT_ONCE,
    True,
    _SAFETY_LAYOUTS,
    _SAFETY_LAYOUTS,
)
CHECK_START: Function[messages.CheckStart, Outcome] = Function(
    6,
    11,
    "check_test_start",
    messages.CheckStart,
    Outcome,
    Target.CHANNEL,
    Effect.READS,
    Retry.AT_ONCE,
    True,
    _CHECK_LAYOUTS,
    _RESULT,
    results=codes.CHECK_START_RESULTS,
)

FUNCTIONS: dict[tuple[int, int], Function[Any, Any]] = {
    row.number: row
    for row in (
        ECHO,
        VERSION_INFO,
        SYSTEM_INFO,
        CHANNEL_SPECIFICATION,
        CHANNEL_STATUSES,
        VOLTAGES,
        CURRENTS,
        AUX_READINGS,
        AUX_UNITS,
        TEST_INFO,
        STATUS_AND_READINGS,
        FLAGS_AND_VARIABLES,
        TEST_TIMES,
        START_TEST,
        SUSPEND,
        RESUME,
        RESET,
        START_DIRECT,
        SET_OUTPUT,
        SET_VARIABLE,
        SET_SAFETY_LIMITS,
        CHECK_START,
    )
}
"""All functions by number. `(0, n)` is echo for every n; see `find`."""


def find(fclass: int, fnum: int) -> Function[Any, Any] | None:
    """The row of a function number, None when the table has none."""
    return ECHO if fclass == 0 else FUNCTIONS.get((fclass, fnum))
