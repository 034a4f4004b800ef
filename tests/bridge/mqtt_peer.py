"""An MQTT client that imports nothing of ours: plain paho on its own thread, keeping all it sees."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from tests.patience import PATIENCE_S


@dataclass(frozen=True)
class Seen:
    """A message as it came."""

    topic: str
    payload: bytes
    retain: bool
    correlation_data: bytes | None
    monotonic: float

    @property
    def json(self) -> Any:
        return json.loads(self.payload) if self.payload else None


class MqttPeer:
    """Subscribes to filters, remembers every message, waits for the one that is wanted."""

    def __init__(
        self,
        host: str,
        port: int,
        *filters: str,
        v5: bool = True,
        user: str = "",
        password: str = "",
        session: str = "",
    ) -> None:
        """
        Args:
            session: a client id; with one, MQTT 5 and a broker that keeps what comes while we are away.
        """
        self._v5 = v5
        self._filters = filters
        self._address = (host, port)
        self._subscribed = threading.Event()
        self._arrived = threading.Condition()
        self.seen: list[Seen] = []
        protocol = mqtt.MQTTv5 if v5 else mqtt.MQTTv311
        self._has_session = bool(session)
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, session, protocol=protocol)
        if user:
            self._client.username_pw_set(user, password)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._on_message
        self._client.reconnect_delay_set(1, 1)

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._connect)
        self._client.loop_start()
        assert await asyncio.to_thread(self._subscribed.wait, PATIENCE_S), "the peer could not subscribe"
        return self

    def _connect(self) -> None:
        if not self._has_session:
            self._client.connect(*self._address)
            return
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = 300
        self._client.connect(*self._address, clean_start=False, properties=properties)

    async def __aexit__(self, *exc_info: object) -> None:
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    def publish(
        self,
        topic: str,
        payload: Any = b"",
        *,
        qos: int = 1,
        retain: bool = False,
        response_topic: str | None = None,
        correlation_data: bytes | None = None,
        expiry_s: int | None = None,
    ) -> None:
        """Publish bytes as they are and anything else as JSON."""
        data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        properties = None
        if self._v5:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            if response_topic is not None:
                properties.ResponseTopic = response_topic
            if correlation_data is not None:
                properties.CorrelationData = correlation_data
            if expiry_s is not None:
                properties.MessageExpiryInterval = expiry_s
        self._client.publish(topic, data, qos, retain, properties)

    async def wait(
        self, wanted: Callable[[Seen], bool], after: int = 0, timeout_s: float = PATIENCE_S
    ) -> Seen:
        """The first message from index `after` on that is wanted; fails when none comes in time."""
        return await asyncio.to_thread(self._wait, wanted, after, timeout_s)

    async def command(self, topic: str, payload: Any = b"", **options: Any) -> dict[str, Any]:
        """Publish a command with an id, or an empty one, and wait for its final acknowledgement."""
        after = len(self.seen)
        self.publish(topic, payload, **options)
        wanted = payload.get("id") if isinstance(payload, dict) else None
        return await self.final(wanted, after)

    async def final(self, command_id: str | None, after: int = 0) -> dict[str, Any]:
        """The final acknowledgement of an id, or the first one at all for None; of whole commands."""

        def is_it(seen: Seen) -> bool:
            if not seen.topic.endswith("/ack") or not seen.json["final"] or "part" in seen.json:
                return False
            return bool(command_id is None or seen.json["id"] == command_id)

        found: dict[str, Any] = (await self.wait(is_it, after)).json
        return found

    def finals(self, command_id: str) -> list[dict[str, Any]]:
        """All final acknowledgements of an id so far, on acknowledgement topics."""
        acks = [seen.json for seen in list(self.seen) if seen.topic.endswith("/ack")]
        return [ack for ack in acks if ack["id"] == command_id and ack["final"] and "part" not in ack]

    def _on_connect(self, client: mqtt.Client, *_: Any) -> None:
        # Retain As Published, so that what this peer sees as retained was published so.
        if self._v5:
            options = SubscribeOptions(qos=1, retainAsPublished=True)
            client.subscribe([(topic, options) for topic in self._filters])
        else:
            client.subscribe([(topic, 1) for topic in self._filters])

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        properties = getattr(message, "properties", None)
        seen = Seen(
            message.topic,
            bytes(message.payload),
            message.retain,
            getattr(properties, "CorrelationData", None),
            time.monotonic(),
        )
        with self._arrived:
            self.seen.append(seen)
            self._arrived.notify_all()

    def _wait(self, wanted: Callable[[Seen], bool], after: int, timeout_s: float) -> Seen:
        end = time.monotonic() + timeout_s
        index = after
        with self._arrived:
            while True:
                for seen in self.seen[index:]:
                    if wanted(seen):
                        return seen
                index = len(self.seen)
                left = end - time.monotonic()
                if left <= 0 or not self._arrived.wait(left):
                    last = [(seen.topic, seen.payload[:300]) for seen in self.seen[-5:]]
                    raise AssertionError(f"nothing like it came in {timeout_s:g} s; the last were {last}")
