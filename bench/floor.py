"""What bounds every contestant: an echo for the latency, bare publishing for the rate, and a flood.

python -m bench.floor echo PORT ROOT
python -m bench.floor publish PORT ROOT QOS CHANNELS
python -m bench.floor flood PORT ROOT BYTES CHANNELS

The flood is written without a client library, from packets that are ready but for their number. What
the subscriber counts of it is what it can count, so any rate well below is not the subscriber's limit.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

from paho.mqtt.client import Client as PahoClient
from paho.mqtt.client import MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion

from bench.wire import Client, publish_packet

PAYLOAD_BYTES = 420
"""About what a reading of the bridge has."""

WINDOW = 200
"""Messages handed to paho before it has to have sent the first of them: it bounds nothing itself."""


def echo(port: int, root: str) -> None:
    """Answer each command with itself; NODELAY and QUICKACK on our end."""
    client = Client(port, "bench-echo")
    client.subscribe(f"{root}/+/cmd/+", qos=1)
    client.socket.settimeout(None)
    print("ready", flush=True)
    while True:
        for topic, payload in client.receive():
            client.publish(topic.partition(b"/cmd/")[0] + b"/ack", payload, qos=1)


def publish(port: int, root: str, qos: int, channels: int) -> None:
    """Publish as fast as paho can, one topic per channel, its own thread at work."""
    client = PahoClient(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", port)
    client.loop_start()
    topics = [f"{root}/{number}/reading" for number in range(1, channels + 1)]
    waiting: list[MQTTMessageInfo] = []
    seq = 0
    print("ready", flush=True)
    while True:
        seq += 1
        payload = json.dumps({"seq": seq, "filler": ""})
        payload = payload[:-2] + "x" * (PAYLOAD_BYTES - len(payload)) + '"}'
        for topic in topics:
            waiting.append(client.publish(topic, payload, qos))
            if len(waiting) == WINDOW:
                # Only every half window, so that the wake-up does not become what is measured.
                waiting[WINDOW // 2].wait_for_publish()
                del waiting[: WINDOW // 2]


def flood(port: int, root: str, payload_bytes: int, channels: int) -> None:
    """Publish with QoS 0 as fast as the broker reads, one topic per channel."""
    client = Client(port, "bench-flood")
    client.socket.settimeout(None)
    mark = b"#####"
    payload = b'{"filler":"' + b"x" * (payload_bytes - 25) + b'","seq":' + mark + b"}"
    packets = b"".join(
        publish_packet(f"{root}/{number}/reading".encode(), payload) for number in range(1, channels + 1)
    )
    pieces = packets.split(mark)
    seq = 0
    print("ready", flush=True)
    while True:
        seq = seq % 99_999 + 1
        # As long as the mark was, so that the lengths in the packets hold.
        client.socket.sendall((b"%5d" % seq).join(pieces))


def main() -> None:
    kind, port, root, *rest = sys.argv[1:]
    KINDS[kind](int(port), root, *map(int, rest))


KINDS: dict[str, Callable[..., None]] = {"echo": echo, "publish": publish, "flood": flood}


if __name__ == "__main__":
    main()
