"""Commands to channels: MacNet class 6."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from msgspec import Meta, field

from macnet_bridge.errors import InvalidRequest
from macnet_bridge.macnet.protocol.channels import from_wire, to_wire
from macnet_bridge.macnet.protocol.codes import ALL_SELECTED
from macnet_bridge.macnet.protocol.fieldtypes import Int16, Int32, Mode, Single, Text, UInt8, UInt16
from macnet_bridge.macnet.protocol.messages.base import Message

MAX_BITMAP_BYTES = 8192

WireChannel = Annotated[int, Meta(ge=0, lt=ALL_SELECTED)]


class ToggleSelection(Message, frozen=True, kw_only=True):
    """Request of MacNet (6, 1): channels that change between available and selected.

    JSON lists them. That its list counts from 0, as everything else does, is assumed: read
    (4, 1) afterwards. Binary has one channel, and that in its header.
    """

    wire_channels: Annotated[list[WireChannel], Meta(min_length=1)] = field(name="Chans")

    @classmethod
    def of(cls, *channels: int) -> ToggleSelection:
        """A request for these channels, 1-based. Raises InvalidRequest."""
        return cls(wire_channels=[to_wire(channel) for channel in channels])

    @property
    def channels(self) -> list[int]:
        """The channels, 1-based."""
        return [from_wire(number) for number in self.wire_channels]


class SelectionBitmap(Message, frozen=True, kw_only=True):
    """Request of MacNet (6, 1) in its binary form for all channels at once.

    Bit k of byte i stands for wire channel 8 * i + k, and a 0 deselects.
    """

    bitmap: Annotated[bytes, Meta(min_length=1, max_length=MAX_BITMAP_BYTES)] = field(name="Bitmap")

    @classmethod
    def of(cls, selected: Iterable[int], channels: int) -> SelectionBitmap:
        """Select these of a tester's channels, 1-based, and deselect all others.

        Raises:
            InvalidRequest: a channel that the tester does not have.
        """
        bits = bytearray((channels + 7) // 8)
        for number in map(to_wire, selected):
            if number >= channels:
                raise InvalidRequest(f"channel {from_wire(number)} of {channels}", "channel")
            bits[number // 8] |= 1 << number % 8
        return cls(bitmap=bytes(bits))

    @property
    def channels(self) -> list[int]:
        """The channels that have a 1, 1-based."""
        return [from_wire(at) for at in range(8 * len(self.bitmap)) if self.bitmap[at // 8] >> at % 8 & 1]


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


class AdvancedStart(Message, frozen=True, kw_only=True):
    """Request of MacNet (6, 13): a start that goes on in the middle of a procedure.

    -1 stands for the default, or for the value that the archived test had. `options` are
    those of `AdvancedOption`. Seconds, ampere-hours and watt-hours are those done already.
    """

    test_name: Text = field(name="TestName")
    procedure: Text = field(name="ProcName")
    comment: Text = field(name="Comment", default="")
    c_rate_ah: Single = field(name="Crate", default=1.0)
    chamber: UInt8 = field(name="ChamberNum", default=0)
    options: UInt8 = field(name="Options", default=0)
    archived_test_name: Text = field(name="ArchivedTestName", default="")
    remove_last_records: Annotated[int, Meta(ge=0, le=20)] = field(name="RemoveLastDataRecords", default=0)
    test_time_second: Single = field(name="TestTime", default=-1.0)
    step_time_second: Single = field(name="StepTime", default=-1.0)
    test_step: Int16 = field(name="TestStep", default=-1)
    cycle: Int32 = field(name="Cycle", default=-1)
    remaining_loop_1: Int16 = field(name="RemainingLoop1", default=-1)
    remaining_loop_2: Int16 = field(name="RemainingLoop2", default=-1)
    remaining_loop_3: Int16 = field(name="RemainingLoop3", default=-1)
    remaining_loop_4: Int16 = field(name="RemainingLoop4", default=-1)
    capacity_ah: Single = field(name="Capacity", default=-1.0)
    energy_wh: Single = field(name="Energy", default=-1.0)


class CheckMessage(Message, frozen=True, kw_only=True):
    """Reply of MacNet (6, 12): one message about the last check, empty when there are no more."""

    text: str = field(name="Message")


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
