"""A UDP socket to a tester at which its replies arrive.

The manual does not say to which port a tester replies: to the one that asked, or to MacNet's own
UDP port + 1, which its firewall rule names too. So a new socket is tried with an echo before it
is used, which also tells whether there is a tester at all: UDP itself knows no connection.
"""

from __future__ import annotations

import asyncio

from macnet_bridge.errors import Malformed, TesterOffline, TesterRefused
from macnet_bridge.macnet.dialects import BinaryDialect
from macnet_bridge.macnet.protocol.functions import ECHO
from macnet_bridge.macnet.protocol.messages import Empty
from macnet_bridge.macnet.transports import ConnectionClosed, UdpTransport

MAX_DATAGRAM_BYTES = 1472
"""What an Ethernet frame takes; more would travel in pieces, each of which may get lost."""

ECHO_S = 1.0
"""How long the echo of a new socket may take."""

_LAST_PORT = 65535


class UdpConnector:
    """Opens sockets to one tester, and remembers where its replies came in."""

    def __init__(self, host: str, port: int, local_port: int = 0) -> None:
        """
        Args:
            local_port: where replies come in; 0 finds out.
        """
        self._host = host
        self._port = port
        self._local_ports = [local_port] if local_port else [0, *([port + 1] if port < _LAST_PORT else [])]

    async def connect(self) -> UdpTransport:
        """A socket by which an echo just came back. MacNet (0, 0)

        Raises:
            TesterOffline: none came back to any port that may be meant.
        """
        for local_port in self._local_ports:
            transport = await UdpTransport.connect(self._host, self._port, local_port)
            if await _echoes(transport):
                self._local_ports.sort(key=lambda port: port != local_port)
                return transport
        ports = " or ".join(f"port {port}" if port else "the port that asked" for port in self._local_ports)
        raise TesterOffline(f"{self._host}:{self._port} does not answer by UDP to {ports}")


async def _echoes(transport: UdpTransport) -> bool:
    """Whether an echo comes back; the socket is closed when none does."""
    dialect = BinaryDialect()
    is_back = False
    try:
        transport.send(dialect.encode(ECHO, 1, Empty()))
        async with asyncio.timeout(ECHO_S):
            while not is_back:
                dialect.feed(await transport.receive())
                is_back = dialect.take() is not None
    except (TimeoutError, ConnectionClosed, Malformed, TesterRefused):
        pass
    finally:
        if not is_back:
            transport.close()
    return is_back
