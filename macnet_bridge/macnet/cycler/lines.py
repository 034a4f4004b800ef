"""The connections to one tester, and which of them a call takes.

Reads may go by binary TCP or UDP in place of JSON. What has a name of a test or a procedure in it
goes by JSON all the same: binary cuts names to 25 characters.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal, Self, TypeVar

from macnet_bridge.errors import (
    BadReply,
    InvalidRequest,
    MacNetBridgeError,
    TesterOffline,
    TesterRefused,
    TransportError,
)
from macnet_bridge.macnet.connection import BeforeSend, Connection
from macnet_bridge.macnet.contradictions import contradiction
from macnet_bridge.macnet.cycler.traffic import Traffic
from macnet_bridge.macnet.dialects import BinaryDialect, Call, JsonDialect
from macnet_bridge.macnet.exchanges import Watcher
from macnet_bridge.macnet.identity import difference
from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol import messages as m
from macnet_bridge.macnet.protocol.codes import MAX_CHANNELS_PER_REQUEST
from macnet_bridge.macnet.protocol.framing import HEADER_BYTES
from macnet_bridge.macnet.transports import TcpTransport, Transport
from macnet_bridge.macnet.udp import MAX_DATAGRAM_BYTES, UdpConnector

Q = TypeVar("Q", bound=m.Message)
R = TypeVar("R", bound=m.Message)

BulkTransport = Literal["auto", "json", "tcp", "udp"]
ReadTransport = Literal["json", "tcp", "udp"]

KEEP_ALIVE_S = 30.0
"""How long a connection may be silent until it is asked for a sign of life."""

_SIGN_OF_LIFE_S = 2.0
_READINGS = 4
_WITH_NAMES = frozenset({f.PROCEDURE_EXISTS, f.TEST_NAME_EXISTS, f.TEST_INFO})

_LEAST_TIMEOUT_S = {7: 5.0}
"""By class. Smart batteries take their time, and what they were told may still happen."""


@dataclass(frozen=True, slots=True)
class TesterAddress:
    """Where a tester's MacNet server listens.

    Attributes:
        host: name or IP address.
        json_port: of JSON by TCP, by which all commands go.
        tcp_port: of binary messages by TCP, which rest and some reads need.
        udp_port: of binary messages by UDP, for reads.
    """

    __test__ = False  # not a test case, whatever pytest makes of the name

    host: str
    json_port: int = 57570
    tcp_port: int = 57560
    udp_port: int = 57550


class Line(Enum):
    """Which connection a call takes.

    Calls on one line wait for each other, those on different lines do not; the tester itself
    still answers one request at a time. Methods that read take a line, for reads that belong to
    a command; commands go by `COMMANDS`, and `suspend` by `STOPS`.
    """

    READS = "reads"
    COMMANDS = "commands"
    STOPS = "stops"


class Lines:
    """What all groups of calls have in common.

    Reads, commands and stops have a JSON/TCP connection each; rest has one to the binary port,
    and so has what JSON cannot say. Connections open when they are first needed. `AsyncCycler`
    tells the attributes and errors.
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
            address: of the tester.
            timeout_s: how long a reply may take; replies of class 7 always have 5 s at least.
            transport: of the reads line; commands and stops always go by JSON/TCP.
            constant_id: accept replies whose id is 1987 whatever was asked.
            login: user and password for testers that want a log-in, on every connection.
            udp_local_port: where UDP replies come in; 0 finds out whether the tester answers to
                the port that asked or to its own port + 1.
        """
        if not isinstance(address, TesterAddress):
            raise TypeError(
                f'address is a TesterAddress, such as TesterAddress("10.0.0.17"), not {address!r}'
            )
        self.address = address
        self.timeout_s = timeout_s
        self.channels: int | None = None
        self.is_auto = transport == "auto"
        self.transport: ReadTransport = "json" if transport == "auto" else transport
        self.fallen_back: str | None = None
        self.traffic = Traffic()
        self._login = login
        self._constant_id = constant_id
        self._udp_local_port = udp_local_port
        self._connect_json = _connector(TcpTransport.connect, address.host, address.json_port)
        self._connect_tcp = _connector(TcpTransport.connect, address.host, address.tcp_port)
        udp = UdpConnector(address.host, address.udp_port, udp_local_port)
        self._lines = {line: Connection(self._connect_json, self._json_dialect, login) for line in Line}
        self._reads_in_binary: dict[ReadTransport, Connection] = {
            "tcp": Connection(self._connect_tcp, BinaryDialect, login),
            "udp": Connection(udp.connect, BinaryDialect, login),
        }
        self._rest = Connection(self._connect_tcp, BinaryDialect, login, self._meet)
        self._binary = Connection(self._connect_tcp, BinaryDialect, login, self._meet)
        self._watcher: Watcher | None = None
        self._system: m.SystemInfo | None = None
        # Whether several requests in one go were answered; connections not in here are yet to show.
        self._proven: dict[Connection, bool] = {}
        self._listing = asyncio.Lock()
        self._checking = asyncio.Lock()

    def close(self) -> None:
        """Close all connections. Calls that wait for a reply end with NoReply."""
        self.use("json")
        for connection in self._connections:
            connection.close()

    def watch(self, watcher: Watcher | None) -> None:
        """Tell this of every request that leaves from now on, siblings' included."""
        self._watcher = watcher
        for connection in self._connections:
            connection.watcher = watcher

    def use(self, transport: ReadTransport) -> None:
        """Let readings, MacNet class 4, go by this transport from now on, where it is left open.

        When it fails they go back to JSON by themselves, the one that failed included.
        """
        self._proven.clear()
        if self.is_auto:
            self.transport, self.fallen_back = transport, None
            for name, connection in self._reads_in_binary.items():
                if name != transport:
                    connection.close()

    def sibling(self, transport: ReadTransport, timeout_s: float) -> Self:
        """Another client of the same tester, with connections of its own."""
        sibling = type(self)(
            self.address,
            timeout_s=timeout_s,
            transport=transport,
            constant_id=self._constant_id,
            login=self._login,
            udp_local_port=self._udp_local_port,
        )
        sibling.channels = self.channels
        sibling.watch(self._watcher)
        return sibling

    async def keep_alive(self) -> None:
        """Echo on every connection that is open and was silent for 30 s. MacNet (0, 0)

        One that does not answer is closed, so that the next call finds out at once and not by
        waiting in vain. Raises nothing.
        """
        for connection in self._connections:
            if connection.is_idle(KEEP_ALIVE_S):
                with contextlib.suppress(TransportError, TesterRefused):
                    await connection.call(f.ECHO, 1, m.Empty(), min(self.timeout_s, _SIGN_OF_LIFE_S))

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
        if line is Line.READS:
            await self.traffic.give_way()
            began = time.monotonic()
            reply = await self._call(function, channel, request, line, before_send)
            self.traffic.answer(time.monotonic() - began)
            return reply
        with self.traffic.command():
            return await self._call(function, channel, request, line, before_send)

    async def _call(
        self,
        function: f.Function[Q, R],
        channel: int,
        request: Q,
        line: Line,
        before_send: BeforeSend | None,
    ) -> R:
        addressed = function.target in (f.Target.CHANNEL, f.Target.CHANNELS)
        if addressed:
            self._check_channel(channel)
        elif function.target is not f.Target.LISTED:
            channel = 1
        timeout_s = self._timeout(function)
        connection = self._connection(function, request, line)
        try:
            reply = await connection.call(function, channel, request, timeout_s, before_send)
        except TransportError as error:
            if not self._falls_back(connection, error) or function.effect is f.Effect.CHANGES:
                raise
            # Reading twice does no harm, and to read nothing would take the tester offline.
            connection = self._connection(function, request, line)
            reply = await connection.call(function, channel, request, timeout_s, before_send)
        if isinstance(reply, m.SystemInfo) and connection in self._lines.values():
            self._system = reply
        if why := contradiction(request, reply):
            raise BadReply(f"{function}: {why}")
        return reply

    async def call_each(self, calls: Sequence[Call]) -> list[m.Message | MacNetBridgeError]:
        """Call functions that read on the line for reads, in one go where the tester takes that.

        One after the other by UDP, which keeps no order; with `constant_id`, where an error does
        not tell whose it is; and at testers that left the first ones that came together without
        an answer. Nothing but InvalidRequest is raised: what goes wrong is the outcome of its
        call, and after a TransportError of those behind it as well.

        Args:
            calls: that may all go by the same connection; no two of the same function and channel.
        """
        for call in calls:
            self._check_channel(call.channel)
        if len({call[:2] for call in calls}) < len(calls):
            raise InvalidRequest("the same is asked of a channel twice", "channels")
        connections = {self._connection(call.function, call.request, Line.READS) for call in calls}
        if len(calls) < 2 or len(connections) > 1 or not self._takes_several(*connections):
            return await self._one_by_one(calls)
        return await self._together(connections.pop(), calls)

    async def _together(
        self, connection: Connection, calls: Sequence[Call]
    ) -> list[m.Message | MacNetBridgeError]:
        outcomes = await self._outcomes(connection, calls)
        lost = [at for at, found in enumerate(outcomes) if isinstance(found, TransportError)]
        if not lost:
            self._proven[connection] = True
        elif self._may_ask_again(connection, outcomes[lost[0]]):
            # Reading twice does no harm, and to read nothing would take the tester offline.
            again = await self._one_by_one([calls[at] for at in lost])
            for at, found in zip(lost, again, strict=True):
                outcomes[at] = found
        return outcomes

    async def _outcomes(
        self, connection: Connection, calls: Sequence[Call]
    ) -> list[m.Message | MacNetBridgeError]:
        timeout_s = max(self._timeout(call.function) for call in calls)
        await self.traffic.give_way()
        began = time.monotonic()
        try:
            outcomes = await connection.call_each(calls, timeout_s)
        except TransportError as error:
            return [error] * len(calls)
        self.traffic.answer(time.monotonic() - began, len(calls))
        return [
            BadReply(f"{call.function}: {why}")
            if isinstance(found, m.Message) and (why := contradiction(call.request, found))
            else found
            for call, found in zip(calls, outcomes, strict=True)
        ]

    async def _one_by_one(self, calls: Sequence[Call]) -> list[m.Message | MacNetBridgeError]:
        outcomes: list[m.Message | MacNetBridgeError] = []
        for call in calls:
            try:
                outcomes.append(await self.call(*call))
            except TesterRefused as error:
                outcomes.append(error)
            except TransportError as error:
                # The next one would wait as long, in vain as likely.
                return [*outcomes, *[error] * (len(calls) - len(outcomes))]
        return outcomes

    def _takes_several(self, connection: Connection) -> bool:
        """Whether requests on this connection may leave together."""
        if connection is self._reads_in_binary["udp"]:
            return False
        has_ids = not self._constant_id or connection not in self._lines.values()
        return has_ids and self._proven.get(connection, True)

    def _may_ask_again(self, failed: Connection, error: object) -> bool:
        """Whether what went wrong was a garbled reply, or may be due to the transport or to the asking
        for several at once."""
        falls_back = isinstance(error, TransportError) and self._falls_back(failed, error)
        # It answers, and what came behind a garbled reply was not even looked at. Replies in binary
        # have no end of their own: a doubt about one is a doubt about the one before it.
        is_garbled = isinstance(error, BadReply) and failed in self._lines.values()
        is_new = failed not in self._proven and not isinstance(error, TesterOffline)
        if is_new:
            self._proven[failed] = False
        return falls_back or is_new or is_garbled

    def _timeout(self, function: f.Function[Any, Any]) -> float:
        return max(self.timeout_s, _LEAST_TIMEOUT_S.get(function.fclass, 0.0))

    def times_connected(self, line: Line) -> int:
        """How often a line's connection was opened: another tester may have come since the last time."""
        others = self._reads_in_binary.values() if line is Line.READS else ()
        return sum(connection.times_opened for connection in (self._lines[line], *others))

    @property
    def _connections(self) -> tuple[Connection, ...]:
        return (*self._lines.values(), *self._reads_in_binary.values(), self._rest, self._binary)

    def _connection(self, function: f.Function[Any, Any], request: m.Message, line: Line) -> Connection:
        """The connection of a call; what JSON does not have goes by the binary port."""
        if line is Line.READS and self.transport != "json" and self._may_be_binary(function):
            if self.transport == "tcp" or _reply_bytes(function, request) <= MAX_DATAGRAM_BYTES:
                return self._reads_in_binary[self.transport]
            return self._binary
        return self._lines[line] if function.json else self._binary

    def _may_be_binary(self, function: f.Function[Any, Any]) -> bool:
        if self.is_auto:
            # (1, 2) differs between JSON and binary, and tells one tester from another.
            return function.fclass == _READINGS and function not in _WITH_NAMES
        return function not in _WITH_NAMES

    def _falls_back(self, failed: Connection, error: TransportError) -> bool:
        """Whether what failed was a transport of our own choice; reads then go by JSON."""
        if not self.is_auto or failed is not self._reads_in_binary.get(self.transport):
            return False
        self.transport, self.fallen_back = "json", f"{self.transport} failed: {error}"
        return True

    async def _meet(self, who: Callable[[], Awaitable[m.SystemInfo | None]]) -> None:
        """See that the binary port is one of the tester that answers by JSON.

        Where ports are forwarded it may be another one's, whose channel would be put to rest.

        Raises:
            TesterOffline: it is another tester.
        """
        if self._system is None or (found := await who()) is None:
            return
        if difference(self._system, found) is None:
            return
        # It may have been restarted as another since it was asked.
        json = self._lines[Line.COMMANDS]
        self._system = await json.call(f.SYSTEM_INFO, 1, m.Empty(), self.timeout_s)
        if why := difference(self._system, found):
            raise TesterOffline(f"{self.address.host}:{self.address.tcp_port}: {why}")

    def _json_dialect(self) -> JsonDialect:
        return JsonDialect(constant_id=self._constant_id)

    def _check_channel(self, channel: int, count: int = 1) -> None:
        # Without the tester's own count the protocol's bounds still hold: no number wraps round.
        last = self.channels or 0xFFFF
        if not 1 <= channel <= last - count + 1:
            raise InvalidRequest(f"channel {channel} is not one of 1 to {last}", "channel")

    def _check_range(self, first: int, count: int) -> None:
        if not 1 <= count <= MAX_CHANNELS_PER_REQUEST:
            raise InvalidRequest(f"{count} channels in one request, at most {MAX_CHANNELS_PER_REQUEST}")
        self._check_channel(first, count)

    async def _bulk(self, function: f.Function[m.ChannelRange, R], first: int, count: int) -> R:
        self._check_range(first, count)
        return await self.call(function, first, m.ChannelRange(count=count))


def _connector(
    connect: Callable[[str, int], Awaitable[Transport]], host: str, port: int
) -> Callable[[], Awaitable[Transport]]:
    return lambda: connect(host, port)


def _reply_bytes(function: f.Function[Any, Any], request: m.Message) -> int:
    """How long a binary reply may be, fields of variable size left out unless one for each channel."""
    count = request.count if isinstance(request, m.ChannelRange) else 0
    return HEADER_BYTES + max(layout.size + count * layout.item_size for layout in function.binary_reply)
