"""One request in flight, and a connection that is closed after any doubt."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from macnet_bridge.errors import (
    BadReply,
    FunctionMissing,
    InvalidRequest,
    MacNetBridgeError,
    NoReply,
    TesterOffline,
    TesterRefused,
)
from macnet_bridge.macnet import AsyncCycler, Line, TesterAddress
from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol import messages as m
from macnet_bridge.macnet.protocol.framing import Header
from macnet_bridge.macnet.transports import TcpTransport
from macnet_bridge.simulator import SimulatedCycler
from tests.macnet.scripted_tester import HOST, Peer, ScriptedTester, silent, until, volts

SHORT_S = 0.2


@pytest.fixture
async def tester() -> AsyncIterator[ScriptedTester]:
    async with ScriptedTester(lambda peer, request: peer.send(volts(request))) as tester:
        yield tester


def client(tester: ScriptedTester, timeout_s: float = 10.0, **options: Any) -> AsyncCycler:
    return AsyncCycler(
        tester.address, timeout_s=timeout_s, transport="tcp" if tester.binary else "json", **options
    )


def ids(tester: ScriptedTester) -> list[int]:
    return [msgspec.json.decode(request)["id"] for request in tester.requests]


async def test_q38_ids_rise_from_a_start_that_nobody_can_guess(tester: ScriptedTester) -> None:
    starts = set()
    for _ in range(3):
        cycler = client(tester)
        for _ in range(3):
            await cycler.read_voltages(1, 1)
        first, *rest = ids(tester)[-3:]
        assert rest == [first + 1, first + 2]
        starts.add(first)
        cycler.close()
    assert len(starts) == 3
    assert len(tester.peers) == 3, "each client kept its connection"


async def test_u1_one_request_is_in_flight_and_the_next_waits(tester: ScriptedTester) -> None:
    tester.script = silent
    cycler = client(tester)
    calls = [asyncio.create_task(cycler.read_voltages(channel, 1)) for channel in (1, 2, 3)]
    for count in (1, 2, 3):
        await until(lambda: len(tester.requests) == count)  # noqa: B023 - used within its turn
        peer, request = tester.peers[0], tester.requests[-1]
        assert msgspec.json.decode(request)["params"]["Chan"] == count - 1
        peer.send(volts(request, float(count)))
        assert await calls[count - 1] == [float(count)]
    assert len(tester.peers) == 1


async def test_lines_do_not_wait_for_one_another(tester: ScriptedTester) -> None:
    tester.script = silent
    cycler = client(tester)
    range_of_one = m.ChannelRange(count=1)
    calls = [
        asyncio.create_task(cycler.call(f.VOLTAGES, 1, range_of_one, line=line))
        for line in (Line.READS, Line.COMMANDS, Line.STOPS)
    ]
    await until(lambda: len(tester.requests) == 3)
    assert len(tester.peers) == 3
    for peer in tester.peers:
        peer.send(volts(peer.requests[0]))
    await asyncio.gather(*calls)


async def test_a_lost_reply_closes_the_connection_and_the_next_call_opens_another(
    tester: ScriptedTester,
) -> None:
    tester.script = silent
    cycler = client(tester, SHORT_S)
    with pytest.raises(NoReply):
        await cycler.read_voltages(1, 1)
    await tester.peers[0].closed.wait()
    tester.script = lambda peer, request: peer.send(volts(request, 4.0))
    assert await cycler.read_voltages(1, 1) == [4.0]
    assert len(tester.peers) == 2


@pytest.mark.parametrize("binary", [False, True])
async def test_a_late_reply_never_answers_the_next_request(binary: bool) -> None:
    """The tester answers each request only when the one after it has come, on the same socket."""
    async with ScriptedTester(silent, binary=binary) as tester:
        cycler = client(tester, SHORT_S)
        for _ in range(2):
            with pytest.raises(NoReply):
                await cycler.read_voltages(1, 1)
        first, second = tester.peers
        await first.closed.wait()
        assert len(first.requests) == len(second.requests) == 1


@pytest.mark.parametrize(
    "rubbish",
    [
        {"Chan": 4},
        {"Chan": None},
        {"FNum": 3},
        {"FClass": 3},
        {"id": 1987},
        {"id": None},
        {"id": "7"},
        {"Voltage": [1.0, 2.0]},
        {"Voltage": ["x"]},
        {"Voltage": None},
    ],
    ids=str,
)
async def test_what_is_not_the_reply_is_a_bad_reply_and_closes(
    tester: ScriptedTester, rubbish: dict[str, object]
) -> None:
    tester.script = lambda peer, request: peer.send(volts(request, **rubbish))
    cycler = client(tester)
    with pytest.raises(BadReply):
        await cycler.read_voltages(1, 1)
    await tester.peers[0].closed.wait()
    tester.script = lambda peer, request: peer.send(volts(request))
    assert await cycler.read_voltages(1, 1) == [3.7]


async def test_q38_an_earlier_id_is_a_bad_reply(tester: ScriptedTester) -> None:
    cycler = client(tester)
    await cycler.read_voltages(1, 1)
    tester.script = lambda peer, request: peer.send(volts(peer.requests[0]))
    with pytest.raises(BadReply):
        await cycler.read_voltages(1, 1)


@pytest.mark.parametrize("rubbish", [b"HTTP/1.1 400\r\n\r\n", b"{" * 2_000_000, b"]", b"{}"])
async def test_bytes_that_are_no_reply(tester: ScriptedTester, rubbish: bytes) -> None:
    tester.script = lambda peer, request: peer.send(rubbish)
    with pytest.raises(BadReply):
        await client(tester).read_voltages(1, 1)
    await tester.peers[0].closed.wait()


@pytest.mark.parametrize(
    "header",
    [Header(4, 2, 1, 4), Header(4, 3, 0, 4), Header(3, 2, 0, 4), Header(4, 2, 0, 3), Header(4, 2, 0, 8)],
    ids=str,
)
async def test_a_binary_reply_to_something_else(header: Header) -> None:
    def script(peer: Peer, request: bytes) -> None:
        peer.send(header.pack() + bytes(8))

    async with ScriptedTester(script, binary=True) as tester:
        with pytest.raises(BadReply):
            await client(tester).read_voltages(1, 1)
        await tester.peers[0].closed.wait()


@pytest.mark.parametrize("binary", [False, True])
async def test_a_second_reply_behind_the_first_never_answers_the_next_request(binary: bool) -> None:
    def answer(request: bytes, value: float) -> bytes:
        if binary:
            return (
                Header.unpack(request)._replace(length=4).pack() + b"\x00\x00" + bytes([int(value)]) + b"\x41"
            )
        return volts(request, value)

    def twice(peer: Peer, request: bytes) -> None:
        peer.send(answer(request, 1) * 2)

    async with ScriptedTester(twice, binary=binary) as tester:
        cycler = client(tester)
        first = await cycler.read_voltages(1, 1)
        tester.script = lambda peer, request: peer.send(answer(request, 2))
        assert await cycler.read_voltages(1, 1) != first
        assert len(tester.peers) == 2, "whatever else came with the reply is a doubt"


async def test_a_second_reply_with_the_same_id_never_answers_the_next_request(tester: ScriptedTester) -> None:
    tester.script = lambda peer, request: peer.send(volts(request, 1.0, id=1987) * 2)
    cycler = client(tester, constant_id=True)
    assert await cycler.read_voltages(1, 1) == [1.0]
    tester.script = lambda peer, request: peer.send(volts(request, 2.0, id=1987))
    assert await cycler.read_voltages(1, 1) == [2.0]


async def test_a_line_end_that_comes_later_is_no_reason_to_connect_again(tester: ScriptedTester) -> None:
    tester.script = lambda peer, request: peer.send(volts(request).rstrip())
    cycler = client(tester)
    for _ in range(3):
        await cycler.read_voltages(1, 1)
        tester.peers[0].send(b"\r\n")
        # On loopback it has arrived once another exchange by another connection is over.
        await cycler.call(f.VOLTAGES, 1, m.ChannelRange(count=1), line=Line.COMMANDS)
    assert len(tester.peers) == 2
    assert len(tester.peers[0].requests) == 3


async def test_something_unasked_for_while_idle_closes(tester: ScriptedTester) -> None:
    cycler = client(tester)
    await cycler.read_voltages(1, 1)
    tester.peers[0].send(volts(tester.requests[0], 9.0))
    await cycler.call(f.VOLTAGES, 1, m.ChannelRange(count=1), line=Line.COMMANDS)
    assert await cycler.read_voltages(1, 1) == [3.7]
    assert [len(peer.requests) for peer in tester.peers] == [1, 1, 1]


async def test_u4_the_peer_closes_while_nothing_is_asked(tester: ScriptedTester) -> None:
    cycler = client(tester)
    await cycler.read_voltages(1, 1)
    tester.peers[0].transport.close()
    await tester.peers[0].closed.wait()
    await cycler.call(f.VOLTAGES, 1, m.ChannelRange(count=1), line=Line.COMMANDS)
    assert await cycler.read_voltages(1, 1) == [3.7]
    assert len(tester.peers) == 3


async def test_the_peer_closes_in_place_of_a_reply(tester: ScriptedTester) -> None:
    tester.script = lambda peer, request: peer.transport.abort()
    with pytest.raises(NoReply, match="closed"):
        await client(tester).read_voltages(1, 1)


async def test_half_a_reply_is_none(tester: ScriptedTester) -> None:
    def half(peer: Peer, request: bytes) -> None:
        peer.send(volts(request)[:30])
        peer.transport.close()

    tester.script = half
    with pytest.raises(NoReply):
        await client(tester).read_voltages(1, 1)


async def test_cancellation_closes_and_the_next_call_is_served(tester: ScriptedTester) -> None:
    tester.script = silent
    cycler = client(tester)
    call = asyncio.create_task(cycler.read_voltages(1, 1))
    waiting = asyncio.create_task(cycler.read_voltages(2, 1))
    await until(lambda: tester.requests)
    tester.script = lambda peer, request: peer.send(volts(request, 4.0))
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await tester.peers[0].closed.wait()
    assert await waiting == [4.0]
    assert len(tester.peers) == 2


async def test_cancelling_one_that_waits_for_its_turn_disturbs_nobody(tester: ScriptedTester) -> None:
    tester.script = silent
    cycler = client(tester)
    call = asyncio.create_task(cycler.read_voltages(1, 1))
    waiting = asyncio.create_task(cycler.read_voltages(2, 1))
    await until(lambda: tester.requests)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    tester.peers[0].send(volts(tester.requests[0]))
    assert await call == [3.7]
    assert not tester.peers[0].closed.is_set()


async def test_closing_ends_a_call_that_waits(tester: ScriptedTester) -> None:
    tester.script = silent
    cycler = client(tester)
    call = asyncio.create_task(cycler.read_voltages(1, 1))
    await until(lambda: tester.requests)
    cycler.close()
    with pytest.raises(NoReply):
        await call


async def test_an_idle_connection_notices_that_the_tester_is_gone(tester: ScriptedTester) -> None:
    """Without a word from it, which only the system's own probes find out."""
    transport = await TcpTransport.connect(HOST, tester.port)
    sock = transport._transport.get_extra_info("socket")
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    if sys.platform == "linux":
        after_s, every_s, times = (
            sock.getsockopt(socket.IPPROTO_TCP, option)
            for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
        )
        assert after_s + every_s * times <= 15
    transport.close()


async def test_nobody_there() -> None:
    async with ScriptedTester(silent) as tester:
        address = tester.address
    for line in Line:
        with pytest.raises(TesterOffline):
            await AsyncCycler(address).ping(line=line)
    with pytest.raises(TesterOffline):
        await AsyncCycler(address).rest(1)


async def test_a_name_that_nobody_has() -> None:
    for transport in ("json", "udp"):
        with pytest.raises(TesterOffline):
            await AsyncCycler(TesterAddress("no-such-host.invalid"), transport=transport).ping()


async def test_before_send_keeps_a_request_back(tester: ScriptedTester) -> None:
    class NotNow(MacNetBridgeError):
        pass

    def refuse() -> None:
        raise NotNow

    cycler = client(tester)
    with pytest.raises(NotNow):
        await cycler.call(f.VOLTAGES, 1, m.ChannelRange(count=1), before_send=refuse)
    assert await cycler.read_voltages(1, 1) == [3.7]
    assert len(tester.requests) == 1
    assert len(tester.peers) == 1, "nothing left, so there is no doubt"


async def test_before_send_is_called_when_nothing_stands_before_the_request(tester: ScriptedTester) -> None:
    tester.script = silent
    cycler = client(tester)
    first = asyncio.create_task(cycler.read_voltages(1, 1))
    asked: list[int] = []
    second = asyncio.create_task(
        cycler.call(
            f.VOLTAGES,
            2,
            m.ChannelRange(count=1),
            before_send=lambda: asked.append(len(tester.requests)),
        )
    )
    await until(lambda: tester.requests)
    assert asked == []
    tester.script = lambda peer, request: peer.send(volts(request))
    tester.peers[0].send(volts(tester.requests[0]))
    await asyncio.gather(first, second)
    assert asked == [1]


async def test_before_send_is_not_called_without_a_connection() -> None:
    async with ScriptedTester(silent) as tester:
        address = tester.address
    asked: list[None] = []
    with pytest.raises(TesterOffline):
        await AsyncCycler(address).suspend(1, lambda: asked.append(None))
    assert asked == []


async def test_before_send_is_not_called_for_a_value_that_cannot_be_sent() -> None:
    async with (
        SimulatedCycler(2) as simulated,
        AsyncCycler(TesterAddress(HOST, simulated.json_port, simulated.tcp_port)) as cycler,
    ):
        asked: list[None] = []
        with pytest.raises(InvalidRequest):
            await cycler.set_variable(1, 1, float("nan"), lambda: asked.append(None))
        assert asked == []
        assert not simulated.received.of(6, 9)


async def test_a_refusal_keeps_the_connection(tester: ScriptedTester) -> None:
    error = {"code": -32602, "message": "Invalid FNum"}
    tester.script = lambda peer, request: peer.send(volts(request, error=error))
    cycler = client(tester)
    with pytest.raises(FunctionMissing):
        await cycler.read_voltages(1, 1)
    with pytest.raises(TesterRefused):
        await cycler.read_voltages(1, 1)
    assert len(tester.peers) == 1


async def test_u3_split_and_pretty_replies(tester: ScriptedTester) -> None:
    def byte_by_byte(peer: Peer, request: bytes) -> None:
        text = msgspec.json.format(volts(request).strip()).replace(b"\n", b"\r\n") + b"\r\n"
        for at in range(len(text)):
            peer.send(text[at : at + 1])

    tester.script = byte_by_byte
    assert await client(tester).read_voltages(1, 1) == [3.7]


async def test_q38_a_constant_id_only_where_it_is_expected(tester: ScriptedTester) -> None:
    tester.script = lambda peer, request: peer.send(volts(request, id=1987))
    with pytest.raises(BadReply, match="constant_id"):
        await client(tester).read_voltages(1, 1)
    assert await client(tester, constant_id=True).read_voltages(1, 1) == [3.7]
    tester.script = lambda peer, request: peer.send(volts(request, id=1988))
    with pytest.raises(BadReply):
        await client(tester, constant_id=True).read_voltages(1, 1)


async def test_u1_requests_asked_at_once_never_overlap_on_a_connection(tester: ScriptedTester) -> None:
    """A tester that drops whatever comes while it works on something would drop nothing."""
    busy = False
    overlaps: list[bytes] = []

    def work(peer: Peer, request: bytes) -> None:
        nonlocal busy
        if busy:
            overlaps.append(request)
        busy = True

        def done() -> None:
            nonlocal busy
            busy = False
            peer.send(volts(request))

        asyncio.get_running_loop().call_later(0.002, done)

    tester.script = work
    cycler = client(tester)
    await asyncio.gather(*(cycler.read_voltages(channel, 1) for channel in range(1, 21)))
    assert overlaps == []
    assert len(tester.requests) == 20
    assert len(tester.peers) == 1


@pytest.mark.parametrize("transport", ["json", "tcp"])
async def test_u2_every_request_is_one_short_write_without_an_end(
    transport: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes: list[bytes] = []
    send = TcpTransport.send

    def noted(self: TcpTransport, data: bytes) -> None:
        sock = self._transport.get_extra_info("socket")
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        writes.append(data)
        send(self, data)

    monkeypatch.setattr(TcpTransport, "send", noted)
    async with SimulatedCycler(128) as simulated:
        where = TesterAddress(HOST, simulated.json_port, simulated.tcp_port, simulated.udp_port)
        async with AsyncCycler(where, transport=transport) as cycler:
            writes.clear()
            await cycler.read_statuses(1, 128)
            await cycler.set_variable(128, 15, -1.25)
            await cycler.check_start(7, m.CheckStart(test_name="x" * 200, procedure="CCCV_1C"))
    assert len(writes) == 3
    for write in writes:
        assert len(write) < 1400
        assert not write.endswith(b"\n")
    assert [write[-1:] for write in writes[1:]] == [b"}", b"}"]
