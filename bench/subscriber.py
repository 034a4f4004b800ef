"""Counts what arrives, in a process of its own, outside of everything that is measured.

    python -m bench.subscriber PORT FILTER QOS

Each line on its standard input is answered by one line of JSON: the counters so far. Two such lines
are the edges of a measurement. Payloads are not decoded: the number and the channels of a sweep are
found by a search, so that a message costs about two microseconds; `compare.py` measures in each run
how many it can count.
"""

from __future__ import annotations

import select
import sys
import time
from collections.abc import Iterable

import msgspec

from bench.wire import Client, Message

_SEQ, _CHANNELS = b'"seq":', b'"channel":['


class Numbered(msgspec.Struct):
    """What both kinds of telemetry have, decoded, for who has the time: a number, and a sweep also its
    channels."""

    seq: int
    channel: list[int] | int = 0


class Counters(msgspec.Struct):
    """What arrived since the start.

    Attributes:
        readings: channel readings: one for a reading, one per channel for a sweep.
        missing: numbers that were skipped, over all topics.
        disordered: numbers that were not above the one before.
        numbered: messages that had a number. Without one nothing can be missed.
        at: time.monotonic() of the last message. Measured from message to message, a rate of few large
            ones does not depend on how many of them happen to fall between the edges.
    """

    messages: int = 0
    readings: int = 0
    payload_bytes: int = 0
    missing: int = 0
    disordered: int = 0
    numbered: int = 0
    at: float = 0.0


class Counter:
    """Counts messages, and gaps in the numbers of each topic."""

    def __init__(self) -> None:
        self.counters = Counters()
        self._last: dict[bytes, int] = {}

    def take(self, messages: Iterable[Message]) -> None:
        """Messages that arrived just now."""
        counters, now = self.counters, time.monotonic()
        for topic, payload in messages:
            counters.at = now
            counters.messages += 1
            counters.payload_bytes += len(payload)
            counters.readings += channels_in(payload)
            found = payload.find(_SEQ)
            if found >= 0:
                self._number(topic, number_at(payload, found + len(_SEQ)))

    def _number(self, topic: bytes, seq: int) -> None:
        counters = self.counters
        counters.numbered += 1
        last = self._last.get(topic)
        self._last[topic] = seq
        if last is None or seq == last + 1:
            return
        counters.missing += max(0, seq - last - 1)
        counters.disordered += seq <= last


def channels_in(payload: bytes) -> int:
    """How many channels a message tells of: those in the list of a sweep, else one."""
    start = payload.find(_CHANNELS)
    if start < 0:
        return 1
    start += len(_CHANNELS)
    end = payload.index(b"]", start)
    return payload.count(b",", start, end) + 1 if payload[start:end].strip() else 0


def number_at(payload: bytes, start: int) -> int:
    """The integer that begins at `start`, after white space if any."""
    end = payload.find(b",", start)
    if end < 0:
        end = payload.index(b"}", start)
    return int(payload[start:end].rstrip(b"}"))


def main() -> None:
    port, topic_filter, qos = sys.argv[1:]
    client = Client(int(port), f"bench-subscriber-{qos}")
    client.subscribe(topic_filter, int(qos))
    counter = Counter()
    print("ready", flush=True)
    while True:
        readable, _, _ = select.select([client.socket, sys.stdin], [], [])
        if client.socket in readable:
            counter.take(client.receive())
        if sys.stdin in readable:
            if not sys.stdin.readline():
                return
            print(msgspec.json.encode(counter.counters).decode(), flush=True)


if __name__ == "__main__":
    main()
