"""Several requests in one go: every value under its own channel, or none."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from macnet_bridge.errors import (
    BadReply,
    InvalidRequest,
    NoReply,
    TesterOffline,
    TesterRefused,
    TransportError,
)
from macnet_bridge.macnet import AsyncCycler, TesterAddress
from macnet_bridge.macnet.connection import Connection
from macnet_bridge.macnet.dialects import BinaryDialect, Call, JsonDialect
from macnet_bridge.macnet.exchanges import Exchange
from macnet_bridge.macnet.protocol import binary, jsonrpc
from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol import messages as m
from macnet_bridge.macnet.protocol.framing import HEADER_BYTES, Header, JsonFramer
from macnet_bridge.macnet.transports import ConnectionClosed
from macnet_bridge.simulator import Fault, SimulatedCycler
from tests.macnet.scripted_tester import HOST, Peer, ScriptedTester, until
from tests.telemetry.statuses import status

SHORT_S = 0.2
CHANNELS = (3, 1, 7, 2)

Outcomes = list[Any]
Spoil = Callable[[list[bytes]], list[bytes]]


def answers(written: bytes, is_binary: bool) -> list[bytes]:
    """A right reply to every request of (4, 7); the voltage tells which channel it is of."""
    if is_binary:
        headers = [Header.unpack(written[at:]) for at in range(0, len(written), HEADER_BYTES)]
        return [
            binary.encode_reply(f.STATUS_AND_READINGS, h.channel + 1, reading(h.channel + 1)) for h in headers
        ]
    framer, texts = JsonFramer(), []
    framer.feed(written)
    while (text := framer.take()) is not None:
        request = jsonrpc.decode_request(text)
        reply = reading(request.channel)
        texts.append(jsonrpc.encode_reply(request.function, request.channel, reply, request.request_id))
    return [text + jsonrpc.REPLY_END for text in texts]


def reading(channel: int) -> m.StatusAndReadings:
    return status(voltage_volt=float(channel), record_index=channel)


def calls(channels: Sequence[int]) -> list[Call]:
    return [Call(f.STATUS_AND_READINGS, channel, m.Empty()) for channel in channels]


class Replay:
    """A transport that answers with chunks made of what was sent; then it is closed, or says nothing."""

    def __init__(self, chunks_for: Callable[[bytes], list[bytes]], *, hangs_up: bool = True) -> None:
        self._chunks_for = chunks_for
        self._hangs_up = hangs_up
        self._chunks: list[bytes] = []
        self.sent: list[bytes] = []
        self.is_open = True

    def send(self, data: bytes) -> None:
        self.sent.append(data)
        self._chunks += [chunk for chunk in self._chunks_for(data) if chunk]

    async def receive(self) -> bytes:
        if not self._chunks:
            if self._hangs_up:
                raise ConnectionClosed("the tester closed the connection")
            await asyncio.get_running_loop().create_future()
        return self._chunks.pop(0)

    def close(self) -> None:
        self.is_open = False

    def leftover(self) -> bytes:
        rest = b"".join(self._chunks)
        self._chunks.clear()
        return rest


def ask(transport: Replay, is_binary: bool, channels: Sequence[int] = CHANNELS) -> Outcomes:
    async def connect() -> Replay:
        return transport

    async def run() -> Outcomes:
        connection = Connection(connect, BinaryDialect if is_binary else JsonDialect)
        return await connection.call_each(calls(channels), SHORT_S)

    return asyncio.run(run())


def check_no_value_is_misplaced(outcomes: Outcomes, channels: Sequence[int] = CHANNELS) -> int:
    """How many have their value; the others have an error, and no value follows one of the connection."""
    assert len(outcomes) == len(channels)
    values = 0
    for channel, outcome in zip(channels, outcomes, strict=True):
        if isinstance(outcome, m.StatusAndReadings):
            assert outcome == reading(channel)
            values += 1
        else:
            assert isinstance(outcome, NoReply | BadReply | TesterRefused)
    return values


@pytest.mark.parametrize("is_binary", [False, True])
def test_replies_split_at_every_byte(is_binary: bool) -> None:
    length = len(b"".join(answers(b"".join(sent(is_binary)), is_binary)))
    for at in range(length + 1):
        transport = Replay(lambda data, at=at: cut(b"".join(answers(data, is_binary)), [at]))  # type: ignore[misc]
        assert check_no_value_is_misplaced(ask(transport, is_binary)) == len(CHANNELS)
        assert transport.is_open
        assert len(transport.sent) == 1, "all requests leave in one piece"


def sent(is_binary: bool) -> list[bytes]:
    dialect = BinaryDialect() if is_binary else JsonDialect()
    return [dialect.encode_each(calls(CHANNELS))]


def cut(stream: bytes, places: Sequence[int]) -> list[bytes]:
    edges = [0, *sorted(min(place, len(stream)) for place in places), len(stream)]
    return [stream[start:end] for start, end in pairwise(edges)]


@st.composite
def spoilt(draw: st.DrawFn) -> tuple[Spoil, bool]:
    """What may happen to replies on their way, and whether it leaves them as they were."""
    kind = draw(st.sampled_from(["nothing", "lost", "doubled", "swapped", "garbage", "late"]))
    at = draw(st.integers(0, len(CHANNELS) - 1))
    other = draw(st.integers(0, len(CHANNELS) - 1))
    garbage = draw(st.binary(min_size=1, max_size=30))

    def spoil(replies: list[bytes]) -> list[bytes]:
        changed = list(replies)
        if kind == "lost":
            del changed[at]
        elif kind == "doubled":
            changed.insert(other, replies[at])
        elif kind == "swapped":
            changed[at], changed[other] = changed[other], changed[at]
        elif kind == "garbage":
            changed.insert(at, garbage)
        elif kind == "late":
            changed.append(changed.pop(at))
        return changed

    same = kind == "nothing" or (kind == "swapped" and at == other)
    return spoil, same or (kind == "late" and at == len(CHANNELS) - 1)


@settings(max_examples=300, deadline=None)
@given(spoilt(), st.booleans(), st.lists(st.integers(0, 1500), max_size=4))
def test_no_value_ever_stands_under_the_wrong_channel(
    spoiling: tuple[Spoil, bool], is_binary: bool, places: list[int]
) -> None:
    spoil, is_harmless = spoiling
    transport = Replay(lambda data: cut(b"".join(spoil(answers(data, is_binary))), places))
    outcomes = ask(transport, is_binary)
    values = check_no_value_is_misplaced(outcomes)
    if is_harmless:
        assert values == len(CHANNELS)
    elif values < len(CHANNELS):
        assert not transport.is_open, "after any doubt the connection is closed"
        assert not any(isinstance(found, m.StatusAndReadings) for found in outcomes[values:])


@pytest.mark.parametrize("is_binary", [False, True])
def test_a_reply_that_came_twice_last_never_answers_what_is_asked_next(is_binary: bool) -> None:
    transports: list[Replay] = []

    async def connect() -> Replay:
        twice = Replay(lambda data: (found := answers(data, is_binary)) + found[-1:])
        transports.append(twice)
        return twice

    async def run() -> None:
        connection = Connection(connect, BinaryDialect if is_binary else JsonDialect)
        for _ in range(2):
            found = await connection.call_each(calls(CHANNELS), SHORT_S)
            assert check_no_value_is_misplaced(found) == len(CHANNELS)

    asyncio.run(run())
    assert [transport.is_open for transport in transports] == [False, True]


def test_a_refusal_is_of_one_channel_alone() -> None:
    def refuse_second(data: bytes) -> list[bytes]:
        replies = answers(data, False)
        second = msgspec.json.decode(replies[1])
        error = {"jsonrpc": "2.0", "error": {"message": "no"}, "id": second["id"]}
        replies[1] = msgspec.json.encode(error) + b"\r\n"
        return replies

    transport = Replay(refuse_second)
    outcomes = ask(transport, False)
    assert [type(outcome).__name__ for outcome in outcomes] == [
        "StatusAndReadings",
        "TesterRefused",
        "StatusAndReadings",
        "StatusAndReadings",
    ]
    assert transport.is_open


def test_a_refusal_by_a_bare_header_is_of_one_channel_alone() -> None:
    def refuse_second(data: bytes) -> list[bytes]:
        replies = answers(data, True)
        replies[1] = Header.unpack(replies[1])._replace(length=0).pack()
        return replies

    outcomes = ask(Replay(refuse_second), True)
    assert [isinstance(outcome, TesterRefused) for outcome in outcomes] == [False, True, False, False]


def test_an_error_without_an_id_could_be_anybodys() -> None:
    def nameless(data: bytes) -> list[bytes]:
        return [b'{"jsonrpc":"2.0","error":{"message":"Parse error"},"id":null}\r\n', *answers(data, False)]

    transport = Replay(nameless)
    outcomes = ask(transport, False)
    assert isinstance(outcomes[0], BadReply)
    assert all(isinstance(outcome, NoReply) for outcome in outcomes[1:])
    assert not transport.is_open
    # Alone, it can only be of what was asked.
    assert isinstance(ask(Replay(nameless), False, CHANNELS[:1])[0], TesterRefused)


@pytest.mark.parametrize("is_binary", [False, True])
def test_silence_ends_it_and_closes(is_binary: bool) -> None:
    transport = Replay(lambda data: answers(data, is_binary)[:2], hangs_up=False)
    outcomes = ask(transport, is_binary)
    assert check_no_value_is_misplaced(outcomes) == 2
    assert not transport.is_open


class Paced:
    """Answers each request some time after the one before."""

    def __init__(self, gap_s: float) -> None:
        self._gap_s = gap_s
        self._last = 0.0

    def __call__(self, peer: Peer, request: bytes) -> None:
        loop = asyncio.get_running_loop()
        self._last = max(self._last, loop.time()) + self._gap_s
        loop.call_at(self._last, peer.send, answers(request, False)[0])


async def test_the_time_limit_is_that_of_each_reply() -> None:
    async with ScriptedTester(Paced(0.15)) as tester:
        cycler = AsyncCycler(tester.address, timeout_s=0.4, transport="json")
        outcomes = await cycler.read_statuses_and_readings(CHANNELS)
        assert check_no_value_is_misplaced(outcomes) == len(CHANNELS)
        assert len(tester.peers) == 1
        cycler.close()


async def test_cancelling_closes_and_tells_the_watcher_of_every_request() -> None:
    def first_only(peer: Peer, request: bytes) -> None:
        if len(peer.requests) == 1:
            peer.send(answers(request, False)[0])

    told: list[Exchange] = []
    async with ScriptedTester(first_only) as tester:
        cycler = AsyncCycler(tester.address, transport="json")
        cycler.watch(told.append)
        call = asyncio.create_task(cycler.read_statuses_and_readings(CHANNELS))
        await until(lambda: len(tester.requests) == len(CHANNELS) and told)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await tester.peers[0].closed.wait()
    assert [exchange.channel for exchange in told] == list(CHANNELS)
    assert told[0].reply == reading(CHANNELS[0])
    assert [exchange.error for exchange in told] == [None, "cancelled", "cancelled", "cancelled"]


async def test_a_command_waits_until_all_replies_are_there() -> None:
    async with SimulatedCycler(channels=8, latency_ms=5) as tester:
        address = TesterAddress(HOST, tester.json_port, tester.tcp_port, tester.udp_port)
        async with AsyncCycler(address, transport="json") as cycler:
            several = asyncio.create_task(cycler.read_statuses_and_readings(range(1, 9)))
            one = asyncio.create_task(cycler.read_variables(1))
            await one
            assert several.done()
            assert [type(found) for found in await several] == [m.StatusAndReadings] * 8


async def test_at_a_tester_that_drops_what_comes_glued_reads_go_on_one_by_one() -> None:
    def drop_glued(peer: Peer, request: bytes) -> None:
        if not getattr(peer, "busy", False):
            peer.busy = True  # type: ignore[attr-defined]
            peer.send(answers(request, False)[0])
            asyncio.get_running_loop().call_soon(setattr, peer, "busy", False)

    async with ScriptedTester(drop_glued) as tester:
        cycler = AsyncCycler(tester.address, timeout_s=SHORT_S, transport="json")
        for _ in range(2):
            outcomes = await cycler.read_statuses_and_readings(CHANNELS)
            assert check_no_value_is_misplaced(outcomes) == len(CHANNELS)
        assert len(tester.peers) == 2, "only the first attempt was in vain"
        cycler.close()


async def test_who_is_not_there_is_the_outcome_of_every_channel() -> None:
    async with ScriptedTester(lambda peer, request: None) as tester:
        address = tester.address
    cycler = AsyncCycler(address, transport="json")
    outcomes = await cycler.read_statuses_and_readings(CHANNELS)
    assert [type(found) for found in outcomes] == [TesterOffline] * len(CHANNELS)


async def test_a_channel_named_twice_or_not_there_is_refused_unsent() -> None:
    async with ScriptedTester(lambda peer, request: None) as tester:
        cycler = AsyncCycler(tester.address, transport="json")
        cycler.channels = 8
        for channels in ((1, 1), (1, 9), (0,)):
            with pytest.raises(InvalidRequest):
                await cycler.read_statuses_and_readings(channels)
        assert await cycler.read_statuses_and_readings(()) == []
        assert not tester.requests


FAULTS = ("drop", "split", "glue", "garbage", "garble", "wrong-id", "reset", "cut", "delay")


def by_transport() -> Iterator[tuple[str, str]]:
    for fault in FAULTS:
        for transport in ("json", "tcp", "udp", "auto"):
            yield fault, transport


@pytest.mark.parametrize(("fault", "transport"), [*by_transport()])
async def test_whatever_goes_wrong_no_value_is_misplaced(fault: str, transport: Any) -> None:
    script = [Fault(fault, on=(4, 7), share=0.2, second=0.01)]
    async with SimulatedCycler(channels=16, seed=3, script=script) as tester:
        address = TesterAddress(HOST, tester.json_port, tester.tcp_port, tester.udp_port)
        async with AsyncCycler(address, timeout_s=SHORT_S, transport=transport) as cycler:
            if transport == "auto":
                cycler.use("tcp")
            for channel in range(1, 17):
                tester.channel(channel).progress.record_index = channel
            seen = 0
            for _ in range(8):
                for channel, found in enumerate(await cycler.read_statuses_and_readings(range(1, 17)), 1):
                    if isinstance(found, m.StatusAndReadings):
                        seen += 1
                        assert found.record_index == channel
    assert seen


@pytest.mark.parametrize("transport", ["json", "tcp", "udp"])
async def test_columns_are_what_the_four_functions_tell(transport: Any) -> None:
    told: list[Exchange] = []
    async with SimulatedCycler(channels=128, seed=3) as tester:
        address = TesterAddress(HOST, tester.json_port, tester.tcp_port, tester.udp_port)
        async with AsyncCycler(address, transport=transport) as cycler:
            cycler.watch(told.append)
            for first, count in ((1, 128), (5, 3)):
                columns = await cycler.read_columns(first, count)
                assert columns.statuses == await cycler.read_statuses(first, count)
                assert columns.voltage_volt == await cycler.read_voltages(first, count)
                assert columns.current_ampere == await cycler.read_currents(first, count)
                assert columns.test_time_second == await cycler.read_test_times(first, count)
            with pytest.raises(InvalidRequest):
                await cycler.read_columns(128, 2)
    assert [exchange.function.fnum for exchange in told[:4]] == [1, 2, 3, 9]


@pytest.mark.parametrize("transport", ["json", "tcp"])
async def test_a_column_that_is_refused_is_raised_and_the_connection_stays(transport: Any) -> None:
    async with SimulatedCycler(channels=4, missing={(4, 3)}) as tester:
        address = TesterAddress(HOST, tester.json_port, tester.tcp_port, tester.udp_port)
        async with AsyncCycler(address, transport=transport) as cycler:
            for _ in range(2):
                with pytest.raises(TesterRefused):
                    await cycler.read_columns(1, 4)
            assert len(await cycler.read_test_times(1, 4)) == 4
            reads = tester.received.of(4, 1)
            assert len(reads) == 2, "one attempt each"


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("transport", ["json", "tcp"])
async def test_whatever_goes_wrong_no_column_is_another(fault: str, transport: Any) -> None:
    async with SimulatedCycler(channels=16, seed=3) as tester:
        address = TesterAddress(HOST, tester.json_port, tester.tcp_port, tester.udp_port)
        async with AsyncCycler(address, timeout_s=SHORT_S, transport=transport) as cycler:
            right = await cycler.read_columns(1, 16)
            for fnum in (1, 2, 3, 9):
                fitting = fault != "wrong-id" or transport == "json"
                if fitting:
                    tester.faults.add(Fault(fault, on=(4, fnum), share=0.3, second=0.01))
            seen = 0
            for _ in range(12):
                with contextlib.suppress(TransportError):
                    found = await cycler.read_columns(1, 16)
                    seen += 1
                    assert found.voltage_volt == pytest.approx(right.voltage_volt, abs=0.01)
                    assert found.current_ampere == right.current_ampere == [0.0] * 16
                    assert found.test_time_second == right.test_time_second == [0.0] * 16
                    assert found.statuses == right.statuses
    assert seen
