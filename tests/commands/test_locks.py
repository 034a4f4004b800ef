"""`lock` and `unlock`."""

from __future__ import annotations

import asyncio

import pytest

from macnet_bridge.commands.locks import Locks, LockTable
from macnet_bridge.errors import Rejected
from macnet_bridge.macnet import AsyncCycler, TesterAddress
from macnet_bridge.payloads.telemetry import Lock
from macnet_bridge.tester import Tester
from tests.commands.lab import START, lab
from tests.commands.samples import suspended

LOCK = Lock(reason="the cell swells", principal="alice", since=1.0)


async def test_no_start_until_unlock() -> None:
    async with lab() as it:
        answer = await it.ask("lock", {"reason": "the cell swells"}, principal="alice")
        assert answer["status"] == "done"
        assert answer["result"]["lock"]["principal"] == "alice"
        for verb in ("start_test", "advanced_start"):
            start = await it.ask(verb, START)
            assert (start["status"], start["error"]["code"]) == ("rejected", "LOCKED")
            assert start["error"]["category"] == "precondition"
            assert start["error"]["message"] == "alice locked the channel: the cell swells"
        assert len(it.simulated.received) == 0
        assert (await it.ask("start_test", START, channel=2))["status"] == "done"
        assert (await it.ask("unlock"))["result"] == {"was_locked": True}
        assert (await it.ask("start_test", START))["status"] == "done"
        assert (await it.ask("unlock"))["result"] == {"was_locked": False}


async def test_a_suspended_test_does_not_resume_while_it_is_locked() -> None:
    async with lab() as it:
        suspended(it.simulated, 1)
        await it.ask("lock", {"reason": "smoke"})
        assert (await it.ask("resume"))["error"]["code"] == "LOCKED"
        assert it.asked(6, 4) == 0
        assert (await it.ask("suspend"))["status"] == "done"


async def test_a_dry_run_tells_of_the_lock() -> None:
    async with lab() as it:
        await it.ask("lock", {"reason": "smoke"})
        answer = await it.ask("start_test", START, envelope={"dry_run": True})
        assert answer["error"]["code"] == "LOCKED"


def a_tester() -> Tester:
    return Tester("lab1", AsyncCycler(TesterAddress("127.0.0.1")))


async def test_it_is_written_before_it_counts() -> None:
    written: list[LockTable] = []
    locks = Locks({"lab2": {3: LOCK}}, written.append)
    tester = a_tester()
    locks.hand_out({"lab1": tester})
    await locks.change(tester, 5, LOCK)
    assert written == [{"lab1": {5: LOCK}, "lab2": {3: LOCK}}]
    await locks.change(tester, 5, None)
    assert written[-1] == {"lab2": {3: LOCK}}


async def test_many_at_once_are_all_written() -> None:
    written: list[LockTable] = []
    locks = Locks({}, written.append)
    tester = a_tester()
    locks.hand_out({"lab1": tester})
    await asyncio.gather(*(locks.change(tester, channel, LOCK) for channel in range(1, 129)))
    assert written[-1] == {"lab1": dict.fromkeys(range(1, 129), LOCK)}
    assert len(written) < 10


async def test_a_disk_that_fails_changes_nothing() -> None:
    def fail(table: LockTable) -> None:
        raise OSError(28, "No space left on device")

    locks = Locks({"lab1": {1: LOCK}}, fail)
    tester = a_tester()
    locks.hand_out({"lab1": tester})
    for channel, lock in ((2, LOCK), (1, None)):
        with pytest.raises(Rejected, match="No space left") as caught:
            await locks.change(tester, channel, lock)
        assert caught.value.code == "JOURNAL_UNAVAILABLE"
    assert tester.locks == {1: LOCK}
