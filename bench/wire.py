"""A measuring instrument: MQTT 3.1.1 on a blocking socket, a few microseconds a message.

It stands outside of what is measured, so it must be quick and must add no delay of its own: it sends
at once (NODELAY) and lets TCP confirm at once (QUICKACK), and knows only the packets a benchmark needs.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

CONNECT, CONNACK, PUBLISH, SUBSCRIBE, SUBACK = 0x10, 0x20, 0x30, 0x82, 0x90
RECEIVE_BYTES = 1 << 18
ANSWER_S = 5.0


class Message(NamedTuple):
    """A message as it came in."""

    topic: bytes
    payload: bytes


class WireError(Exception):
    """The broker did not do what a broker does."""


class Client:
    """A connection to a broker on loopback, subscribed to nothing yet."""

    def __init__(self, port: int, client_id: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), ANSWER_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""
        self._packet_id = 0
        # Keep-alive 0: a benchmark never rests long enough for the broker to ask.
        body = _text(b"MQTT") + b"\x04\x02\x00\x00" + _text(client_id.encode())
        self._send(CONNECT, body)
        self._wait_for(CONNACK)

    def close(self) -> None:
        """Leave without a word."""
        self.socket.close()

    def subscribe(self, topic_filter: str, qos: int = 0) -> None:
        """Subscribe, and return once the broker has agreed."""
        self._send(SUBSCRIBE, self._next_id() + _text(topic_filter.encode()) + bytes([qos]))
        self._wait_for(SUBACK)

    def publish(self, topic: bytes, payload: bytes, qos: int = 0) -> None:
        """Send a message. QoS 1 is not sent again: on loopback nothing is lost while all live."""
        self.socket.sendall(publish_packet(topic, payload, self._next_id() if qos else b"", qos))

    def receive(self) -> list[Message]:
        """All messages that the next bytes complete; none when the socket's time-out passed."""
        try:
            data = self.socket.recv(RECEIVE_BYTES)
        except TimeoutError:
            return []
        if not data:
            raise WireError("the broker closed the connection")
        self._acknowledge_at_once()
        self._buffer += data
        return [message for kind, message in self._packets() if kind == PUBLISH]

    def messages_until(self, end: float) -> Iterator[Message]:
        """Messages as they come, until time.monotonic() says `end`."""
        while (left := end - time.monotonic()) > 0:
            self.socket.settimeout(left)
            yield from self.receive()

    def wait_for(self, wanted: Callable[[Message], bool], seconds: float, what: str) -> Message:
        """The first wanted message. Raises WireError, naming `what`, when none came in time."""
        for message in self.messages_until(time.monotonic() + seconds):
            if wanted(message):
                return message
        raise WireError(f"{what}: nothing within {seconds:g} s")

    def _wait_for(self, kind: int) -> None:
        end = time.monotonic() + ANSWER_S
        while time.monotonic() < end:
            self._buffer += self.socket.recv(RECEIVE_BYTES)
            # What was retained may come right behind the answer, so only this packet is taken.
            for found, _ in self._packets():
                if found == kind:
                    return
        raise WireError(f"the broker did not answer with {kind:#x}")

    def _packets(self) -> Iterator[tuple[int, Message]]:
        """Cut what arrived into packets, and acknowledge QoS 1 once for all of them."""
        buffer, at, owed = self._buffer, 0, b""
        try:
            while (body := _body(buffer, at)) is not None:
                first, (start, at) = buffer[at], body
                kind = first & 0xF0
                if kind != PUBLISH:
                    yield kind, Message(b"", b"")
                    continue
                topic_end = start + 2 + int.from_bytes(buffer[start : start + 2], "big")
                content = topic_end
                if first & 0x06:
                    content += 2
                    owed += b"\x40\x02" + buffer[topic_end:content]
                yield kind, Message(buffer[start + 2 : topic_end], buffer[content:at])
        finally:
            self._buffer = buffer[at:]
            if owed:
                self.socket.sendall(owed)

    def _send(self, first: int, body: bytes) -> None:
        self.socket.sendall(bytes([first]) + _length(len(body)) + body)

    def _next_id(self) -> bytes:
        self._packet_id = self._packet_id % 0xFFFF + 1
        return self._packet_id.to_bytes(2, "big")

    def _acknowledge_at_once(self) -> None:
        # The kernel forgets it, so it is said again after each read; other systems lack it.
        option = getattr(socket, "TCP_QUICKACK", None)
        if option is not None:
            self.socket.setsockopt(socket.IPPROTO_TCP, option, 1)


def publish_packet(topic: bytes, payload: bytes, packet_id: bytes = b"", qos: int = 0) -> bytes:
    """A message as it goes over the wire; with QoS 1 it needs a packet id of two bytes."""
    body = _text(topic) + packet_id + payload
    return bytes([PUBLISH | qos << 1]) + _length(len(body)) + body


def _text(value: bytes) -> bytes:
    return len(value).to_bytes(2, "big") + value


def _length(value: int) -> bytes:
    encoded = bytearray()
    while value > 127:
        encoded.append(value & 127 | 128)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _body(buffer: bytes, at: int) -> tuple[int, int] | None:
    """Where the body of the packet at `at` begins and ends; None while it is incomplete."""
    length = shift = 0
    for index in range(at + 1, min(at + 5, len(buffer))):
        length |= (buffer[index] & 127) << shift
        shift += 7
        if buffer[index] < 128:
            end = index + 1 + length
            return (index + 1, end) if end <= len(buffer) else None
    return None
