"""What `MaccorInterface` does when replies are lost, callers are interrupted, or threads share it."""

from __future__ import annotations

import _thread
import gc
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from macnet_bridge.errors import NoReply, NotConfirmed, OutcomeUnknown, TesterOffline
from macnet_bridge.macnet import CyclerInterface, MaccorInterface
from macnet_bridge.macnet.interface.background import Background
from macnet_bridge.macnet.protocol.codes import ChannelState, StepCode
from macnet_bridge.macnet.protocol.messages import Outcome
from macnet_bridge.simulator.answers import device
from tests.macnet.running import CHANNEL, RunningCycler
from tests.patience import PATIENCE_S

TIMEOUT_S = 0.4
STARTS = {"start_test_with_procedure": (6, 2), "start_test_with_direct_control": (6, 7)}
PROJECT = Path(__file__).parents[2]


@pytest.fixture
def lab() -> Iterator[RunningCycler]:
    with RunningCycler() as lab:
        yield lab


@pytest.fixture
def channel(lab: RunningCycler) -> Iterator[MaccorInterface]:
    with lab.channel(timeout_s=TIMEOUT_S) as channel:
        yield channel


def lose(lab: RunningCycler, number: tuple[int, int], count: int = 1) -> None:
    lab.do(lambda cycler: cycler.faults.drop_replies(*number, count))


def yes_without_effect(monkeypatch: pytest.MonkeyPatch, number: tuple[int, int]) -> None:
    monkeypatch.setitem(device.SERVED, number, lambda *request: Outcome(result=0))


def times_asked(lab: RunningCycler, number: tuple[int, int]) -> int:
    return lab.functions().count(number)


# --- lost replies


@pytest.mark.parametrize(("start", "number"), list(STARTS.items()))
def test_a_start_whose_reply_is_lost_is_found_by_state_and_name_and_never_repeated(
    lab: RunningCycler, channel: MaccorInterface, start: str, number: tuple[int, int]
) -> None:
    lose(lab, number)
    assert getattr(channel, start)() is True
    assert times_asked(lab, number) == 1
    assert lab.do(lambda cycler: cycler.channel(CHANNEL).state) is ChannelState.ACTIVE


@pytest.mark.parametrize(("start", "number"), list(STARTS.items()))
def test_a_start_whose_reply_is_lost_and_that_does_not_show_is_unknown(
    lab: RunningCycler,
    channel: MaccorInterface,
    monkeypatch: pytest.MonkeyPatch,
    start: str,
    number: tuple[int, int],
) -> None:
    yes_without_effect(monkeypatch, number)
    lose(lab, number)
    with pytest.raises(NoReply):
        getattr(channel, start)()
    assert times_asked(lab, number) == 1


@pytest.mark.parametrize(("start", "number"), list(STARTS.items()))
def test_a_yes_that_does_not_show_is_not_confirmed(
    lab: RunningCycler,
    channel: MaccorInterface,
    monkeypatch: pytest.MonkeyPatch,
    start: str,
    number: tuple[int, int],
) -> None:
    yes_without_effect(monkeypatch, number)
    with pytest.raises(NotConfirmed):
        getattr(channel, start)()
    assert times_asked(lab, number) == 1


def test_a_test_of_another_name_is_not_taken_for_ours(
    lab: RunningCycler, channel: MaccorInterface, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our start was lost on its way, and somebody else was faster."""
    answer = device.SERVED[6, 2]

    def of_somebody_else(tester: Any, channels: Any, body: Any, *rest: Any) -> Any:
        return answer(tester, channels, structs.replace(body, test_name="theirs"), *rest)

    monkeypatch.setitem(device.SERVED, (6, 2), of_somebody_else)
    lose(lab, (6, 2))
    with pytest.raises(NoReply):
        channel.start_test_with_procedure()
    assert lab.do(lambda cycler: cycler.channel(CHANNEL).label.test_name) == "theirs"


def test_a_lost_reply_before_the_start_ends_it(lab: RunningCycler, channel: MaccorInterface) -> None:
    for number in ((4, 7), (6, 10), (6, 11)):
        lose(lab, number)
        with pytest.raises(NoReply):
            channel.start_test_with_procedure()
    assert (6, 2) not in lab.functions()


def test_a_reset_whose_reply_is_lost_is_seen_in_the_state(
    lab: RunningCycler, channel: MaccorInterface, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel.start_test_with_procedure()
    lose(lab, (6, 5))
    assert channel.reset_channel() is True
    channel.start_test_with_procedure()
    yes_without_effect(monkeypatch, (6, 5))
    with pytest.raises(NotConfirmed):
        channel.reset_channel()
    lose(lab, (6, 5))
    with pytest.raises(NoReply):
        channel.reset_channel()
    assert times_asked(lab, (6, 5)) == 3


def test_a_variable_whose_reply_is_lost_is_read(
    lab: RunningCycler, channel: MaccorInterface, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose(lab, (6, 9))
    assert channel.set_channel_variable(3, 0.1) is True
    yes_without_effect(monkeypatch, (6, 9))
    lose(lab, (6, 9))
    with pytest.raises(NoReply):
        channel.set_channel_variable(3, 0.2)


def test_a_rest_whose_reply_is_lost_is_seen_or_sent_again(
    lab: RunningCycler, channel: MaccorInterface
) -> None:
    channel.start_test_with_direct_control()
    channel.set_direct_mode_output(0.5)
    lose(lab, (6, 8))
    assert channel.set_direct_mode_output(0) is True
    assert times_asked(lab, (6, 8)) == 2, "the state has shown it"
    lose(lab, (6, 8), 2)
    with pytest.raises(NoReply):
        channel.set_direct_mode_output(0.5)
    assert times_asked(lab, (6, 8)) == 3, "a current is not repeated"
    assert lab.do(lambda cycler: cycler.channel(CHANNEL).step_code) == StepCode.CHARGE


# --- interruption, closing, threads


def soon(work: Callable[[], object], fact: Callable[[], object]) -> threading.Thread:
    """Do something in another thread when a fact is there."""

    def run() -> None:
        fact()
        work()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Ctrl-C raises KeyboardInterrupt; shells start programs in the background without that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_ends_a_call_closes_the_connection_and_lets_the_next_call_in(lab: RunningCycler) -> None:
    with lab.channel(timeout_s=60.0) as channel:
        lose(lab, (4, 7))
        helper = soon(_thread.interrupt_main, lambda: lab.wait_for_function(4, 7))
        begun = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            channel.read_channel_status()
        assert time.monotonic() - begun < 20.0, "not the time-out"
        helper.join()
        assert channel.read_channel_status()["Chan"] == CHANNEL, "as in a finally that puts to rest"


def test_ctrl_c_while_a_call_is_handed_over_leaves_nothing_behind(
    lab: RunningCycler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The moment in which the coroutine is with the other thread already, and its future not yet here."""
    begin = Background._begin

    def interrupted(self: Background, work: Callable[[], Any]) -> Any:
        monkeypatch.setattr(Background, "_begin", begin)  # the simulated cycler runs in one, too
        begin(self, work)
        lab.wait_for_function(4, 7)
        raise KeyboardInterrupt

    with lab.channel(timeout_s=60.0) as channel:
        lose(lab, (4, 7))
        monkeypatch.setattr(Background, "_begin", interrupted)
        with pytest.raises(KeyboardInterrupt):
            channel.read_channel_status()
        begun = time.monotonic()
        assert channel.read_channel_status()["Chan"] == CHANNEL
        assert time.monotonic() - begun < 20.0, "nothing stands before it"


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_leaves_no_connection_open(lab: RunningCycler) -> None:
    """Not even the one that rest takes, which the call did not use."""
    channel = lab.channel(timeout_s=60.0)
    channel.start_test_with_direct_control()
    connections = lab.cycler._connections
    assert lab.do(lambda cycler: len(connections)) == 2
    lab.cycler.received.clear()
    lose(lab, (4, 7))
    helper = soon(_thread.interrupt_main, lambda: lab.wait_for_function(4, 7))
    with pytest.raises(KeyboardInterrupt):
        channel.read_channel_status()
    helper.join()
    lab.run(connections.none_left())
    channel.close()


def test_closing_ends_the_calls_of_other_threads(lab: RunningCycler) -> None:
    channel = lab.channel(timeout_s=60.0)
    lose(lab, (4, 7))
    helper = soon(channel.close, lambda: lab.wait_for_function(4, 7))
    with pytest.raises(OutcomeUnknown):
        channel.read_channel_status()
    helper.join()


def test_after_close_calls_are_refused_until_start(lab: RunningCycler) -> None:
    channel = lab.channel()
    assert channel.start() is True
    before = threading.active_count()
    channel.close()
    channel.close()
    assert threading.active_count() == before - 1
    with pytest.raises(TesterOffline, match="start"):
        channel.read_channel_status()
    assert channel.start() is True
    assert channel.read_channel_status()["Chan"] == CHANNEL
    channel.close()


def test_many_threads_get_their_own_answers(lab: RunningCycler) -> None:
    with CyclerInterface(lab.config()) as cycler, ThreadPoolExecutor(8) as threads:
        numbers = [1 + at % 8 for at in range(200)]
        found = list(threads.map(cycler.read_channel_status, numbers))
    assert [status["Chan"] for status in found] == numbers


def test_two_threads_start_one_test(lab: RunningCycler) -> None:
    """The second finds the channel taken; both are told the truth."""
    with lab.channel() as channel, ThreadPoolExecutor(2) as threads:
        results = list(threads.map(lambda _: outcome(channel.start_test_with_procedure), range(2)))
    assert sorted(results) == ["Rejected", "True"]
    assert times_asked(lab, (6, 2)) == 1


def outcome(call: Callable[[], object]) -> str:
    try:
        return str(call())
    except Exception as error:  # noqa: BLE001 - which one it is, is what is asserted
        return type(error).__name__


async def test_it_can_be_called_where_a_loop_runs(lab: RunningCycler) -> None:
    """As in a notebook."""
    with lab.channel() as channel:
        assert channel.read_channel_status()["Chan"] == CHANNEL


def test_the_thread_is_a_daemon_with_a_name_and_ends_with_its_owner(lab: RunningCycler) -> None:
    channel = lab.channel()
    assert channel.start()
    name = f"macnet 127.0.0.1:{lab.cycler.json_port}"
    (thread,) = (each for each in threading.enumerate() if each.name == name)
    assert thread.daemon
    del channel
    gc.collect()
    thread.join(5.0)
    assert not thread.is_alive()
    lab.run(lab.cycler._connections.none_left())


def test_making_one_opens_nothing() -> None:
    before = threading.active_count()
    CyclerInterface({"server_ip": "127.0.0.1", "json_msg_port": 1})
    assert threading.active_count() == before


def test_a_program_that_closes_nothing_ends_by_itself(lab: RunningCycler) -> None:
    program = (
        "import sys, json; from macnet_bridge.macnet import MaccorInterface\n"
        "channel = MaccorInterface(json.loads(sys.argv[1]))\n"
        "print(channel.read_status()['Chan'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", program, json.dumps(lab.config())],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{CHANNEL}\n", "")
