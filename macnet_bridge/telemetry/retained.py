"""Retained messages: while there is no room, the newest of each topic waits."""

from __future__ import annotations

from functools import partial

from macnet_bridge.telemetry.outlet import Outlet


class Retained:
    """Sends them, with QoS 1. An empty payload clears a topic."""

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet
        self._waiting: dict[str, bytes] = {}

    def publish(self, topic: str, payload: bytes) -> None:
        """Now, or once there is room."""
        if self._outlet.has_room and topic not in self._waiting:
            self._send(topic, payload)
        else:
            self._waiting[topic] = payload
            self._outlet.await_room()

    def flush(self) -> None:
        """Send what waited, as far as there is room."""
        while self._waiting and self._outlet.has_room:
            topic = next(iter(self._waiting))
            self._send(topic, self._waiting.pop(topic))
        if self._waiting:
            self._outlet.await_room()

    def withdraw(self, prefix: str) -> None:
        """What waits below this topic is not ours to publish any more."""
        for topic in [topic for topic in self._waiting if topic.startswith(prefix)]:
            del self._waiting[topic]

    def _send(self, topic: str, payload: bytes) -> None:
        self._outlet.send(topic, payload, 1, partial(self._settled, topic, payload), retain=True)

    def _settled(self, topic: str, payload: bytes, is_taken: bool) -> None:
        self._outlet.free(len(topic) + len(payload))
        if not is_taken and not self._outlet.is_ready():
            self._waiting.setdefault(topic, payload)
            self._outlet.await_room()
