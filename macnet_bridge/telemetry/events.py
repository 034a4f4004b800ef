"""What happened to a channel, from two looks at it. Pure.

Only what the two looks prove is told: a step that was passed between them is not, nor is the end
of a test whose place another one has taken.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from macnet_bridge.macnet.protocol.codes import (
    ARCHIVABLE,
    RUNNING,
    STOPPED,
    ChannelState,
    RecordCause,
    StepCode,
)
from macnet_bridge.macnet.protocol.messages import EndStatus, StatusAndReadings, TestInfo
from macnet_bridge.payloads import events as e
from macnet_bridge.readings import raw_codes

_WITH_TEST = RUNNING | ARCHIVABLE
_WITHOUT_TEST = STOPPED - ARCHIVABLE
_ENDED = {
    ChannelState.SUSPENDED: e.Suspended,
    ChannelState.COMPLETED: e.Completed,
    ChannelState.PROBLEM: e.Problem,
}
_TELL_A_REASON = (e.StepChanged, *_ENDED.values())


class Look(Struct, frozen=True):
    """One reply of MacNet (4, 7), and the names of the test then, where they are known."""

    unix_time_second: float
    status: StatusAndReadings
    test: TestInfo | None = None


def is_quiet(before: Look, after: Look) -> bool:
    """Whether nothing has happened, for sure; most looks are so."""
    b, a = before.status, after.status
    return (
        b.state == a.state
        and b.step_id == a.step_id
        and b.cycle_count == a.cycle_count
        and b.test_time_second <= a.test_time_second
        and (before.test is after.test or before.test == after.test)
    )


def happened(before: Look, after: Look) -> list[type[e.ChannelEvent]]:
    """The kinds of events that two successive looks at a channel prove, in their order."""
    if is_quiet(before, after):
        return []
    if _is_another_test(before, after):
        return [e.TestStarted, *_end_of(after)]
    return [*_counters(before, after), *_change_of_state(before, after)]


def event(
    kind: type[e.ChannelEvent],
    before: Look,
    after: Look,
    *,
    event_id: str,
    run: int,
    end: EndStatus | None = None,
) -> e.ChannelEvent:
    """One of the events that happened.

    Args:
        end: reply of MacNet (4, 10), for `Completed`.
    """
    common: dict[str, Any] = {
        "id": event_id,
        "unix_time_second": round(after.unix_time_second, 3),
        "run": run,
        "test_name": _test_name(before if kind is e.Freed else after),
        "end_reason": _end_reason(before, after) if kind in _TELL_A_REASON else None,
        "before": _situation(before),
        "after": _situation(after),
    }
    if kind is e.Completed and end is not None and end.end_number:
        return e.Completed(**common, end_step=end.end_number, number_of_ends=end.number_of_ends)
    return kind(**common)


def end_word(record_cause: int) -> str | None:
    """Why a step or test ended, by `RF2`; None for codes that only say why a record was made."""
    return None if record_cause <= RecordCause.NONE else RecordCause.word(record_cause)


def completes(before: Look | None, status: StatusAndReadings) -> bool:
    """Whether a channel that was looked at before is seen to have completed a test now."""
    return (
        before is not None
        and status.state == ChannelState.COMPLETED
        and not is_quiet(before, Look(before.unix_time_second, status, before.test))
    )


def _is_another_test(before: Look, after: Look) -> bool:
    if after.status.state not in _WITH_TEST:
        return False
    if before.status.state in _WITHOUT_TEST:
        return True
    names = _test_name(before), _test_name(after)
    return (None not in names and names[0] != names[1]) or (
        after.status.test_time_second < before.status.test_time_second
    )


def _end_of(after: Look) -> list[type[e.ChannelEvent]]:
    kind = _ENDED.get(after.status.state)  # type: ignore[call-overload]
    return [] if kind is None else [kind]


def _counters(before: Look, after: Look) -> list[type[e.ChannelEvent]]:
    """Changes of step and cycle of one test; without one, the numbers mean nothing."""
    b, a = before.status, after.status
    if b.state not in _WITH_TEST or a.state not in _WITH_TEST:
        return []
    changes = {e.CycleChanged: b.cycle_count != a.cycle_count, e.StepChanged: b.step_id != a.step_id}
    return [kind for kind, changed in changes.items() if changed]


def _change_of_state(before: Look, after: Look) -> list[type[e.ChannelEvent]]:
    b, a = before.status.state, after.status.state
    if a == b:
        return []
    if a in _ENDED:
        return _end_of(after)
    if a in RUNNING and b in ARCHIVABLE:
        return [e.Resumed if _test_name(before) == _test_name(after) else e.StateChanged]
    if a in _WITHOUT_TEST and b in _WITH_TEST:
        return [e.Freed]
    return [e.StateChanged] if {a, b} - (RUNNING | STOPPED) else []


def _end_reason(before: Look, after: Look) -> str | None:
    """`RF2` of the second look, unless it stood there before anything ended."""
    b, a = before.status, after.status
    is_old = (b.record_index, b.record_cause, b.state) == (a.record_index, a.record_cause, a.state)
    return None if is_old else end_word(a.record_cause)


def _test_name(look: Look) -> str | None:
    return look.test.test_name or None if look.test else None


def _situation(look: Look) -> e.Situation:
    status = look.status
    return e.Situation(
        unix_time_second=round(look.unix_time_second, 3),
        state=ChannelState.word(status.state),
        mode=StepCode.word(status.step_code),
        step_id=status.step_id,
        cycle_count=status.cycle_count,
        raw=raw_codes(status),
    )
