"""Direct control by `MaccorInterface`, as it arrives at the simulated cycler."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macnet_bridge.errors import (
    InvalidRequest,
    NotConfirmed,
    Rejected,
    Superseded,
    TesterOffline,
    TesterRefused,
)
from macnet_bridge.macnet import MaccorInterface
from macnet_bridge.macnet.cycler import outputs
from macnet_bridge.macnet.interface.config import ChannelConfig, checked
from macnet_bridge.macnet.interface.setpoints import setpoint
from macnet_bridge.macnet.protocol.codes import ChannelState, StepCode, SystemType
from macnet_bridge.macnet.protocol.messages import REST, DirectOutput, Outcome, StartDirect
from macnet_bridge.simulator import Behaviour, Received
from macnet_bridge.simulator.answers import device
from tests.macnet.running import CHANNEL, RunningCycler, Transport

# What leaves 150 ms apart arrives a little less apart when the first one was held up: on average of
# several hardly so, but two of them by more on a busy machine. A tester wants 100 ms.
LEAST_MEAN_GAP_S = 0.145
LEAST_GAP_S = 0.12


@pytest.fixture
def lab() -> Iterator[RunningCycler]:
    with RunningCycler() as lab:
        assert lab.cycler.json_rest_broken, "as real testers are"
        yield lab


@pytest.fixture
def channel(lab: RunningCycler) -> Iterator[MaccorInterface]:
    """In direct control."""
    with lab.channel() as channel:
        assert channel.start_test_with_direct_control() is True
        yield channel


def outputs_of(lab: RunningCycler) -> list[Received]:
    return lab.do(lambda cycler: cycler.received.of(6, 8))


def sent(record: Received) -> DirectOutput:
    assert isinstance(record.body, DirectOutput)
    return record.body


def are_apart(records: list[Received]) -> bool:
    gaps = [second.time - first.time for first, second in itertools.pairwise(records)]
    return min(gaps) >= LEAST_GAP_S and sum(gaps) / len(gaps) >= LEAST_MEAN_GAP_S


def step(lab: RunningCycler) -> StepCode:
    return lab.do(lambda cycler: cycler.channel(CHANNEL).step_code)


# --- the start


def test_it_starts_in_charge_mode_with_no_current_and_a_voltage_in_range(
    lab: RunningCycler, channel: MaccorInterface
) -> None:
    (record,) = lab.cycler.received.of(6, 7)
    body = record.body
    assert isinstance(body, StartDirect)
    assert (body.mode, body.current_ampere, body.voltage_volt, body.current_range) == ("C", 0.0, 4.2, 4)
    assert (body.record_second, body.record_volt, body.record_ampere) == (0.05, 0.0, 0.0)
    assert record.wire_channel == CHANNEL - 1
    functions = lab.functions()
    assert functions.index((6, 10)) < functions.index((6, 7)) < len(functions) - 1
    assert lab.do(lambda cycler: cycler.channel(CHANNEL).label.test_name) == body.test_name


def test_what_cannot_be_rested_is_not_started(lab: RunningCycler) -> None:
    """Rest goes by the binary port; found closed before anything was changed, not when it is needed."""
    with lab.channel(bin_msg_port=1) as channel, pytest.raises(TesterOffline, match=":1"):
        channel.start_test_with_direct_control()
    assert not {(6, 5), (6, 7), (6, 10)} & set(lab.functions())


def test_a_voltage_that_would_be_no_limit_is_refused(lab: RunningCycler) -> None:
    with lab.channel(v_max_v=6.0, v_max_safety_limit_v=6.5) as channel, pytest.raises(Rejected) as refused:
        channel.start_test_with_direct_control()
    assert refused.value.code == "OUT_OF_LIMITS"
    assert (6, 7) not in lab.functions()


def test_only_testers_of_type_0_have_it() -> None:
    with (
        RunningCycler(behaviour=Behaviour(system_type=SystemType.MODE_500_MS)) as lab,
        lab.channel() as channel,
        pytest.raises(TesterRefused) as refused,
    ):
        channel.start_test_with_direct_control()
    assert refused.value.code == "WRONG_SYSTEM_TYPE"


# --- outputs


def test_pymacnet_fault_rest_goes_to_the_right_channel(lab: RunningCycler, channel: MaccorInterface) -> None:
    """It sends its binary rest to the channel two further on."""
    channel.set_direct_mode_output(current_a=-0.2)
    assert step(lab) == StepCode.DISCHARGE
    assert channel.set_direct_mode_output(current_a=0) is True
    discharge, rest = outputs_of(lab)
    assert (discharge.transport, discharge.wire_channel) == (Transport.JSON, CHANNEL - 1)
    assert (rest.transport, rest.wire_channel) == (Transport.BINARY_TCP, CHANNEL - 1)
    assert sent(rest) == REST
    assert step(lab) == StepCode.REST
    assert lab.functions()[-1] == (4, 7), "it is read back"


@pytest.mark.parametrize("zero", [0, 0.0, -0.0])
def test_zero_is_rest_whatever_its_sign(lab: RunningCycler, channel: MaccorInterface, zero: float) -> None:
    assert channel.set_direct_mode_output(zero) is True
    assert [record.transport for record in outputs_of(lab)] == [Transport.BINARY_TCP]


def test_pymacnet_fault_the_reply_to_rest_is_read(lab: RunningCycler) -> None:
    """It takes any reply for a yes."""
    with lab.channel() as channel:
        with pytest.raises(TesterRefused) as refused:
            channel.set_direct_mode_output(0)
        assert (refused.value.code, refused.value.result) == ("CHANNEL_NOT_ACTIVE", 2)
        channel.start_test_with_procedure()
        with pytest.raises(TesterRefused) as refused:
            channel.set_direct_mode_output(0)
        assert (refused.value.code, refused.value.result) == ("NOT_IN_DIRECT_MODE", 4)


def test_a_rest_that_does_not_show_is_sent_again_and_then_raised(
    lab: RunningCycler, monkeypatch: pytest.MonkeyPatch
) -> None:
    with lab.channel(timeout_s=0.3) as channel:
        channel.start_test_with_direct_control()
        channel.set_direct_mode_output(0.5)
        monkeypatch.setitem(device.SERVED, (6, 8), lambda *request: Outcome(result=0))
        with pytest.raises(NotConfirmed):
            channel.set_direct_mode_output(0)
    assert [sent(record).mode for record in outputs_of(lab)] == ["C", "R", "R"]


@pytest.mark.parametrize(
    ("ampere", "mode", "magnitude", "volt", "range_"),
    [
        (0.5, "C", 0.5, 4.2, 4),
        (-0.5, "D", 0.5, 3.0, 4),
        (0.15, "C", 0.15, 4.2, 3),
        (-0.02, "D", 0.02, 3.0, 3),
        (0.004, "C", 0.004, 4.2, 2),
        (0.0001, "C", 0.0001, 4.2, 1),
        (3.0, "C", 3.0, 4.2, 4),
        (-2.0, "D", 2.0, 3.0, 4),
    ],
)
def test_an_output_has_direction_magnitude_voltage_and_range(
    lab: RunningCycler,
    channel: MaccorInterface,
    ampere: float,
    mode: str,
    magnitude: float,
    volt: float,
    range_: int,
) -> None:
    """Current ranges are those of (3, 1); pymacnet has those of one machine built in."""
    assert channel.set_direct_mode_output(current_a=ampere) is True
    (record,) = outputs_of(lab)
    body = sent(record)
    assert (body.mode, body.current_ampere, body.voltage_volt) == (mode, magnitude, volt)
    assert (body.current_range, body.power_watt, body.resistance_ohm) == (range_, 65536.0, 0.0)
    assert (record.transport, record.wire_channel) == (Transport.JSON, CHANNEL - 1)


def test_a_charge_may_be_given_its_voltage(lab: RunningCycler, channel: MaccorInterface) -> None:
    for volt in (4.0, 4900, 4900.0):
        channel.set_direct_mode_output(0.5, volt)
    channel.set_direct_mode_output(-0.5, voltage_v=4.0)
    assert [sent(record).voltage_volt for record in outputs_of(lab)] == [4.0, 4.2, 4.2, 3.0]


@pytest.mark.parametrize(
    ("ampere", "volt"),
    [(3.001, 4.1), (-2.001, 4.1), (100.0, 4900), (0.5, 4.21), (0.5, 2.9), (0.5, 0.0), (0.5, -4.0)],
)
def test_what_is_outside_the_limits_is_never_sent(lab: RunningCycler, ampere: float, volt: float) -> None:
    with lab.channel() as channel:
        lab.cycler.received.clear()
        with pytest.raises(Rejected) as refused:
            channel.set_direct_mode_output(ampere, volt)
    assert refused.value.code == "OUT_OF_LIMITS"
    assert lab.functions() == []


@pytest.mark.parametrize("ampere", [float("nan"), float("inf"), 10**400, None, "much"])
def test_what_is_no_number_is_never_sent(lab: RunningCycler, ampere: Any) -> None:
    with lab.channel() as channel, pytest.raises(InvalidRequest, match="current_a"):
        channel.set_direct_mode_output(ampere)
    assert (6, 8) not in lab.functions()


def test_what_the_channel_cannot_do_is_never_sent(lab: RunningCycler) -> None:
    wide = {"i_max_safety_limit_a": 10.0, "power_safety_limit_chg_w": 50.0}
    with lab.channel(**wide) as channel, pytest.raises(Rejected, match="more than the channel's 5 A"):
        channel.set_direct_mode_output(5.1)
    assert (6, 8) not in lab.functions()


def test_a_tester_without_a_specification_gets_the_largest_range(lab: RunningCycler) -> None:
    lab.do(lambda cycler: cycler.faults.missing.add((3, 1)))
    with lab.channel() as channel:
        channel.start_test_with_direct_control()
        channel.set_direct_mode_output(0.001)
    assert sent(outputs_of(lab)[0]).current_range == 4


@given(st.floats(-10, 10), st.floats(0.1, 8), st.floats(0.1, 8))
def test_no_current_becomes_another_one(ampere: float, charge: float, discharge: float) -> None:
    keys = {
        "server_ip": "10.0.0.17", "channel": 5, "c_rate_ah": 1, "v_max_v": 4.2, "v_min_v": 3.0,
        "v_max_safety_limit_v": 4.25, "v_min_safety_limit_v": 2.9,
        "i_max_safety_limit_a": charge, "i_min_safety_limit_a": -discharge,
    }  # fmt: skip
    config = checked(keys, ChannelConfig)
    if not -discharge <= ampere <= charge:
        with pytest.raises(Rejected):
            setpoint(config, ampere, 4900)
        return
    output = setpoint(config, ampere, 4900)
    sign = {"C": 1, "D": -1, "R": 0}[output.mode]
    assert sign * output.current_ampere == ampere
    assert (output.mode == "R") == (ampere == 0)


# --- pacing


def test_q21_outputs_are_150_ms_apart_however_fast_they_are_asked_for(
    lab: RunningCycler, channel: MaccorInterface
) -> None:
    """Rest goes by another connection, and keeps the distance all the same."""
    for ampere in (0.2, -0.2, 0, 0.2, 0):
        assert channel.set_direct_mode_output(ampere) is True
    records = outputs_of(lab)
    assert [sent(record).mode for record in records] == ["C", "D", "R", "C", "R"]
    assert are_apart(records)


def test_pacing_outlives_a_reconnect(lab: RunningCycler, channel: MaccorInterface) -> None:
    channel.set_direct_mode_output(0.2)
    channel.close()
    channel.start()
    for ampere in (0, 0.2, 0):
        channel.set_direct_mode_output(ampere)
    assert are_apart(outputs_of(lab))


def test_an_output_that_comes_before_direct_mode_is_ready_is_tried_again() -> None:
    with RunningCycler(behaviour=Behaviour(direct_ready_second=0.5)) as lab, lab.channel() as channel:
        channel.start_test_with_direct_control()
        assert channel.set_direct_mode_output(0.2) is True
        records = outputs_of(lab)
        assert lab.do(lambda cycler: cycler.channel(CHANNEL).state) is ChannelState.ACTIVE
        assert 3 <= len(records) <= 5
        assert are_apart(records)
        assert {sent(record).current_ampere for record in records} == {0.2}


def test_direct_mode_that_never_gets_ready_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    assert outputs.TAKEN_WITHIN_S == 5.0
    monkeypatch.setattr(outputs, "TAKEN_WITHIN_S", 0.4)
    with RunningCycler(behaviour=Behaviour(direct_ready_second=600.0)) as lab, lab.channel() as channel:
        channel.start_test_with_direct_control()
        with pytest.raises(TesterRefused) as refused:
            channel.set_direct_mode_output(0.2)
    assert (refused.value.code, refused.value.result) == ("DIRECT_MODE_NOT_READY", 5)


def test_a_rest_takes_the_place_of_a_current_that_was_not_taken_yet() -> None:
    """The first output waits until direct mode is ready; a rest that comes meanwhile is what counts."""
    with RunningCycler(behaviour=Behaviour(direct_ready_second=0.6)) as lab, lab.channel() as channel:
        channel.start_test_with_direct_control()
        raised: list[BaseException] = []

        def charge() -> None:
            try:
                channel.set_direct_mode_output(1.0)
            except Superseded as error:
                raised.append(error)

        thread = threading.Thread(target=charge)
        thread.start()
        lab.wait_for_function(6, 8)
        assert channel.set_direct_mode_output(0) is True
        thread.join()
        assert len(raised) == 1
        assert step(lab) == StepCode.REST
        accepted = outputs_of(lab)[-1]
        assert sent(accepted).mode == "R"
