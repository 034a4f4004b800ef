"""`AsyncCycler`: one tester, for asyncio. Channels count from 1, as on its front panel."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Literal, Self, TypeVar

from macnet_bridge.errors import InvalidRequest
from macnet_bridge.macnet.connection import BeforeSend, BinaryDialect, Connection, JsonDialect
from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol import messages as m
from macnet_bridge.macnet.protocol.codes import MAX_CHANNELS_PER_REQUEST
from macnet_bridge.macnet.transports import TcpTransport, Transport, UdpTransport

Q = TypeVar("Q", bound=m.Message)
R = TypeVar("R", bound=m.Message)

BulkTransport = Literal["auto", "json", "tcp", "udp"]

_EMPTY = m.Empty()
_SAFETY_TOLERANCE = 1e-3
_SAFETY_TOLERANCE_RELATIVE = 1e-6


@dataclass(frozen=True, slots=True)
class TesterAddress:
    """Where a tester's MacNet server listens; the ports are MacNet's defaults."""

    __test__ = False  # not a test case, whatever pytest makes of the name

    host: str
    json_port: int = 57570
    tcp_port: int = 57560
    udp_port: int = 57550


class Line(Enum):
    """Which connection a call takes. Calls on different lines do not wait for one another
    here; the tester itself still answers one request at a time."""

    READS = "reads"
    COMMANDS = "commands"
    STOPS = "stops"


class AsyncCycler:
    """A tester's functions as coroutines.

    Reads, commands and stops have a JSON/TCP connection each, rest has one to the binary port.
    Connections open when they are first needed. All methods raise what `Connection.call` raises.
    """

    def __init__(
        self,
        address: TesterAddress,
        *,
        timeout_s: float = 5.0,
        transport: BulkTransport = "auto",
        constant_id: bool = False,
    ) -> None:
        """
        Args:
            timeout_s: how long a reply may take.
            transport: of the reads line; commands and stops always go by JSON/TCP.
            constant_id: accept replies whose id is 1987 whatever was asked.
        """
        self.address = address
        self.timeout_s = timeout_s
        self.channels: int | None = None
        self._connect_json = _connector(TcpTransport.connect, address.host, address.json_port)
        self._connect_tcp = _connector(TcpTransport.connect, address.host, address.tcp_port)
        self._connect_udp = _connector(UdpTransport.connect, address.host, address.udp_port)
        self._constant_id = constant_id
        self._lines = {
            Line.READS: self._reads_connection(transport),
            Line.COMMANDS: Connection(self._connect_json, self._json_dialect),
            Line.STOPS: Connection(self._connect_json, self._json_dialect),
        }
        self._rest = Connection(self._connect_tcp, BinaryDialect)

    async def __aenter__(self) -> Self:
        await self.read_system_info()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections. Calls that wait for a reply end with NoReply."""
        for connection in (*self._lines.values(), self._rest):
            connection.close()

    async def call(
        self,
        function: f.Function[Q, R],
        channel: int,
        request: Q,
        *,
        line: Line = Line.READS,
        before_send: BeforeSend | None = None,
    ) -> R:
        """Call any function of the table. The methods below are this, with names.

        Args:
            channel: from 1; ignored by functions of the system.
            before_send: called right before the request leaves; what it raises keeps it back.
        """
        if function.addresses_channel:
            self._check_channel(channel)
        return await self._lines[line].call(
            function,
            channel if function.addresses_channel else 1,
            request,
            self.timeout_s,
            before_send,
        )

    def times_connected(self, line: Line) -> int:
        """How often a line's connection was opened: another tester may have come since the last time."""
        return self._lines[line].times_opened

    # --- the system

    async def ping(self, *, line: Line = Line.READS) -> float:
        """Round trip in seconds. MacNet (0, 0)"""
        started = time.perf_counter()
        await self.call(f.ECHO, 1, _EMPTY, line=line)
        return time.perf_counter() - started

    async def read_version_info(self, *, line: Line = Line.READS) -> m.VersionInfo:
        """Versions of MacTest32. MacNet (1, 1)"""
        return await self.call(f.VERSION_INFO, 1, _EMPTY, line=line)

    async def read_system_info(self, *, line: Line = Line.READS) -> m.SystemInfo:
        """What the tester consists of; from then on channel numbers are checked. MacNet (1, 2)"""
        info = await self.call(f.SYSTEM_INFO, 1, _EMPTY, line=line)
        self.channels = info.test_channels
        return info

    # --- reads of one channel

    async def read_specification(self, channel: int, *, line: Line = Line.READS) -> m.ChannelSpecification:
        """Ranges and hardware limits in V, A, W. MacNet (3, 1)"""
        return await self.call(f.CHANNEL_SPECIFICATION, channel, _EMPTY, line=line)

    async def read_status(self, channel: int, *, line: Line = Line.READS) -> m.StatusAndReadings:
        """State and all readings of a channel. MacNet (4, 7)"""
        return await self.call(f.STATUS_AND_READINGS, channel, _EMPTY, line=line)

    async def read_aux(self, channel: int, *, line: Line = Line.READS) -> m.AuxReadings:
        """Values of the channel's auxiliary inputs. MacNet (4, 4)"""
        return await self.call(f.AUX_READINGS, channel, _EMPTY, line=line)

    async def read_aux_units(self, channel: int, *, line: Line = Line.READS) -> m.AuxUnits:
        """Units of the channel's auxiliary inputs. MacNet (4, 5)"""
        return await self.call(f.AUX_UNITS, channel, _EMPTY, line=line)

    async def read_test_info(self, channel: int, *, line: Line = Line.READS) -> m.TestInfo:
        """Names of test and procedure. MacNet (4, 6)"""
        return await self.call(f.TEST_INFO, channel, _EMPTY, line=line)

    async def read_variables(self, channel: int, *, line: Line = Line.READS) -> m.FlagsAndVariables:
        """Global flags, and VAR1 to VAR15 of the channel. MacNet (4, 8)"""
        return await self.call(f.FLAGS_AND_VARIABLES, channel, _EMPTY, line=line)

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

    # --- commands

    async def check_start(self, channel: int, request: m.CheckStart) -> None:
        """Ask whether a test could start; starts nothing. MacNet (6, 11)"""
        await self.call(f.CHECK_START, channel, request, line=Line.COMMANDS)

    async def start_test(
        self, channel: int, request: m.StartTest, before_send: BeforeSend | None = None
    ) -> None:
        """Start a test. Never repeat it after OutcomeUnknown: read the state. MacNet (6, 2)"""
        await self.call(f.START_TEST, channel, request, line=Line.COMMANDS, before_send=before_send)

    async def suspend(self, channel: int, before_send: BeforeSend | None = None) -> None:
        """Suspend a running test; goes by a connection of its own. MacNet (6, 3)"""
        await self.call(f.SUSPEND, channel, _EMPTY, line=Line.STOPS, before_send=before_send)

    async def resume(self, channel: int, before_send: BeforeSend | None = None) -> None:
        """Resume a suspended test. MacNet (6, 4)"""
        await self.call(f.RESUME, channel, _EMPTY, line=Line.COMMANDS, before_send=before_send)

    async def reset(self, channel: int, before_send: BeforeSend | None = None) -> None:
        """Free a channel; stops a running test. MacNet (6, 5)"""
        await self.call(f.RESET, channel, _EMPTY, line=Line.COMMANDS, before_send=before_send)

    async def set_variable(
        self, channel: int, variable: int, value: float, before_send: BeforeSend | None = None
    ) -> None:
        """Set VAR1 to VAR15 of a channel. MacNet (6, 9)"""
        request = m.SetVariable(variable=variable, value=value)
        await self.call(f.SET_VARIABLE, channel, request, line=Line.COMMANDS, before_send=before_send)

    async def set_safety_limits(
        self, channel: int, limits: m.SafetyLimits, before_send: BeforeSend | None = None
    ) -> m.SafetyLimits:
        """Set the safety limits of a channel and return them as the tester took them. MacNet (6, 10)

        The caller compares, see `same_limits`.
        """
        return await self.call(
            f.SET_SAFETY_LIMITS, channel, limits, line=Line.COMMANDS, before_send=before_send
        )

    async def start_direct(
        self, channel: int, request: m.StartDirect, before_send: BeforeSend | None = None
    ) -> None:
        """Start direct control of a channel. MacNet (6, 7)"""
        await self.call(f.START_DIRECT, channel, request, line=Line.COMMANDS, before_send=before_send)

    async def set_output(
        self, channel: int, output: m.DirectOutput, before_send: BeforeSend | None = None
    ) -> None:
        """Set current, voltage, power and resistance in direct mode. MacNet (6, 8)

        For zero current use `rest`: real testers do not take rest by JSON.
        """
        await self.call(f.SET_OUTPUT, channel, output, line=Line.COMMANDS, before_send=before_send)

    async def rest(self, channel: int, before_send: BeforeSend | None = None) -> None:
        """Switch the output of a channel in direct mode off. Binary MacNet (6, 8), mode R

        Raises:
            TesterRefused: with the result code, such as 4, direct mode is not active.
        """
        self._check_channel(channel)
        await self._rest.call(f.SET_OUTPUT, channel, m.REST, self.timeout_s, before_send)

    # --- inside

    def _reads_connection(self, transport: BulkTransport) -> Connection:
        if transport == "tcp":
            return Connection(self._connect_tcp, BinaryDialect)
        if transport == "udp":
            return Connection(self._connect_udp, BinaryDialect)
        return Connection(self._connect_json, self._json_dialect)

    def _json_dialect(self) -> JsonDialect:
        return JsonDialect(constant_id=self._constant_id)

    def _check_channel(self, channel: int, count: int = 1) -> None:
        # Without the tester's own count the protocol's bounds still hold: no number wraps round.
        last = self.channels or 0xFFFF
        if not 1 <= channel <= last - count + 1:
            raise InvalidRequest(f"channel {channel} is not one of 1 to {last}", "channel")

    async def _bulk(self, function: f.Function[m.ChannelRange, R], first: int, count: int) -> R:
        if not 1 <= count <= MAX_CHANNELS_PER_REQUEST:
            raise InvalidRequest(f"{count} channels in one request, at most {MAX_CHANNELS_PER_REQUEST}")
        self._check_channel(first, count)
        return await self.call(function, first, m.ChannelRange(count=count))


def same_limits(wanted: m.SafetyLimits, taken: m.SafetyLimits) -> bool:
    """Whether a tester took the limits that it was sent, up to the rounding of its singles."""
    return all(
        abs(getattr(wanted, name) - getattr(taken, name))
        <= max(_SAFETY_TOLERANCE, _SAFETY_TOLERANCE_RELATIVE * abs(getattr(wanted, name)))
        for name in wanted.__struct_fields__
    )


def _connector(
    connect: Callable[[str, int], Awaitable[Transport]], host: str, port: int
) -> Callable[[], Awaitable[Transport]]:
    return lambda: connect(host, port)
