"""Functions that read channels: MacNet classes 3 and 4."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, cast

from macnet_bridge.errors import MacNetBridgeError, TesterRefused
from macnet_bridge.macnet.cycler.calls import Calls
from macnet_bridge.macnet.cycler.lines import Line
from macnet_bridge.macnet.dialects import Call
from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol import messages as m

_COLUMNS = (f.CHANNEL_STATUSES, f.VOLTAGES, f.CURRENTS, f.TEST_TIMES)
_Columns = tuple[m.ChannelStatuses, m.Voltages, m.Currents, m.TestTimes]


class Columns(NamedTuple):
    """One entry per channel: states, V, A with the tester's own sign, s since the test began."""

    statuses: list[m.ChannelStatus]
    voltage_volt: list[float]
    current_ampere: list[float]
    test_time_second: list[float]


class ReadCalls(Calls):
    """What channels are and do."""

    async def read_specification(self, channel: int, *, line: Line = Line.READS) -> m.ChannelSpecification:
        """Ranges and hardware limits in V, A, W. MacNet (3, 1)"""
        return await self.call(f.CHANNEL_SPECIFICATION, channel, m.Empty(), line=line)

    async def read_status(self, channel: int, *, line: Line = Line.READS) -> m.StatusAndReadings:
        """State and all readings of a channel. MacNet (4, 7)"""
        return await self.call(f.STATUS_AND_READINGS, channel, m.Empty(), line=line)

    async def read_statuses_and_readings(
        self, channels: Sequence[int]
    ) -> list[m.StatusAndReadings | MacNetBridgeError]:
        """State and all readings of each of these channels, on the line for reads. MacNet (4, 7)

        By TCP the requests leave together, which at a tester without latency is several times
        faster; one that takes its time for each request gains nothing by it. Meanwhile the line
        for reads is taken.

        Args:
            channels: from 1, each of them once.

        Returns:
            One outcome per channel: its reading, or what went wrong. A refusal is that
            channel's alone; after a TransportError those behind it have one as well.

        Raises:
            InvalidRequest: a channel is not there, or named twice; nothing was sent.
        """
        request = m.Empty()
        calls = [Call(f.STATUS_AND_READINGS, channel, request) for channel in channels]
        return cast(list[m.StatusAndReadings | MacNetBridgeError], await self.call_each(calls))

    async def read_aux(self, channel: int, *, line: Line = Line.READS) -> m.AuxReadings:
        """Values of the channel's auxiliary inputs. MacNet (4, 4)"""
        return await self.call(f.AUX_READINGS, channel, m.Empty(), line=line)

    async def read_aux_units(self, channel: int, *, line: Line = Line.READS) -> m.AuxUnits:
        """Units of the channel's auxiliary inputs. MacNet (4, 5)"""
        return await self.call(f.AUX_UNITS, channel, m.Empty(), line=line)

    async def read_test_info(self, channel: int, *, line: Line = Line.READS) -> m.TestInfo:
        """Names of test and procedure. MacNet (4, 6)"""
        return await self.call(f.TEST_INFO, channel, m.Empty(), line=line)

    async def read_variables(self, channel: int, *, line: Line = Line.READS) -> m.FlagsAndVariables:
        """Global flags, and VAR1 to VAR15 of the channel. MacNet (4, 8)"""
        return await self.call(f.FLAGS_AND_VARIABLES, channel, m.Empty(), line=line)

    async def read_calibration_dates(self, channel: int, *, line: Line = Line.READS) -> m.CalibrationDates:
        """When each range was calibrated; 1970-01-01 where there is no record. MacNet (3, 2)"""
        return await self.call(f.CALIBRATION_DATES, channel, m.Empty(), line=line)

    async def read_end_status(self, channel: int, *, line: Line = Line.READS) -> m.EndStatus:
        """Which of its End steps a finished test came to. MacNet (4, 10)"""
        return await self.call(f.END_STATUS, channel, m.Empty(), line=line)

    async def read_long_test_info(self, channel: int, *, line: Line = Line.READS) -> m.TestInfo:
        """All names and descriptions of a test, uncut. Binary MacNet (4, 11)

        From testers that do not have it, what (4, 6) gives.
        """
        try:
            return await self.call(f.TEST_INFO_EXTENDED, channel, m.Empty(), line=line)
        except TesterRefused:
            return await self.read_test_info(channel, line=line)

    # --- bulk reads, `count` channels (1 to 128) from `first` on

    async def read_statuses(self, first: int, count: int) -> list[m.ChannelStatus]:
        """State of up to 128 channels. MacNet (4, 1)"""
        return (await self._bulk(f.CHANNEL_STATUSES, first, count)).statuses

    async def read_voltages(self, first: int, count: int) -> list[float]:
        """Volts of up to 128 channels. MacNet (4, 2)"""
        return (await self._bulk(f.VOLTAGES, first, count)).voltage_volt

    async def read_currents(self, first: int, count: int) -> list[float]:
        """Amperes of up to 128 channels, sign as the tester gives it. MacNet (4, 3)"""
        return (await self._bulk(f.CURRENTS, first, count)).current_ampere

    async def read_test_times(self, first: int, count: int) -> list[float]:
        """Seconds since the test began, of up to 128 channels. MacNet (4, 9)"""
        return (await self._bulk(f.TEST_TIMES, first, count)).test_time_second

    async def read_columns(self, first: int, count: int) -> Columns:
        """What the four functions above tell of up to 128 channels. MacNet (4, 1) (4, 2) (4, 3) (4, 9)

        By TCP the four requests leave together, as those of `read_statuses_and_readings` do.
        """
        self._check_range(first, count)
        request = m.ChannelRange(count=count)
        found = await self.call_each([Call(function, first, request) for function in _COLUMNS])
        for outcome in found:
            if isinstance(outcome, MacNetBridgeError):
                raise outcome
        statuses, voltages, currents, test_times = cast(_Columns, found)
        return Columns(
            statuses.statuses,
            voltages.voltage_volt,
            currents.current_ampere,
            test_times.test_time_second,
        )

    async def read_specifications(self, first: int, count: int) -> list[m.ChannelSpecification]:
        """Ranges and hardware limits of up to 128 channels. Binary MacNet (3, 1)"""
        return (await self._bulk(f.CHANNEL_SPECIFICATIONS, first, count)).specifications
