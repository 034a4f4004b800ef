"""How long a command is wanted, and waiting for that long."""

from __future__ import annotations

import asyncio

import pytest

from macnet_bridge.commands.ticket import Now
from macnet_bridge.commands.validity import Validity
from macnet_bridge.errors import Expired, Rejected, Superseded
from tests.patience import PATIENCE_S

CANCELLED = Rejected("CANCELLED", "it was cancelled")
STOPPED = Superseded("STOPPED", "a stop came")


class Hand:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.monotonic = 100.0

    def __call__(self) -> Now:
        return Now(0.0, self.monotonic)


def test_it_ends_at_its_deadline() -> None:
    hand = Hand()
    validity = Validity(160.0, hand)
    hand.monotonic = 159.999
    validity.check()
    hand.monotonic = 160.0
    with pytest.raises(Expired):
        validity.check()
    assert not validity.is_ended, "nobody ended it"


def test_the_first_reason_counts_also_after_the_deadline() -> None:
    hand = Hand()
    validity = Validity(160.0, hand)
    validity.end(CANCELLED)
    validity.end(STOPPED)
    hand.monotonic = 200.0
    assert validity.is_ended
    with pytest.raises(Rejected) as caught:
        validity.check()
    assert caught.value is CANCELLED


@pytest.mark.parametrize("until", [None, 150.0])
async def test_to_end_it_ends_the_wait(until: float | None) -> None:
    validity = Validity(160.0, Hand())
    waiting = asyncio.create_task(validity.wait(until))
    await asyncio.sleep(0)
    assert validity.is_waited_in
    validity.end(STOPPED)
    await asyncio.wait_for(waiting, PATIENCE_S)
    assert not validity.is_waited_in


async def test_what_is_waited_for_ends_the_wait_once() -> None:
    validity = Validity(160.0, Hand())
    validity.wake()
    waiting = asyncio.create_task(validity.wait())
    await asyncio.sleep(0)
    assert not waiting.done(), "what came before the wait is known to who waits"
    validity.wake()
    await asyncio.wait_for(waiting, PATIENCE_S)
    validity.check()


@pytest.mark.parametrize(("deadline", "until"), [(160.0, 90.0), (90.0, None), (90.0, 150.0)])
async def test_what_is_over_is_not_waited_for(deadline: float, until: float | None) -> None:
    await asyncio.wait_for(Validity(deadline, Hand()).wait(until), PATIENCE_S)
