"""amqtt, told to turn clients of other versions of MQTT away at once.

By itself it reads on first, takes properties of MQTT 5 for the length of a name, and waits for
bytes that never come; a client that begins with MQTT 5 then waits as well, before it tries 3.1.1.
"""

from __future__ import annotations

from typing import Any

_LEVEL = 4
"""What MQTT 3.1.1 calls itself in a CONNECT packet."""


def refuse_others() -> None:
    """From now on, for every amqtt of this process."""
    from amqtt.mqtt.connect import ConnectPacket, ConnectPayload

    class Payload(ConnectPayload):  # type: ignore[misc]
        @classmethod
        async def from_stream(cls, reader: Any, fixed: Any, header: Any) -> Any:
            if header.proto_level == _LEVEL:
                return await super().from_stream(reader, fixed, header)
            header.flags = 0  # nothing of what they announce is read
            return cls(client_id="")

    ConnectPacket.PAYLOAD = Payload
