"""A command for several channels in the journal: one row for the whole, which no restart undoes."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from macnet_bridge.commands.record import Request, key_text
from macnet_bridge.store import Journal
from tests.commands.lab import START, Lab, lab
from tests.commands.test_journal import hold_up, row_of
from tests.commands.test_several import several, statuses
from tests.commands.test_stops import received

FOUR = several("1-4")


async def leave(folder: Path, *, sent: bool) -> None:
    """What a bridge leaves that dies in the middle of a start `x` of four channels."""
    request = Request(id="x", verb="start_test", cycler="lab1", channel=None, principal="anonymous")
    key = key_text(("anonymous", "x"))
    journal = Journal(folder)
    journal.open()
    await journal.begin(key, b"f", msgspec.json.encode(request), 1000.0)
    if sent:
        await journal.sent(key, None, 1001.0)
    journal.close()


def marks(it: Lab) -> int:
    return it.asked(6, 2)


async def test_the_whole_is_on_disk_before_its_first_part_is_sent() -> None:
    async with lab(latency_ms=30) as it:
        it.tell("start_test", START, id="x", **FOUR)
        await received(it, 6, 2)
        row = await row_of(it)
        assert row.sent_at is not None
        assert row.proof is None, "what one channel shows proves nothing of the others"
        assert row.answer is None
        summary = await it.final("x")
        assert set(statuses(summary).values()) == {"done"}
        assert msgspec.json.decode((await row_of(it)).answer or b"") == summary
        for channel in range(1, 5):
            assert await it.journal.find(key_text(("anonymous", "x", "lab1", channel))) is None


async def test_after_a_restart_it_gets_its_summary_again_and_its_parts_are_silent(tmp_path: Path) -> None:
    async with lab(folder=tmp_path) as it:
        first = await it.ask("start_test", START, id="x", **FOUR)
        it.clock.ahead_s = 200.0  # longer than the memory lasts: only the journal knows it
        told = len(it.sent)
        it.tell("start_test", START, id="x", envelope=FOUR["envelope"] | {"progress": True}, channel=None)
        again = (await it.wait(lambda answer: answer["duplicate"]))[0]
        assert again == first | {"duplicate": True}
        assert len(it.sent) == told + 1
        assert marks(it) == 4


@pytest.mark.parametrize(("sent", "status"), [(False, "rejected"), (True, "unknown")])
async def test_what_a_crash_left_is_never_called_better_than_it_is(
    tmp_path: Path, sent: bool, status: str
) -> None:
    await leave(tmp_path, sent=sent)
    async with lab(folder=tmp_path) as it:
        answer = await it.final("x")
        it.handled += 1
        assert (answer["status"], answer["cycler"]) == (status, "lab1")
        assert "channel" not in answer
        assert marks(it) == 0


async def test_a_dry_run_is_never_written_down_as_sent() -> None:
    async with lab() as it:
        for name, how in (("x", {"envelope": {"dry_run": True}}), ("y", several("1-2", dry_run=True))):
            assert (await it.ask("start_test", START, id=name, **how))["status"] == "done"
            assert (await row_of(it, name)).sent_at is None
        assert marks(it) == 0


async def test_nothing_leaves_and_nothing_is_accepted_before_the_journal_has_it() -> None:
    async with lab() as it:
        go_on = hold_up(it.journal)
        it.tell("start_test", START, id="x", channel=None, envelope=FOUR["envelope"] | {"progress": True})
        assert (await it.ask("ping", channel=None))["status"] == "done"
        assert marks(it) == 0
        assert [answer for answer in it.answers() if answer["id"] == "x"] == []
        go_on.set()
        assert (await it.final("x"))["status"] == "done"
