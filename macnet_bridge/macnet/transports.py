"""Sockets to a tester behind three verbs: send, receive, close. Everything else is above."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import sys
from typing import Any, Protocol

from macnet_bridge.errors import TesterOffline, TransportError, UnknownHost
from macnet_bridge.system_errors import os_reason

CONNECT_TIMEOUT_S = 3.0
KEEPALIVE_IDLE_S = 5
KEEPALIVE_INTERVAL_S = 2
KEEPALIVE_COUNT = 3
_MAX_DATAGRAMS_WAITING = 64
_RESET_AT_CLOSE = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
"""SO_LINGER with no time to linger."""


class ConnectionClosed(TransportError):
    """The other side closed the connection, or the network did."""


class Transport(Protocol):
    """A way to move bytes to a tester and back."""

    def send(self, data: bytes) -> None:
        """Hand bytes to the network; they may arrive. Raises ConnectionClosed."""

    async def receive(self) -> bytes:
        """The next bytes, at least one. Raises ConnectionClosed."""

    def close(self) -> None:
        """Give the socket back at once. May be called twice."""

    @property
    def is_open(self) -> bool:
        """Whether, as far as is known here, the other side still listens."""

    def leftover(self) -> bytes:
        """What has arrived and was not received, possibly nothing; does not wait."""


class _Socket(asyncio.BaseProtocol):
    """What TCP and UDP have in common: what arrived, and one reader that may wait for it."""

    def __init__(self) -> None:
        self._arrived: list[bytes] = []
        self._waiter: asyncio.Future[None] | None = None
        self._closed = False
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed = True
        self._wake()

    async def receive(self) -> bytes:
        while not self._arrived:
            if self._closed:
                raise ConnectionClosed("the tester closed the connection")
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return self._take()

    def close(self) -> None:
        self._closed = True
        # abort, not close: unsent bytes of a request in doubt must not leave later. The bytes
        # that the system has are seen to where the socket is opened.
        self._transport.abort()
        self._wake()

    @property
    def is_open(self) -> bool:
        return not self._closed and not self._transport.is_closing()

    def leftover(self) -> bytes:
        data = b"".join(self._arrived)
        self._arrived.clear()
        return data

    def _take(self) -> bytes:
        raise NotImplementedError

    def _arrive(self, data: bytes) -> None:
        self._arrived.append(data)
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class TcpTransport(_Socket, asyncio.Protocol):
    """A TCP connection to the JSON or the binary port."""

    def data_received(self, data: bytes) -> None:
        self._arrive(data)

    def send(self, data: bytes) -> None:
        if not self.is_open:
            raise ConnectionClosed("the tester closed the connection")
        self._transport.write(data)

    def _take(self) -> bytes:
        return self.leftover()

    @classmethod
    async def connect(cls, host: str, port: int) -> TcpTransport:
        """Connect, with TCP_NODELAY as asyncio sets it.

        Raises:
            TesterOffline: nobody answers there. `UnknownHost` when its name cannot be resolved.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                transport, protocol = await loop.create_connection(cls, host, port)
        except TimeoutError:
            raise TesterOffline(f"{host}:{port} does not answer within {CONNECT_TIMEOUT_S:g} s") from None
        except socket.gaierror as error:
            raise UnknownHost(f"the host name {host} cannot be resolved: {os_reason(error)}") from None
        except OSError as error:
            raise TesterOffline(f"no connection to {host}:{port}: {os_reason(error)}") from None
        with contextlib.suppress(OSError):  # the tester may be gone already; reading will say so
            _forget_at_close(transport.get_extra_info("socket"))
            _keep_alive(transport.get_extra_info("socket"))
        return protocol


def _forget_at_close(sock: socket.socket) -> None:
    """Let no byte leave once the socket is closed, not even when this process is killed.

    Without this, the system goes on sending what the network has not taken yet, for minutes: a
    request that was given up would reach the tester after the network is back, and after a stop.
    """
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)


def _keep_alive(sock: socket.socket) -> None:
    """Notice within some ten seconds that the other side is gone without a word.

    The connection for stops may lie idle for weeks. Without this, a stop would find out only by
    waiting in vain for its reply.
    """
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    # What macOS calls TCP_KEEPALIVE is TCP_KEEPIDLE elsewhere.
    idle = getattr(socket, "TCP_KEEPIDLE", getattr(socket, "TCP_KEEPALIVE", None))
    interval = getattr(socket, "TCP_KEEPINTVL", None)
    count = getattr(socket, "TCP_KEEPCNT", None)
    for option, value in (
        (idle, KEEPALIVE_IDLE_S),
        (interval, KEEPALIVE_INTERVAL_S),
        (count, KEEPALIVE_COUNT),
    ):
        if option is not None:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)


class UdpTransport(_Socket, asyncio.DatagramProtocol):
    """A UDP socket to the binary port. One message is one datagram.

    The manual does not say from which port a tester answers, so the socket is not
    connected: any datagram from the tester's address counts.
    """

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__()
        self._address = address

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        if addr[0] == self._address[0] and len(self._arrived) < _MAX_DATAGRAMS_WAITING:
            self._arrive(data)

    def error_received(self, exc: Exception) -> None:
        # A refused port shows up here; there is nothing to wait for any more.
        self.connection_lost(exc)

    def send(self, data: bytes) -> None:
        if not self.is_open:
            raise ConnectionClosed("the socket is closed")
        self._transport.sendto(data, self._address)

    def _take(self) -> bytes:
        return self._arrived.pop(0)

    @classmethod
    async def connect(cls, host: str, port: int, local_port: int = 0) -> UdpTransport:
        """Open a socket for datagrams to this address.

        Args:
            local_port: where replies come in, 0 for any port.

        Raises:
            TesterOffline: the name cannot be resolved, or the local port is taken.
        """
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, port, family=socket.AF_INET, type=socket.SOCK_DGRAM)
            address = (str(found[0][4][0]), port)
            # Without an address of its own the socket gets any port with its first datagram.
            local = ("0.0.0.0", local_port) if local_port else None
            _, protocol = await loop.create_datagram_endpoint(
                lambda: cls(address), local, family=socket.AF_INET
            )
        except OSError as error:
            raise TesterOffline(f"no UDP socket to {host}:{port}: {os_reason(error)}") from None
        return protocol
