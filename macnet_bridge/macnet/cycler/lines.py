"""The connections to one tester, and which of them a call takes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Literal, TypeVar

from macnet_bridge.errors import InvalidRequest
from macnet_bridge.macnet.connection import BeforeSend, Connection
from macnet_bridge.macnet.dialects import BinaryDialect, JsonDialect
from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol import messages as m
from macnet_bridge.macnet.protocol.codes import MAX_CHANNELS_PER_REQUEST
from macnet_bridge.macnet.transports import TcpTransport, Transport, UdpTransport

Q = TypeVar("Q", bound=m.Message)
R = TypeVar("R", bound=m.Message)

BulkTransport = Literal["auto", "json", "tcp", "udp"]

_LEAST_TIMEOUT_S = {7: 5.0}
"""By class. Smart batteries take their time, and what they were told may still happen."""


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


class Lines:
    """What all groups of calls have in common.

    Reads, commands and stops have a JSON/TCP connection each; rest has one to the binary port,
    and so has what JSON cannot say. Connections open when they are first needed. All calls
    raise what `Connection.call` raises.
    """

    def __init__(
        self,
        address: TesterAddress,
        *,
        timeout_s: float = 5.0,
        transport: BulkTransport = "auto",
        constant_id: bool = False,
        login: m.Login | None = None,
        udp_local_port: int = 0,
    ) -> None:
        """
        Args:
            timeout_s: how long a reply may take; replies of class 7 always have 5 s at least.
            transport: of the reads line; commands and stops always go by JSON/TCP.
            constant_id: accept replies whose id is 1987 whatever was asked.
            login: user and password for testers that want a log-in, on every connection.
            udp_local_port: where UDP replies come in; 0 is any port. Testers that do not answer
                to the port that asked may answer to their own port + 1.
        """
        self.address = address
        self.timeout_s = timeout_s
        self.channels: int | None = None
        self._connect_json = _connector(TcpTransport.connect, address.host, address.json_port)
        self._connect_tcp = _connector(TcpTransport.connect, address.host, address.tcp_port)
        self._connect_udp = lambda: UdpTransport.connect(address.host, address.udp_port, udp_local_port)
        self._login = login
        self._constant_id = constant_id
        self._lines = {
            Line.READS: self._reads_connection(transport),
            Line.COMMANDS: self._json_connection(),
            Line.STOPS: self._json_connection(),
        }
        self._in_binary = {Line.READS} if transport in ("tcp", "udp") else set()
        self._rest = Connection(self._connect_tcp, BinaryDialect, login)
        self._binary = Connection(self._connect_tcp, BinaryDialect, login)
        self._listing = asyncio.Lock()
        self._checking = asyncio.Lock()

    def close(self) -> None:
        """Close all connections. Calls that wait for a reply end with NoReply."""
        for connection in (*self._lines.values(), self._rest, self._binary):
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
        """Call any function of the table. The methods with names are this.

        Args:
            channel: from 1; ignored by functions that are not addressed to one channel.
            line: the connection to take. What JSON does not have goes by the binary port.
            before_send: called right before the request leaves; what it raises keeps it back.
        """
        addressed = function.target in (f.Target.CHANNEL, f.Target.CHANNELS)
        if addressed:
            self._check_channel(channel)
        connection = self._lines[line] if function.json or line in self._in_binary else self._binary
        return await connection.call(
            function,
            channel if addressed or function.target is f.Target.LISTED else 1,
            request,
            max(self.timeout_s, _LEAST_TIMEOUT_S.get(function.fclass, 0.0)),
            before_send,
        )

    def times_connected(self, line: Line) -> int:
        """How often a line's connection was opened: another tester may have come since the last time."""
        return self._lines[line].times_opened

    def _reads_connection(self, transport: BulkTransport) -> Connection:
        if transport == "tcp":
            return Connection(self._connect_tcp, BinaryDialect, self._login)
        if transport == "udp":
            return Connection(self._connect_udp, BinaryDialect, self._login)
        return self._json_connection()

    def _json_connection(self) -> Connection:
        return Connection(self._connect_json, self._json_dialect, self._login)

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


def _connector(
    connect: Callable[[str, int], Awaitable[Transport]], host: str, port: int
) -> Callable[[], Awaitable[Transport]]:
    return lambda: connect(host, port)
