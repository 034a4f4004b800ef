"""A broker that misbehaves on demand: enough MQTT for one client, and whatever bytes a test wants."""

from __future__ import annotations

import asyncio
from types import TracebackType

WELCOME = {5: b"\x20\x03\x00\x00\x00", 4: b"\x20\x02\x00\x00"}


class ScriptedBroker:
    """Accepts, grants and echoes what is published, unless told otherwise.

    Attributes:
        answers: CONNACK packet per MQTT version; an empty one closes the connection.
        grant: reason code of every subscription.
        echoes: send each PUBLISH back; without, subscriptions deliver nothing.
        confirms: answer QoS 1 with PUBACK.
        versions: MQTT version of each connection, in order.
        published, acknowledged: PUBLISH packets that came, and packet ids of PUBACKs.
    """

    kind = "scripted"
    supports_v5 = True
    host = "127.0.0.1"

    def __init__(self) -> None:
        self.answers = dict(WELCOME)
        self.grant = 1
        self.echoes = True
        self.confirms = True
        self.versions: list[int] = []
        self.published: list[bytes] = []
        self.acknowledged: list[int] = []
        self.port = 0
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> ScriptedBroker:
        self._server = await asyncio.start_server(self._serve, self.host, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        self.hang_up()

    def send(self, packet: bytes) -> None:
        """Send bytes to the client that came last."""
        self._writers[-1].write(packet)

    def hang_up(self) -> None:
        """Close all connections."""
        for writer in self._writers:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        try:
            while True:
                self._answer(*await _read_packet(reader), writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def _answer(self, first: int, packet: bytes, body: bytes, writer: asyncio.StreamWriter) -> None:
        kind = first >> 4
        if kind == 1:
            self._welcome(body[6], writer)
        elif kind == 3:
            self._take(first, packet, body, writer)
        elif kind == 4:
            self.acknowledged.append(int.from_bytes(body[:2], "big"))
        elif kind == 8:
            self._subscribe(body, writer)

    def _welcome(self, version: int, writer: asyncio.StreamWriter) -> None:
        self.versions.append(version)
        writer.write(self.answers[version])
        if not self.answers[version]:
            writer.close()

    def _subscribe(self, body: bytes, writer: asyncio.StreamWriter) -> None:
        properties = b"\x00" if self.versions[-1] == 5 else b""
        filters = body[2 + len(properties) :]
        count = 0
        while filters:
            filters = filters[int.from_bytes(filters[:2], "big") + 3 :]
            count += 1
        answer = body[:2] + properties + bytes([self.grant]) * count
        writer.write(b"\x90" + bytes([len(answer)]) + answer)

    def _take(self, first: int, packet: bytes, body: bytes, writer: asyncio.StreamWriter) -> None:
        self.published.append(packet)
        topic_bytes = int.from_bytes(body[:2], "big")
        if first & 0x06 and self.confirms:
            writer.write(b"\x40\x02" + body[2 + topic_bytes : 4 + topic_bytes])
        if self.echoes:
            writer.write(packet)


async def _read_packet(reader: asyncio.StreamReader) -> tuple[int, bytes, bytes]:
    head = await reader.readexactly(2)
    while head[-1] & 0x80:
        head += await reader.readexactly(1)
    size = sum((byte & 0x7F) << (7 * place) for place, byte in enumerate(head[1:]))
    body = await reader.readexactly(size)
    return head[0], head + body, body


def publish_packet(topic: bytes, payload: bytes, *, mid: int) -> bytes:
    """A QoS 1 PUBLISH of MQTT 5."""
    body = len(topic).to_bytes(2, "big") + topic + mid.to_bytes(2, "big") + b"\x00" + payload
    return b"\x32" + bytes([len(body)]) + body
