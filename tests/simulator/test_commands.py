"""Result codes of (6, 2), (6, 7), (6, 8) and (6, 11), direct mode, names and variables."""

from __future__ import annotations

import math
from typing import Any

import pytest

from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol import messages as m
from macnet_bridge.macnet.protocol.codes import ChannelState, RecordCause, StepCode, SystemType
from macnet_bridge.macnet.protocol.jsonrpc import BadRequest
from macnet_bridge.simulator.answers.device import SERVED
from tests.simulator.machine import OFF, Machine, limits, output


def test_every_row_of_the_function_table_is_served() -> None:
    assert SERVED.keys() == f.FUNCTIONS.keys()


# --- start


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        (14, {"procedure": ""}),
        (22, {"procedure": "No such"}),
        (22, {"name": "a/b"}),
        (22, {"name": " "}),
        (22, {"c_rate_ah": 0.0}),
        (22, {"c_rate_ah": math.nan}),
        (22, {"chamber": 1}),
        (22, {"regime": "R"}),
    ],
)
def test_a_start_is_refused_with_the_code_for_it(code: int, fields: dict[str, Any]) -> None:
    machine = Machine()
    assert machine.start(**fields) == code
    assert machine.reading().state == ChannelState.AVAILABLE
    assert machine.ask(f.TEST_INFO, m.Empty()) == m.TestInfo(
        test_name="", procedure="", comment="", procedure_description=""
    )


def test_a_channel_takes_one_test_until_it_is_reset() -> None:
    machine = Machine(speed=1000.0)
    assert machine.start() == 0
    assert machine.start() == 23
    assert machine.pass_by(100.0).state == ChannelState.COMPLETED
    assert machine.start() == 23
    machine.result(f.RESET)
    machine.channel(1).state = ChannelState.SELECTED
    assert machine.start() == 0


def test_names_are_unique_on_a_tester_whatever_their_case_and_for_ever() -> None:
    machine = Machine()
    assert machine.start(name="cell 1", channel=1) == 0
    assert machine.start(name="CELL 1", channel=2) == 19
    machine.result(f.RESET)
    assert machine.start(name="cell 1") == 19


def test_random_makes_a_name_that_is_new_and_the_same_for_a_seed() -> None:
    names = []
    for _ in range(2):
        machine = Machine()
        for channel in (1, 2, 3):
            machine.start(channel=channel)
        names.append([machine.channel(channel).label.test_name for channel in (1, 2, 3)])
    assert names[0] == names[1]
    assert len(set(names[0])) == 3
    assert "Random" not in names[0]


def test_the_names_of_a_test_can_be_read() -> None:
    machine = Machine()
    machine.start("Rest", name="a", comment="why")
    assert machine.ask(f.TEST_INFO, m.Empty()) == m.TestInfo(
        test_name="a", comment="why", procedure="Rest", procedure_description="Rest for an hour"
    )


def test_c_rates_count_in_the_capacity_that_came_with_the_start() -> None:
    machine = Machine()
    machine.start(c_rate_ah=1.5)
    assert machine.pass_by(1.0).current_ampere == 1.5


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        (0, {}),
        (2, {"procedure": "No such"}),
        (2, {"procedure": ""}),
        (4, {"test_name": "taken"}),
        (5, {"test_name": "a:b"}),
        (6, {"chamber": 3}),
    ],
)
def test_a_check_says_what_is_in_the_way_and_starts_nothing(code: int, fields: dict[str, Any]) -> None:
    machine = Machine()
    machine.start(name="taken", channel=2)
    body = m.CheckStart(**{"test_name": "free", "procedure": "CCCV_1C", **fields})
    assert machine.result(f.CHECK_START, body) == code
    assert machine.result(f.CHECK_START, body, channel=2) == 1
    assert machine.reading().state == ChannelState.AVAILABLE
    assert machine.start(name="free") == 0


@pytest.mark.parametrize("channel", [5, 1000, 65535])
def test_a_channel_that_is_not_there_is_an_illegal_value(channel: int) -> None:
    with pytest.raises(BadRequest, match="Illegal value"):
        Machine().reading(channel)


@pytest.mark.parametrize(("first", "count"), [(1, 5), (4, 2), (5, 1)])
def test_a_range_past_the_end_is_an_illegal_value(first: int, count: int) -> None:
    with pytest.raises(BadRequest, match="Illegal value"):
        Machine().ask(f.VOLTAGES, m.ChannelRange(count=count), first)


def test_all_selected_is_nobody() -> None:
    request = m.StartTest(test_name="Random", procedure="Rest")
    assert Machine().result(f.START_SELECTED, request) == 24


# --- direct mode


def test_direct_mode_gets_ready_and_takes_set_points() -> None:
    machine = Machine()
    assert machine.start_direct(name="d") == 0
    assert machine.set_output(ampere=1.0) == 5
    machine.pass_by(0.49)
    assert machine.set_output(ampere=1.0) == 5
    ready = machine.pass_by(0.02)
    assert (ready.state, ready.step_code, ready.current_ampere) == (ChannelState.ACTIVE, StepCode.CHARGE, 0.0)
    assert machine.set_output(ampere=1.0) == 0
    assert machine.reading().current_ampere == 1.0
    before = machine.reading().voltage_volt
    assert machine.pass_by(30.0).voltage_volt > before


def test_each_mode_has_its_direction() -> None:
    machine = Machine(signed_current=True)
    machine.start_direct()
    for mode, volt, ampere, code in (
        ("C", 4.2, 1.0, StepCode.CHARGE),
        ("D", 3.0, -1.0, StepCode.DISCHARGE),
        ("R", 0.0, 0.0, StepCode.REST),
    ):
        machine.pass_by(1.0)
        assert machine.set_output(mode=mode, ampere=1.0, volt=volt) == 0
        assert (machine.reading().current_ampere, machine.reading().step_code) == (ampere, code)


def test_the_rest_message_of_the_protocol_rests() -> None:
    machine = Machine()
    machine.start_direct(ampere=1.0)
    assert machine.pass_by(1.0).current_ampere == 1.0
    assert machine.result(f.SET_OUTPUT, m.REST) == 0
    assert machine.reading().current_ampere == 0.0


def test_q21_outputs_closer_than_100_ms_are_refused_and_change_nothing() -> None:
    machine = Machine(speed=1000.0)  # the gap is one of communication: speed does not shorten it
    machine.start_direct()
    machine.pass_by(1.0)
    assert machine.set_output(ampere=1.0) == 0
    machine.pass_by(0.099)
    assert machine.set_output(ampere=2.0) == 3
    assert machine.reading().current_ampere == 1.0
    machine.pass_by(0.05)
    assert machine.set_output(ampere=2.0) == 3  # the refused one began the 100 ms anew
    machine.pass_by(0.11)
    assert machine.set_output(ampere=2.0) == 0


def test_a_hundred_milliseconds_are_enough_however_they_add_up() -> None:
    machine = Machine()
    machine.start_direct()
    machine.pass_by(4.0)
    for _ in range(30):
        assert machine.set_output(ampere=1.0) == 0
        machine.pass_by(0.1)


def test_an_output_without_direct_mode_is_refused() -> None:
    machine = Machine()
    assert machine.set_output() == 2
    machine.start()
    assert machine.set_output() == 2
    machine.pass_by(1.0)
    assert machine.set_output() == 4
    machine.result(f.SUSPEND)
    assert machine.set_output() == 2


def test_direct_mode_needs_a_free_channel_a_new_name_and_a_lab_system() -> None:
    machine = Machine()
    assert machine.start_direct(name="d") == 0
    assert machine.start_direct(name="e") == 2
    machine.result(f.RESET)
    assert machine.start_direct(name="d") == 3
    assert Machine(system_type=SystemType.MODE_50_MS).start_direct() == 1
    assert Machine(system_type=SystemType.MODE_50_MS).set_output() == 1


@pytest.mark.parametrize(
    "fields",
    [{"mode": "X"}, {"mode": "CC"}, {"mode": ""}, {"ampere": math.nan}, {"watt": 1.0, "ohm": 1.0}],
)
def test_set_points_that_cannot_be_are_illegal(fields: dict[str, Any]) -> None:
    machine = Machine()
    with pytest.raises(BadRequest, match="Illegal value"):
        machine.start_direct(**fields)
    with pytest.raises(BadRequest, match="Illegal value"):
        machine.set_output(**fields)


def test_limits_out_of_range_are_off_and_those_off_at_the_start_stay_off() -> None:
    machine = Machine()
    machine.start_direct(volt=4900.0)
    machine.pass_by(1.0)
    assert machine.set_output(ampere=1.0, volt=3.0) == 0  # 3.0 V would allow no charge at all
    assert machine.reading().current_ampere == 1.0
    machine = Machine()
    machine.start_direct(volt=4.2, watt=OFF)
    machine.pass_by(1.0)
    machine.set_output(ampere=7.0, volt=3.8)  # no current limit in this range
    assert machine.reading().voltage_volt == pytest.approx(3.8, abs=1e-3)


def test_direct_charge_holds_its_voltage() -> None:
    machine = Machine(speed=100.0)
    machine.start_direct()
    machine.pass_by(1.0)
    machine.set_output(ampere=2.0, volt=3.9)
    seen = [machine.pass_by(1.0) for _ in range(60)]
    assert max(reading.voltage_volt for reading in seen) == pytest.approx(3.9, abs=1e-3)
    assert seen[-1].current_ampere < seen[0].current_ampere == 2.0


def test_records_by_time_and_by_change() -> None:
    machine = Machine()
    machine.result(
        f.START_DIRECT,
        m.StartDirect(test_name="r", record_second=2.0, record_volt=0.0, record_ampere=0.5, **output()),
    )
    assert machine.pass_by(0.5).record_index == 1
    machine.set_output(ampere=1.0)
    assert (machine.reading().record_index, machine.reading().record_cause) == (
        2,
        RecordCause.CURRENT_INCREMENT,
    )
    assert machine.pass_by(10.0).record_index == 7
    assert machine.reading().record_cause == RecordCause.STEP_TIME


def test_q22_the_watchdog_suspends_a_channel_that_hears_nothing() -> None:
    machine = Machine(direct_watchdog_second=2.0, speed=10.0)
    machine.start_direct()
    machine.pass_by(1.0)
    machine.set_output(ampere=1.0)
    machine.pass_by(1.9)
    machine.set_output(ampere=1.0)
    assert machine.pass_by(1.9).state == ChannelState.ACTIVE
    late = machine.pass_by(100.0)
    assert (late.state, late.record_cause) == (
        ChannelState.SUSPENDED,
        RecordCause.SUSPENDED_BY_OPERATOR,
    )
    assert late.step_capacity_ah == pytest.approx(3.9 * 10.0 / 3600.0, rel=1e-3)  # until it bit, no longer
    assert machine.result(f.RESUME) == 0
    assert machine.pass_by(1.0).state == ChannelState.ACTIVE


# --- the rest


def test_variables_are_kept_in_single_precision() -> None:
    machine = Machine()
    for number in (1, 15):
        assert machine.result(f.SET_VARIABLE, m.SetVariable(variable=number, value=0.1 * number)) == 0
    reply = machine.ask(f.FLAGS_AND_VARIABLES, m.Empty())
    assert reply == m.FlagsAndVariables(
        global_flags="0x00000000", variables=[0.10000000149011612, *[0.0] * 13, 1.5]
    )


@pytest.mark.parametrize("value", [math.nan, math.inf, 1e300])
def test_values_that_single_precision_lacks_are_illegal(value: float) -> None:
    machine = Machine()
    with pytest.raises(BadRequest, match="Illegal value"):
        machine.ask(f.SET_VARIABLE, m.SetVariable(variable=1, value=value))
    with pytest.raises(BadRequest, match="Illegal value"):
        machine.ask(f.SET_SAFETY_LIMITS, limits(voltage_max_volt=value))


def test_q40_safety_limits_come_back_as_they_were_taken() -> None:
    reply = Machine().ask(f.SET_SAFETY_LIMITS, limits(voltage_max_volt=4.3, discharge_max_ampere=-2.0))
    assert reply == limits(voltage_max_volt=4.300000190734863, discharge_max_ampere=-2.0)


def test_a_name_that_is_too_long_is_an_illegal_value() -> None:
    machine = Machine()
    assert machine.start(name="n" * 250) == 0
    with pytest.raises(BadRequest, match="Illegal value"):
        machine.start(name="n" * 251)


@pytest.mark.parametrize("channels", [0, -1, 1025])
def test_a_tester_has_1_to_1024_channels(channels: int) -> None:
    with pytest.raises(ValueError, match="1 to 1024"):
        Machine(channels)


def test_a_tester_needs_a_speed() -> None:
    with pytest.raises(ValueError, match="above 0"):
        Machine(speed=0.0)


# --- what trips, and what the record of it says


def test_a_set_point_that_trips_leaves_the_cause_of_the_trip() -> None:
    """Not that of the record which the change of current would have made."""
    machine = Machine()
    records: dict[str, Any] = {"record_second": 0.0, "record_volt": 0.001, "record_ampere": 0.5}
    machine.result(f.START_DIRECT, m.StartDirect(test_name="r", **records, **output(ampere=0.6)))
    machine.ask(f.SET_SAFETY_LIMITS, limits(charge_max_ampere=2.0))
    machine.pass_by(1.0)
    machine.set_output(ampere=3.0)
    tripped = machine.reading()
    assert (tripped.state, tripped.record_cause) == (
        ChannelState.PROBLEM,
        RecordCause.PROBLEM_LOST_CURRENT_CONTROL,
    )


@pytest.mark.parametrize(
    ("number", "ampere", "limit"), [(1, 0.00012, 0.0001), (2, 0.0012, 0.0005), (4, 2.001, 2.0)]
)
def test_limits_of_small_currents_and_powers_trip_as_well(number: int, ampere: float, limit: float) -> None:
    for name, value in (("charge_max_ampere", limit), ("charge_max_watt", 3.73 * limit)):
        machine = Machine()
        machine.start_direct(ampere=ampere, range=number)
        machine.ask(f.SET_SAFETY_LIMITS, limits(**{name: value}))
        assert machine.pass_by(1.0).state == ChannelState.PROBLEM


@pytest.mark.parametrize(("number", "ampere"), [(1, 0.0001), (2, 0.0005), (3, 0.1), (4, 2.1)])
def test_a_current_that_is_just_allowed_does_not_trip(number: int, ampere: float) -> None:
    machine = Machine()
    machine.start_direct(ampere=ampere, range=number)
    machine.ask(f.SET_SAFETY_LIMITS, limits(charge_max_ampere=ampere))
    assert machine.pass_by(10.0).state == ChannelState.ACTIVE


def test_a_power_that_is_just_allowed_does_not_trip() -> None:
    for watt in (0.004, 0.3, 7.3):
        machine = Machine()
        machine.start_direct(ampere=7.0, watt=watt)
        machine.ask(f.SET_SAFETY_LIMITS, limits(charge_max_watt=watt))
        for _ in range(100):
            assert machine.pass_by(10.0).state == ChannelState.ACTIVE


# --- records, checks


@pytest.mark.parametrize("spacing", [1e-310, 1e-40, -1.0])
def test_records_closer_than_any_number_do_no_harm(spacing: float) -> None:
    """JSON numbers are doubles; what single precision takes for zero is never."""
    machine = Machine()
    records: dict[str, Any] = {"record_second": spacing, "record_volt": spacing, "record_ampere": spacing}
    machine.result(f.START_DIRECT, m.StartDirect(test_name="r", **records, **output(ampere=1.0)))
    reading = machine.pass_by(10.5)
    assert reading.step_time_second == pytest.approx(10.0)
    assert reading.record_index <= 1 + 3 * 1000


@pytest.mark.parametrize("c_rate_ah", [0.0, -1.0, math.nan])
def test_a_check_sees_a_1c_that_no_start_would_take(c_rate_ah: float) -> None:
    machine = Machine()
    assert machine.start("Rest", c_rate_ah=c_rate_ah) == 22
    body = m.CheckStart(test_name="x", procedure="Rest", c_rate_ah=c_rate_ah)
    assert machine.result(f.CHECK_START, body) == 0xFFFF
    assert machine.tester.check_messages.popleft() == f"1C has to be above zero, not {c_rate_ah:g} A"


def test_a_check_does_not_call_a_running_test_archived() -> None:
    machine = Machine()
    machine.start("Rest", name="runs", channel=2)
    assert machine.result(f.CHECK_START, m.CheckStart(test_name="runs", procedure="Rest")) == 4
    assert machine.tester.check_messages.popleft() == "A test of this name runs or is in the archive"
