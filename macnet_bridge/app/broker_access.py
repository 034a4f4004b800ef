"""How the [mqtt] section says that the broker is reached."""

from __future__ import annotations

from macnet_bridge.app.config import MqttSection
from macnet_bridge.broker import BrokerSettings


def access(mqtt: MqttSection, client_id: str, password: str) -> BrokerSettings:
    """What the section has of them, for one client of that broker."""
    return BrokerSettings(
        url=mqtt.url,
        client_id=client_id,
        protocol=mqtt.protocol,
        username=mqtt.username,
        password=password,
        ca_file=mqtt.ca_file,
        cert_file=mqtt.cert_file,
        key_file=mqtt.key_file,
        keepalive_s=mqtt.keepalive_s,
    )
