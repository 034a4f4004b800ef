"""PUBLISH packets, byte by byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macnet_bridge.broker import Outgoing
from macnet_bridge.broker.messages import Protocol, packet_bytes
from macnet_bridge.broker.packets import (
    Confirmation,
    PacketIds,
    body,
    confirmation,
    is_publish,
    puback,
    publish,
)


@pytest.mark.parametrize(
    ("message", "version", "packet"),
    [
        (Outgoing("a/b", b"hi"), "5", b"\x30\x08\0\x03a/b\0hi"),
        (Outgoing("a/b", b"hi"), "4", b"\x30\x07\0\x03a/bhi"),
        (Outgoing("a/b", b"", retain=True), "4", b"\x31\x05\0\x03a/b"),
        (Outgoing("\N{DEGREE SIGN}", b"1"), "4", b"\x30\x05\0\x02\xc2\xb01"),
        (Outgoing("t", bytes(123)), "5", b"\x30\x7f\0\x01t\0" + bytes(123)),
        (Outgoing("t", bytes(124)), "5", b"\x30\x80\x01\0\x01t\0" + bytes(124)),
        (Outgoing("t", bytes(16_380)), "5", b"\x30\x80\x80\x01\0\x01t\0" + bytes(16_380)),
    ],
)
def test_packets(message: Outgoing, version: Protocol, packet: bytes) -> None:
    assert publish(message, version, 0) == packet


def test_packets_that_want_a_confirmation_have_a_number() -> None:
    assert publish(Outgoing("a", b"x", 1), "4", 0x1234) == b"\x32\x06\0\x01a\x12\x34x"
    assert publish(Outgoing("a", b"x", 1, retain=True), "5", 5) == b"\x33\x07\0\x01a\0\x05\0x"


def test_correlation_data_goes_with_mqtt_5() -> None:
    message = Outgoing("a", b"x", 1, correlation_data=b"cd")
    assert publish(message, "5", 5) == b"\x32\x0c\0\x01a\0\x05\x05\x09\0\x02cdx"
    assert publish(message, "4", 5) == b"\x32\x06\0\x01a\0\x05x"


@given(st.integers(0, 3_000_000), st.sampled_from([0, 1]), st.sampled_from([None, b"", b"c" * 100]))
def test_the_size_that_is_counted_is_that_of_the_packet(size: int, qos: int, data: bytes | None) -> None:
    message = Outgoing("lab/1", bytes(size), qos, correlation_data=data)
    assert len(publish(message, "5", 7)) == packet_bytes(message)


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        (b"\x40\x02\x12\x34", Confirmation(0x1234, False, 4)),
        (b"\x40\x03\0\x05\x10", Confirmation(5, False, 5)),  # nobody has subscribed
        (b"\x40\x03\0\x05\x87", Confirmation(5, True, 5)),
        (b"\x40\x04\0\x05\x87\0", Confirmation(5, True, 6)),
        (b"\x40\x88\x01\0\x05\x87" + bytes(133), Confirmation(5, True, 139)),
        (b"\x40\x80\x01\0\x05\x87" + bytes(125), Confirmation(5, True, 131)),
    ],
)
def test_confirmations(packet: bytes, expected: Confirmation) -> None:
    assert confirmation(packet, 0) == expected
    assert confirmation(packet + b"\x40", 0) == expected
    for length in range(1, len(packet)):
        assert confirmation(packet[:length], 0) is None


@given(st.integers(1, 0xFFFF))
def test_our_confirmations_are_read_as_such(mid: int) -> None:
    assert puback(mid)[:2] == b"\x40\x02"
    assert confirmation(puback(mid), 0) == Confirmation(mid, False, 4)


@given(st.integers(0, 40_000), st.binary(max_size=5), st.binary(max_size=3))
def test_where_a_packet_ends(size: int, before: bytes, after: bytes) -> None:
    packet = publish(Outgoing("lab/1", bytes(size)), "4", 0)
    at, end = len(before), len(before) + len(packet)
    assert is_publish(before + packet, at)
    assert body(before + packet + after, at) == (end - 7 - size, end)
    assert body((before + packet)[:-1], at) is None


def test_a_length_that_never_ends() -> None:
    assert body(b"\x30" + b"\xff" * 9, 0) is None
    assert body(b"\x30", 0) is None


@pytest.mark.parametrize("packet", [b"\x40\0", b"\x40\x01\0", b"\x40\x80\x80\x01"])
def test_no_confirmations(packet: bytes) -> None:
    with pytest.raises(ValueError, match="no PUBACK"):
        confirmation(packet, 0)


def test_packet_ids_go_round_and_none_is_under_way_twice() -> None:
    ids = PacketIds()
    first, second = ids.take(), ids.take()
    assert (first, second) == (1024, 1025)
    for _ in range(64_510):
        ids.free(ids.take())
    ids.free(second)
    assert ids.take() == 1025
    ids.free(first)
    assert [ids.take(), ids.take()] == [1026, 1027]
