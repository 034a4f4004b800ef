"""Every kind of fault over real sockets, and which requests a fault strikes."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macnet_bridge.simulator import Fault, SimulatedCycler, Transport
from macnet_bridge.simulator.sockets.fault_kinds import GARBAGE, KINDS
from macnet_bridge.simulator.sockets.faults import Faults
from macnet_bridge.simulator.sockets.received import Received
from tests.patience import PATIENCE_S
from tests.simulator.peers import FakeClock, JsonPeer, binary_peer, datagram_peer, json_peer, request

READ_VOLTS = struct.pack("<4H", 4, 2, 0, 1)
SET = {"Chan": 0, "VarNum": 1, "Value": 7}


@asynccontextmanager
async def raw_client(cycler: SimulatedCycler) -> AsyncIterator[socket.socket]:
    """A bare socket: what arrives shows as the kernel gives it."""
    with socket.create_connection((cycler.host, cycler.json_port)) as sock:
        sock.setblocking(False)
        yield sock


async def send(sock: socket.socket, data: bytes) -> None:
    await asyncio.get_running_loop().sock_sendall(sock, data)


async def arrives(sock: socket.socket) -> bytes:
    """What is there when something is. Raises ConnectionResetError after an RST."""
    return await asyncio.wait_for(asyncio.get_running_loop().sock_recv(sock, 65536), PATIENCE_S)


def variable(cycler: SimulatedCycler) -> float:
    return cycler.channel(1).variables[0]


def struck(cycler: SimulatedCycler) -> list[str]:
    """What the log says of faults, message by message."""
    return [record.answer.fault for record in cycler.received if record.answer]


# --- kinds


async def test_a_dropped_reply_is_lost_after_the_deed(cycler: SimulatedCycler, peer: JsonPeer) -> None:
    cycler.faults.add(Fault("drop", on=(6, 9), times=1))
    peer.writer.write(request(6, 9, request_id=1, **SET))
    assert (await peer.ask(1, 2, request_id=2))["id"] == 2
    assert variable(cycler) == 7.0
    assert struck(cycler) == ["drop", ""]


async def test_a_request_can_be_lost_before_the_deed(cycler: SimulatedCycler, peer: JsonPeer) -> None:
    cycler.faults.add(Fault("drop", on=(6, 9), times=1, carried_out=False))
    peer.writer.write(request(6, 9, request_id=1, **SET))
    assert (await peer.ask(1, 2, request_id=2))["id"] == 2
    assert variable(cycler) == 0.0
    record = cycler.received.of(6, 9)[0]
    assert record.answer is not None
    assert (record.answer.fault, record.answer.reply) == ("drop", None)


async def test_a_delayed_reply_is_overtaken(cycler: SimulatedCycler, peer: JsonPeer) -> None:
    resolution = time.get_clock_info("monotonic").resolution
    cycler.faults.add(Fault("delay", on=(6, 9), second=0.2))
    begin = time.monotonic()
    peer.writer.write(request(6, 9, request_id=1, **SET) + request(1, 2, request_id=2))
    assert (await peer.reply())["id"] == 2
    assert variable(cycler) == 7.0, "only its reply is late"
    assert (await peer.reply())["id"] == 1
    assert time.monotonic() - begin >= 0.2 - resolution


async def test_a_split_reply_comes_in_pieces(cycler: SimulatedCycler) -> None:
    cycler.faults.add(Fault("split", parts=4, second=0.3))
    resolution = time.get_clock_info("monotonic").resolution
    async with raw_client(cycler) as sock:
        begin = time.monotonic()
        await send(sock, request(1, 2))
        pieces = [await arrives(sock)]
        while not pieces[-1].endswith(b"\r\n"):
            pieces.append(await arrives(sock))
    assert len(pieces) == 4
    assert time.monotonic() - begin >= 0.3 - 4 * resolution
    assert json.loads(b"".join(pieces))["result"]["TestChannels"] == 8


@pytest.mark.parametrize("parts", [1, 5000])
async def test_a_reply_can_be_split_into_one_piece_or_into_bytes(
    parts: int, cycler: SimulatedCycler, peer: JsonPeer
) -> None:
    cycler.faults.add(Fault("split", parts=parts, second=0.0))
    assert (await peer.result(1, 2))["TestChannels"] == 8


async def test_glued_replies_come_in_one_segment(cycler: SimulatedCycler) -> None:
    cycler.faults.add(Fault("glue", times=1))
    async with raw_client(cycler) as sock:
        await send(sock, request(1, 2, request_id=1))
        await cycler.wait_for(lambda record: record.answer is not None, PATIENCE_S)
        await send(sock, request(1, 2, request_id=2))
        segment = await arrives(sock)
    assert [json.loads(line)["id"] for line in segment.splitlines()] == [1, 2]


async def test_garbage_comes_before_a_reply(cycler: SimulatedCycler, peer: JsonPeer) -> None:
    cycler.faults.add(Fault("garbage", on=(1, 2)), Fault("garbage", on=(4, 2), data=b"{]"))
    peer.writer.write(request(1, 2))
    assert await peer.line() == GARBAGE
    assert (await peer.reply())["result"]["TestChannels"] == 8
    peer.writer.write(request(4, 2, Chan=0, Len=1))
    assert (await peer.line()).startswith(b'{]{"jsonrpc"')


async def test_garbage_by_udp_is_a_datagram(cycler: SimulatedCycler) -> None:
    cycler.faults.add(Fault("garbage"))
    async with datagram_peer(cycler) as peer:
        assert await peer.ask(READ_VOLTS) == GARBAGE
        assert len(await asyncio.wait_for(peer.replies.get(), PATIENCE_S)) == 12


async def test_a_garbled_reply_is_as_long_and_makes_no_sense(cycler: SimulatedCycler) -> None:
    async with binary_peer(cycler) as peer:
        right = await peer.ask(READ_VOLTS)
        cycler.faults.add(Fault("garble"))
        peer.writer.write(READ_VOLTS)
        wrong = await asyncio.wait_for(peer.reader.readexactly(len(right)), PATIENCE_S)
    assert not set(zip(right, wrong, strict=True)) & {(byte, byte) for byte in range(256)}
    assert bytes(byte ^ 0xFF for byte in wrong) == right


@pytest.mark.parametrize(("asked", "answered"), [(1987, 1986), ("text", 0), (None, 0)])
async def test_a_wrong_id_with_the_right_result(
    asked: Any, answered: int, cycler: SimulatedCycler, peer: JsonPeer
) -> None:
    cycler.faults.add(Fault("wrong-id"))
    reply = await peer.ask(1, 2, request_id=asked)
    assert (reply["id"], reply["result"]["TestChannels"]) == (answered, 8)


@pytest.mark.parametrize("carried_out", [True, False])
async def test_a_connection_is_reset(cycler: SimulatedCycler, carried_out: bool) -> None:
    cycler.faults.add(Fault("reset", on=(6, 9), carried_out=carried_out))
    async with raw_client(cycler) as sock, json_peer(cycler) as other:
        await send(sock, request(6, 9, **SET))
        with pytest.raises(ConnectionResetError):
            await arrives(sock)
        assert (await other.result(4, 8, Chan=0))["VARs"][0] == (7.0 if carried_out else 0.0)


async def test_a_connection_is_reset_in_the_middle_of_a_reply(cycler: SimulatedCycler) -> None:
    cycler.faults.add(Fault("cut", on=(6, 9)))
    async with raw_client(cycler) as sock:
        await send(sock, request(1, 2))
        await arrives(sock)
        await send(sock, request(6, 9, **SET))
        half = await arrives(sock)
        assert half.startswith(b'{"jsonrpc":"2.0"')
        assert b"}" not in half
        with pytest.raises(ConnectionResetError):
            await arrives(sock)
    assert variable(cycler) == 7.0


async def test_a_half_open_connection_says_nothing_for_ever(cycler: SimulatedCycler) -> None:
    cycler.faults.add(Fault("half-open", on=(6, 9), times=1))
    async with json_peer(cycler) as mute, json_peer(cycler) as other:
        mute.writer.write(request(6, 9, **SET))
        await cycler.wait_for(lambda record: record.answer is not None, PATIENCE_S)
        mute.writer.write(request(6, 9, **{**SET, "Value": 8}))
        mute.writer.write_eof()
        for _ in range(20):
            await other.ask(1, 2)
        assert variable(cycler) == 7.0
        assert len(cycler.received.of(6, 9)) == 1, "nothing is read any more"
        assert not mute.reader.at_eof(), "the client's end is not answered"
        await cycler.stop()
        assert await mute.is_closed(), "with nothing before"


async def test_connections_are_refused_for_a_time() -> None:
    fault = Fault("refuse", transport=Transport.JSON, times=1, second=0.3)
    async with SimulatedCycler(script=[fault]) as cycler:
        begin = time.monotonic()
        refused = 0
        while time.monotonic() - begin < 5.0:
            async with json_peer(cycler) as peer, binary_peer(cycler) as binary:
                assert len(await binary.ask(READ_VOLTS)) == 12, "the other port is open"
                peer.writer.write(request(1, 2))
                if not await peer.is_closed():
                    break
                refused += 1
        assert time.monotonic() - begin >= 0.29
        assert refused >= 1
        assert struck(cycler).count("refuse") == refused


async def test_so_many_connections_are_refused(cycler: SimulatedCycler) -> None:
    cycler.faults.add(Fault("refuse", times=2, second=0.0))
    for _ in range(2):
        async with json_peer(cycler) as peer:
            assert await peer.is_closed()
    async with json_peer(cycler) as peer:
        assert (await peer.result(1, 2))["TestChannels"] == 8


async def test_refusals_of_the_tester_can_be_struck_too(cycler: SimulatedCycler, peer: JsonPeer) -> None:
    cycler.faults.add(Fault("wrong-id", times=2))
    assert (await peer.ask(4, 7, request_id=5, Chan=99))["id"] == 4
    peer.writer.write(b"{broken}")
    reply = await peer.reply()
    assert (reply["id"], reply["error"]["message"]) == (0, "Parse error")


async def test_faults_strike_a_spoofer_as_well(clock: FakeClock) -> None:
    faults = [Fault("drop", on=(1, 1), times=1), Fault("wrong-id", on=(1, 2))]
    async with (
        SimulatedCycler(12, profile="pymacnet", clock=clock, script=faults) as cycler,
        json_peer(cycler) as peer,
    ):
        peer.writer.write(request(1, 1) + request(1, 2))
        assert json.loads(await asyncio.wait_for(peer.reader.readuntil(b"}\r\n"), PATIENCE_S))["id"] == 1986


# --- which requests, and how often


def record(number: tuple[int, int] | None = (6, 2), channel: int = 5, by: str = "json") -> Received:
    return Received(time=0.0, transport=Transport(by), number=number, channel=channel)


@pytest.mark.parametrize(
    ("fault", "fits"),
    [
        (Fault("drop"), True),
        (Fault("drop", on=(6, 2)), True),
        (Fault("drop", on=(6, 3)), False),
        (Fault("drop", channel=5), True),
        (Fault("drop", channel=4), False),
        (Fault("drop", transport=Transport.JSON), True),
        (Fault("drop", transport=Transport.BINARY_TCP), False),
        (Fault("drop", on=(6, 2), channel=5, transport=Transport.JSON), True),
        (Fault("drop", on=(6, 2), channel=4, transport=Transport.JSON), False),
    ],
)
def test_a_fault_says_which_requests_it_strikes(fault: Fault, fits: bool) -> None:
    assert fault.fits(record()) == fits
    assert Faults(script=[fault]).on_reply(record()) == (fault if fits else None)


@pytest.mark.parametrize(("kind", "by"), [("reset", "udp"), ("wrong-id", "tcp"), ("half-open", "udp")])
def test_a_fault_that_a_transport_cannot_have_does_not_strike(kind: str, by: str) -> None:
    assert Faults(script=[Fault(kind)]).on_reply(record(by=by)) is None


@given(st.integers(0, 5), st.none() | st.integers(0, 5), st.integers(0, 12))
def test_a_fault_passes_some_and_strikes_some(after: int, times: int | None, requests: int) -> None:
    faults = Faults(script=[Fault("drop", on=(6, 2), after=after, times=times)])
    strikes = [faults.on_reply(record()) is not None for _ in range(requests)]
    expected = range(after, requests if times is None else min(requests, after + times))
    assert [number for number, hit in enumerate(strikes) if hit] == list(expected)
    assert faults.on_reply(record(number=(1, 2))) is None


def test_the_first_fault_that_strikes_is_the_only_one() -> None:
    once, always = Fault("drop", times=1), Fault("garble")
    faults = Faults(script=[once, always])
    assert [faults.on_reply(record()) for _ in range(3)] == [once, always, always]
    faults.remove(always)
    assert faults.on_reply(record()) is None
    faults.add(always)
    faults.clear()
    assert faults.on_reply(record()) is None


def test_a_share_of_the_requests_is_struck_by_the_dice_of_the_seed() -> None:
    def strikes(seed: int) -> list[bool]:
        faults = Faults(script=[Fault("drop", share=0.1)], seed=seed)
        return [faults.on_reply(record()) is not None for _ in range(5000)]

    assert strikes(1) == strikes(1)
    assert strikes(1) != strikes(2)
    # Three standard deviations of 5000 throws are 64.
    assert 500 - 64 < sum(strikes(1)) < 500 + 64


def test_before_and_after_the_deed_are_apart() -> None:
    before, after = Fault("drop", carried_out=False), Fault("drop")
    faults = Faults(script=[after, before])
    assert (faults.on_arrival(record()), faults.on_reply(record())) == (before, after)


@pytest.mark.parametrize(
    ("kind", "options", "why"),
    [
        ("explode", {}, "no fault 'explode', only drop, delay"),
        ("wrong-id", {"transport": Transport.BINARY_TCP}, "no wrong-id by tcp"),
        ("reset", {"transport": Transport.BINARY_UDP}, "no reset by udp"),
        ("delay", {"carried_out": False}, "needs a reply"),
        ("refuse", {"on": (6, 2)}, "have no function"),
        ("refuse", {"channel": 1}, "no channel"),
        ("drop", {"share": 1.5}, "share is 0 to 1"),
        ("drop", {"times": -1}, "0 or more"),
        ("drop", {"after": -1}, "0 or more"),
        ("delay", {"second": -0.1}, "second is 0 or more"),
        ("delay", {"second": float("inf")}, "second is 0 or more"),
        ("split", {"parts": 0}, "parts is 1 or more"),
    ],
)
def test_what_cannot_be_is_refused(kind: str, options: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Fault(kind, **options)


def test_every_kind_has_a_test_here() -> None:
    text = Path(__file__).read_text("utf-8")
    assert [kind for kind in KINDS if f'Fault("{kind}"' not in text] == []
