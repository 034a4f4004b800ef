"""What is read of PUBLISH packets without paho is what paho would have read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import Client, MQTTMessage, MQTTv5, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from macnet_bridge.broker.plain import PlainMessage, plain_message

TOPIC = b"\x00\x0alab/5/read"


def test_a_message_of_mqtt_5() -> None:
    message = plain_message(0x3B, TOPIC + b"\x01\x02\x00{}", is_v5=True)
    assert message == PlainMessage("lab/5/read", b"{}", 1, True, True, 258)


def test_a_message_of_mqtt_3_with_qos_0() -> None:
    message = plain_message(0x30, TOPIC + b"{}", is_v5=False)
    assert message == PlainMessage("lab/5/read", b"{}", 0, False, False, 0)


@pytest.mark.parametrize(
    ("first", "body"),
    [
        pytest.param(0x32, TOPIC + b"\x00\x01\x05\x02\x00\x00\x00\x09{}", id="with properties"),
        pytest.param(0x34, TOPIC + b"\x00\x01\x00{}", id="QoS 2"),
        pytest.param(0x36, TOPIC + b"\x00\x01\x00{}", id="QoS 3"),
        pytest.param(0x32, b"\x00\x01\xff\x00\x01\x00{}", id="topic that is no text"),
        pytest.param(0x32, TOPIC + b"\x00\x01", id="ends before its properties"),
        pytest.param(0x32, b"\xff\xff", id="ends before its topic"),
        pytest.param(0x32, b"\x00\x00\x00\x01\x00{}", id="no topic"),
        pytest.param(0x32, b"", id="empty"),
    ],
)
def test_what_is_left_to_paho(first: int, body: bytes) -> None:
    assert plain_message(first, body, is_v5=True) is None


@given(
    first=st.integers(0x30, 0x3F),
    topic=st.text(min_size=1, max_size=20).map(str.encode),
    rest=st.one_of(st.binary(max_size=12), st.binary(max_size=9).map(lambda data: b"\0\1\0" + data)),
    is_v5=st.booleans(),
)
def test_it_is_what_paho_reads(first: int, topic: bytes, rest: bytes, is_v5: bool) -> None:
    body = len(topic).to_bytes(2, "big") + topic + rest
    plain = plain_message(first, body, is_v5=is_v5)
    if plain is not None:
        by_paho = _read_by_paho(first, body, is_v5=is_v5)
        assert plain == PlainMessage(
            by_paho.topic,
            bytes(by_paho.payload),
            by_paho.qos,
            by_paho.retain,
            by_paho.dup,
            by_paho.mid,
        )


def _read_by_paho(first: int, body: bytes, *, is_v5: bool) -> MQTTMessage:
    found: list[MQTTMessage] = []
    client: Any = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5 if is_v5 else MQTTv311, manual_ack=True)
    client.on_message = lambda client, userdata, message: found.append(message)
    client._in_packet |= {"command": first, "packet": bytearray(body), "remaining_length": len(body)}
    assert client._handle_publish() == MQTTErrorCode.MQTT_ERR_SUCCESS
    return found[0]
