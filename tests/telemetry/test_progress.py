"""How far channels got, between two notes of it. Pure."""

from __future__ import annotations

from macnet_bridge.payloads.telemetry import Previous
from macnet_bridge.store.spool_tables import Safe
from macnet_bridge.telemetry.progress import Progress

ONE, TWO = ("lab1", 1), ("lab1", 2)


def test_the_last_of_each_channel_is_noted_once() -> None:
    it = Progress(7)
    assert not it
    for place, seq in ((ONE, 4), (TWO, 1), (ONE, 3), (ONE, 5)):
        it.safe(place, seq)
    assert it
    assert it.take() == [Safe("lab1", 1, 7, 5), Safe("lab1", 2, 7, 1)]
    assert (bool(it), it.take()) == (False, [])


def test_a_channel_that_begins_is_urgent() -> None:
    it = Progress(7)
    it.safe(ONE, 1)
    assert it.has_begun_some
    it.take()
    it.safe(ONE, 2)
    assert not it.has_begun_some
    it.safe(TWO, 1)
    assert it.has_begun_some


def test_what_could_not_be_noted_is_noted_later_unless_there_is_more() -> None:
    it = Progress(7)
    it.safe(ONE, 1)
    it.safe(TWO, 1)
    taken = it.take()
    it.safe(ONE, 2)
    it.put_back(taken)
    assert it.take() == [Safe("lab1", 1, 7, 2), Safe("lab1", 2, 7, 1)]


def test_earlier_runs_are_recalled_and_this_one_is_not() -> None:
    it = Progress(7)
    it.recall([Safe("lab1", 1, 6, 40), Safe("lab1", 2, 7, 3)])
    it.recall([])
    assert it.previous == {ONE: Previous(6, 40)}
