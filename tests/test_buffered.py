"""What lies between paho and its socket: nothing is lost, doubled, or kept for ever."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from macnet_bridge.broker.buffered import GATHERED_BYTES, BufferedSocket

PUBLISH_QOS_0, PUBLISH_QOS_0_RETAIN, PUBLISH_QOS_1, PUBACK = b"\x30", b"\x31", b"\x32", b"\x40"
DISCONNECT = b"\xe0\x00"


@pytest.fixture
def pair() -> Iterator[tuple[BufferedSocket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    with ours, theirs:
        yield BufferedSocket(ours), theirs


def arrived(theirs: socket.socket) -> bytes:
    found = b""
    try:
        while data := theirs.recv(1 << 20):
            found += data
    except BlockingIOError:
        pass
    return found


def flushed(sock: BufferedSocket, theirs: socket.socket) -> bytes:
    """Flush, however little the system takes at a time, and return what came out at the other end."""
    found = b""
    while not sock.flush():
        found += arrived(theirs)
    return found + arrived(theirs)


def fill(sock: BufferedSocket) -> bytes:
    """Send until the system takes no more, and return all that was taken here."""
    taken = b""
    while True:
        packet = PUBLISH_QOS_1 + len(taken).to_bytes(4, "big") * 1000
        assert sock.send(packet) == len(packet)
        taken += packet
        if not sock.flush():
            return taken


def test_before_it_gathers_each_packet_leaves_at_once(pair: tuple[BufferedSocket, socket.socket]) -> None:
    sock, theirs = pair
    assert sock.send(b"\x10connect") == 8
    assert arrived(theirs) == b"\x10connect"
    assert not sock.has_unsent


def test_packets_leave_together_and_in_order(pair: tuple[BufferedSocket, socket.socket]) -> None:
    sock, theirs = pair
    sock.gather()
    for packet in (b"\x30one", b"\x32two", b"\x40three"):
        assert sock.send(packet) == len(packet)
    assert arrived(theirs) == b""
    assert sock.has_unsent
    assert sock.flush()
    assert arrived(theirs) == b"\x30one\x32two\x40three"
    assert not sock.has_unsent


def test_only_publish_with_qos_0_is_counted(pair: tuple[BufferedSocket, socket.socket]) -> None:
    sock, _ = pair
    sock.gather()
    for packet in (PUBLISH_QOS_0, PUBLISH_QOS_0_RETAIN, PUBLISH_QOS_1, PUBACK, b"\x82", b"\xc0"):
        sock.send(packet)
    assert sock.published == 2


def test_a_full_system_takes_no_more_and_loses_nothing(pair: tuple[BufferedSocket, socket.socket]) -> None:
    sock, theirs = pair
    sock.gather()
    expected = fill(sock)
    with pytest.raises(BlockingIOError):
        sock.send(PUBLISH_QOS_0)
    assert flushed(sock, theirs) == expected
    assert sock.published == 0
    assert sock.send(PUBLISH_QOS_0) == 1


def test_so_much_is_gathered_at_most(pair: tuple[BufferedSocket, socket.socket]) -> None:
    sock, theirs = pair
    sock.gather()
    sock.send(PUBLISH_QOS_0 + bytes(GATHERED_BYTES))
    with pytest.raises(BlockingIOError):
        sock.send(PUBLISH_QOS_0)
    assert len(flushed(sock, theirs)) == GATHERED_BYTES + 1
    assert sock.send(PUBLISH_QOS_0) == 1


def test_a_goodbye_waits_until_all_before_it_has_left(pair: tuple[BufferedSocket, socket.socket]) -> None:
    sock, theirs = pair
    sock.gather()
    sock.send(b"\x30last words")
    assert sock.send(DISCONNECT) == 2
    assert arrived(theirs) == b"\x30last words" + DISCONNECT
    fill(sock)
    with pytest.raises(BlockingIOError):
        sock.send(DISCONNECT)


def test_one_read_takes_all_and_gives_it_in_pieces(pair: tuple[BufferedSocket, socket.socket]) -> None:
    sock, theirs = pair
    theirs.send(b"\xb0\x02\x00\x01\xb0\x02\x00\x02")
    assert sock.recv(1) == b"\xb0"
    assert sock.pending() == 7
    assert [sock.recv(1), sock.recv(2), sock.recv(100)] == [b"\x02", b"\x00\x01", b"\xb0\x02\x00\x02"]
    assert sock.pending() == 0
    with pytest.raises(BlockingIOError):
        sock.recv(1)


def test_the_end_and_an_error_are_told(pair: tuple[BufferedSocket, socket.socket]) -> None:
    sock, theirs = pair
    sock.gather()
    theirs.close()
    assert sock.recv(1) == b""
    sock.send(PUBLISH_QOS_0)
    with pytest.raises(OSError, match=r".*"):
        sock.flush()


OTHERS = [b"\xd0\x00", b"\x32\x05\x00\x01t\x40\x02", b"\x40\x01\x07", b"\x90\x04\x00\x01\x00\x00"]
CONFIRMATIONS = [b"\x40\x02\x04\x00", b"\x40\x03\x04\x01\x87", b"\x40\x02\x40\x02"]


@settings(deadline=None)
@given(st.lists(st.sampled_from(OTHERS + CONFIRMATIONS)), st.integers(1, 9))
def test_confirmations_are_taken_out_and_all_else_is_left(packets: list[bytes], piece: int) -> None:
    stream, left = b"".join(packets), b""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        sock = BufferedSocket(ours)
        for at in range(0, len(stream), piece):
            theirs.sendall(stream[at : at + piece])
            left += read_bytewise(sock)
    assert left == b"".join(packet for packet in packets if packet in OTHERS)
    assert [(each.mid, each.denied) for each in sock.confirmed] == [
        (int.from_bytes(packet[2:4], "big"), len(packet) == 5)
        for packet in packets
        if packet in CONFIRMATIONS
    ]
    assert sock.pending() == 0


MESSAGES = [b"\x30\x04\x00\x01tA", b"\x32\x06\x00\x01t\x40\x02B", b"\x30\x84\x00\x00\x01tC"]
FOR_PAHO = [b"\xd0\x00", b"\x90\x04\x00\x01\x00\x00", b"\x34\x05\x00\x01t\x00\x01"]


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(MESSAGES + FOR_PAHO + CONFIRMATIONS)), st.sampled_from([1, 2, 5, 9, 30, 9999])
)
def test_messages_that_came_whole_are_taken_out_in_their_order(packets: list[bytes], piece: int) -> None:
    """And those that came in pieces are left, with all else; nobody is given two in one go."""
    stream, seen, taken, taken_in_all = b"".join(packets), b"", [0], 0

    def take(first: int, body: bytes) -> bool:
        nonlocal seen
        if first == 0x34:
            return False
        seen += next(each for each in MESSAGES if each[0] == first and each.endswith(body))
        taken[0] += 1
        return True

    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        sock = BufferedSocket(ours, take)
        for at in range(0, len(stream), piece):
            theirs.sendall(stream[at : at + piece])
            while True:
                taken[0] = 0
                try:
                    seen += sock.recv(1)
                except BlockingIOError:
                    assert taken[0] <= 1
                    taken_in_all += taken[0]
                    if not taken[0]:
                        break
        assert sock.pending() == 0
    assert seen == b"".join(packet for packet in packets if packet not in CONFIRMATIONS)
    assert piece < 9999 or taken_in_all == sum(packet in MESSAGES for packet in packets)
    assert len(sock.confirmed) == sum(packet in CONFIRMATIONS for packet in packets)


def read_bytewise(sock: BufferedSocket) -> bytes:
    """All that there is."""
    found = b""
    try:
        while True:
            found += sock.recv(1)
    except BlockingIOError:
        return found
