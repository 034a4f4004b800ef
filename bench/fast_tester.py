"""Testers without latency that cost next to nothing: what was answered once is answered again.

    python -m bench.fast_tester TESTERS CHANNELS

Prints one line of JSON, the ports of all testers, when ready. The reads of channels, single and in
bulk, are answered by the simulator the first time and from memory from then on, with the request's
own id and the time of day of this second; anything else is the simulator's work. A request that may
change a channel (classes 5 and up, but for its variables and checks of starts) ends that for good: from
then on the tester is the simulator alone, so nothing untrue is told. Requests that arrive together are
answered together.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from macnet_bridge.macnet.protocol import jsonrpc
from macnet_bridge.macnet.protocol.framing import Header
from macnet_bridge.simulator.machine.session import Session
from macnet_bridge.simulator.machine.tester import Tester
from macnet_bridge.simulator.sockets.connections import (
    BinaryConnection,
    Connection,
    Connections,
    JsonConnection,
)
from macnet_bridge.simulator.sockets.datagrams import BinaryDatagrams
from macnet_bridge.simulator.sockets.desk import Desk
from macnet_bridge.simulator.sockets.faults import Faults
from macnet_bridge.simulator.sockets.line import Line
from macnet_bridge.simulator.sockets.received import ReceivedLog, Transport
from macnet_bridge.simulator.sockets.service import Service
from macnet_bridge.simulator.sockets.turnstile import Turnstile

CANNED = {(4, 1), (4, 2), (4, 3), (4, 7), (4, 9)}
FIRST_CHANGING_CLASS = 5
HARMLESS = {(6, 9), (6, 11), (6, 12)}
"""A variable is in no reply that is remembered; to ask whether a test could start is what a bridge does
to see whether a tester can be asked that."""

# All up to the id, the id, and the end: as this bridge, pymacnet and most others write it.
_REQUEST = re.compile(rb'\s*(\{[^{}]*\{[^{}]*\}[^{}]*"id"\s*:\s*)(\d+)\s*\}')
_REPLY_ID = re.compile(rb'"id":\s*(\d+)')
_REPLY_TIME = re.compile(rb'"TesterTime":\s*"([^"]*)"')


class Canned:
    """A reply in JSON, to be sent again with another id and time of day."""

    def __init__(self, reply: bytes) -> None:
        id_at = _REPLY_ID.search(reply)
        time_at = _REPLY_TIME.search(reply)
        assert id_at is not None, "a reply without an id"
        self._head, self._middle = reply[: id_at.start(1)], b""
        self._tail = reply[id_at.end(1) :]
        self._tells_time = time_at is not None
        if time_at is not None:
            self._middle = self._head[time_at.end(1) :]
            self._head = self._head[: time_at.start(1)]

    def with_id(self, request_id: bytes, time_of_day: bytes) -> bytes:
        """The whole message."""
        shown = time_of_day if self._tells_time else b""
        return b"".join((self._head, shown, self._middle, request_id, self._tail))


class Remembering(Service):
    """One tester's answers; `json` is looked at by its connections."""

    def __init__(self, channels: int) -> None:
        tester = Tester(channels)
        tester.power_on(time.monotonic(), _local_time())
        super().__init__(tester, Desk(ReceivedLog(1), Faults((), (), 0), Turnstile(0.0)))
        self.json: dict[bytes, Canned] = {}
        self._is_at_rest = True
        self._binary: dict[tuple[Header, bytes], tuple[int, bytes]] = {}

    def ask_json(self, key: bytes, text: bytes, session: Session, line: Line) -> None:
        """Have a request answered, and remember the answer if it may be told again."""
        try:
            number = jsonrpc.decode_request(text).function.number
        except jsonrpc.BadRequest:
            number = (0, 0)
        if self._may_remember(number):
            line = _Recorder(line, lambda reply: self.json.update({key: Canned(reply)}))
        self.take_json(text, session, line)

    def take_binary(
        self, header: Header, data: bytes, transport: Transport, session: Session, line: Line
    ) -> None:
        """A binary reply has no id; for the time of day in some it is remembered for a second."""
        key, second = (header, data), int(time.time())
        known = self._binary.get(key)
        if known is not None and known[0] == second:
            line.send(known[1])
            return
        number = (header.fclass, header.fnum)
        if self._may_remember(number):
            line = _Recorder(line, lambda reply: self._binary.update({key: (second, reply)}))
        super().take_binary(header, data, transport, session, line)

    def _may_remember(self, number: tuple[int, int]) -> bool:
        """Whether the reply to this function may be told again; all are forgotten after a change."""
        if number[0] >= FIRST_CHANGING_CLASS and number not in HARMLESS:
            self._is_at_rest = False
            self.json.clear()
            self._binary.clear()
        return self._is_at_rest and number in CANNED


class _Recorder:
    """A line that keeps what is sent on it."""

    def __init__(self, line: Line, keep: Callable[[bytes], None]) -> None:
        self._line = line
        self._keep = keep

    def send(self, data: bytes) -> None:
        self._keep(data)
        self._line.send(data)


class _Together(Connection):
    """Replies to requests that arrived together leave together."""

    _is_collecting = False

    def data_received(self, data: bytes) -> None:
        self._is_collecting = True
        self.answer(data)
        self._is_collecting = False
        if self._held:
            super().send(b"")

    def answer(self, data: bytes) -> None:
        """All that is to be done with what arrived."""
        raise NotImplementedError

    def send(self, data: bytes) -> None:
        if self._is_collecting:
            self.hold(data)
        else:
            super().send(data)


class FastJson(_Together, JsonConnection):
    """JSON: whole requests are looked up, anything else goes the simulator's way."""

    def __init__(self, service: Remembering, connections: Connections) -> None:
        super().__init__(service, connections)
        self._remembering = service
        self._second = 0
        self._time_of_day = b""

    def answer(self, data: bytes) -> None:
        at, time_of_day, known = 0, self._now(), self._remembering.json
        # Behind the rest of a request that came in pieces, all goes the slow way.
        while not self._framer.pending and (found := _REQUEST.match(data, at)):
            key, request_id = found.groups()
            canned = known.get(key)
            if canned is not None:
                self._held += canned.with_id(request_id, time_of_day)
            else:
                self._remembering.ask_json(key, found[0].strip(), self._session, self)
            at = found.end()
        if at < len(data):
            JsonConnection.data_received(self, data[at:])

    def _now(self) -> bytes:
        second = int(time.time())
        if second != self._second:
            self._second = second
            self._time_of_day = _local_time().isoformat(timespec="seconds").encode()
        return self._time_of_day


class FastBinary(_Together, BinaryConnection):
    """Binary by TCP."""

    def answer(self, data: bytes) -> None:
        BinaryConnection.data_received(self, data)


def _local_time() -> datetime:
    """Without a zone, as a tester's PC keeps it."""
    return datetime.now(UTC).astimezone().replace(tzinfo=None)


async def serve(channels: int) -> dict[str, int]:
    """Listen as one tester does, until the loop ends; returns its ports."""
    service, connections = Remembering(channels), Connections()
    loop = asyncio.get_running_loop()
    kinds: dict[str, Callable[[], Any]] = {
        "json_port": lambda: FastJson(service, connections),
        "tcp_port": lambda: FastBinary(service, connections),
    }
    ports: dict[str, int] = {}
    for name, kind in kinds.items():
        server = await loop.create_server(kind, "127.0.0.1", 0, backlog=2048)
        ports[name] = server.sockets[0].getsockname()[1]
    transport, _ = await loop.create_datagram_endpoint(
        lambda: BinaryDatagrams(service), local_addr=("127.0.0.1", 0)
    )
    return ports | {"udp_port": transport.get_extra_info("sockname")[1]}


async def _main(testers: int, channels: int) -> None:
    print(json.dumps([await serve(channels) for _ in range(testers)]), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), int(sys.argv[2])))
