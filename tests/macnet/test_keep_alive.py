"""Connections that are kept open while nothing is asked on them."""

from __future__ import annotations

import asyncio

import pytest

from macnet_bridge.macnet import AsyncCycler, Line, TesterAddress
from macnet_bridge.macnet.cycler import lines
from macnet_bridge.simulator import SimulatedCycler, Transport
from tests.macnet.scripted_tester import Peer, ScriptedTester, silent, until
from tests.patience import PATIENCE_S

SHORT_S = 0.2


def echo(peer: Peer, request: bytes) -> None:
    """By JSON, too, the reply to an echo is the request itself."""
    peer.send(request + b"\r\n")


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every connection that nobody uses counts as silent for long."""
    monkeypatch.setattr(lines, "KEEP_ALIVE_S", 0.0)


@pytest.mark.usefixtures("at_once")
async def test_u4_each_open_connection_gets_an_echo() -> None:
    async with SimulatedCycler(4) as simulated:
        where = TesterAddress(simulated.host, simulated.json_port, simulated.tcp_port)
        cycler = AsyncCycler(where)
        await cycler.keep_alive()
        assert len(simulated.received) == 0, "what was never opened is left alone"
        await cycler.ping(line=Line.STOPS)
        await cycler.read_long_test_info(1)
        simulated.received.clear()
        await cycler.keep_alive()
        echoes = [record.transport for record in simulated.received.of(0, 0)]
        assert echoes == [Transport.JSON, Transport.BINARY_TCP]
        cycler.close()


async def test_u4_a_connection_in_use_needs_none() -> None:
    async with SimulatedCycler(4) as simulated:
        cycler = AsyncCycler(TesterAddress(simulated.host, simulated.json_port))
        await cycler.ping()
        await cycler.keep_alive()
        assert len(simulated.received.of(0, 0)) == 1
        cycler.close()


@pytest.mark.usefixtures("at_once")
async def test_u4_one_that_has_died_without_a_word_is_replaced_before_a_stop_needs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lines, "_SIGN_OF_LIFE_S", SHORT_S)
    async with ScriptedTester(echo) as tester:
        cycler = AsyncCycler(tester.address, timeout_s=10 * PATIENCE_S)
        await cycler.ping(line=Line.STOPS)
        tester.script = silent
        async with asyncio.timeout(PATIENCE_S):
            await cycler.keep_alive()
        await tester.peers[0].closed.wait()
        tester.script = echo
        await cycler.ping(line=Line.STOPS)
        assert len(tester.peers) == 2


@pytest.mark.usefixtures("at_once")
async def test_u4_a_connection_that_waits_for_a_reply_is_not_disturbed() -> None:
    async with ScriptedTester(silent) as tester:
        cycler = AsyncCycler(tester.address, timeout_s=10.0)
        call = asyncio.create_task(cycler.ping())
        await until(lambda: tester.requests)
        await cycler.keep_alive()
        assert len(tester.requests) == 1
        echo(tester.peers[0], tester.requests[0])
        await call


@pytest.mark.usefixtures("at_once")
async def test_u4_a_tester_that_is_gone_is_no_error_here() -> None:
    async with SimulatedCycler(4) as simulated:
        cycler = AsyncCycler(TesterAddress(simulated.host, simulated.json_port))
        await cycler.ping()
        await simulated.stop()
        await cycler.keep_alive()
