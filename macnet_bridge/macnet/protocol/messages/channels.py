"""What channels can do and what they do: MacNet classes 3 and 4."""

from __future__ import annotations

from msgspec import field

from macnet_bridge.macnet.protocol.fieldtypes import (
    ChannelCount,
    FlagsText,
    Time,
    UInt8,
    UInt16,
    UInt32,
    flags_number,
    single,
)
from macnet_bridge.macnet.protocol.messages.base import Message, SaysByLen


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

    @property
    def tick_second(self) -> float:
        """One tick. The manual's text has ms, its example a number that can only be seconds."""
        return self.tick_speed if self.tick_speed < 1 else self.tick_speed / 1000


class ChannelSpecifications(Message, frozen=True, kw_only=True):
    """Reply of MacNet (3, 1) for several channels, which only binary can ask for."""

    specifications: list[ChannelSpecification] = field(name="Channels")


class CalibrationDates(Message, frozen=True, kw_only=True):
    """Reply of MacNet (3, 2): when each range was calibrated; 1970-01-01 where there is no record."""

    voltage_charge: Time = field(name="VChg")
    voltage_discharge: Time = field(name="VDis")
    range4_charge: Time = field(name="IChgR4")
    range4_discharge: Time = field(name="IDisR4")
    range3_charge: Time = field(name="IChgR3")
    range3_discharge: Time = field(name="IDisR3")
    range2_charge: Time = field(name="IChgR2")
    range2_discharge: Time = field(name="IDisR2")
    range1_charge: Time = field(name="IChgR1")
    range1_discharge: Time = field(name="IDisR1")


class ChannelRange(SaysByLen, frozen=True, kw_only=True):
    """Request of the bulk functions: how many channels, from the addressed one on."""

    count: ChannelCount = field(name="Len")

    @property
    def header_length(self) -> int:
        return self.count


class ChannelStatus(Message, frozen=True, kw_only=True, gc=False):
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
    """Reply of MacNet (4, 6) and (4, 11). By (4, 6), JSON gives two of the four texts, sometimes all."""

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
        return flags_number(self.global_flags)

    def has(self, variable: int, value: float) -> bool:
        """Whether a variable reads a value, as far as single precision tells; JSON shows 15 digits of it."""
        listed = 1 <= variable <= len(self.variables)
        return listed and single(self.variables[variable - 1]) == single(value)


class EndStatus(Message, frozen=True, kw_only=True):
    """Reply of MacNet (4, 10): which of a procedure's End steps a test came to.

    `end_number` counts from 1; it is 0 while the test is not complete.
    """

    number_of_ends: UInt16 = field(name="NumOfEnds")
    end_number: UInt16 = field(name="EndNum")


class TestTimes(Message, frozen=True, kw_only=True):
    """Reply of MacNet (4, 9): seconds, one per channel."""

    __test__ = False

    count: int | None = field(name="Len", default=None)
    test_time_second: list[float] = field(name="TestTimes")
