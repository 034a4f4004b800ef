"""What is unconfirmed, in memory alone or on disk as well. Pure."""

from __future__ import annotations

from macnet_bridge.telemetry.owed import Owed
from macnet_bridge.telemetry.unconfirmed import Unconfirmed


def unconfirmed(*numbers: int) -> Unconfirmed:
    """Each was handed over at the second that is its number."""
    it = Unconfirmed()
    for number in numbers:
        it.add(Owed(number, float(number), "lab1/1/reading", b"{}"))
    return it


def give_to_disk(it: Unconfirmed, since: float) -> list[Owed]:
    older = it.older_than(since)
    for owed in older:
        it.to_disk(owed)
    return older


def numbers(found: list[Owed]) -> list[int]:
    return [owed.number for owed in found]


def test_the_oldest_go_to_the_disk_and_stay_unconfirmed() -> None:
    it = unconfirmed(1, 2, 3, 4)
    assert numbers(give_to_disk(it, 3.0)) == [1, 2]
    assert numbers(it.on_disk()) == [1, 2]
    assert numbers(it.older_than(9.0)) == [3, 4]
    assert (len(it), it.oldest()) == (4, 1)
    assert [it.take(number).is_on_disk for number in (1, 2, 3)] == [True, True, False]
    assert (len(it), it.oldest()) == (1, 4)


def test_without_any_nothing_is_older() -> None:
    it = unconfirmed(7)
    it.take(7)
    assert it.oldest() > 1 << 60
    assert (len(it), it.older_than(9.0), it.on_disk()) == (0, [], [])


def test_what_the_disk_did_not_take_is_in_memory_again_in_order() -> None:
    it = unconfirmed(1, 2, 3, 4)
    batch = give_to_disk(it, 4.0)
    settled = it.take(2)
    assert it.not_kept(batch) == [settled]
    assert it.on_disk() == []
    assert numbers(it.older_than(9.0)) == [1, 3, 4]
    assert not it.take(1).is_on_disk
