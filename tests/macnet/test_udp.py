"""Datagrams: where they come back to, how large they get, and what happens to those that get lost."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from macnet_bridge.errors import NoReply, TesterOffline
from macnet_bridge.macnet import AsyncCycler, TesterAddress
from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol import messages as m
from macnet_bridge.macnet.protocol.codes import MAX_CHANNELS_PER_REQUEST
from macnet_bridge.macnet.udp import MAX_DATAGRAM_BYTES, UdpConnector
from macnet_bridge.simulator import Forms, SimulatedCycler, Transport
from macnet_bridge.simulator.sockets.datagrams import BinaryDatagrams
from tests.brokers import free_port
from tests.protocol.samples import ROWS, sample_request

SHORT_S = 0.3
MOST_IN_A_DATAGRAM = 17
"""Specifications of 84 bytes behind a header of 8, in 1472 bytes."""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("macnet_bridge.macnet.udp.ECHO_S", SHORT_S)


@pytest.fixture
async def simulated() -> AsyncIterator[SimulatedCycler]:
    async with SimulatedCycler(128) as simulated:
        yield simulated


def address(simulated: SimulatedCycler) -> TesterAddress:
    return TesterAddress(simulated.host, simulated.json_port, simulated.tcp_port, simulated.udp_port)


def ways(simulated: SimulatedCycler, *number: int) -> list[Transport]:
    return [record.transport for record in simulated.received.of(*number)]


async def test_q2_a_tester_that_answers_to_its_own_port_and_one() -> None:
    async with (
        SimulatedCycler(8, forms=Forms(udp_reply="next_port")) as simulated,
        AsyncCycler(address(simulated), transport="udp") as cycler,
    ):
        assert len(await cycler.read_voltages(1, 8)) == 8
        assert len(simulated.received.of(0, 0)) == 2, "one echo to each port"
        cycler.close()
        assert len(await cycler.read_voltages(1, 8)) == 8
        assert len(simulated.received.of(0, 0)) == 3, "then it is known"
    assert ways(simulated, 4, 2) == [Transport.BINARY_UDP] * 2


async def test_q2_a_tester_that_answers_to_who_asked_needs_no_port_of_ours(
    simulated: SimulatedCycler,
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("0.0.0.0", simulated.udp_port + 1))
        async with AsyncCycler(address(simulated), transport="udp") as cycler:
            assert len(await cycler.read_voltages(1, 8)) == 8
    assert len(simulated.received.of(0, 0)) == 1


async def test_q2_the_next_port_is_taken_by_another_program() -> None:
    async with SimulatedCycler(8, forms=Forms(udp_reply="next_port")) as simulated:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind(("0.0.0.0", simulated.udp_port + 1))
            with pytest.raises(TesterOffline, match="in use"):
                await AsyncCycler(address(simulated), transport="udp").ping()


async def test_nobody_answers_by_udp(simulated: SimulatedCycler) -> None:
    port = free_port()
    with pytest.raises(TesterOffline, match=f"{port} does not answer by UDP"):
        await UdpConnector("127.0.0.1", port).connect()
    with pytest.raises(TesterOffline, match=r"to the port that asked$"):
        await UdpConnector("127.0.0.1", 65535).connect()


async def test_what_is_no_echo_does_not_count() -> None:
    async def answer_wrongly(sock: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            _, peer = await loop.sock_recvfrom(sock, 100)
            await loop.sock_sendto(sock, b"\x01\x00\x00\x00\x00\x00\x00\x00", peer)

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.bind(("127.0.0.1", 0))
        answering = asyncio.create_task(answer_wrongly(sock))
        with pytest.raises(TesterOffline):
            await UdpConnector("127.0.0.1", sock.getsockname()[1]).connect()
        answering.cancel()


@pytest.mark.parametrize("count", [1, MOST_IN_A_DATAGRAM, MOST_IN_A_DATAGRAM + 1, 128])
async def test_u8_a_datagram_holds_seventeen_specifications(simulated: SimulatedCycler, count: int) -> None:
    async with AsyncCycler(address(simulated), transport="udp") as cycler:
        assert len(await cycler.read_specifications(1, count)) == count
    fits = count <= MOST_IN_A_DATAGRAM
    assert ways(simulated, 3, 1) == [Transport.BINARY_UDP if fits else Transport.BINARY_TCP]


async def test_u8_no_reply_by_udp_is_longer_than_a_frame(
    simulated: SimulatedCycler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is asked of a tester of 128 channels, with as many of them as a request may name."""
    sizes: list[int] = []
    original = BinaryDatagrams.send

    def measured(datagrams: BinaryDatagrams, data: bytes, addr: tuple[str, int]) -> None:
        sizes.append(len(data))
        original(datagrams, data, addr)

    monkeypatch.setattr(BinaryDatagrams, "send", measured)
    async with AsyncCycler(address(simulated), transport="udp") as cycler:
        for row in ROWS:
            if row.request is m.ChannelRange and row.effect is f.Effect.READS:
                await cycler.call(row, 1, m.ChannelRange(count=MAX_CHANNELS_PER_REQUEST))
            elif row.target is f.Target.CHANNEL and row.effect is f.Effect.READS and row.number[0] in (3, 4):
                await cycler.call(row, 1, sample_request(row))
    assert len(sizes) > 8
    assert max(sizes) == 8 + 4 * 128
    assert max(sizes) <= MAX_DATAGRAM_BYTES


async def test_u8_a_datagram_that_got_lost_is_not_asked_for_again(simulated: SimulatedCycler) -> None:
    """By a client that was told to use UDP; who chose it by itself goes back to JSON."""
    async with AsyncCycler(address(simulated), transport="udp", timeout_s=SHORT_S) as cycler:
        simulated.received.clear()
        simulated.faults.drop_replies(4, 2)
        with pytest.raises(NoReply, match="no reply"):
            await cycler.read_voltages(1, 8)
    assert len(simulated.received.of(4, 2)) == 1
