"""What two looks at a channel prove, and nothing beyond."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from macnet_bridge.macnet.protocol.codes import ARCHIVABLE, RUNNING, ChannelState, RecordCause
from macnet_bridge.macnet.protocol.messages import EndStatus, TestInfo
from macnet_bridge.payloads import events as e
from macnet_bridge.telemetry.events import Look, completes, end_word, event, happened
from tests.telemetry.statuses import status

A = TestInfo(test_name="a", procedure="CCCV_1C")
B = TestInfo(test_name="b", procedure="CCCV_1C")
S = ChannelState


def look(test: TestInfo | None = A, at: float = 1.0, **changes: Any) -> Look:
    return Look(at, status(**changes), test)


FREE = {"state": S.AVAILABLE, "test": None, "step_code": 0, "test_time_second": 0.0, "step_id": 0}


@pytest.mark.parametrize(
    ("before", "after", "kinds"),
    [
        ({}, {"test_time_second": 11.0, "voltage_volt": 4.0, "record_index": 9}, []),
        (FREE, {"state": S.STARTING, "step_id": 0}, [e.TestStarted]),
        (FREE, {"step_id": 3, "cycle_count": 2}, [e.TestStarted]),
        ({"state": S.STARTING}, {}, []),
        ({"step_id": 2}, {"step_id": 5}, [e.StepChanged]),
        ({"step_id": 5, "cycle_count": 1}, {"step_id": 2, "cycle_count": 4}, [e.CycleChanged, e.StepChanged]),
        ({}, {"state": S.SUSPENDED}, [e.Suspended]),
        ({"state": S.SUSPENDED}, {}, [e.Resumed]),
        ({"state": S.PROBLEM}, {}, [e.Resumed]),
        ({"state": S.SUSPENDED}, {"test": None}, [e.StateChanged]),
        ({"step_id": 2}, {"state": S.COMPLETED, "step_id": 4}, [e.StepChanged, e.Completed]),
        ({}, {"state": S.PROBLEM}, [e.Problem]),
        ({"state": S.COMPLETED}, FREE, [e.Freed]),
        ({"state": S.ACTIVE}, FREE, [e.Freed]),
        (FREE, {**FREE, "state": S.SELECTED}, []),
        ({}, {"state": S.NO_CONTROLLER}, [e.StateChanged]),
        ({"state": S.NO_CONTROLLER}, {"state": S.COMPLETED}, [e.Completed]),
        ({"state": S.NO_CONTROLLER}, FREE, [e.StateChanged]),
        ({"state": 77}, {}, [e.StateChanged]),
        # Another test took its place: the end of the first was not seen.
        ({}, {"test": B, "test_time_second": 400.0, "step_id": 7}, [e.TestStarted]),
        ({}, {"test": B, "state": S.COMPLETED}, [e.TestStarted, e.Completed]),
        ({"test": None}, {"test": None, "test_time_second": 1.0}, [e.TestStarted]),
        # The name could not be read: that it is another one is not known.
        ({}, {"test": None, "test_time_second": 11.0}, []),
    ],
)
def test_what_is_told(before: dict[str, Any], after: dict[str, Any], kinds: list[Any]) -> None:
    assert happened(look(**before), look(**after)) == kinds


def test_an_event_as_published() -> None:
    before = look(at=100.0004, step_id=2, record_cause=1)
    after = look(at=101.1239, step_id=3, record_cause=132, record_index=2, step_code=4)
    told = event(e.StepChanged, before, after, event_id="s1.lab1.5.1", run=7)
    assert msgspec.json.decode(msgspec.json.encode(told)) == {
        "kind": "step_changed",
        "id": "s1.lab1.5.1",
        "unix_time_second": 101.124,
        "run": 7,
        "is_historical": False,
        "test_name": "a",
        "end_reason": "end_current",
        "before": {
            "unix_time_second": 100.0,
            "state": "active",
            "mode": "charge",
            "step_id": 2,
            "cycle_count": 0,
            "raw": {"stat": 2, "rf1": 1, "rf2": 1},
        },
        "after": {
            "unix_time_second": 101.124,
            "state": "active",
            "mode": "rest",
            "step_id": 3,
            "cycle_count": 0,
            "raw": {"stat": 2, "rf1": 4, "rf2": 132},
        },
    }
    assert msgspec.json.decode(msgspec.json.encode(told), type=e.AnyEvent) == told


def test_the_end_step_is_told_where_it_is_known() -> None:
    before, after = look(), look(state=S.COMPLETED, record_cause=193)

    def told(end: EndStatus | None) -> e.Completed:
        found = event(e.Completed, before, after, event_id="x", run=1, end=end)
        assert isinstance(found, e.Completed)
        return found

    third = told(EndStatus(number_of_ends=4, end_number=3))
    assert (third.end_step, third.number_of_ends, third.end_reason) == (3, 4, "normal_end")
    assert (told(None).end_step, told(None).number_of_ends) == (None, None)
    assert told(EndStatus(number_of_ends=4, end_number=0)).end_step is None


def test_a_reason_that_stood_there_before_is_not_told_again() -> None:
    before = look(step_id=2, record_cause=133)
    assert (
        event(e.StepChanged, before, look(step_id=3, record_cause=133), event_id="x", run=1).end_reason
        is None
    )
    newer = look(step_id=3, record_cause=133, record_index=2)
    assert event(e.StepChanged, before, newer, event_id="x", run=1).end_reason == "end_voltage"
    resumed = event(e.Resumed, look(state=S.SUSPENDED), look(record_cause=192), event_id="x", run=1)
    assert resumed.end_reason is None


def test_a_test_that_is_gone_is_told_by_its_name() -> None:
    gone = look(test=None, state=S.AVAILABLE)
    assert event(e.Freed, look(state=S.COMPLETED), gone, event_id="x", run=1).test_name == "a"


@pytest.mark.parametrize(
    ("code", "word"),
    [
        (0, None),
        (1, None),
        (128, None),
        (129, "end_step_time"),
        (192, "suspended_by_operator"),
        (253, "problem_voltage_absolute"),
        (200, "code_200"),
    ],
)
def test_reasons(code: int, word: str | None) -> None:
    assert end_word(code) == word


def test_every_code_above_none_has_a_reason() -> None:
    assert [end_word(code) for code in RecordCause if code > 128] == [
        code.name.lower() for code in RecordCause if code > 128
    ]


def test_the_tester_is_asked_for_the_end_step_once() -> None:
    completed = status(state=S.COMPLETED)
    assert completes(look(), completed)
    assert not completes(None, completed), "a first look is no event"
    assert not completes(Look(1.0, completed, A), completed)
    assert not completes(look(), status(state=S.SUSPENDED))


looks = st.builds(
    look,
    test=st.sampled_from([A, B, None]),
    state=st.sampled_from([*S, 77]),
    step_id=st.integers(0, 4),
    cycle_count=st.integers(0, 2),
    test_time_second=st.sampled_from([0.0, 5.0, 10.0]),
    record_cause=st.integers(0, 255),
)


@given(looks, looks)
def test_nothing_is_invented(before: Look, after: Look) -> None:
    kinds = happened(before, after)
    assert happened(after, after) == []
    assert len(kinds) == len(set(kinds)) <= 3
    a, b = after.status, before.status
    for kind in kinds:
        told = event(kind, before, after, event_id="x", run=1)
        assert (told.before.step_id, told.after.step_id) == (b.step_id, a.step_id)
    if e.StepChanged in kinds:
        assert b.step_id != a.step_id
    if e.Completed in kinds:
        assert a.state == S.COMPLETED
    if e.Resumed in kinds:
        assert b.state in ARCHIVABLE
        assert a.state in RUNNING
