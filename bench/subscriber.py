"""Counts what arrives, in a process of its own, outside of everything that is measured.

    python -m bench.subscriber PORT FILTER QOS

Each line on its standard input is answered by one line of JSON: the counters so far. Two such lines
are the edges of a measurement.
"""

from __future__ import annotations

import select
import sys
import time

import msgspec

from bench.wire import Client


class Numbered(msgspec.Struct):
    """What both kinds of telemetry have: a number, and a sweep also its channels."""

    seq: int
    channel: list[int] | int = 0


class Counters(msgspec.Struct):
    """What arrived since the start.

    Attributes:
        readings: channel readings: one for a reading, one per channel for a sweep.
        missing: numbers that were skipped, over all topics.
        disordered: numbers that were not above the one before.
        at: time.monotonic() of the last message. Measured from message to message, a rate of few large
            ones does not depend on how many of them happen to fall between the edges.
    """

    messages: int = 0
    readings: int = 0
    payload_bytes: int = 0
    missing: int = 0
    disordered: int = 0
    at: float = 0.0


class Counter:
    """Counts messages, and gaps in the numbers of each topic."""

    def __init__(self) -> None:
        self.counters = Counters()
        self._last: dict[bytes, int] = {}
        self._decoder = msgspec.json.Decoder(Numbered)

    def take(self, topic: bytes, payload: bytes) -> None:
        numbered = self._decoder.decode(payload)
        counters = self.counters
        counters.at = time.monotonic()
        counters.messages += 1
        counters.payload_bytes += len(payload)
        counters.readings += len(numbered.channel) if isinstance(numbered.channel, list) else 1
        last = self._last.get(topic, numbered.seq - 1)
        counters.missing += max(0, numbered.seq - last - 1)
        counters.disordered += numbered.seq <= last
        self._last[topic] = numbered.seq


def main() -> None:
    port, topic_filter, qos = sys.argv[1:]
    client = Client(int(port), f"bench-subscriber-{qos}")
    client.subscribe(topic_filter, int(qos))
    counter = Counter()
    print("ready", flush=True)
    while True:
        readable, _, _ = select.select([client.socket, sys.stdin], [], [])
        if client.socket in readable:
            for topic, payload in client.receive():
                counter.take(topic, payload)
        if sys.stdin in readable:
            if not sys.stdin.readline():
                return
            print(msgspec.json.encode(counter.counters).decode(), flush=True)


if __name__ == "__main__":
    main()
