"""Clients of the simplest kind, by `json` and `struct` alone, so that nothing is tested with itself."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from macnet_bridge.simulator import SimulatedCycler
from tests.patience import PATIENCE_S


class FakeClock:
    """Monotonic seconds that pass only when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def pass_by(self, second: float) -> None:
        self.now += second


def request(fclass: int, fnum: int, request_id: Any = 1987, **fields: Any) -> bytes:
    """A JSON request the way the manual prints it."""
    params = {"FClass": fclass, "FNum": fnum, **fields}
    return json.dumps({"jsonrpc": "2.0", "method": "MacNet", "params": params, "id": request_id}).encode()


@dataclass
class JsonPeer:
    """JSON over TCP."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def line(self) -> bytes:
        """Bytes up to a line end, as compact replies have exactly one."""
        async with asyncio.timeout(PATIENCE_S):
            return await self.reader.readuntil(b"\r\n")

    async def reply(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(await self.line())
        return answer

    async def ask(self, fclass: int, fnum: int, **fields: Any) -> dict[str, Any]:
        """The whole reply to a request."""
        self.writer.write(request(fclass, fnum, **fields))
        return await self.reply()

    async def result(self, fclass: int, fnum: int, **fields: Any) -> dict[str, Any]:
        """What a reply has as its result."""
        reply: dict[str, Any] = (await self.ask(fclass, fnum, **fields))["result"]
        return reply

    async def is_closed(self) -> bool:
        """Whether the other side ends the connection, with nothing more before that."""
        async with asyncio.timeout(PATIENCE_S):
            try:
                return await self.reader.read(1) == b""
            except ConnectionError:
                return True


@asynccontextmanager
async def json_peer(cycler: SimulatedCycler) -> AsyncIterator[JsonPeer]:
    reader, writer = await asyncio.open_connection(cycler.host, cycler.json_port)
    try:
        yield JsonPeer(reader, writer)
    finally:
        writer.close()


@dataclass
class BinaryPeer:
    """Binary over TCP."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def reply(self) -> bytes:
        """Header and data; the simulator counts bytes in Len."""
        async with asyncio.timeout(PATIENCE_S):
            header = await self.reader.readexactly(8)
            return header + await self.reader.readexactly(struct.unpack("<4H", header)[3])

    async def ask(self, message: bytes) -> bytes:
        self.writer.write(message)
        return await self.reply()


@asynccontextmanager
async def binary_peer(cycler: SimulatedCycler) -> AsyncIterator[BinaryPeer]:
    reader, writer = await asyncio.open_connection(cycler.host, cycler.tcp_port)
    try:
        yield BinaryPeer(reader, writer)
    finally:
        writer.close()


class DatagramPeer(asyncio.DatagramProtocol):
    """Binary over UDP."""

    def __init__(self) -> None:
        self.replies: asyncio.Queue[bytes] = asyncio.Queue()
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.replies.put_nowait(data)

    async def ask(self, message: bytes) -> bytes:
        self.transport.sendto(message)
        async with asyncio.timeout(PATIENCE_S):
            return await self.replies.get()


@asynccontextmanager
async def datagram_peer(cycler: SimulatedCycler) -> AsyncIterator[DatagramPeer]:
    loop = asyncio.get_running_loop()
    transport, peer = await loop.create_datagram_endpoint(
        DatagramPeer, remote_addr=(cycler.host, cycler.udp_port)
    )
    try:
        yield peer
    finally:
        transport.close()
