"""Starting, stopping, waiting in line, faults and the log of the simulated cycler."""

from __future__ import annotations

import asyncio
import struct
import time
from itertools import islice

import pytest

from macnet_bridge.macnet.protocol import messages as m
from macnet_bridge.simulator import Received, SimulatedCycler, Transport
from macnet_bridge.simulator.sockets.turnstile import Turnstile
from tests.patience import PATIENCE_S
from tests.simulator.peers import FakeClock, JsonPeer, binary_peer, datagram_peer, json_peer, request

OUTPUT = {"Current": 0.5, "Voltage": 4.2, "Power": 65536, "Resistance": 0, "CurrentRange": 4, "ChMode": "C"}
READ_VOLTS = struct.pack("<4H", 4, 2, 0, 1)


async def test_ports_are_picked_and_reported(cycler: SimulatedCycler) -> None:
    assert min(cycler.json_port, cycler.tcp_port, cycler.udp_port) > 0
    assert cycler.json_port != cycler.tcp_port


async def test_nothing_happens_before_the_start() -> None:
    cycler = SimulatedCycler()
    assert (cycler.json_port, cycler.tcp_port, cycler.udp_port) == (0, 0, 0)
    await cycler.stop()


async def test_it_stops_with_nothing_left_and_starts_again_at_its_ports(clock: FakeClock) -> None:
    before = asyncio.all_tasks()
    cycler = SimulatedCycler(clock=clock)
    for _ in range(3):
        async with cycler:
            ports = (cycler.json_port, cycler.tcp_port, cycler.udp_port)
            async with json_peer(cycler) as peer, binary_peer(cycler) as binary, datagram_peer(cycler):
                await peer.result(6, 9, Chan=0, VarNum=1, Value=5)
                assert len(await binary.ask(READ_VOLTS)) == 12
                await cycler.stop()
                assert await peer.is_closed()
                with pytest.raises(ConnectionRefusedError):
                    await asyncio.open_connection(cycler.host, cycler.json_port)
        assert asyncio.all_tasks() == before
    assert ports == (cycler.json_port, cycler.tcp_port, cycler.udp_port)
    assert cycler.channel(1).variables[0] == 5.0  # a tester that is switched off forgets nothing


async def test_a_taken_port_leaves_none_open(cycler: SimulatedCycler) -> None:
    second = SimulatedCycler(tcp_port=cycler.tcp_port)
    with pytest.raises(OSError, match=r"."):
        await second.start()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(second.host, second.json_port)


async def test_connections_can_be_cut_and_made_again(cycler: SimulatedCycler) -> None:
    async with json_peer(cycler) as peer, binary_peer(cycler) as binary:
        await peer.ask(1, 2)
        await binary.ask(READ_VOLTS)
        cycler.disconnect_all()
        assert await peer.is_closed()
    async with json_peer(cycler) as peer:
        assert (await peer.ask(1, 2))["id"] == 1987


# --- latency


async def test_requests_wait_for_each_other_over_all_connections() -> None:
    """At least count x latency, less the resolution by which a timer may fire early."""
    resolution = time.get_clock_info("monotonic").resolution
    async with (
        SimulatedCycler(latency_ms=10) as cycler,
        json_peer(cycler) as one,
        json_peer(cycler) as two,
        binary_peer(cycler) as three,
        datagram_peer(cycler) as four,
    ):
        begin = time.monotonic()
        await asyncio.gather(
            one.ask(1, 2),
            two.ask(1, 2),
            three.ask(READ_VOLTS),
            four.ask(READ_VOLTS),
            datagrams(cycler, 6),
        )
        assert time.monotonic() - begin >= 10 * 0.010 - resolution


@pytest.mark.parametrize("seed", [0, 1])
def test_jitter_is_evenly_spread_and_the_same_for_a_seed(seed: int) -> None:
    """With 34 and 15 ms, the 19 ms that a real tester takes at best are its least latency."""
    latencies = latencies_of(Turnstile(0.034, 0.015, seed))
    assert latencies == latencies_of(Turnstile(0.034, 0.015, seed))
    assert latencies != latencies_of(Turnstile(0.034, 0.015, seed + 1))
    assert 0.019 <= min(latencies) < 0.020
    assert 0.048 < max(latencies) <= 0.049
    # Four standard deviations of the mean of 1000.
    assert sum(latencies) / 1000 == pytest.approx(0.034, abs=0.0011)
    thirds = [sum(low <= 100 * each < low + 1 for each in latencies) for low in (1.9, 2.9, 3.9)]
    assert all(333 - 60 < third < 333 + 60 for third in thirds)


def latencies_of(turnstile: Turnstile) -> list[float]:
    return [turnstile.next_latency_second() for _ in range(1000)]


@pytest.mark.parametrize(("latency", "jitter"), [(-0.01, 0.0), (0.01, 0.02), (0.01, -0.01), (0.0, 0.01)])
def test_a_latency_never_goes_below_zero(latency: float, jitter: float) -> None:
    with pytest.raises(ValueError, match="jitter 0 to the latency"):
        Turnstile(latency, jitter)


async def test_requests_with_jitter_still_wait_for_each_other() -> None:
    resolution = time.get_clock_info("monotonic").resolution
    least = sum(islice(iter(Turnstile(0.01, 0.01, 5).next_latency_second, None), 6))
    async with SimulatedCycler(latency_ms=10, jitter_ms=10, seed=5) as cycler:
        begin = time.monotonic()
        await datagrams(cycler, 6)
        assert time.monotonic() - begin >= least - resolution


async def datagrams(cycler: SimulatedCycler, count: int) -> None:
    async with datagram_peer(cycler) as peer:
        for _ in range(count):
            peer.transport.sendto(READ_VOLTS)
        for _ in range(count):
            await asyncio.wait_for(peer.replies.get(), PATIENCE_S)


async def test_requests_are_carried_out_in_the_order_of_their_arrival() -> None:
    async with SimulatedCycler(latency_ms=5) as cycler, json_peer(cycler) as one, json_peer(cycler) as two:
        for number in range(10):
            writer = (one, two)[number % 2].writer
            writer.write(request(6, 9, request_id=number, Chan=0, VarNum=1, Value=number))
            await arrival(cycler, number)
        odd = [await two.reply() for _ in range(5)]
        assert [reply["id"] for reply in odd] == [1, 3, 5, 7, 9]
        assert cycler.channel(1).variables[0] == 9.0


async def arrival(cycler: SimulatedCycler, request_id: int) -> None:
    await cycler.wait_for(lambda record: record.request_id == request_id, timeout=PATIENCE_S)


async def test_waiting_requests_are_forgotten_on_stop() -> None:
    async with SimulatedCycler(latency_ms=60_000) as cycler, json_peer(cycler) as peer:
        peer.writer.write(request(6, 9, Chan=0, VarNum=1, Value=1))
        await cycler.wait_for(lambda record: record.number == (6, 9), timeout=PATIENCE_S)
        await cycler.stop()
        assert cycler.tester.channel(1).variables[0] == 0.0


async def test_a_client_that_left_harms_nobody() -> None:
    async with SimulatedCycler(latency_ms=5) as cycler:
        async with json_peer(cycler) as leaving:
            leaving.writer.write(request(6, 9, Chan=0, VarNum=1, Value=1))
            await cycler.wait_for(lambda record: record.number == (6, 9), timeout=PATIENCE_S)
        async with json_peer(cycler) as staying:
            assert (await staying.result(4, 8, Chan=0))["VARs"][0] == 1.0


# --- faults


async def test_missing_functions_are_invalid(clock: FakeClock) -> None:
    async with (
        SimulatedCycler(clock=clock, missing={(6, 11), (4, 2)}) as cycler,
        json_peer(cycler) as peer,
        binary_peer(cycler) as binary,
    ):
        assert (await peer.ask(4, 2, Chan=0, Len=1))["error"]["message"] == "Invalid FNum"
        assert await binary.ask(READ_VOLTS) == READ_VOLTS[:6] + b"\0\0"
        cycler.faults.missing.clear()
        assert (await peer.result(4, 2, Chan=0, Len=1))["Len"] == 1


async def test_a_reply_can_be_lost_after_the_deed(cycler: SimulatedCycler, peer: JsonPeer) -> None:
    cycler.faults.drop_replies(6, 9, count=2)
    for number in (1, 2, 3):
        peer.writer.write(request(6, 9, request_id=number, Chan=0, VarNum=number, Value=number))
    assert (await peer.reply())["id"] == 3
    assert cycler.channel(1).variables[:3] == [1.0, 2.0, 3.0]


# --- the log


async def test_everything_received_is_logged(
    clock: FakeClock, cycler: SimulatedCycler, peer: JsonPeer
) -> None:
    await peer.ask(6, 9, request_id=77, Chan=4, VarNum=3, Value=1.5)
    (record,) = cycler.received
    assert (record.time, record.transport, record.number) == (clock(), Transport.JSON, (6, 9))
    assert (record.channel, record.wire_channel, record.request_id) == (5, 4, 77)
    assert record.body == m.SetVariable(variable=3, value=1.5)
    async with binary_peer(cycler) as binary, datagram_peer(cycler) as datagram:
        await binary.ask(READ_VOLTS)
        await datagram.ask(READ_VOLTS)
    assert [record.transport for record in cycler.received.of(4, 2)] == [
        Transport.BINARY_TCP,
        Transport.BINARY_UDP,
    ]
    assert cycler.received.of(6, 9, channel=5) == [record]
    assert cycler.received.of(6, 9, channel=1) == []
    cycler.received.clear()
    assert len(cycler.received) == 0


async def test_the_log_says_what_became_of_each_message(clock: FakeClock) -> None:
    told: list[Received] = []
    async with (
        SimulatedCycler(clock=clock, on_answered=told.append) as cycler,
        json_peer(cycler) as peer,
        binary_peer(cycler) as binary,
    ):
        await peer.ask(6, 9, Chan=0, VarNum=1, Value=1)
        await peer.ask(6, 8, Chan=0, **OUTPUT)
        await peer.ask(4, 7, Chan=0)
        await peer.ask(4, 7, Chan=99)
        await binary.ask(struct.pack("<4H", 6, 9, 0, 0))
        assert told == list(cycler.received)
    answers = [record.answer for record in told]
    assert None not in answers
    assert [answer.result for answer in answers if answer] == [0, 2, None, None, None]
    assert [answer.error for answer in answers if answer] == ["", "", "", "Illegal value", "malformed"]
    reading = answers[2] and answers[2].reply
    assert isinstance(reading, m.StatusAndReadings)
    assert reading.state == 0


async def test_what_waits_when_the_tester_stops_is_told_without_an_answer() -> None:
    told: list[Received] = []
    async with (
        SimulatedCycler(latency_ms=60_000, on_answered=told.append) as cycler,
        json_peer(cycler) as peer,
    ):
        peer.writer.write(request(6, 9, Chan=0, VarNum=1, Value=1))
        await cycler.wait_for(lambda record: record.number == (6, 9), timeout=PATIENCE_S)
        assert told == []
        await cycler.stop()
    assert [(record.number, record.answer) for record in told] == [((6, 9), None)]


async def test_the_log_is_bounded(clock: FakeClock) -> None:
    async with SimulatedCycler(clock=clock, max_records=3) as cycler, json_peer(cycler) as peer:
        for number in range(5):
            await peer.ask(1, 2, request_id=number)
        assert [record.request_id for record in cycler.received] == [2, 3, 4]
        assert cycler.received[-1].request_id == 4


async def test_waiting_for_a_record(cycler: SimulatedCycler, peer: JsonPeer) -> None:
    waiting = asyncio.create_task(cycler.wait_for(lambda record: record.number == (6, 3), timeout=PATIENCE_S))
    await peer.ask(1, 2)
    assert not waiting.done()
    await peer.ask(6, 3, Chan=1)
    assert (await waiting).channel == 2
    assert (await cycler.wait_for(lambda record: record.number == (1, 2))).channel == 1  # already there
    with pytest.raises(TimeoutError):
        await cycler.wait_for(lambda record: False, timeout=0.0)


# --- size


async def test_a_cycler_of_1024_channels_runs_1024_tests(clock: FakeClock) -> None:
    async with SimulatedCycler(channels=1024, clock=clock) as cycler, json_peer(cycler) as peer:
        assert (await peer.result(1, 2))["TestChannels"] == 1024
        for chan in range(1024):
            reply = await peer.result(
                6, 2, Chan=chan, TestName=f"t{chan}", ProcName="CCCV_1C", Crate=2.5, Comment=""
            )
            assert reply["Result"] == "OK"
        before = await volts(peer)
        clock.pass_by(60.0)
        after = await volts(peer)
        assert all(high > low + 0.05 for low, high in zip(before, after, strict=True))
        assert len(set(after)) > 1000  # cells differ
        stats = await peer.result(4, 1, Chan=896, Len=128)
        assert stats["Status"] == [{"RF1": 1, "RF2": 1, "Stat": 2}] * 128
        assert (await peer.result(4, 9, Chan=1023, Len=1))["TestTimes"] == [pytest.approx(59.9, abs=0.01)]


async def volts(peer: JsonPeer) -> list[float]:
    blocks = [await peer.result(4, 2, Chan=first, Len=128) for first in range(0, 1024, 128)]
    return [volt for block in blocks for volt in block["Voltage"]]
