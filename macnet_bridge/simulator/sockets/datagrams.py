"""The way in by UDP: one message a datagram, handed to the service."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from macnet_bridge.errors import Malformed
from macnet_bridge.macnet.protocol.binary import split
from macnet_bridge.simulator.machine.session import Session
from macnet_bridge.simulator.sockets.answering import Answering
from macnet_bridge.simulator.sockets.received import Transport

_MAX_SESSIONS = 256


class BinaryDatagrams(asyncio.DatagramProtocol):
    """Binary messages over UDP, one a datagram. A client is an address with its port."""

    def __init__(self, service: Answering) -> None:
        self._service = service
        self._transport: asyncio.DatagramTransport | None = None
        self._sessions: dict[tuple[str | Any, int], Session] = {}
        self.closed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self.closed.set()

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        try:
            header, content = split(data)
        except Malformed:
            return  # too short to say what it would be a reply to
        line = _Address(self, addr)
        self._service.take_binary(header, content, Transport.BINARY_UDP, self._session_of(addr), line)

    def send(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        """Send a reply to who asked, or where this tester sends replies to."""
        if not self._transport or self._transport.is_closing():
            return
        if self._service.forms.udp_reply == "next_port":
            addr = (addr[0], self._transport.get_extra_info("sockname")[1] + 1)
        self._transport.sendto(data, addr)

    def abort(self) -> None:
        """Close at once."""
        if self._transport:
            self._transport.abort()

    def _session_of(self, addr: tuple[str | Any, int]) -> Session:
        """What is known of a client; those that were silent longest are forgotten."""
        session = self._sessions.pop(addr, None) or Session()
        self._sessions[addr] = session
        if len(self._sessions) > _MAX_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        return session


class _Address:
    """The way back to a client by datagrams."""

    def __init__(self, datagrams: BinaryDatagrams, addr: tuple[str | Any, int]) -> None:
        self._datagrams = datagrams
        self._addr = addr

    def send(self, data: bytes) -> None:
        self._datagrams.send(data, self._addr)
