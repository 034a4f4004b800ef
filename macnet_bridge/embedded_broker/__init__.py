"""A broker for demonstrations and tests, with nothing to set up: loopback only, anybody may do anything."""

from __future__ import annotations

from macnet_bridge.embedded_broker.broker import EmbeddedBroker
from macnet_bridge.embedded_broker.mosquitto import find_mosquitto, mosquitto_version
from macnet_bridge.embedded_broker.welcome import connack

__all__ = ["EmbeddedBroker", "connack", "find_mosquitto", "mosquitto_version"]
