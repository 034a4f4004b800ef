"""The memory of answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macnet_bridge.commands import memory
from macnet_bridge.commands.memory import AnswerMemory
from macnet_bridge.errors import Rejected
from macnet_bridge.payloads.acknowledgements import Acknowledgement

DONE = Acknowledgement(id="a", command="ping", principal="x", status="done", final=True, received_at=0.0)
KEY = ("x", "a")


def test_known_for_as_long_as_it_is_kept() -> None:
    known = AnswerMemory(keep_s=120)
    assert known.look_up(KEY, b"1", 0.0) is None
    entry = known.remember(KEY, b"1", 0.0)
    entry.answer = DONE
    assert known.look_up(KEY, b"1", 119.9) is entry
    assert known.look_up(KEY, b"1", 120.0) is None
    assert len(known) == 0


def test_the_same_key_for_something_else() -> None:
    known = AnswerMemory(keep_s=120)
    known.remember(KEY, b"1", 0.0)
    with pytest.raises(Rejected) as rejected:
        known.look_up(KEY, b"2", 1.0)
    assert (rejected.value.code, rejected.value.field) == ("ID_REUSED", "id")
    assert known.look_up(("y", "a"), b"2", 1.0) is None, "another principal's ids are its own"


def test_what_runs_is_never_forgotten() -> None:
    known = AnswerMemory(keep_s=120)
    entry = known.remember(KEY, b"1", 0.0)
    for hours in range(1, 50):
        assert known.look_up(KEY, b"1", 3600.0 * hours) is entry
    entry.answer = DONE
    assert known.look_up(KEY, b"1", 3600.0 * 60) is None


def test_one_that_runs_does_not_keep_the_others() -> None:
    known = AnswerMemory(keep_s=120)
    running = known.remember(("x", "running"), b"1", 0.0)
    for number in range(10):
        known.remember(("x", number), b"1", 1.0).answer = DONE
    assert known.look_up(("x", 3), b"2", 500.0) is None
    assert known.look_up(("x", "running"), b"1", 500.0) is running
    assert len(known) == 1


def test_the_oldest_go_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MAX_ENTRIES", 3)
    known = AnswerMemory(keep_s=120)
    running = known.remember(("x", "running"), b"1", 0.0)
    for number in range(10):
        known.look_up(("x", number), b"1", 1.0)
        known.remember(("x", number), b"1", 1.0).answer = DONE
    assert known.look_up(("x", "running"), b"1", 1.0) is running
    assert known.look_up(("x", 9), b"1", 1.0) is not None
    assert len(known) == 3


def test_too_many_that_all_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MAX_ENTRIES", 3)
    known = AnswerMemory(keep_s=120)
    entries = [known.remember(("x", number), b"1", 0.0) for number in range(10)]
    for number, entry in enumerate(entries):
        assert known.look_up(("x", number), b"1", 1e6) is entry


@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.sampled_from([b"1", b"2"]), st.floats(0, 100), st.booleans()),
        max_size=40,
    )
)
def test_it_agrees_with_a_plain_model(steps: list[tuple[int, bytes, float, bool]]) -> None:
    known, now = AnswerMemory(keep_s=50), 0.0
    model: dict[int, tuple[bytes, float, memory.Remembered]] = {}
    for key, mark, pause, ends in steps:
        now += pause
        model = {k: v for k, v in model.items() if v[2].answer is None or now < v[1] or v[1] < 0}
        try:
            entry = known.look_up((key,), mark, now)
        except Rejected:
            assert key not in model or model[key][0] != mark
            continue
        if entry is None:
            assert key not in model
            entry = known.remember((key,), mark, now)
            model[key] = (mark, now + 50, entry)
        elif key in model:
            assert entry is model[key][2]
            assert model[key][0] == mark
        if ends and entry.answer is None:
            entry.answer = DONE
            # Its time may have been extended while it ran; how far is the memory's business.
            model.pop(key)
