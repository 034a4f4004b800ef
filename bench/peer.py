"""What a reader of pymacnet's README would write around it: poll in a loop, publish with paho.

One `ChannelInterface` per channel, one channel after another, JSON by `json.dumps`, paho's own thread,
commands straight from `on_message`. The README says nothing of threads; a lock per channel is what it
takes so that a command and a poll do not mix their replies, so that is counted as its way too. QoS is
that of everything: telemetry, commands and answers. Commands are acknowledged when pymacnet returns;
it cannot read a variable back.

    python -m bench.peer BROKER_PORT JSON_PORTS TCP_PORTS CHANNELS QOS ROOT poll|idle

Ports of several testers are separated by commas; their channels are numbered on from tester to tester.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from typing import Any

import pymacnet
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

LIMITS = {
    "v_max_v": 4.2,
    "v_min_v": 3.0,
    "v_max_safety_limit_v": 4.25,
    "v_min_safety_limit_v": 2.9,
    "i_max_safety_limit_a": 3.0,
    "i_min_safety_limit_a": 3.0,
    "power_safety_limit_chg_w": 25,
    "power_safety_limit_dsg_w": 25,
}
OTHER_KEYS = {
    "test_name": "",
    "test_procedure": "",
    "c_rate_ah": 1,
    "data_record_time_s": 0.05,
    "data_record_voltage_delta_vbys": 0.0,
    "data_record_current_delta_abys": 0.0,
}


class Peer:
    """pymacnet on one side, paho on the other."""

    def __init__(self, root: str, qos: int) -> None:
        self._root = root
        self._qos = qos
        self._channels: dict[int, Any] = {}
        self._locks: dict[int, threading.Lock] = {}
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = self._on_message

    def add_tester(self, json_port: int, tcp_port: int, channels: int) -> None:
        """Connect to all channels of a tester."""
        address = {"server_ip": "127.0.0.1", "json_msg_port": json_port, "bin_msg_port": tcp_port}
        before = len(self._channels)
        for number in range(1, channels + 1):
            config = {**address, "msg_buffer_size_bytes": 1024, "channel": number, **LIMITS, **OTHER_KEYS}
            # The README calls start() next; version 1.1.3 has none and connects right here.
            self._channels[before + number] = pymacnet.ChannelInterface(config)
            self._locks[before + number] = threading.Lock()

    def connect(self, broker_port: int) -> None:
        """Connect to the broker."""
        self._client.connect("127.0.0.1", broker_port)
        self._client.subscribe(f"{self._root}/+/cmd/+", qos=self._qos)
        self._client.loop_start()

    def poll(self) -> None:
        """Read all channels, again and again."""
        seq = 0
        while True:
            seq += 1
            for number, channel in self._channels.items():
                with self._locks[number]:
                    status = channel.read_channel_status()
                status["seq"] = seq
                status["unix_time_second"] = time.time()
                self._client.publish(f"{self._root}/{number}/reading", json.dumps(status), qos=self._qos)

    def _on_message(self, _client: Client, _userdata: Any, message: MQTTMessage) -> None:
        _, number, _, verb = message.topic.rsplit("/", 3)
        command = json.loads(message.payload)
        channel = self._channels[int(number)]
        with self._locks[int(number)]:
            if verb == "set_variable":
                result = channel.set_channel_variable(command["args"]["variable"], command["args"]["value"])
            else:
                result = channel.read_channel_status()
        status = "done" if result else "failed"
        answer = {"id": command["id"], "status": status, "final": True, "result": result}
        self._client.publish(f"{self._root}/{number}/ack", json.dumps(answer), qos=self._qos)


def main() -> None:
    broker_port, json_ports, tcp_ports, channels, qos, root, task = sys.argv[1:]
    peer = Peer(root, int(qos))
    # The broker first: paho waits by `select`, which cannot do with a socket beyond the 1024th.
    peer.connect(int(broker_port))
    for json_port, tcp_port in zip(json_ports.split(","), tcp_ports.split(","), strict=True):
        peer.add_tester(int(json_port), int(tcp_port), int(channels))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print("ready", flush=True)
    if task == "poll":
        peer.poll()
    threading.Event().wait()


if __name__ == "__main__":
    main()
