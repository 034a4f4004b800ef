"""Requests and replies of MacNet as frozen Structs.

A Struct holds what a message says beyond its function and channel. Its attribute names carry
units; the names that JSON uses stand beside them. Where two transports differ, the Struct has
the union and the field that one of them lacks is optional. Channels are not in here: they are
arguments of the codecs, 1-based, and only the codecs know the wire's number.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct, field

from macnet_bridge.macnet.protocol.fieldtypes import (
    ChannelCount,
    FlagsText,
    Int16,
    Mode,
    Single,
    Text,
    Time,
    UInt8,
    UInt16,
    UInt32,
)

Result = int | str
"""`0` in binary and `"OK"` in JSON when the tester agreed; a number or a text otherwise."""


class Message(Struct, frozen=True, kw_only=True):
    """Base of all requests and replies."""


class Empty(Message, frozen=True):
    """Nothing beyond function and channel."""


class Outcome(Message, frozen=True, kw_only=True):
    """What most commands reply. `result` is None where the tester sent a bare header."""

    result: Result | None = field(name="Result", default=None)


# --- class 0 and 1: system


class Echo(Message, frozen=True):
    """MacNet (0, 0), both ways: the reply is the request."""


class VersionInfo(Message, frozen=True, kw_only=True):
    """Reply of MacNet (1, 1). The EXE and the DLL should be of one version."""

    api_version: UInt16 = field(name="APIVersion")
    exe_major: UInt8 = field(name="MacTest32EXEversionMajor")
    exe_minor: UInt8 = field(name="MacTest32EXEversionMinor")
    exe_build: UInt16 = field(name="MacTest32EXEversionBuild")
    dll_major: UInt8 = field(name="MacTest32DLLversionMajor")
    # pymacnet's spoofer misspells this key, so a reply without it has to pass.
    dll_minor: UInt8 | None = field(name="MacTest32DLLversionMinor", default=None)
    dll_build: UInt16 = field(name="MacTest32DLLversionBuild")
    exe_time: Time = field(name="MacTest32ExeDT")
    dll_time: Time = field(name="MacTest32DLLDT")


class SystemInfo(Message, frozen=True, kw_only=True):
    """Reply of MacNet (1, 2). Binary gives smart-battery boards, JSON positions (12 a board)."""

    system_id: str = field(name="SystemID")
    system_type: UInt8 = field(name="SystemType")
    controller_boards: UInt16 = field(name="ControllerBoards")
    test_channels: UInt16 = field(name="TestChannels")
    aux_boards: UInt16 = field(name="AuxBoards")
    aux_channels: UInt16 = field(name="AuxChannels")
    smb1_positions: UInt16 | None = field(name="SMB1Pos", default=None)
    smb3_positions: UInt16 | None = field(name="SMB3Pos", default=None)
    smb1_boards: UInt16 | None = field(name="SMB1Boards", default=None)
    smb3_boards: UInt16 | None = field(name="SMB3Boards", default=None)
    channel_number_offset: UInt32 | None = field(name="ChannelNumberOffset", default=None)


# --- class 3: what a channel can do


class ChannelSpecification(Message, frozen=True, kw_only=True):
    """Reply of MacNet (3, 1): volts, amperes, watts. Range 4 is the largest."""

    tick_speed: float = field(name="TickSpeed")
    voltage_max_volt: float = field(name="Vmax")
    voltage_min_volt: float = field(name="Vmin")
    safety_voltage_max_volt: float = field(name="VSafeMax")
    safety_voltage_min_volt: float = field(name="VSafeMin")
    range4_charge_ampere: float = field(name="IR4Chg")
    range3_charge_ampere: float = field(name="IR3Chg")
    range2_charge_ampere: float = field(name="IR2Chg")
    range1_charge_ampere: float = field(name="IR1Chg")
    range4_discharge_ampere: float = field(name="IR4Dis")
    range3_discharge_ampere: float = field(name="IR3Dis")
    range2_discharge_ampere: float = field(name="IR2Dis")
    range1_discharge_ampere: float = field(name="IR1Dis")
    safety_charge_ampere: float = field(name="ISafeChg")
    safety_discharge_ampere: float = field(name="ISafeDis")
    battery_safety_charge_watt: float = field(name="PBatSafeChg")
    battery_safety_discharge_watt: float = field(name="PBatSafeDis")
    channel_safety_charge_watt: float = field(name="PChanSafeChg")
    channel_safety_discharge_watt: float = field(name="PChanSafeDis")
    supply_charge_volt: float = field(name="PSVChg")
    supply_discharge_volt: float = field(name="PSVDis")


# --- class 4: what a channel does


class ChannelRange(Message, frozen=True, kw_only=True):
    """Request of the bulk functions: how many channels, from the addressed one on."""

    count: ChannelCount = field(name="Len")


class ChannelStatus(Message, frozen=True, kw_only=True):
    """One channel in the reply of MacNet (4, 1)."""

    step_code: UInt8 = field(name="RF1")
    record_cause: UInt8 = field(name="RF2")
    state: UInt16 = field(name="Stat")


class ChannelStatuses(Message, frozen=True, kw_only=True):
    """Reply of MacNet (4, 1)."""

    count: int | None = field(name="Len", default=None)
    statuses: list[ChannelStatus] = field(name="Status")


class Voltages(Message, frozen=True, kw_only=True):
    """Reply of MacNet (4, 2): volts, one per channel."""

    count: int | None = field(name="Len", default=None)
    voltage_volt: list[float] = field(name="Voltage")


class Currents(Message, frozen=True, kw_only=True):
    """Reply of MacNet (4, 3): amperes, one per channel, sign as the tester gives it."""

    count: int | None = field(name="Len", default=None)
    current_ampere: list[float] = field(name="Current")


class AuxReadings(Message, frozen=True, kw_only=True):
    """Reply of MacNet (4, 4): one value per auxiliary input, units by (4, 5)."""

    count: int | None = field(name="Len", default=None)
    values: list[float] = field(name="AuxValues")


class AuxUnits(Message, frozen=True, kw_only=True):
    """Reply of MacNet (4, 5): at most four characters each."""

    count: int | None = field(name="Len", default=None)
    units: list[str] = field(name="AuxUnit")


class TestInfo(Message, frozen=True, kw_only=True):
    """Reply of MacNet (4, 6). JSON gives two of the four texts, sometimes all."""

    __test__ = False  # not a test case, whatever pytest makes of the name

    test_name: str = field(name="TestName")
    comment: str | None = field(name="Comment", default=None)
    procedure: str = field(name="ProcName")
    procedure_description: str | None = field(name="ProcDesc", default=None)


class StatusAndReadings(Message, frozen=True, kw_only=True):
    """Reply of MacNet (4, 7). Current has the sign that the tester gives it."""

    step_code: UInt8 = field(name="RF1")
    record_cause: UInt8 = field(name="RF2")
    state: UInt16 = field(name="Stat")
    record_index: UInt32 = field(name="LastRecNum")
    cycle_count: UInt32 = field(name="Cycle")
    step_id: UInt16 = field(name="Step")
    test_time_second: float = field(name="TestTime")
    step_time_second: float = field(name="StepTime")
    step_capacity_ah: float = field(name="Capacity")
    step_energy_wh: float = field(name="Energy")
    current_ampere: float = field(name="Current")
    voltage_volt: float = field(name="Voltage")
    tester_time: Time = field(name="TesterTime")


class FlagsAndVariables(Message, frozen=True, kw_only=True):
    """Reply of MacNet (4, 8): 32 global flags as `0x00000020`, and VAR1 to VAR15.

    A tester may also give the flags as a number; `flags` is the number either way.
    """

    global_flags: FlagsText | UInt32 = field(name="GlobFlags")
    variables: list[float] = field(name="VARs")

    @property
    def flags(self) -> int:
        """The 32 flags as one number."""
        return self.global_flags if isinstance(self.global_flags, int) else int(self.global_flags, 16)


class TestTimes(Message, frozen=True, kw_only=True):
    """Reply of MacNet (4, 9): seconds, one per channel."""

    __test__ = False

    count: int | None = field(name="Len", default=None)
    test_time_second: list[float] = field(name="TestTimes")


# --- class 6: commands


class StartTest(Message, frozen=True, kw_only=True):
    """Request of MacNet (6, 2). `c_rate_ah` is the capacity that 1 C stands for."""

    test_name: Text = field(name="TestName")
    procedure: Text = field(name="ProcName")
    comment: Text = field(name="Comment", default="")
    c_rate_ah: Single = field(name="Crate", default=1.0)
    chamber: UInt8 = field(name="ChamberNum", default=0)
    start_cycle: UInt16 = field(name="StartCycle", default=0)
    total_cycles: UInt16 = field(name="TotCycles", default=0)
    mass_gram: Single = field(name="Mass", default=1.0)
    voltage_gain: UInt8 = field(name="VGain", default=0)
    align_reports: UInt8 = field(name="AbsTRepAlign", default=0)
    parallel_ohm: Single = field(name="ParallelR", default=0.0)
    divider_high_ohm: Single = field(name="VDivHiR", default=0.0)
    divider_low_ohm: Single = field(name="VDivLoR", default=0.0)
    can_position: Int16 = field(name="CANpos", default=-1)
    can_profile: Text = field(name="CANprof", default="")
    regime: Text = field(name="RegimeName", default="")


class CheckStart(Message, frozen=True, kw_only=True):
    """Request of MacNet (6, 11): the start that is to be checked, nothing is started."""

    test_name: Text = field(name="TestName")
    procedure: Text = field(name="ProcName")
    comment: Text = field(name="Comment", default="")
    c_rate_ah: Single = field(name="Crate", default=1.0)
    chamber: UInt8 = field(name="ChamberNum", default=0)


class DirectOutput(Message, frozen=True, kw_only=True):
    """Request of MacNet (6, 8). Limits act together; one outside the range is off.

    `mode` is `C`, `D` or `R`. Amperes are a magnitude, the mode gives the direction.
    """

    current_ampere: Single = field(name="Current")
    voltage_volt: Single = field(name="Voltage")
    power_watt: Single = field(name="Power")
    resistance_ohm: Single = field(name="Resistance")
    current_range: Annotated[int, Meta(ge=1, le=4)] = field(name="CurrentRange", default=4)
    mode: Mode = field(name="ChMode")


class StartDirect(Message, frozen=True, kw_only=True):
    """Request of MacNet (6, 7): as (6, 8), with a name and when to make records (0 = never)."""

    test_name: Text = field(name="TestName")
    current_ampere: Single = field(name="Current")
    voltage_volt: Single = field(name="Voltage")
    power_watt: Single = field(name="Power")
    resistance_ohm: Single = field(name="Resistance")
    current_range: Annotated[int, Meta(ge=1, le=4)] = field(name="CurrentRange", default=4)
    mode: Mode = field(name="ChMode")
    record_second: Single = field(name="DataTime", default=1.0)
    record_volt: Single = field(name="DataV", default=0.0)
    record_ampere: Single = field(name="DataI", default=0.0)


class SetVariable(Message, frozen=True, kw_only=True):
    """Request of MacNet (6, 9)."""

    variable: Annotated[int, Meta(ge=1, le=15)] = field(name="VarNum")
    value: Single = field(name="Value")


class SafetyLimits(Message, frozen=True, kw_only=True):
    """MacNet (6, 10), both ways: volts, amperes and watts, all magnitudes.

    The reply repeats the limits as the tester took them, rounded to single precision.
    """

    voltage_max_volt: Single = field(name="VSafeMax")
    voltage_min_volt: Single = field(name="VSafeMin")
    charge_max_ampere: Single = field(name="ISafeChg")
    discharge_max_ampere: Single = field(name="ISafeDis")
    charge_max_watt: Single = field(name="PBatSafeChg")
    discharge_max_watt: Single = field(name="PBatSafeDis")


REST = DirectOutput(current_ampere=0.0, voltage_volt=0.0, power_watt=65536.0, resistance_ohm=0.0, mode="R")
"""The rest message: zero volts and amperes, power out of range and therefore off."""
