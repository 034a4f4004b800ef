"""A subscriber that keeps count of every reading, and of what it never got.

    python bench/keeper.py PORT CLIENT_ID RECORD FILTER...

It stands for somebody else's program: it imports Python's own library only, speaks MQTT 5 itself, and
has a session that the broker keeps (clean start false, fixed client id, QoS 1). RECORD is a file to
which it appends a line of JSON for each message that arrives, or `-` for none; without one it
takes no more memory for ten million readings than for ten thousand. Each line on its standard input is
answered by one line of JSON, the counters so far.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

SESSION_S = 7200
RECEIVE_BYTES = 1 << 18
ANSWER_S = 5.0
RETRY_S = 0.1
MOST_MISSING = 200_000
"""Numbers that are remembered as missing over all topics; beyond them a gap counts as final."""

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK = 0x10, 0x20, 0x30, 0x40, 0x82, 0x90
READING, SWEEP, HEALTH = "/telemetry/reading", "/telemetry/sweep", "/health"


class Ledger:
    """What arrived of each topic and run, and which numbers are missing. No I/O; memory is bounded."""

    def __init__(self) -> None:
        self.readings = self.sweeps = self.sweep_channels = self.historical = self.duplicates = 0
        self.late = self.forgotten = 0
        self._highest: dict[tuple[str, int], int] = {}
        self._missing: dict[tuple[str, int], set[int]] = {}
        self._live_at: dict[str, float] = {}

    @property
    def missing(self) -> int:
        """Numbers below the highest one of their topic and run that never came."""
        return sum(map(len, self._missing.values())) + self.forgotten

    def take(self, topic: str, message: dict[str, Any]) -> None:
        """Count one reading or sweep."""
        self._count(topic, message)
        key, seq = (topic, message["run"]), message["seq"]
        highest = self._highest.get(key, 0)
        if seq > highest:
            self._highest[key] = seq
            self._miss(key, range(highest + 1, seq))
        elif seq in self._missing.get(key, ()):
            self._missing[key].discard(seq)
            self.late += 1
        else:
            self.duplicates += 1

    def summary(self) -> dict[str, Any]:
        """Counters; `oldest_live` is the time of the newest live reading of the channel that has waited
        longest for one, in Unix seconds."""
        return {
            "readings": self.readings,
            "sweeps": self.sweeps,
            "sweep_channels": self.sweep_channels,
            "historical": self.historical,
            "duplicates": self.duplicates,
            "late": self.late,
            "missing": self.missing,
            "channels": len(self._live_at),
            "oldest_live": min(self._live_at.values(), default=0.0),
        }

    def _count(self, topic: str, message: dict[str, Any]) -> None:
        if topic.endswith(SWEEP):
            self.sweeps += 1
            self.sweep_channels += len(message["channel"])
            return
        self.readings += 1
        if message.get("is_historical"):
            self.historical += 1
        else:
            self._live_at[topic] = message["unix_time_second"]

    def _miss(self, key: tuple[str, int], numbers: range) -> None:
        if not numbers:
            return
        if self.missing + len(numbers) > MOST_MISSING:
            self.forgotten += len(numbers)
        else:
            self._missing.setdefault(key, set()).update(numbers)


class Keeper:
    """The connection, which is made again whenever it is lost, and what came over it."""

    def __init__(self, port: int, client_id: str, filters: list[str], record: TextIO | None) -> None:
        self.ledger = Ledger()
        self.at = 0.0
        self.health: Any = None
        self.socket: socket.socket | None = None
        self._port, self._client_id, self._filters = port, client_id, filters
        self._record = record
        self._buffer = b""

    def connect(self) -> bool:
        """Connect and subscribe; False when the broker is not there."""
        try:
            self.socket = socket.create_connection(("127.0.0.1", self._port), ANSWER_S)
            self._shake_hands(self.socket)
        except (OSError, EOFError):
            self._hang_up()
            return False
        return True

    def receive(self) -> None:
        """Take what the next bytes complete, and confirm it when it is counted."""
        assert self.socket is not None
        try:
            data = self.socket.recv(RECEIVE_BYTES)
            if not data:
                raise EOFError("the broker hung up")
            self._buffer += data
            self._take_all(self.socket)
        except (OSError, EOFError):
            self._hang_up()

    def note(self, line: list[Any]) -> None:
        if self._record:
            self._record.write(json.dumps(line) + "\n")

    def _shake_hands(self, connection: socket.socket) -> None:
        self._buffer = b""
        expiry = b"\x05\x11" + SESSION_S.to_bytes(4, "big")
        # Clean start is not asked for; keep-alive 0, as the broker may be frozen on purpose.
        connection.sendall(
            _packet(CONNECT, _text("MQTT") + b"\x05\x00\x00\x00" + expiry + _text(self._client_id))
        )
        session_present = self._wait_for(connection, CONNACK)[0] & 1
        wanted = b"".join(_text(each) + b"\x01" for each in self._filters)
        connection.sendall(_packet(SUBSCRIBE, b"\x00\x01\x00" + wanted))
        self._wait_for(connection, SUBACK)
        self.note(["subscribed", time.time(), session_present])

    def _wait_for(self, connection: socket.socket, kind: int) -> bytes:
        end = time.monotonic() + ANSWER_S
        while time.monotonic() < end:
            data = connection.recv(RECEIVE_BYTES)
            if not data:
                raise EOFError("the broker hung up")
            self._buffer += data
            # What the session held may come before the answer to the subscription.
            for first, body in self._packets():
                if first & 0xF0 == kind & 0xF0:
                    return body
                self._on_packet(connection, first, body)
        raise EOFError("the broker does not answer")

    def _take_all(self, connection: socket.socket) -> None:
        for first, body in self._packets():
            self._on_packet(connection, first, body)
        if self._record:
            self._record.flush()

    def _on_packet(self, connection: socket.socket, first: int, body: bytes) -> None:
        if first & 0xF0 != PUBLISH:
            return
        topic_end = 2 + int.from_bytes(body[:2], "big")
        at = topic_end + (2 if first & 0x06 else 0)
        length, at = _number(body, at)
        self._on_message(body[2:topic_end].decode(), body[at + length :])
        if first & 0x06:
            connection.sendall(bytes([PUBACK, 2]) + body[topic_end : topic_end + 2])

    def _on_message(self, topic: str, payload: bytes) -> None:
        self.at = time.time()
        if not topic.endswith((READING, SWEEP)):
            content = json.loads(payload) if payload else None
            self.note(["other", self.at, topic, content])
            if topic.endswith(HEALTH):
                self.health = content
            return
        message = json.loads(payload)
        self.ledger.take(topic, message)
        if self._record and topic.endswith(READING):
            self.note(_line(self.at, topic, message))

    def _packets(self) -> Iterator[tuple[int, bytes]]:
        """Cut what arrived into packets: first byte and body."""
        at = 0
        try:
            while (cut := _cut(self._buffer, at)) is not None:
                first, (start, at) = self._buffer[at], cut
                yield first, self._buffer[start:at]
        finally:
            self._buffer = self._buffer[at:]

    def _hang_up(self) -> None:
        if self.socket is not None:
            self.socket.close()
        self.socket = None


def _line(at: float, topic: str, message: dict[str, Any]) -> list[Any]:
    previous = message.get("previous")
    return [
        "reading",
        at,
        topic,
        message["run"],
        message["seq"],
        int(bool(message.get("is_historical"))),
        message["unix_time_second"],
        [previous["run"], previous["seq"]] if previous else None,
        message.get("state"),
        message.get("voltage_volt"),
    ]


def _text(value: str) -> bytes:
    encoded = value.encode()
    return len(encoded).to_bytes(2, "big") + encoded


def _packet(first: int, body: bytes) -> bytes:
    length, left = bytearray(), len(body)
    while left > 127:
        length.append(left & 127 | 128)
        left >>= 7
    length.append(left)
    return bytes([first]) + bytes(length) + body


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A variable byte integer, and where it ends."""
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        shift, at = shift + 7, at + 1
        if data[at - 1] < 128:
            return value, at


def _cut(data: bytes, at: int) -> tuple[int, int] | None:
    """Where the body of the packet at `at` begins and ends; None while it is incomplete."""
    with contextlib.suppress(IndexError):
        length, start = _number(data, at + 1)
        if start + length <= len(data):
            return start, start + length
    return None


def main() -> None:
    port, client_id, path, *filters = sys.argv[1:]
    with contextlib.ExitStack() as stack:
        record = stack.enter_context(Path(path).open("a", encoding="utf-8")) if path != "-" else None
        keeper = Keeper(int(port), client_id, filters, record)
        told = False
        while True:
            if keeper.socket is None and keeper.connect() and not told:
                told = True
                print("ready", flush=True)
            watched = [sys.stdin] if keeper.socket is None else [sys.stdin, keeper.socket]
            readable, _, _ = select.select(watched, [], [], RETRY_S)
            if keeper.socket in readable:
                keeper.receive()
            if sys.stdin in readable:
                if not sys.stdin.readline():
                    return
                now = {"at": keeper.at, "connected": keeper.socket is not None, "health": keeper.health}
                summary = keeper.ledger.summary() | now
                print(json.dumps(summary), flush=True)


if __name__ == "__main__":
    main()
