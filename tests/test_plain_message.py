"""What is read of PUBLISH packets without paho is what paho would have read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import Client, MQTTMessage, MQTTv5, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from macnet_bridge.broker.paho_client import read_by_paho
from macnet_bridge.broker.plain import PlainMessage, plain_message

TOPIC = b"\x00\x0alab/5/read"


def test_a_message_of_mqtt_5() -> None:
    message = plain_message(0x3B, TOPIC + b"\x01\x02\x00{}", is_v5=True)
    assert message == PlainMessage("lab/5/read", b"{}", 1, True, True, 258)


def test_properties_of_a_command() -> None:
    properties = b"\x02\x00\x00\x01\x02" + b"\x08\x00\x03a/b" + b"\x09\x00\x02\x00\xff"
    message = plain_message(0x32, TOPIC + b"\x00\x01\x10" + properties + b"{}", is_v5=True)
    assert message == PlainMessage("lab/5/read", b"{}", 1, False, False, 1, "a/b", b"\x00\xff", 258)
    last = plain_message(0x30, TOPIC + b"\x03\x09\x00\x00{}", is_v5=True)
    assert last == PlainMessage("lab/5/read", b"{}", 0, False, False, 0, correlation_data=b"")


def test_a_message_of_mqtt_3_with_qos_0() -> None:
    message = plain_message(0x30, TOPIC + b"{}", is_v5=False)
    assert message == PlainMessage("lab/5/read", b"{}", 0, False, False, 0)


@pytest.mark.parametrize(
    ("first", "body"),
    [
        pytest.param(0x32, TOPIC + b"\x00\x01\x02\x01\x00{}", id="another property"),
        pytest.param(0x32, TOPIC + b"\x00\x01\x04\x23\x00\x01{}", id="a topic alias"),
        pytest.param(0x32, TOPIC + b"\x00\x01\x0a" + 2 * b"\x02\x00\x00\x00\x09" + b"{}", id="one twice"),
        pytest.param(0x32, TOPIC + b"\x00\x01\x04\x02\x00\x00\x09{}", id="a property that is cut"),
        pytest.param(0x32, TOPIC + b"\x00\x01\x01\x09{}", id="a length that is cut"),
        pytest.param(0x32, TOPIC + b"\x00\x01\x04\x08\x00\x01\xff{}", id="answer where there is no text"),
        pytest.param(0x32, TOPIC + b"\x00\x01\x09\x02\x00\x00\x00", id="ends within its properties"),
        pytest.param(0x32, TOPIC + b"\x00\x01\x85\x00" + bytes(140), id="many properties"),
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


PROPERTIES = st.lists(
    st.one_of(
        st.binary(min_size=4, max_size=4).map(lambda data: b"\x02" + data),
        st.text(max_size=5).map(str.encode).map(lambda text: b"\x08" + len(text).to_bytes(2, "big") + text),
        st.binary(max_size=5).map(lambda data: b"\x09" + len(data).to_bytes(2, "big") + data),
        st.sampled_from([b"\x01\x01", b"\x0b\x07", b"\x26\x00\x01a\x00\x01b"]),
    ),
    max_size=4,
).map(b"".join)
RESTS = st.one_of(
    st.binary(max_size=12),
    st.binary(max_size=9).map(lambda data: b"\0\1\0" + data),
    st.tuples(PROPERTIES, st.binary(max_size=9)).map(
        lambda two: b"\0\1" + bytes([len(two[0])]) + b"".join(two)
    ),
)


@given(
    first=st.integers(0x30, 0x3F),
    topic=st.text(min_size=1, max_size=20).map(str.encode),
    rest=RESTS,
    is_v5=st.booleans(),
)
def test_it_is_what_paho_reads(first: int, topic: bytes, rest: bytes, is_v5: bool) -> None:
    body = len(topic).to_bytes(2, "big") + topic + rest
    plain = plain_message(first, body, is_v5=is_v5)
    if plain is not None:
        assert plain == read_by_paho(_read_by_paho(first, body, is_v5=is_v5))


def _read_by_paho(first: int, body: bytes, *, is_v5: bool) -> MQTTMessage:
    found: list[MQTTMessage] = []
    client: Any = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5 if is_v5 else MQTTv311, manual_ack=True)
    client.on_message = lambda client, userdata, message: found.append(message)
    client._in_packet |= {"command": first, "packet": bytearray(body), "remaining_length": len(body)}
    assert client._handle_publish() == MQTTErrorCode.MQTT_ERR_SUCCESS
    return found[0]
