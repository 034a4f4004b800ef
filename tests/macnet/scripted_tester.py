"""A tester that does with each request whatever a test wants, on real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import msgspec

from macnet_bridge.macnet import TesterAddress
from macnet_bridge.macnet.protocol.framing import HEADER_BYTES, JsonFramer
from tests.patience import PATIENCE_S

HOST = "127.0.0.1"

Script = Callable[["Peer", bytes], None]
"""Called with every whole request and the connection that it came by."""


class Peer(asyncio.Protocol):
    """One connection of a client."""

    def __init__(self, tester: ScriptedTester) -> None:
        self._tester = tester
        self._framer = JsonFramer()
        self.closed = asyncio.Event()
        self.requests: list[bytes] = []
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._tester.peers.append(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()

    def data_received(self, data: bytes) -> None:
        if self._tester.binary:
            # The reads that tests send consist of a header alone.
            for at in range(0, len(data), HEADER_BYTES):
                self._take(data[at : at + HEADER_BYTES])
            return
        self._framer.feed(data)
        while (text := self._framer.take()) is not None:
            self._take(text)

    def send(self, data: bytes) -> None:
        self.transport.write(data)

    def _take(self, request: bytes) -> None:
        self.requests.append(request)
        self._tester.arrived.set()
        self._tester.script(self, request)


class ScriptedTester:
    """Listens on one TCP port, as the JSON or as the binary one.

    Attributes:
        script: may be changed at any time.
        peers: all connections, in order.
        arrived: set by every request.
    """

    def __init__(self, script: Script, *, binary: bool = False) -> None:
        self.script = script
        self.binary = binary
        self.peers: list[Peer] = []
        self.arrived = asyncio.Event()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> ScriptedTester:
        self._server = await asyncio.get_running_loop().create_server(lambda: Peer(self), HOST, 0)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        assert self._server is not None
        self._server.close()
        for peer in self.peers:
            peer.transport.abort()

    @property
    def port(self) -> int:
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def address(self) -> TesterAddress:
        return TesterAddress(HOST, self.port, self.port, self.port)

    @property
    def requests(self) -> list[bytes]:
        return [request for peer in self.peers for request in peer.requests]

    async def next_request(self) -> None:
        """Wait for one more request."""
        self.arrived.clear()
        async with asyncio.timeout(PATIENCE_S):
            await self.arrived.wait()


def silent(peer: Peer, request: bytes) -> None:
    """A script that answers nothing."""


def volts(request: bytes, *values: float, **changes: Any) -> bytes:
    """The reply to a request of MacNet (4, 2) by JSON; `changes` are to its envelope or fields."""
    asked = msgspec.json.decode(request)
    fields = {"FClass": 4, "FNum": 2, "Chan": asked["params"]["Chan"], "Voltage": list(values or (3.7,))}
    envelope = {"jsonrpc": "2.0", "result": fields, "id": asked["id"]}
    for key, value in changes.items():
        (envelope if key in ("id", "error") else fields)[key] = value
    return msgspec.json.encode(envelope) + b"\r\n"


async def until(holds: Callable[[], object], seconds: float = PATIENCE_S) -> None:
    """Wait for a fact."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - facts about the other side of a socket set no event
            await asyncio.sleep(0.002)
