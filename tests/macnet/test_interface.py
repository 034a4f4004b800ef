"""`MaccorInterface` and `CyclerInterface` against the simulated cycler.

Each fault of pymacnet 1.1.3 that is known has a test here or beside this file; its name begins
with `test_pymacnet_fault`.
"""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymacnet
import pytest
from msgspec import structs

from macnet_bridge import macnet
from macnet_bridge.errors import (
    BadReply,
    FunctionMissing,
    InvalidRequest,
    NoReply,
    Rejected,
    TesterOffline,
    TesterRefused,
)
from macnet_bridge.macnet import ChannelInterface, CyclerInterface, MaccorInterface
from macnet_bridge.macnet.interface.background import Background
from macnet_bridge.macnet.protocol.codes import ChannelState
from macnet_bridge.macnet.protocol.messages import SafetyLimits
from macnet_bridge.simulator import SimulatedCycler
from macnet_bridge.simulator.answers import device
from tests.macnet.running import CHANNEL, RunningCycler
from tests.macnet.scripted_tester import Peer, ScriptedTester

MIGRATION = Path(__file__).parents[2] / "docs" / "migration.md"


@pytest.fixture
def lab() -> Iterator[RunningCycler]:
    with RunningCycler() as lab:
        yield lab


@pytest.fixture
def channel(lab: RunningCycler) -> Iterator[MaccorInterface]:
    with lab.channel() as channel:
        yield channel


# --- the methods are pymacnet's


def public_methods(kind: type) -> dict[str, Any]:
    return {name: found for name, found in inspect.getmembers(kind, callable) if not name.startswith("_")}


OURS = {"CyclerInterface": CyclerInterface, "ChannelInterface": ChannelInterface}


@pytest.mark.parametrize("name", OURS)
def test_every_method_of_pymacnet_is_here_with_its_parameters_or_in_the_migration_page(name: str) -> None:
    theirs, ours = public_methods(getattr(pymacnet, name)), public_methods(OURS[name])
    assert len(theirs) > 4
    page = set(re.findall(r"\w+", MIGRATION.read_text("utf-8")))
    assert {method for method in theirs if method not in page} == set()
    for method in theirs.keys() & ours.keys():
        expected, found = (
            list(inspect.signature(each).parameters) for each in (theirs[method], ours[method])
        )
        assert found == expected, method
    # All of them are here. Should a later pymacnet have more, the page has to name a replacement.
    assert theirs.keys() - ours.keys() == set()


def test_defaults_are_those_of_pymacnet() -> None:
    for method in ("set_channel_variable", "set_direct_mode_output"):
        theirs = inspect.signature(getattr(pymacnet.ChannelInterface, method)).parameters.values()
        ours = inspect.signature(getattr(MaccorInterface, method)).parameters.values()
        assert [each.default for each in ours] == [each.default for each in theirs]


def test_methods_of_older_versions_are_here_too() -> None:
    """pymacnet 0.0.x had one class, `MaccorInterface`, with these."""
    assert {"start", "read_status"} <= public_methods(MaccorInterface).keys()
    assert MaccorInterface is ChannelInterface is macnet.MaccorInterface


# --- reading


def test_a_status_has_the_keys_of_pymacnet(lab: RunningCycler, channel: MaccorInterface) -> None:
    from pymacnet.messages import rx_read_status_msg

    status = channel.read_channel_status()
    assert status.keys() == rx_read_status_msg["result"].keys()
    assert (status["FClass"], status["FNum"], status["Chan"], status["Stat"]) == (4, 7, CHANNEL, 0)
    assert status["Voltage"] == pytest.approx(
        lab.do(lambda cycler: cycler.channel(CHANNEL).cell.voltage_volt)
    )
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", status["TesterTime"])
    assert channel.read_status().keys() == status.keys()
    assert [record.wire_channel for record in lab.cycler.received.of(4, 7)] == [CHANNEL - 1] * 2


def test_aux_readings_are_a_list(channel: MaccorInterface) -> None:
    assert channel.read_aux() == [pytest.approx(25.0, abs=1.0), pytest.approx(3.7, abs=0.3)]


def test_both_classes_read_the_system(lab: RunningCycler, channel: MaccorInterface) -> None:
    from pymacnet.messages import rx_general_info_msg, rx_system_info_msg

    with CyclerInterface(lab.config()) as cycler:
        for each in (cycler, channel):
            info = each.read_general_info()
            assert info.keys() == rx_general_info_msg["result"].keys()
            assert (info["FNum"], info["TestChannels"], each.get_num_channels()) == (2, 8, 8)
            # The one key that differs is misspelt there.
            version = {key.replace("versionMinor", "versionMsinor") for key in each.read_system_info()}
            assert {key.replace("EXEversionMsinor", "EXEversionMinor") for key in version} == (
                rx_system_info_msg["result"].keys()
            )
        assert cycler.read_channel_status(3)["Chan"] == 3
    assert channel.get_channel_number() == CHANNEL


def test_pymacnet_fault_statuses_of_all_channels_begin_with_the_first() -> None:
    """It asks from channel -1 on, and for all of them at once."""
    with RunningCycler(130) as lab, CyclerInterface(lab.config()) as cycler:
        lab.do(lambda simulated: setattr(simulated.channel(130), "state", ChannelState.PROBLEM))
        statuses = cycler.read_all_channel_statuses()
        asked = [
            (record.wire_channel, getattr(record.body, "count", 0)) for record in lab.cycler.received.of(4, 1)
        ]
    assert asked == [(0, 128), (128, 2)]
    assert len(statuses) == 130
    assert statuses[0] == {"RF1": 0, "RF2": 128, "Stat": 0}
    assert statuses[129]["Stat"] == ChannelState.PROBLEM


@pytest.mark.parametrize("number", [0, -3, 9, 500, 65536])
def test_pymacnet_fault_a_channel_that_is_not_there_is_never_asked(lab: RunningCycler, number: int) -> None:
    """Its check of the bounds is never true."""
    with CyclerInterface(lab.config()) as cycler:
        with pytest.raises(InvalidRequest, match="1 to 8"):
            cycler.read_channel_status(number)
        assert lab.functions() == [(1, 2)]


def test_a_channel_that_the_tester_lacks_is_said_by_the_first_call(lab: RunningCycler) -> None:
    for call in (MaccorInterface.start, MaccorInterface.read_aux, MaccorInterface.reset_channel):
        with pytest.raises(InvalidRequest, match="channel 9 is not one of 1 to 8"):
            call(lab.channel(channel=9))
    assert set(lab.functions()) == {(1, 2)}


# --- errors in place of None, False and KeyError

READS = [
    "read_aux",
    "read_channel_status",
    "read_system_info",
    "read_general_info",
    "read_all_channel_statuses",
]
NUMBERS = [(4, 4), (4, 7), (1, 1), (1, 2), (4, 1)]


@pytest.mark.parametrize(("method", "number"), list(zip(READS, NUMBERS, strict=True)))
def test_pymacnet_fault_an_error_of_the_tester_is_raised(
    lab: RunningCycler, channel: MaccorInterface, method: str, number: tuple[int, int]
) -> None:
    """It looks for a result that is not there: KeyError."""
    lab.do(lambda cycler: cycler.faults.missing.add(number))
    with pytest.raises(FunctionMissing) as refused:
        getattr(channel, method)()
    assert (refused.value.fclass, refused.value.fnum) == number


def test_pymacnet_fault_a_number_as_result_is_raised_with_its_meaning(lab: RunningCycler) -> None:
    """It adds the number to a text: TypeError."""
    lab.do(lambda cycler: cycler.faults.missing.add((6, 11)))
    with lab.channel(test_procedure="no-such") as channel, pytest.raises(TesterRefused) as refused:
        channel.start_test_with_procedure()
    assert (refused.value.code, refused.value.result) == ("INVALID_ENTRY", 22)


def answers(*, id_: Any = None, inner: str = "", split: int | None = None, twice: bool = False) -> Any:
    """A script for MacNet (1, 2) with a fault."""
    fields = (
        '"FClass":1,"FNum":2,"SystemID":"x","SystemType":0,"ControllerBoards":1,"TestChannels":8,'
        '"AuxBoards":0,"AuxChannels":0'
    )

    def script(peer: Peer, request: bytes) -> None:
        number = id_ or re.findall(rb'"id":(\d+)', request)[0].decode()
        reply = f'{{"jsonrpc":"2.0",{inner}"result":{{{fields}}},{inner}"id":{number}}}\r\n'.encode()
        if split is None:
            peer.send(reply)
            return
        peer.send(reply[:split])
        asyncio.get_running_loop().call_later(0.05, peer.send, reply[split:])

    return script


class RunningScript:
    """A `ScriptedTester` in a thread of its own."""

    def __init__(self, script: Any) -> None:
        self.tester = ScriptedTester(script)

    def __enter__(self) -> CyclerInterface:
        self._background = Background("scripted tester", lambda: None)
        self._background.run(self.tester.__aenter__)
        ports = {"json_msg_port": self.tester.port, "bin_msg_port": self.tester.port}
        return CyclerInterface({"server_ip": "127.0.0.1", **ports}, timeout_s=1.0)

    def __exit__(self, *exc_info: object) -> None:
        self._background.run(self.tester.__aexit__)
        self._background.stop()


def test_pymacnet_fault_a_reply_that_is_cut_after_a_line_break_is_waited_for() -> None:
    """It takes the first part, which ends with CRLF, for the whole."""
    cut = len('{"jsonrpc":"2.0",\r\n')
    with RunningScript(answers(inner="\r\n", split=cut)) as cycler, cycler:
        assert cycler.get_num_channels() == 8


def test_pymacnet_fault_the_id_of_a_reply_is_checked() -> None:
    with RunningScript(answers(id_=1987)) as cycler, pytest.raises(BadReply, match="1987"):
        cycler.start()
    with RunningScript(answers(id_=12)) as cycler, pytest.raises(BadReply):
        cycler.start()


def test_pymacnet_fault_a_tester_that_hangs_up_ends_the_call() -> None:
    """It waits for ever, at full load."""
    with RunningScript(lambda peer, request: peer.transport.abort()) as cycler, pytest.raises(NoReply):
        cycler.start()


def test_without_a_tester_start_raises_and_a_later_call_connects(lab: RunningCycler) -> None:
    channel = lab.channel()
    lab.run(lab.cycler.stop())
    with pytest.raises(TesterOffline):
        channel.start()
    lab.run(lab.cycler.start())
    assert channel.read_channel_status()["Chan"] == CHANNEL


# --- variables and reset


@pytest.mark.parametrize("variable", [1, 15])
def test_a_variable_is_set(lab: RunningCycler, channel: MaccorInterface, variable: int) -> None:
    assert channel.set_channel_variable(var_num=variable, var_value=0.01) is True
    assert lab.do(lambda cycler: cycler.channel(CHANNEL).variables[variable - 1]) == pytest.approx(0.01)
    assert [record.wire_channel for record in lab.cycler.received.of(6, 9)] == [CHANNEL - 1]


@pytest.mark.parametrize(("variable", "value"), [(0, 1.0), (16, 1.0), (1, float("nan")), (1, 1e39), (1, "x")])
def test_pymacnet_fault_a_variable_that_is_not_there_is_never_sent(
    lab: RunningCycler, channel: MaccorInterface, variable: int, value: Any
) -> None:
    """Its documentation speaks of 16 variables; there are 15."""
    with pytest.raises(InvalidRequest):
        channel.set_channel_variable(variable, value)
    assert (6, 9) not in lab.functions()


def test_reset_frees_a_running_channel(lab: RunningCycler, channel: MaccorInterface) -> None:
    channel.start_test_with_procedure()
    assert channel.reset_channel() is True
    assert lab.do(lambda cycler: cycler.channel(CHANNEL).state) is ChannelState.AVAILABLE


def test_a_reset_that_the_tester_refuses_is_raised(lab: RunningCycler, channel: MaccorInterface) -> None:
    lab.do(lambda cycler: setattr(cycler.channel(CHANNEL), "state", ChannelState.BLOCKED))
    with pytest.raises(TesterRefused):
        channel.reset_channel()


# --- starting by a procedure


def test_a_start_takes_all_its_steps_in_their_order(lab: RunningCycler) -> None:
    with lab.channel(test_name="cell-17", i_min_safety_limit_a=-2.0) as channel:
        lab.cycler.received.clear()
        assert channel.start_test_with_procedure() is True
        functions = lab.functions()
    steps = [(4, 7), (6, 10), (6, 11), (6, 2), (4, 7), (4, 6)]
    assert list(dict.fromkeys(functions)) == list(dict.fromkeys(steps))
    assert functions.count((6, 2)) == 1
    assert functions.index((6, 10)) < functions.index((6, 11)) < functions.index((6, 2))
    assert {record.wire_channel for record in lab.cycler.received} == {CHANNEL - 1}

    def look(cycler: SimulatedCycler) -> tuple[Any, ...]:
        found = cycler.channel(CHANNEL)
        return found.label.test_name, found.label.procedure, found.state

    assert lab.do(look) == ("cell-17", "CCCV_1C", ChannelState.ACTIVE)


def test_q40_q41_limits_are_sent_as_magnitudes_and_power_is_never_zero(lab: RunningCycler) -> None:
    power: dict[str, Any] = {"power_safety_limit_chg_w": None, "power_safety_limit_dsg_w": None}
    for name, changed in (
        ("with", {"i_min_safety_limit_a": -2.0, "power_safety_limit_dsg_w": -20}),
        ("without", {"i_min_safety_limit_a": -2.0, **power}),
    ):
        with lab.channel(test_name=name, **changed) as channel:
            channel.start_test_with_procedure()
            channel.reset_channel()
    first, second = (record.body for record in lab.cycler.received.of(6, 10))
    fields = ("charge_max_ampere", "discharge_max_ampere", "charge_max_watt", "discharge_max_watt")
    assert [getattr(first, field) for field in fields] == [3.0, 2.0, 25.0, 20.0]
    assert [getattr(second, field) for field in fields] == [3.0, 2.0, 12.75, 12.75]


def test_without_a_name_every_test_gets_one_of_its_own(lab: RunningCycler) -> None:
    names = set()
    for configured in ("", "Random", "  "):
        with lab.channel(test_name=configured) as channel:
            channel.start_test_with_procedure()
            names.add(lab.do(lambda cycler: cycler.channel(CHANNEL).label.test_name))
            channel.reset_channel()
    assert len(names) == 3
    assert all(re.fullmatch(r"\d{8}-\d{6}-[0-9a-f]{8}", name) for name in names)


def test_a_completed_channel_is_reset_before_the_start(lab: RunningCycler, channel: MaccorInterface) -> None:
    channel.start_test_with_procedure()
    lab.do(lambda cycler: setattr(cycler.channel(CHANNEL), "state", ChannelState.COMPLETED))
    assert channel.start_test_with_procedure() is True
    assert len(lab.cycler.received.of(6, 5)) == 1
    assert len(lab.cycler.received.of(6, 2)) == 2


@pytest.mark.parametrize("start", ["start_test_with_procedure", "start_test_with_direct_control"])
def test_a_channel_that_is_not_free_is_left_alone(
    lab: RunningCycler, channel: MaccorInterface, start: str
) -> None:
    channel.start_test_with_procedure()
    lab.cycler.received.clear()
    with pytest.raises(Rejected, match="channel 5 is active") as refused:
        getattr(channel, start)()
    assert refused.value.code == "CHANNEL_BUSY"
    assert not {(6, 2), (6, 5), (6, 7), (6, 10)} & set(lab.functions())


@pytest.mark.parametrize("start", ["start_test_with_procedure", "start_test_with_direct_control"])
@pytest.mark.parametrize("name", SafetyLimits.__struct_fields__)
def test_a_limit_that_the_tester_took_otherwise_ends_the_start(
    lab: RunningCycler, channel: MaccorInterface, monkeypatch: pytest.MonkeyPatch, start: str, name: str
) -> None:
    answer = device.SERVED[6, 10]

    def other(tester: Any, channels: Any, body: SafetyLimits, now: float, session: Any) -> Any:
        changed = structs.replace(body, **{name: getattr(body, name) + 0.002})
        return answer(tester, channels, changed, now, session)

    monkeypatch.setitem(device.SERVED, (6, 10), other)
    with pytest.raises(Rejected) as refused:
        getattr(channel, start)()
    assert refused.value.code == "SAFETY_MISMATCH"
    assert not {(6, 2), (6, 7)} & set(lab.functions())


def test_a_start_that_cannot_be_is_refused_by_the_check_before_it(lab: RunningCycler) -> None:
    with lab.channel(test_procedure="no-such") as channel, pytest.raises(TesterRefused) as refused:
        channel.start_test_with_procedure()
    assert (refused.value.code, refused.value.fnum) == ("PROCEDURE_MISSING", 11)
    assert (6, 2) not in lab.functions()


def test_a_name_that_is_used_does_not_start(lab: RunningCycler) -> None:
    with lab.channel(test_name="cell-17", channel=1) as first, lab.channel(test_name="cell-17") as second:
        first.start_test_with_procedure()
        with pytest.raises(TesterRefused) as refused:
            second.start_test_with_procedure()
    assert refused.value.code == "NAME_NOT_UNIQUE"


def test_without_a_procedure_nothing_is_sent(lab: RunningCycler) -> None:
    with lab.channel(test_procedure="") as channel, pytest.raises(Rejected, match="test_procedure"):
        channel.start_test_with_procedure()
    assert set(lab.functions()) == {(1, 2)}
