"""A real Delivery whose broker takes and confirms everything at once."""

from __future__ import annotations

from collections.abc import Callable

from macnet_bridge.broker import Outgoing
from macnet_bridge.telemetry.delivery import Delivery


def delivery_to(record: Callable[[str, bytes, int, bool], object], run: int = 7) -> Delivery:
    """Calls `record` with topic, payload, QoS and retain of each message."""

    def publish(message: Outgoing) -> bool:
        record(message.topic, message.payload, message.qos, message.retain)
        if message.settled is not None:
            message.settled(True)
        return True

    return Delivery(publish, lambda: True, run=run)
