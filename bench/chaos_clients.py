"""The requesters of a chaos run: plain paho clients that send, repeat, and send again until answered."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from bench.chaos_plan import Command, with_duplicates

OPEN_AT_MOST = 16
RESEND_S = 3.0
DEADLINE_S = 45
SESSION_S = 3600


class Requester:
    """One client with a session of its own, which the broker keeps over its restarts.

    Attributes:
        finals: by id, every final acknowledgement that came.
        sent, duplicates: messages published, and those of them that were no first ones.
    """

    def __init__(self, port: int, root: str, number: int, own: Sequence[Command], seed: int) -> None:
        self.finals: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        self.sent = self.duplicates = self.started = 0
        self._own = own
        self._dice = random.Random(f"{seed}/{number}")
        self._root = root
        self._reply_topic = f"{root}/reply/client{number}"
        self._open: dict[str, Command] = {}
        self._payloads: dict[str, bytes] = {}
        self._asked_at: dict[str, float] = {}
        self._subscribed = threading.Event()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=f"chaos-{root}-{number}", protocol=mqtt.MQTTv5
        )
        self._client.on_connect = lambda client, *_: client.subscribe(self._reply_topic, 1)
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._on_message
        self._client.reconnect_delay_set(1, 1)
        session = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        session.SessionExpiryInterval = SESSION_S
        self._client.connect("127.0.0.1", port, clean_start=False, properties=session)
        self._client.loop_start()
        if not self._subscribed.wait(10):
            raise RuntimeError("a client could not subscribe")

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def run(self, give_up: threading.Event) -> None:
        """Send everything, and what stays without an answer again and again."""
        for command, is_first in with_duplicates(self._own, self._dice):
            while is_first and self.waiting >= OPEN_AT_MOST and not give_up.wait(0.01):
                self._send_overdue()
            if give_up.is_set():
                return
            self._send(command)
            self.started += is_first
        while self.waiting and not give_up.wait(0.1):
            self._send_overdue()

    @property
    def waiting(self) -> int:
        """Ids that were sent and have no final acknowledgement."""
        for command_id in [known for known in self._open if known in self.finals]:
            del self._open[command_id]
        return len(self._open)

    def _send_overdue(self) -> None:
        now = time.monotonic()
        for command in list(self._open.values()):
            if now - self._asked_at[command.id] > RESEND_S:
                self._send(command)

    def _send(self, command: Command) -> None:
        payload = self._payloads.get(command.id)
        if payload is None:
            expires_at = int((time.time() + DEADLINE_S) * 1000)
            content = {"id": command.id, "args": command.arguments, "expires_at": expires_at}
            payload = self._payloads[command.id] = json.dumps(content).encode()
            self._open[command.id] = command
        else:
            self.duplicates += 1
        self._asked_at[command.id] = time.monotonic()
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.ResponseTopic = self._reply_topic
        where = f"{self._root}/lab{command.cycler}/{command.channel}"
        topic = f"{where}/cmd/{command.verb}/{command.principal}"
        self._client.publish(topic, payload, 1, properties=properties)
        self.sent += 1

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        ack = json.loads(message.payload)
        if ack["final"]:
            self.finals[ack["id"]].append(ack)
