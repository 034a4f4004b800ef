"""PUBLISH packets, byte by byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macnet_bridge.broker import Outgoing
from macnet_bridge.broker.messages import Protocol, packet_bytes
from macnet_bridge.broker.packets import unconfirmed


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
    assert unconfirmed(message, version) == packet


@given(st.integers(0, 3_000_000))
def test_the_size_that_is_counted_is_that_of_the_packet(size: int) -> None:
    message = Outgoing("lab/1", bytes(size))
    assert len(unconfirmed(message, "5")) == packet_bytes(message)
