"""Commands to channels: MacNet class 6."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, field

from macnet_bridge.macnet.protocol.fieldtypes import Int16, Mode, Single, Text, UInt8, UInt16
from macnet_bridge.macnet.protocol.messages.base import Message


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
