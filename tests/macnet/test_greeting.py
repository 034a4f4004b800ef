"""What goes before all else on a socket, and that one whose greeting fails is closed."""

from __future__ import annotations

import pytest

from macnet_bridge.errors import TesterOffline, TesterRefused
from macnet_bridge.macnet import AsyncCycler, Line, TesterAddress
from macnet_bridge.macnet.cycler import BulkTransport
from macnet_bridge.macnet.protocol import messages as m
from macnet_bridge.macnet.protocol.codes import FileType
from macnet_bridge.simulator import Behaviour, SimulatedCycler
from tests.macnet.scripted_tester import Script, ScriptedTester, silent

SHORT_S = 0.2
LOGIN = m.Login(user="robin", password="secret")


def address(simulated: SimulatedCycler) -> TesterAddress:
    return TesterAddress(simulated.host, simulated.json_port, simulated.tcp_port, simulated.udp_port)


@pytest.mark.parametrize("transport", ["json", "tcp", "udp"])
async def test_a_log_in_precedes_everything_on_every_connection(transport: BulkTransport) -> None:
    login = m.Login(user="robin", password="secret ")
    async with (
        SimulatedCycler(behaviour=Behaviour(users={"robin": "secret "})) as simulated,
        AsyncCycler(address(simulated), login=login, transport=transport) as cycler,
    ):
        await cycler.set_variable(1, 1, 1.0)
        await cycler.ping(line=Line.STOPS)
        assert await cycler.list_files(FileType.PROCEDURE) == []
        assert await cycler.read_check_messages() == []
        with pytest.raises(TesterRefused, match="not active"):
            await cycler.rest(1)
        assert len(simulated.received.of(8, 1)) == 5 - (transport != "json")


async def test_a_log_in_that_fails_says_so() -> None:
    async with SimulatedCycler(behaviour=Behaviour(users={"robin": "secret"})) as simulated:
        for login in (None, m.Login(user="robin", password="no")):
            with pytest.raises(TesterRefused) as refused:
                await AsyncCycler(address(simulated), login=login).read_status(1)
            assert refused.value.code == ("LOGIN_FAILED" if login else "MACNET_ERROR")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (silent, "no reply to the log-in within 0.2 s"),
        (lambda peer, request: peer.send(b"nonsense"), "the log-in failed: "),
        (lambda peer, request: peer.transport.close(), "the log-in failed: "),
    ],
)
async def test_a_log_in_without_an_answer_leaves_no_connection(answer: Script, words: str) -> None:
    async with ScriptedTester(answer) as tester:
        cycler = AsyncCycler(tester.address, timeout_s=SHORT_S, login=LOGIN)
        for _ in range(2):
            with pytest.raises(TesterOffline, match=words):
                await cycler.read_status(1)
            await tester.peers[-1].closed.wait()
        assert [len(peer.requests) for peer in tester.peers] == [1, 1], "nothing but log-ins was sent"
