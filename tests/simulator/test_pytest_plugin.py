"""The fixtures, as tests of other people use them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

pytest_plugins = ["pytester"]

Outcomes = Callable[[str], dict[str, int]]

CONFTEST = 'pytest_plugins = ["macnet_bridge.simulator.pytest_plugin"]'
ASK = """
import json
import socket
import pytest
from macnet_bridge.simulator import Fault, Transport

def ask(cycler, fclass, fnum, **fields):
    params = {"FClass": fclass, "FNum": fnum, **fields}
    request = {"jsonrpc": "2.0", "method": "MacNet", "params": params, "id": 7}
    with socket.create_connection((cycler.host, cycler.json_port), 5) as sock:
        sock.sendall(json.dumps(request).encode())
        return json.loads(sock.makefile("rb").readline())
"""


@pytest.fixture
def outcomes(pytester: pytest.Pytester) -> Outcomes:
    """Runs tests in a process of their own; how many of them passed, failed, …"""

    def run(tests: str) -> dict[str, int]:
        pytester.makeconftest(CONFTEST)
        pytester.makepyfile(ASK + tests)
        result = pytester.runpytest_subprocess("-p", "no:asyncio", "--strict-markers", "-W", "error")
        return result.parseoutcomes()

    return run


def test_a_running_cycler(outcomes: Outcomes) -> None:
    tests = """
def test_it(simulated_cycler):
    assert ask(simulated_cycler, 1, 2)["result"]["TestChannels"] == 8
    assert [record.number for record in simulated_cycler.received] == [(1, 2)]
    assert simulated_cycler.wait_for(lambda record: record.number == (1, 2)).transport is Transport.JSON

def test_each_test_has_its_own(simulated_cycler):
    assert simulated_cycler.received == []
"""
    assert outcomes(tests) == {"passed": 2}


def test_options_by_a_mark(outcomes: Outcomes) -> None:
    tests = """
@pytest.mark.simulated_cycler(channels=3, paused=True, script=[Fault("wrong-id", on=(1, 2))])
def test_it(simulated_cycler):
    reply = ask(simulated_cycler, 1, 2)
    assert (reply["id"], reply["result"]["TestChannels"]) == (6, 3)
    assert simulated_cycler.received[-1].answer.fault == "wrong-id"

@pytest.mark.simulated_cycler(paused=True)
def test_time_and_faults_at_hand(simulated_cycler):
    ask(simulated_cycler, 6, 2, Chan=0, TestName="x", ProcName="CCCV_1C", Crate=2.5, Comment="")
    simulated_cycler.do(lambda cycler: cycler.step(0.1))
    simulated_cycler.do(lambda cycler: cycler.step(30.0))
    assert ask(simulated_cycler, 4, 7, Chan=0)["result"]["TestTime"] == pytest.approx(30.0, abs=0.001)
    simulated_cycler.add_fault(Fault("reset", on=(4, 7)))
    with pytest.raises(ConnectionResetError):
        ask(simulated_cycler, 4, 7, Chan=0)
"""
    assert outcomes(tests) == {"passed": 2}


def test_several_of_them(outcomes: Outcomes) -> None:
    tests = """
def test_it(start_simulated_cycler):
    one, two = start_simulated_cycler(channels=1), start_simulated_cycler(channels=2)
    assert [ask(each, 1, 2)["result"]["TestChannels"] for each in (one, two)] == [1, 2]
    one.stop()
    with pytest.raises(ConnectionRefusedError):
        ask(one, 1, 2)
    with pytest.raises(RuntimeError, match="does not run"):
        one.do(lambda cycler: None)
    one.start()
    assert ask(one, 1, 2)["result"]["TestChannels"] == 1

def test_a_taken_port(start_simulated_cycler):
    port = start_simulated_cycler().json_port
    with pytest.raises(OSError, match="."):
        start_simulated_cycler(json_port=port)
"""
    assert outcomes(tests) == {"passed": 2}


def test_a_wrong_option_is_an_error_of_the_test(outcomes: Outcomes) -> None:
    tests = """
@pytest.mark.simulated_cycler(chanels=3)
def test_it(simulated_cycler):
    pass
"""
    assert outcomes(tests) == {"errors": 1}
