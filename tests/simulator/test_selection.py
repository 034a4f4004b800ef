"""Selecting channels, starting all that are selected, and starting in the middle."""

from __future__ import annotations

from typing import Any

import pytest

from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol import messages as m
from macnet_bridge.macnet.protocol.codes import ChannelState, RecordCause
from macnet_bridge.macnet.protocol.jsonrpc import BadRequest
from macnet_bridge.simulator.machine.procedure.built_in import BUILT_IN
from macnet_bridge.simulator.machine.procedure.library import Library
from tests.simulator.machine import Machine


def states(machine: Machine) -> list[str]:
    return [channel.state.name.lower() for channel in machine.tester.channels]


def toggle(machine: Machine, *channels: int) -> Any:
    return machine.result(f.SELECT, m.ToggleSelection.of(*channels))


def test_a_toggle_selects_and_the_next_one_does_not() -> None:
    machine = Machine()
    assert toggle(machine, 2, 4) == 0
    assert states(machine) == ["available", "selected", "available", "selected"]
    assert toggle(machine, 4, 1) == 0
    assert states(machine) == ["selected", "selected", "available", "available"]


def test_a_toggle_of_a_busy_or_missing_channel_changes_nothing() -> None:
    machine = Machine()
    machine.start("Rest", channel=2)
    for channels in ((1, 2), (1, 5)):
        with pytest.raises(BadRequest):
            toggle(machine, *channels)
    assert states(machine)[0] == "available"


def test_q24_a_bitmap_sets_them_all_but_the_busy_ones() -> None:
    machine = Machine()
    toggle(machine, 1)
    machine.start("Rest", channel=2)
    assert machine.result(f.SELECT_CHANNELS, m.SelectionBitmap(bitmap=b"\x0e")) == 0
    assert states(machine) == ["available", "starting", "selected", "selected"]
    with pytest.raises(BadRequest):
        machine.result(f.SELECT_CHANNELS, m.SelectionBitmap(bitmap=b"\x10"))


def test_q23_all_selected_channels_start_with_one_name() -> None:
    machine = Machine()
    toggle(machine, 2, 3)
    request = m.StartTest(test_name="both", procedure="Rest")
    assert machine.result(f.START_SELECTED, request) == 0
    machine.pass_by(1.0)
    machine.reading(2)
    assert [channel.label.test_name for channel in machine.tester.channels] == ["", "both", "both", ""]
    assert machine.result(f.START_SELECTED, request) == 24
    toggle(machine, 4)
    assert machine.result(f.START_SELECTED, request) == 19
    assert states(machine)[3] == "selected"


def archived(machine: Machine, procedure: str = "Cycle_1C") -> m.StatusAndReadings:
    """Let a test run for half an hour and archive it as t1.001; how it was."""
    machine.start(procedure, "t1")
    reading = machine.pass_by(1800.0)
    machine.result(f.SUSPEND)
    machine.result(f.ARCHIVE)
    assert machine.channel(1).state is ChannelState.AVAILABLE
    return reading


def advanced(machine: Machine, **fields: Any) -> Any:
    fields = {"test_name": "t2", "procedure": "Cycle_1C", "c_rate_ah": 2.5, **fields}
    return machine.result(f.ADVANCED_START, m.AdvancedStart(**fields))


APPEND = {"options": 1, "archived_test_name": "t1.001"}


def test_an_advanced_start_begins_where_it_is_told_to() -> None:
    machine = Machine()
    toggle(machine, 2)
    assert (
        advanced(machine, test_step=4, cycle=7, step_time_second=20.0, capacity_ah=0.5, test_time_second=99.0)
        == 0
    )
    assert states(machine)[1] == "available", "all others are deselected"
    reading = machine.pass_by(machine.tester.behaviour.starting_second)
    assert (reading.step_id, reading.cycle_count) == (4, 7)
    assert (reading.step_time_second, reading.test_time_second) == (20.0, 99.0)
    assert reading.step_capacity_ah == 0.5


def test_an_archived_test_goes_on() -> None:
    machine = Machine()
    before = archived(machine)
    machine.pass_by(100.0)
    assert advanced(machine, **APPEND, procedure="") == 0xFFFF, "a procedure has to be given"
    assert advanced(machine, options=1 | 2 | 4, archived_test_name="t1.001", remove_last_records=2) == 0
    reading = machine.pass_by(machine.tester.behaviour.starting_second)
    assert machine.channel(1).label.test_name == "t1"
    assert (reading.step_id, reading.cycle_count) == (before.step_id, before.cycle_count)
    assert reading.test_time_second == pytest.approx(before.test_time_second + 100.0)
    assert reading.step_capacity_ah == before.step_capacity_ah
    assert machine.tester.archive.find("t1.001") is None


def test_an_archived_test_is_as_it_was_before_the_reset() -> None:
    machine = Machine(speed=1000.0)
    machine.start("Rest", name="t1")
    before = machine.pass_by(10.0)
    assert before.state == ChannelState.COMPLETED
    machine.result(f.RESET)
    kept = machine.tester.archive.find("t1.001")
    assert kept is not None
    assert (kept.progress.record_index, kept.progress.record_cause) == (
        before.record_index,
        RecordCause.NORMAL_END,
    )
    assert machine.reading().record_index == 0


def test_a_test_that_goes_on_by_another_procedure_says_so() -> None:
    machine = Machine()
    archived(machine, "Rest")
    assert advanced(machine, **APPEND, procedure="CCCV_1C", test_step=1) == 0
    info = machine.ask(f.TEST_INFO, m.Empty())
    assert isinstance(info, m.TestInfo)
    assert (info.test_name, info.procedure) == ("t1", "CCCV_1C")
    assert info.procedure_description == BUILT_IN["CCCV_1C"].description


def test_a_step_that_begins_in_its_middle_makes_no_records_of_its_past() -> None:
    """The built-in steps make one every ten seconds."""
    machine = Machine()
    assert advanced(machine, procedure="Rest", step_time_second=1000.0) == 0
    machine.pass_by(machine.tester.behaviour.starting_second)
    assert machine.pass_by(9.9).record_index == 1
    assert machine.pass_by(0.2).record_index == 2
    assert machine.pass_by(40.0).record_index == 6


def test_remaining_loops_are_the_last_ones() -> None:
    machine = Machine(speed=1000.0)
    machine.channel(1).cell.charge = 0.5
    assert advanced(machine, test_step=5, cycle=8, remaining_loop_1=1) == 0
    machine.pass_by(60.0)
    reading = machine.reading()
    assert (reading.state, reading.cycle_count) == (ChannelState.COMPLETED, 10)


@pytest.mark.parametrize(
    ("fields", "result"),
    [
        ({"options": 2}, 3),
        ({"options": 4}, 3),
        ({"options": 8}, 3),
        ({"options": 1, "archived_test_name": "no.001"}, 4),
        ({**APPEND, "test_step": 9}, 6),
        ({"test_step": 0}, 6),
        ({"test_step": 6}, 8),
        ({"remove_last_records": 1}, 9),
        ({**APPEND, "remove_last_records": 20}, 0),
        ({"remaining_loop_2": 1}, 0xFFFF),
        ({"remaining_loop_1": 10}, 0xFFFF),
        ({"remaining_loop_1": 9}, 0),
        ({"chamber": 1}, 0xFFFF),
        ({"c_rate_ah": 0.0}, 0xFFFF),
        ({"cycle": -2}, 0xFFFF),
        ({"test_time_second": -2.0}, 0xFFFF),
        ({"test_name": "t1"}, 0xFFFF),
        ({"procedure": "none"}, 0xFFFF),
    ],
)
def test_what_an_advanced_start_refuses(fields: dict[str, Any], result: int) -> None:
    machine = Machine()
    archived(machine)
    assert advanced(machine, **fields) == result
    state = ChannelState.AVAILABLE if result else ChannelState.STARTING
    assert machine.channel(1).state is state


def test_the_procedure_of_an_archived_test_may_be_gone() -> None:
    machine = Machine()
    archived(machine)
    machine.tester.procedures = Library(machine.tester.files, {"Rest": BUILT_IN["Rest"]})
    assert advanced(machine, options=3, archived_test_name="t1.001") == 5
    assert advanced(machine, procedure="Rest", **APPEND, test_step=1) == 0


def test_a_busy_channel_takes_no_advanced_start() -> None:
    machine = Machine()
    machine.start("Rest")
    assert advanced(machine) == 2


def test_an_end_is_reached_at_the_end() -> None:
    machine = Machine()
    machine.start("Rest")
    ends = []
    for second in (1.0, 3600.0):
        machine.pass_by(second)
        ends.append(machine.ask(f.END_STATUS, m.Empty()))
    assert ends == [m.EndStatus(number_of_ends=1, end_number=0), m.EndStatus(number_of_ends=1, end_number=1)]
