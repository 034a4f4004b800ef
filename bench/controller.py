"""A controller as users may write it: some channels under direct control, and setpoints to each of them.

    python -m bench.controller HOST PORT ROOT CHANNELS VALID_FOR_S HERTZ

Says "ready" once it has all leases and sends setpoints. It knows nothing but MQTT, keeps no setpoint that
could not be sent, and is made to be stopped: by SIGSTOP, and by the loss of its broker.
"""

from __future__ import annotations

import json
import math
import sys
import threading
import time
import uuid
from typing import Any

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

START_S = 30.0
AMPERE = 1.0
PERIOD_S = 3.0


class Controller:
    """One connection, and the leases that it got."""

    def __init__(self, root: str, channels: int, valid_for_s: float) -> None:
        self._root = root
        self._channels = range(1, channels + 1)
        self._valid_for_s = valid_for_s
        self._leases: dict[int, str] = {}
        self._has_all = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        self._client.reconnect_delay_set(1, 1)

    def start(self, host: str, port: int) -> None:
        """Take all channels into direct control."""
        self._client.connect(host, port, keepalive=5)
        self._client.loop_start()
        if not self._has_all.wait(START_S):
            raise SystemExit(f"only {len(self._leases)} of {len(self._channels)} leases came")

    def control(self, hertz: float) -> None:
        """Setpoints for ever: a sine of current, each channel in a phase of its own."""
        turn_at = time.monotonic()
        n = 0
        while True:
            n += 1
            if self._client.is_connected():
                for channel in self._channels:
                    self._set(channel, n, turn_at)
            turn_at = max(turn_at + 1 / hertz, time.monotonic() - 1 / hertz)
            time.sleep(max(0.0, turn_at - time.monotonic()))

    def _set(self, channel: int, n: int, now: float) -> None:
        ampere = AMPERE * math.sin(2 * math.pi * (now / PERIOD_S + channel / len(self._channels)))
        args = {"lease": self._leases[channel], "n": n, "current_ampere": round(ampere, 3)}
        self._publish(channel, "set_output", {"args": args}, qos=0)

    def _publish(self, channel: int, verb: str, command: dict[str, Any], qos: int) -> None:
        self._client.publish(f"{self._root}/lab1/{channel}/cmd/{verb}", json.dumps(command), qos)

    def _on_connect(self, client: mqtt.Client, *_: Any) -> None:
        if self._has_all.is_set():
            return
        client.subscribe(f"{self._root}/lab1/+/telemetry/ack", 1)
        for channel in self._channels:
            command = {"id": uuid.uuid4().hex, "args": {"valid_for_s": self._valid_for_s}}
            self._publish(channel, "start_direct", command, qos=1)

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        answer = json.loads(message.payload)
        if answer["command"] == "start_direct" and answer["status"] == "done":
            self._leases[answer["channel"]] = answer["result"]["lease"]
            if len(self._leases) == len(self._channels):
                self._has_all.set()


def main(host: str, port: str, root: str, channels: str, valid_for_s: str, hertz: str) -> None:
    controller = Controller(root, int(channels), float(valid_for_s))
    controller.start(host, int(port))
    print("ready", flush=True)
    controller.control(float(hertz))


if __name__ == "__main__":
    main(*sys.argv[1:])
