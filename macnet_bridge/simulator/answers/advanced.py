"""Starting in the middle of a procedure, or going on with an archived test: MacNet (6, 13)."""

from __future__ import annotations

import math
from dataclasses import replace

from macnet_bridge.macnet.protocol.codes import RESULT_OK, AdvancedOption, ChannelState
from macnet_bridge.macnet.protocol.messages import AdvancedStart, Outcome
from macnet_bridge.simulator.machine.archive import ArchivedTest
from macnet_bridge.simulator.machine.channel import Channel, Label
from macnet_bridge.simulator.machine.procedure.refusing import NotUnderstood
from macnet_bridge.simulator.machine.procedure.rows import Loop, Procedure, Step, Wave
from macnet_bridge.simulator.machine.procedure.run import HeadStart, ProcedureRun
from macnet_bridge.simulator.machine.progress import Progress
from macnet_bridge.simulator.machine.tester import Tester

_DEFAULT = -1
_OTHER_PROBLEM = 0xFFFF
_NEED_APPEND = AdvancedOption.ARCHIVED_PROCEDURE | AdvancedOption.ADD_SHELF_TIME
_ALL_OPTIONS = _NEED_APPEND | AdvancedOption.APPEND


class _Refused(Exception):
    """A result code other than 0."""

    def __init__(self, result: int) -> None:
        super().__init__(result)
        self.result = result


def advanced_start(tester: Tester, channel: Channel, body: AdvancedStart, now: float) -> Outcome:
    """MacNet (6, 13). All other channels lose their selection, if the start succeeds."""
    try:
        _start(tester, channel, body, now)
    except _Refused as refused:
        return Outcome(result=refused.result)
    for other in tester.channels:
        if other.state is ChannelState.SELECTED:
            other.state = ChannelState.AVAILABLE
    return Outcome(result=RESULT_OK)


def _start(tester: Tester, channel: Channel, body: AdvancedStart, now: float) -> None:
    if not channel.startable:
        raise _Refused(2)
    archived = _archived(tester, body)
    procedure = _procedure(tester, body, archived)
    _check_entries(tester, body, archived)
    step = _step(body, procedure, archived)
    run = ProcedureRun(procedure, body.c_rate_ah, tester.specification)
    run.begin_at(step, _rounds_done(body, procedure, step), _head_start(body, archived))
    progress = _progress(body, archived, now)
    if archived:
        tester.archive.take(archived)
        label = replace(archived.label, procedure=procedure.name, description=procedure.description)
    else:
        name = tester.use_name(body.test_name)
        label = Label(name, body.comment, procedure.name, procedure.description)
    channel.start(label, run, now + tester.behaviour.starting_second, progress)


def _archived(tester: Tester, body: AdvancedStart) -> ArchivedTest | None:
    """The test to append to, None when a new one is wanted."""
    options = AdvancedOption(body.options)
    if body.options & ~int(_ALL_OPTIONS):
        raise _Refused(3)
    if not options & AdvancedOption.APPEND:
        if options & _NEED_APPEND:
            raise _Refused(3)
        if body.remove_last_records:
            raise _Refused(9)
        return None
    archived = tester.archive.find(body.archived_test_name)
    if archived is None:
        raise _Refused(4)
    if body.remove_last_records > archived.progress.record_index:
        raise _Refused(9)
    return archived


def _procedure(tester: Tester, body: AdvancedStart, archived: ArchivedTest | None) -> Procedure:
    of_archive = archived is not None and body.options & AdvancedOption.ARCHIVED_PROCEDURE
    name = archived.label.procedure if archived and of_archive else body.procedure
    try:
        return tester.procedures.find(name, body.c_rate_ah, tester.specification)
    except (KeyError, NotUnderstood):
        raise _Refused(5 if of_archive else _OTHER_PROBLEM) from None


def _check_entries(tester: Tester, body: AdvancedStart, archived: ArchivedTest | None) -> None:
    """What has no code of its own. There are no chambers here."""
    name_is_free = tester.is_valid_name(body.test_name) and not tester.is_used_name(body.test_name)
    numbers = (body.test_time_second, body.step_time_second, body.capacity_ah, body.energy_wh)
    possible = (
        (archived is not None or name_is_free)
        and not body.chamber
        and math.isfinite(body.c_rate_ah)
        and body.c_rate_ah > 0.0
        and all(number >= 0.0 or number == _DEFAULT for number in numbers)
        and body.cycle >= _DEFAULT
    )
    if not possible:
        raise _Refused(_OTHER_PROBLEM)


def _step(body: AdvancedStart, procedure: Procedure, archived: ArchivedTest | None) -> int:
    """The row to begin with, from 1."""
    step = body.test_step
    if step == _DEFAULT:
        step = archived.progress.step_id if archived and archived.progress.step_id else 1
    if not 1 <= step <= len(procedure.rows):
        raise _Refused(6)
    # The first row may be any: it is where every test begins.
    if step > 1 and not isinstance(procedure.rows[step - 1], Step | Wave):
        raise _Refused(8)
    return step


def _rounds_done(body: AdvancedStart, procedure: Procedure, step: int) -> dict[int, int]:
    """How often each loop around the first step, by its number, has been gone through."""
    remaining = (body.remaining_loop_1, body.remaining_loop_2, body.remaining_loop_3, body.remaining_loop_4)
    times = {
        row.number: row.times
        for at, row in enumerate(procedure.rows, 1)
        if isinstance(row, Loop) and row.begin <= step <= at
    }
    done = {}
    for number, left in enumerate(remaining, 1):
        if left == _DEFAULT or (left == 0 and number not in times):
            continue
        if not 0 <= left < times.get(number, 0):
            raise _Refused(_OTHER_PROBLEM)
        done[number] = times[number] - 1 - left
    return done


def _head_start(body: AdvancedStart, archived: ArchivedTest | None) -> HeadStart:
    before = archived.progress if archived else Progress()
    return HeadStart(
        _given(body.step_time_second, before.step_second),
        _given(body.capacity_ah, before.step_capacity_ah),
        _given(body.energy_wh, before.step_energy_wh),
    )


def _progress(body: AdvancedStart, archived: ArchivedTest | None, now: float) -> Progress:
    before = archived.progress if archived else Progress()
    shelf_second = 0.0
    if archived and body.options & AdvancedOption.ADD_SHELF_TIME:
        shelf_second = now - archived.at
    return Progress(
        record_index=before.record_index - body.remove_last_records,
        cycle_count=before.cycle_count if body.cycle == _DEFAULT else body.cycle,
        test_second=_given(body.test_time_second, before.test_second) + shelf_second,
    )


def _given(value: float, default: float) -> float:
    return default if value == _DEFAULT else value
