"""What is sent again after a broker was lost. Pure."""

from __future__ import annotations

from macnet_bridge.telemetry.owed import Owed
from macnet_bridge.telemetry.repeats import REPEAT_AFTER_S, REPEATED_S, Repeats


def owed(number: int) -> Owed:
    return Owed(number, 0.0, "lab1/1/reading", b"{}")


def numbers(repeats: Repeats, now: float) -> list[int]:
    return [found.number for found in repeats.due(now)]


def test_nothing_is_repeated_to_the_first_broker() -> None:
    it = Repeats(10)
    assert it.connected(100.0) == 100.0
    it.confirmed(101.0, owed(1))
    assert numbers(it, 200.0) == []


def test_the_last_seconds_before_a_loss_and_the_first_after_it_are_repeated_once() -> None:
    it = Repeats(10)
    it.connected(0.0)
    it.confirmed(99.9 - REPEATED_S, owed(1))
    it.confirmed(100.1 - REPEATED_S, owed(2))
    it.lost(100.0)
    assert numbers(it, 105.0) == []
    assert it.connected(110.0) == 110.0 + REPEAT_AFTER_S
    it.confirmed(111.0, owed(3))
    assert numbers(it, 112.9) == []
    assert numbers(it, 113.0) == [2, 3]
    assert numbers(it, 114.0) == []


def test_a_broker_that_is_lost_again_before_that_owes_all_of_it() -> None:
    it = Repeats(10)
    it.connected(0.0)
    it.confirmed(99.0, owed(1))
    it.lost(100.0)
    it.connected(110.0)
    it.confirmed(111.0, owed(2))
    it.lost(112.0)
    assert it.connected(120.0) == 123.0
    assert numbers(it, 123.0) == [1, 2]


def test_no_more_are_remembered_than_there_is_room_for() -> None:
    it = Repeats(2)
    it.connected(0.0)
    for number in (1, 2, 3):
        it.confirmed(99.0, owed(number))
    it.lost(100.0)
    it.connected(100.0)
    assert numbers(it, 103.0) == [2, 3]
