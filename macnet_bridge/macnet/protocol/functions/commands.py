"""Rows that command channels: MacNet class 6."""

from __future__ import annotations

from typing import Any

from macnet_bridge.macnet.protocol import codes, messages
from macnet_bridge.macnet.protocol.fieldtypes import wire_names
from macnet_bridge.macnet.protocol.function import Effect, Function, Retry, Target
from macnet_bridge.macnet.protocol.functions.rows import RESULT, asks, commands, orders, reads
from macnet_bridge.macnet.protocol.layout import Layout
from macnet_bridge.macnet.protocol.messages import Outcome

_TYPE_1 = "=1 u8 | =1 u8"
_START_COMMON = "TestName char[25] | ProcName char[25] | Comment char[80] | Crate f32 | ChamberNum u8"
_START_MORE = (
    "StartCycle u16 | TotCycles u16 | Mass f32 | VGain u8 | AbsTRepAlign u8 | ParallelR f32 | "
    "VDivHiR f32 | VDivLoR f32 | CANpos i16 | CANprof char[25]"
)
_START_TYPE_2 = (
    Layout(messages.StartTest, f"=2 u8 | =1 u8 | {_START_COMMON} | {_START_MORE}"),
    Layout(messages.StartTest, f"=2 u8 | =2 u8 | {_START_COMMON} | {_START_MORE} | RegimeName char[25]"),
    # As long as the manual says, and with the version that has a regime: there is none. Never sent.
    Layout(messages.StartTest, f"=2 u8 | =2 u8 | {_START_COMMON} | {_START_MORE}"),
)
_ADVANCED = (
    "Options u8 | ArchivedTestName char[30] | RemoveLastDataRecords u8 | TestTime f32 | StepTime f32 | "
    "TestStep i16 | Cycle i32 | RemainingLoop1 i16 | RemainingLoop2 i16 | RemainingLoop3 i16 | "
    "RemainingLoop4 i16 | Capacity f32 | Energy f32"
)
_OUTPUT = "Current f32 | Voltage f32 | Power f32 | Resistance f32 | CurrentRange u8 | ChMode letter"
_SAFETY_LAYOUTS = (
    Layout(messages.SafetyLimits, " | ".join(f"{name} f32" for name in wire_names(messages.SafetyLimits))),
)

SELECT = commands(
    6,
    1,
    "select_channels",
    messages.ToggleSelection,
    (Layout(messages.ToggleSelection, ""),),
    Retry.AFTER_READING_STATE,
    target=Target.LISTED,
)
"""Toggles the channels of its request; see `SELECT_CHANNELS` for what can be repeated."""

SELECT_CHANNELS = commands(
    6,
    1,
    "select_channels",
    messages.SelectionBitmap,
    (Layout(messages.SelectionBitmap, "Bitmap bytes[]"),),
    Retry.AT_ONCE,
    idempotent=True,
    target=Target.ALL_SELECTED,
    json=False,
)
"""The form of (6, 1) that says of every channel whether it is selected; JSON does not have it."""

START_TEST = commands(
    6,
    2,
    "start_test",
    messages.StartTest,
    _START_TYPE_2,
    Retry.NEVER,
    results=codes.START_TEST_RESULTS,
)
START_SELECTED = commands(
    6,
    2,
    "start_test",
    messages.StartTest,
    (Layout(messages.StartTest, f"{_TYPE_1} | {_START_COMMON}"), *_START_TYPE_2),
    Retry.NEVER,
    target=Target.ALL_SELECTED,
    results=codes.START_TEST_RESULTS,
)
"""The form of (6, 2) that starts every selected channel, whoever selected it."""

SUSPEND = orders(6, 3, "suspend", Retry.AT_ONCE, idempotent=True)
RESUME = orders(6, 4, "resume", Retry.AFTER_READING_STATE)
RESET = orders(6, 5, "reset", Retry.AFTER_READING_STATE)
ARCHIVE = orders(6, 6, "archive", Retry.AFTER_READING_STATE)
START_DIRECT = commands(
    6,
    7,
    "start_direct_mode",
    messages.StartDirect,
    (Layout(messages.StartDirect, f"TestName char[25] | {_OUTPUT} | DataTime f32 | DataV f32 | DataI f32"),),
    Retry.NEVER,
    results=codes.START_DIRECT_RESULTS,
)
SET_OUTPUT = commands(
    6,
    8,
    "set_direct_output",
    messages.DirectOutput,
    (Layout(messages.DirectOutput, _OUTPUT),),
    Retry.AT_ONCE,
    results=codes.SET_OUTPUT_RESULTS,
    idempotent=True,
)
SET_VARIABLE = commands(
    6,
    9,
    "set_variable",
    messages.SetVariable,
    (Layout(messages.SetVariable, "VarNum u8 | Value f32"),),
    Retry.AT_ONCE,
    idempotent=True,
)
SET_SAFETY_LIMITS = asks(
    6,
    10,
    "set_safety_limits",
    messages.SafetyLimits,
    _SAFETY_LAYOUTS,
    messages.SafetyLimits,
    _SAFETY_LAYOUTS,
    effect=Effect.CHANGES,
)
CHECK_START = asks(
    6,
    11,
    "check_test_start",
    messages.CheckStart,
    (Layout(messages.CheckStart, f"{_TYPE_1} | {_START_COMMON}"),),
    Outcome,
    RESULT,
    results=codes.CHECK_START_RESULTS,
)
CHECK_MESSAGES = reads(
    6,
    12,
    "check_start_messages",
    messages.CheckMessage,
    "Message text[]",
    Target.SYSTEM,
    # Each message is told once.
    retry=Retry.AFTER_READING_STATE,
    idempotent=False,
    json=False,
)
ADVANCED_START = commands(
    6,
    13,
    "advanced_start",
    messages.AdvancedStart,
    (Layout(messages.AdvancedStart, f"{_TYPE_1} | {_START_COMMON} | {_ADVANCED}"),),
    Retry.NEVER,
    results=codes.ADVANCED_START_RESULTS,
)

ROWS: tuple[Function[Any, Any], ...] = (
    SELECT,
    START_TEST,
    SUSPEND,
    RESUME,
    RESET,
    ARCHIVE,
    START_DIRECT,
    SET_OUTPUT,
    SET_VARIABLE,
    SET_SAFETY_LIMITS,
    CHECK_START,
    CHECK_MESSAGES,
    ADVANCED_START,
)
