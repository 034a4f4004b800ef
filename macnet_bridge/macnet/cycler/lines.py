"""The connections to one tester, and which of them a call takes.

Reads may go by binary TCP or UDP in place of JSON. What has a name of a test or a procedure in it
goes by JSON all the same: binary cuts names to 25 characters.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Any, Literal

from macnet_bridge.errors import TesterOffline, TesterRefused, TransportError
from macnet_bridge.macnet.connection import Connection
from macnet_bridge.macnet.cycler.address import TesterAddress
from macnet_bridge.macnet.dialects import BinaryDialect, JsonDialect
from macnet_bridge.macnet.exchanges import Watcher
from macnet_bridge.macnet.identity import difference
from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol import messages as m
from macnet_bridge.macnet.protocol.framing import HEADER_BYTES
from macnet_bridge.macnet.transports import TcpTransport, Transport
from macnet_bridge.macnet.udp import MAX_DATAGRAM_BYTES, UdpConnector

BulkTransport = Literal["auto", "json", "tcp", "udp"]
ReadTransport = Literal["json", "tcp", "udp"]

KEEP_ALIVE_S = 30.0
"""How long a connection may be silent until it is asked for a sign of life."""

_SIGN_OF_LIFE_S = 2.0
_READINGS = 4
_WITH_NAMES = frozenset({f.PROCEDURE_EXISTS, f.TEST_NAME_EXISTS, f.TEST_INFO})


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
    """The connections of one client, which open when they are first needed.

    Reads, commands and stops have a JSON/TCP connection each; rest has one to the binary port,
    and so has what JSON cannot say.

    Attributes:
        transport: by which reads go now.
        is_auto: whether `use` may change that.
        fallen_back: why reads went back to JSON, None when they did not.
        watcher: told of every request that leaves, None for nobody.
        rest: the connection of rest.
        binary: the connection of what JSON does not have.
    """

    def __init__(
        self,
        address: TesterAddress,
        timeout_s: float,
        transport: BulkTransport,
        *,
        constant_id: bool,
        login: m.Login | None,
        udp_local_port: int,
    ) -> None:
        self.is_auto = transport == "auto"
        self.transport: ReadTransport = "json" if transport == "auto" else transport
        self.fallen_back: str | None = None
        self.watcher: Watcher | None = None
        self._address = address
        self._timeout_s = timeout_s
        self._constant_id = constant_id
        connect_json = _connector(TcpTransport.connect, address.host, address.json_port)
        connect_tcp = _connector(TcpTransport.connect, address.host, address.tcp_port)
        udp = UdpConnector(address.host, address.udp_port, udp_local_port)
        self._json = {line: Connection(connect_json, self._json_dialect, login) for line in Line}
        self._reads_in_binary: dict[ReadTransport, Connection] = {
            "tcp": Connection(connect_tcp, BinaryDialect, login),
            "udp": Connection(udp.connect, BinaryDialect, login),
        }
        self.rest = Connection(connect_tcp, BinaryDialect, login, self._meet)
        self.binary = Connection(connect_tcp, BinaryDialect, login, self._meet)
        self._all = (*self._json.values(), *self._reads_in_binary.values(), self.rest, self.binary)
        self._system: m.SystemInfo | None = None

    def close(self) -> None:
        """Close all of them."""
        for connection in self._all:
            connection.close()

    def watch(self, watcher: Watcher | None) -> None:
        """Tell this of every request that leaves from now on."""
        self.watcher = watcher
        for connection in self._all:
            connection.watcher = watcher

    async def keep_alive(self) -> None:
        """Echo on every connection that is open and was silent for 30 s. MacNet (0, 0)

        One that does not answer is closed. Raises nothing.
        """
        for connection in self._all:
            if connection.is_idle(KEEP_ALIVE_S):
                with contextlib.suppress(TransportError, TesterRefused):
                    await connection.call(f.ECHO, 1, m.Empty(), min(self._timeout_s, _SIGN_OF_LIFE_S))

    def times_connected(self, line: Line) -> int:
        """How often a line's connection was opened."""
        others = self._reads_in_binary.values() if line is Line.READS else ()
        return sum(connection.times_opened for connection in (self._json[line], *others))

    # -- which of them a call takes

    def connection(self, function: f.Function[Any, Any], request: m.Message, line: Line) -> Connection:
        """The connection of a call; what JSON does not have goes by the binary port."""
        if line is Line.READS and self.transport != "json" and self._may_be_binary(function):
            if self.transport == "tcp" or _reply_bytes(function, request) <= MAX_DATAGRAM_BYTES:
                return self._reads_in_binary[self.transport]
            return self.binary
        return self._json[line] if function.json else self.binary

    def _may_be_binary(self, function: f.Function[Any, Any]) -> bool:
        if self.is_auto:
            # (1, 2) differs between JSON and binary, and tells one tester from another.
            return function.fclass == _READINGS and function not in _WITH_NAMES
        return function not in _WITH_NAMES

    def is_json(self, connection: Connection) -> bool:
        """Whether replies on this connection have an end of their own."""
        return connection in self._json.values()

    def tells_apart(self, connection: Connection) -> bool:
        """Whether one knows of each reply on this connection what it answers, however many are asked.

        UDP keeps no order, and where all ids are the same an error does not tell whose it is.
        """
        if connection is self._reads_in_binary["udp"]:
            return False
        return not self._constant_id or not self.is_json(connection)

    def use(self, transport: ReadTransport) -> None:
        """Let readings go by this transport from now on, where it is left open."""
        if self.is_auto:
            self.transport, self.fallen_back = transport, None
            for name, connection in self._reads_in_binary.items():
                if name != transport:
                    connection.close()

    def falls_back(self, failed: Connection, error: TransportError) -> bool:
        """Whether what failed was a transport of our own choice; reads then go by JSON."""
        if not self.is_auto or failed is not self._reads_in_binary.get(self.transport):
            return False
        self.transport, self.fallen_back = "json", f"{self.transport} failed: {error}"
        return True

    # -- whose the binary port is

    def heard(self, reply: m.SystemInfo, connection: Connection) -> None:
        """Remember the tester that answers by JSON, which `rest` and `binary` have to be of, too."""
        if self.is_json(connection):
            self._system = reply

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
        json = self._json[Line.COMMANDS]
        self._system = await json.call(f.SYSTEM_INFO, 1, m.Empty(), self._timeout_s)
        if why := difference(self._system, found):
            raise TesterOffline(f"{self._address.host}:{self._address.tcp_port}: {why}")

    def _json_dialect(self) -> JsonDialect:
        return JsonDialect(constant_id=self._constant_id)


def _connector(
    connect: Callable[[str, int], Awaitable[Transport]], host: str, port: int
) -> Callable[[], Awaitable[Transport]]:
    return lambda: connect(host, port)


def _reply_bytes(function: f.Function[Any, Any], request: m.Message) -> int:
    """How long a binary reply may be, fields of variable size left out unless one for each channel."""
    count = request.count if isinstance(request, m.ChannelRange) else 0
    return HEADER_BYTES + max(layout.size + count * layout.item_size for layout in function.binary_reply)
