"""The memory of answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macnet_bridge.commands import memory
from macnet_bridge.commands.memory import AnswerMemory
from macnet_bridge.errors import Rejected

DONE = b'{"id":"a","status":"done"}'
KEY = ("x", "a")


def test_known_for_as_long_as_it_is_kept() -> None:
    known = AnswerMemory(keep_s=120)
    assert known.look_up(KEY, b"1", 0.0) is None
    entry = known.remember(KEY, b"1", 0.0)
    known.settle(entry, DONE)
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
    known.settle(entry, DONE)
    assert known.look_up(KEY, b"1", 3600.0 * 60) is None


def test_one_that_runs_does_not_keep_the_others() -> None:
    known = AnswerMemory(keep_s=120)
    running = known.remember(("x", "running"), b"1", 0.0)
    for number in range(10):
        known.settle(known.remember(("x", number), b"1", 1.0), DONE)
    assert known.look_up(("x", 3), b"2", 500.0) is None
    assert known.look_up(("x", "running"), b"1", 500.0) is running
    assert len(known) == 1


def test_the_oldest_go_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MAX_ENTRIES", 3)
    known = AnswerMemory(keep_s=120)
    running = known.remember(("x", "running"), b"1", 0.0)
    for number in range(10):
        known.look_up(("x", number), b"1", 1.0)
        known.settle(known.remember(("x", number), b"1", 1.0), DONE)
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
            known.settle(entry, DONE)
            # Its time may have been extended while it ran; how far is the memory's business.
            model.pop(key)


# --- bytes


def test_large_answers_wait_for_room_and_none_is_forgotten_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MAX_BYTES", 1000)
    known = AnswerMemory(keep_s=120)
    first = known.remember(("x", 1), b"1", 0.0)
    known.reserve(first, 600)
    second = known.remember(("x", 2), b"1", 0.0)
    with pytest.raises(Rejected) as rejected:
        known.reserve(second, 600)
    assert (rejected.value.code, rejected.value.retryable) == ("BUSY", True)
    known.settle(second, b"refused")
    known.settle(first, bytes(100))
    assert known.bytes == 107, "what was reserved and not used is free again"
    third = known.remember(("x", 3), b"1", 60.0)
    known.reserve(third, 893)
    assert known.bytes == 1000
    for number, entry in enumerate((first, second, third), start=1):
        assert known.look_up(("x", number), b"1", 119.9) is entry
    known.settle(third, b"")
    known.look_up(("x", 9), b"1", 1000.0)
    assert (known.bytes, len(known)) == (0, 0)


def test_small_answers_are_never_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MAX_BYTES", 10)
    known = AnswerMemory(keep_s=120)
    for number in range(5):
        known.settle(known.remember(("x", number), b"1", 0.0), DONE)
    assert all(known.look_up(("x", number), b"1", 1.0) for number in range(5))


@given(
    st.lists(
        st.tuples(st.integers(0, 400), st.integers(0, 400), st.booleans(), st.floats(0, 60)), max_size=40
    )
)
def test_bytes_are_those_of_what_is_known(steps: list[tuple[int, int, bool, float]]) -> None:
    known, now = AnswerMemory(keep_s=50), 0.0
    entries: list[memory.Remembered] = []
    for number, (reserved, size, ends, pause) in enumerate(steps):
        now += pause
        known.look_up((number,), b"1", now)
        entries.append(known.remember((number,), b"1", now))
        known.reserve(entries[-1], reserved)
        if ends:
            known.settle(entries[-1], bytes(size))
    for entry in entries:
        if entry.answer is None:
            known.settle(entry, DONE)
    known.look_up(("last",), b"1", now + 1000.0)
    assert (known.bytes, len(known)) == (0, 0)
