"""The two ways in by TCP: byte streams, cut into messages and handed to the service."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from collections.abc import Iterator
from typing import ClassVar, cast

from macnet_bridge.errors import Malformed
from macnet_bridge.macnet.protocol.binary import request_data_bytes
from macnet_bridge.macnet.protocol.framing import HEADER_BYTES, Header, JsonFramer
from macnet_bridge.macnet.protocol.functions import find
from macnet_bridge.macnet.protocol.jsonrpc import BadRequest
from macnet_bridge.simulator.machine.session import Session
from macnet_bridge.simulator.sockets.answering import Answering
from macnet_bridge.simulator.sockets.received import Transport

# Closing with nothing to linger for sends an RST. Windows has shorter fields in this struct.
_NO_LINGER = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


class Connections:
    """Those that are open, and the knowledge of when none is.

    Attributes:
        welcome: whether new ones may stay. One that was accepted just before its server
            closed comes afterwards.
    """

    def __init__(self) -> None:
        self.welcome = True
        self._open: set[Connection] = set()
        self._none_left = asyncio.Event()
        self._none_left.set()

    def __len__(self) -> int:
        return len(self._open)

    def opened(self, connection: Connection) -> None:
        self._open.add(connection)
        self._none_left.clear()
        if not self.welcome:
            connection.abort()

    def closed(self, connection: Connection) -> None:
        self._open.discard(connection)
        if not self._open:
            self._none_left.set()

    def abort_all(self) -> None:
        """Cut every one of them."""
        for connection in tuple(self._open):
            connection.abort()

    async def none_left(self) -> None:
        """Wait until every one of them is closed."""
        await self._none_left.wait()


class Connection(asyncio.Protocol):
    """One client by TCP. Reads no further while the client does not take its replies."""

    by: ClassVar[Transport]

    def __init__(self, service: Answering, connections: Connections) -> None:
        self._service = service
        self._connections = connections
        self._session = Session()
        self._transport: asyncio.Transport | None = None
        self._held = b""
        # Replies to requests that came together leave together; None while each leaves by itself.
        self._gathered: list[bytes] | None = None
        self._is_silent = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connections.opened(self)
        self._service.desk.admit(self.by, self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._connections.closed(self)

    def pause_writing(self) -> None:
        if self._transport:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        if self._transport and not self._is_silent:
            self._transport.resume_reading()

    def send(self, data: bytes) -> None:
        """Send bytes; to nobody when the client has left meanwhile."""
        if self._transport and not self._transport.is_closing() and not self._is_silent:
            data, self._held = self._held + data, b""
            if self._gathered is None:
                self._transport.write(data)
            else:
                self._gathered.append(data)

    def hold(self, data: bytes) -> None:
        """Keep bytes back; they leave in one piece with what is sent next."""
        self._held += data

    def reset(self) -> None:
        """End the connection by RST, without a word."""
        self._let_go()
        if self._transport:
            self._transport.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER
            )
            self._transport.abort()

    def fall_silent(self) -> None:
        """Send nothing and read nothing more, and leave the connection open.

        The client's end is not noticed either. Only the kernel still acknowledges what comes in.
        """
        self._let_go()
        self._is_silent = True
        if self._transport:
            self._transport.pause_reading()

    def close(self) -> None:
        """Close once all that was written is out."""
        self._let_go()
        if self._transport:
            self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        if self._transport:
            self._transport.abort()

    def _let_go(self) -> None:
        """Write what was gathered; from here on, each reply leaves by itself."""
        gathered, self._gathered = self._gathered, None
        if gathered and self._transport and not self._transport.is_closing():
            self._transport.write(b"".join(gathered))


class JsonConnection(Connection):
    """JSON over TCP. Requests may come split, glued, compact or pretty-printed.

    With `drops_glued`, only the first of those that arrive together is answered.
    """

    by = Transport.JSON

    def __init__(self, service: Answering, connections: Connections, *, drops_glued: bool = False) -> None:
        super().__init__(service, connections)
        self._drops_glued = drops_glued
        self._framer = JsonFramer()
        self._in_step = True

    def data_received(self, data: bytes) -> None:
        if not self._in_step:
            return
        self._framer.feed(data)
        self._gathered = []
        try:
            for text in self._arrived():
                self._service.take_json(text, self._session, self)
        except Malformed:
            # Where the next request begins can no longer be known.
            self._in_step = False
            self._service.refuse_json(BadRequest(BadRequest.PARSE_ERROR), data, _LastReply(self))
        finally:
            self._let_go()

    def _arrived(self) -> Iterator[bytes]:
        """The requests that are whole by now."""
        is_glued = False
        while (text := self._framer.take()) is not None:
            if not (is_glued and self._drops_glued):
                yield text
            is_glued = True


class _LastReply:
    """The way back for the last reply of a connection, which closes then."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.hold = connection.hold
        self.reset = connection.reset
        self.fall_silent = connection.fall_silent

    def send(self, data: bytes) -> None:
        self._connection.send(data)
        self._connection.close()


class BinaryConnection(Connection):
    """Binary messages over TCP, split or glued."""

    by = Transport.BINARY_TCP

    def __init__(self, service: Answering, connections: Connections) -> None:
        super().__init__(service, connections)
        self._buffer = bytearray()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._gathered = []
        try:
            self._take_arrived()
        finally:
            self._let_go()

    def _take_arrived(self) -> None:
        while len(self._buffer) >= HEADER_BYTES:
            header = Header.unpack(self._buffer)
            function = find(header.fclass, header.fnum)
            end = HEADER_BYTES + request_data_bytes(function, header.length)
            if len(self._buffer) < end:
                return
            content = bytes(self._buffer[HEADER_BYTES:end])
            del self._buffer[:end]
            self._service.take_binary(header, content, self.by, self._session, self)
