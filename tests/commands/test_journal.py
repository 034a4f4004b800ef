"""Commands and the journal: what is written when, after a restart, and when it cannot be written."""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest

from macnet_bridge.commands import proof
from macnet_bridge.commands.job import Job
from macnet_bridge.commands.permission import AllowRule, Permission
from macnet_bridge.commands.record import Request, key_text
from macnet_bridge.commands.start_test import key_hash
from macnet_bridge.macnet.protocol.codes import ChannelState, FileType
from macnet_bridge.macnet.protocol.messages import StartTest
from macnet_bridge.macnet.survey import Survey
from macnet_bridge.simulator import Fault
from macnet_bridge.store import Journal, Row
from macnet_bridge.store.journal import FILE
from tests.commands.lab import SOON_S, START, Lab, lab
from tests.commands.test_stops import received

SET = {"variable": 1, "value": 2.5}
KEY = key_text(("anonymous", "x"))


async def row_of(it: Lab, command_id: str = "x", principal: str = "anonymous") -> Row:
    row = await it.journal.find(key_text((principal, command_id)))
    assert row is not None
    return row


async def leave(folder: Path, verb: str, *, sent: bool, shows: proof.Proof | None = None) -> None:
    """What a bridge leaves that dies in the middle of a command `x` to channel 1."""
    place = {"cycler": "lab1", "channel": 1, "principal": "anonymous"}
    request = Request(id="x", verb=verb, routes=[("macnet/reply/me", b"\x00data")], **place)  # type: ignore[arg-type]
    journal = Journal(folder)
    journal.open()
    await journal.begin(KEY, b"f", msgspec.json.encode(request), 1000.0)
    if sent:
        await journal.sent(KEY, proof.encode(shows), 1001.0)
    journal.close()


# --- what is written when


async def test_received_and_sent_are_on_disk_before_the_request_and_the_result_before_its_answer() -> None:
    async with lab(latency_ms=30) as it:
        kept: list[bytes] = []
        journal, publish = it.journal, it.note

        def note(topic: str, payload: bytes, correlation_data: bytes | None) -> bool:
            # On the writer's thread, past its queue: what the file says at this very moment.
            ask = journal._writer._thread.submit
            connection: Any = journal._writer._connection
            answered = "SELECT answer FROM command WHERE answer IS NOT NULL"
            kept.extend(ask(lambda: connection.execute(answered).fetchone()).result() or ())
            return publish(topic, payload, correlation_data)

        it.note = note  # type: ignore[method-assign]
        name = it.tell("start_test", START, id="x")
        await received(it, 6, 2)
        row = await row_of(it)
        assert row.sent_at is not None
        assert row.answer is None
        answer = await it.final(name)
        assert answer["status"] == "done"
        assert [msgspec.json.decode(payload) for payload in kept] == [answer]


async def test_only_what_needs_an_id_is_journalled() -> None:
    async with lab() as it:
        await it.ask("set_variable", SET, id="x")
        await it.ask("read_status", id="y")
        await it.ask("suspend", id="z")
        for command_id in "xyz":
            assert await it.journal.find(key_text(("anonymous", command_id))) is None


async def test_refusals_are_kept_too() -> None:
    async with lab() as it:
        answer = await it.ask("start_test", {"procedure": 5}, id="x")
        assert (answer["status"], answer["error"]["code"]) == ("rejected", "BAD_ARGS")
        row = await row_of(it)
        assert row.sent_at is None
        assert row.answer is not None
        assert msgspec.json.decode(row.answer) == answer


async def test_a_verb_that_does_not_journal_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def forgets(job: Job[Any], proof: proof.Proof | None = None) -> None:
        pass

    monkeypatch.setattr(Job, "about_to_send", forgets)
    async with lab() as it:
        answer = await it.ask("start_test", START)
        assert (answer["status"], answer["error"]["code"]) == ("rejected", "INTERNAL")
        assert it.asked(6, 2) == 0


async def test_accepted_comes_once_it_is_journalled() -> None:
    async with lab() as it:
        go_on = hold_up(it.journal)
        it.tell("start_test", START, id="x", envelope={"progress": True})
        assert (await it.ask("read_status", channel=2))["status"] == "done", "reads do without it"
        assert [a["status"] for a in it.answers() if a["id"] == "x"] == []
        go_on.set()
        await it.final("x")
        assert [a["status"] for a in it.answers() if a["id"] == "x"] == ["accepted", "done"]


# --- after a restart


async def test_the_same_id_gets_the_first_answer_again(tmp_path: Path) -> None:
    async with lab(folder=tmp_path) as it:
        first = await it.ask("start_test", START, id="x")
        await it.ask("reset", {"stop_running": False}, id="refused", channel=2)
    async with lab(folder=tmp_path) as it:
        told = len(it.sent)
        it.tell("start_test", START, id="x")
        again = (await it.wait(lambda answer: answer["id"] == "x", told and 2))[-1]
        assert again == first | {"duplicate": True}
        assert it.asked(6, 2) == 0
        it.handled += len(it.finals()) - 1  # what was told anew, unasked


async def test_the_same_id_for_something_else(tmp_path: Path) -> None:
    async with lab(folder=tmp_path) as it:
        first = await it.ask("start_test", START, id="x")
        it.clock.ahead_s = 200.0  # longer than the memory lasts: only the journal knows it
        other = it.tell("reset", id="x", channel=2)
        (answer,) = await it.wait(lambda answer: answer["id"] == other and answer["command"] == "reset")
        assert (answer["status"], answer["error"]["code"]) == ("rejected", "ID_REUSED")
        it.tell("start_test", START, id="x")
        again = (await it.wait(lambda answer: answer["duplicate"]))[0]
        assert again == first | {"duplicate": True}
        assert (it.asked(6, 2), it.asked(6, 5)) == (1, 0)


async def test_after_the_memory_the_journal_still_knows() -> None:
    async with lab() as it:
        first = await it.ask("start_test", START, id="x")
        it.clock.ahead_s = 86400.0
        it.tell("start_test", START, id="x")
        again = (await it.wait(lambda answer: answer["duplicate"]))[0]
        assert again == first | {"duplicate": True}
        assert it.asked(6, 2) == 1


async def test_what_was_not_sent_is_cancelled_on_all_its_topics(tmp_path: Path) -> None:
    await leave(tmp_path, "start_test", sent=False)
    async with lab(folder=tmp_path) as it:
        answer = await it.final("x")
        it.handled += 1
        assert (answer["status"], answer["error"]["code"]) == ("rejected", "CANCELLED")
        assert (answer["error"]["retryable"], answer["received_at"]) == (True, 1000.0)
        assert [sent.topic for sent in it.sent] == ["macnet/lab1/1/telemetry/ack", "macnet/reply/me"]
        assert it.sent[1].correlation_data == b"\x00data"
        assert it.asked(6, 2) == 0
        assert msgspec.json.decode((await row_of(it)).answer or b"") == answer


async def test_rows_that_cannot_be_read_hold_up_nobody(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.open()
    await journal.begin("[1]", b"f", b"no request", 1000.0)
    journal.close()
    await leave(tmp_path, "start_test", sent=True)
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute("UPDATE command SET proof = ? WHERE key = ?", (b'{"kind":"of tomorrow"}', KEY))
    connection.commit()
    connection.close()
    async with lab(folder=tmp_path) as it:
        answer = await it.final("x")
        it.handled += 1
        assert (answer["status"], answer["error"]["code"]) == ("unknown", "NO_REPLY")
        assert (await it.ask("start_test", START, id="new"))["status"] == "done"


SHOWS_TEST = proof.TestProof(test_names=["cell-17"], mark="0123456789ab")


async def start_directly(it: Lab, comment: str) -> None:
    """A test that came about without the service."""
    await it.tester.cycler.start_test(1, StartTest(test_name="cell-17", procedure="CCCV_1C", comment=comment))


@pytest.mark.parametrize(
    ("comment", "status"),
    [("mine #0123456789ab", "done"), ("mine #another00000", "unknown"), (None, "unknown")],
)
async def test_a_start_without_a_result_is_settled_by_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, comment: str | None, status: str
) -> None:
    monkeypatch.setattr("macnet_bridge.commands.settling.LOOK_FOR_S", 0.3)
    await leave(tmp_path, "start_test", sent=True, shows=SHOWS_TEST)
    async with lab(folder=tmp_path, away=True) as it:
        await it.simulated.start()
        it.tester.cycler.channels = 4
        if comment is not None:
            await start_directly(it, comment)
        assert it.finals() == [], "the tester is not online yet"
        it.tester.survey = await survey_of(it)
        it.service.testers_changed()
        answer = await it.final("x")
        it.handled += 1
        assert answer["status"] == status
        assert answer.get("verified") == ("read_back" if status == "done" else None)
        assert it.asked(6, 2) == (comment is not None), "it is never sent again"


async def survey_of(it: Lab) -> Survey:
    return Survey(await it.tester.cycler.read_system_info(), None, {}, live=True)


@pytest.mark.parametrize(
    ("shows", "status"),
    [
        (proof.StateProof(states=[ChannelState.AVAILABLE]), "done"),
        (proof.StateProof(states=[ChannelState.ACTIVE]), "unknown"),
        (None, "unknown"),
        (proof.FileProof(file_type=FileType.PROCEDURE, name="A.000", size=3, sha256="0" * 64), "unknown"),
    ],
)
async def test_other_commands_without_a_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shows: proof.Proof | None, status: str
) -> None:
    monkeypatch.setattr("macnet_bridge.commands.settling.LOOK_FOR_S", 0.3)
    await leave(tmp_path, "reset", sent=True, shows=shows)
    async with lab(folder=tmp_path) as it:
        answer = await it.final("x")
        it.handled += 1
        assert answer["status"] == status
        if status == "unknown":
            assert (answer["error"]["code"], answer["error"]["retryable"]) == ("NO_REPLY", False)


async def test_a_file_without_a_result_is_fetched(tmp_path: Path) -> None:
    data = b"function"
    sha256 = hashlib.sha256(data).hexdigest()
    shows = proof.FileProof(file_type=FileType.USER_FUNCTION, name="a.txt", size=len(data), sha256=sha256)
    await leave(tmp_path, "put_file", sent=True, shows=shows)
    async with lab(folder=tmp_path, away=True) as it:
        await it.simulated.start()
        it.tester.cycler.channels = 4
        await it.tester.cycler.put_file(FileType.USER_FUNCTION, "a.txt", data)
        it.tester.survey = await survey_of(it)
        it.service.testers_changed()
        answer = await it.final("x")
        it.handled += 1
        assert (answer["status"], answer["result"]) == ("done", {"size": 8, "sha256": sha256})


# --- a journal that fails


def hold_up(journal: Journal) -> threading.Event:
    """Let nothing be written until the event is set, as by a disk that hangs."""
    go_on = threading.Event()
    journal._writer._thread.submit(go_on.wait)
    return go_on


async def test_without_a_journal_only_stops_and_reads_are_left() -> None:
    async with lab() as it:
        it.journal.close()
        answer = await it.ask("start_test", START)
        assert (answer["status"], answer["error"]["code"]) == ("rejected", "JOURNAL_UNAVAILABLE")
        assert (answer["error"]["category"], answer["error"]["retryable"]) == ("internal", True)
        assert (await it.ask("read_status"))["status"] == "done"
        assert (await it.ask("suspend"))["status"] == "done"
        assert (await it.ask("set_variable", SET))["status"] == "done"
        assert it.asked(6, 2) == 0


async def test_what_cannot_be_noted_as_sent_is_not_sent() -> None:
    async with lab(latency_ms=20) as it:
        name = it.tell("start_test", START)
        await received(it, 6, 11)
        it.journal.close()
        answer = await it.final(name)
        assert (answer["status"], answer["error"]["code"]) == ("rejected", "JOURNAL_UNAVAILABLE")
        assert it.asked(6, 2) == 0


async def test_a_result_that_cannot_be_kept_is_told_all_the_same() -> None:
    async with lab(latency_ms=20) as it:
        name = it.tell("start_test", START)
        await received(it, 6, 2)
        it.journal.close()
        assert (await it.final(name))["status"] == "done"


async def test_a_stop_does_not_wait_for_a_disk_that_hangs() -> None:
    async with lab() as it:
        go_on = hold_up(it.journal)
        name = it.tell("start_test", START)
        stop = await it.ask("suspend")
        assert stop["status"] == "done"
        assert it.finals(name) == []
        go_on.set()
        answer = await it.final(name)
        assert (answer["status"], answer["error"]["code"]) == ("superseded", "STOPPED")
        assert it.asked(6, 2) == 0


async def test_a_stop_that_comes_while_the_disk_hangs_keeps_a_start_from_leaving() -> None:
    async with lab(latency_ms=20) as it:
        name = it.tell("start_test", START)
        await received(it, 6, 11)
        go_on = hold_up(it.journal)
        assert (await it.ask("suspend"))["status"] == "done"
        go_on.set()
        answer = await it.final(name)
        assert (answer["status"], answer["error"]["code"]) == ("superseded", "STOPPED")
        assert it.asked(6, 2) == 0


# --- query


async def ask_about(it: Lab, command_id: str, **how: Any) -> dict[str, Any]:
    number = len(it.sent)
    args = {"id": command_id, **how.pop("args", {})}
    principal = how.pop("principal", "")
    topic = f"macnet/bridge/lab/cmd/query{principal and '/'}{principal}"
    it.take(topic, msgspec.json.encode({"id": f"q{number}", "args": args}))
    return await it.final(f"q{number}")


async def test_query(tmp_path: Path) -> None:
    async with lab(latency_ms=20, folder=tmp_path) as it:
        assert (await ask_about(it, "x"))["result"]["state"] == "not_found"
        it.tell("start_test", START, id="x")
        assert (await ask_about(it, "x"))["result"]["state"] == "received"
        await received(it, 6, 2)
        assert (await ask_about(it, "x"))["result"]["state"] == "sent"
        answer = await it.final("x")
        found = await ask_about(it, "x")
        assert found["result"] == {
            "id": "x",
            "principal": "anonymous",
            "state": "final",
            "acknowledgement": answer,
        }
        it.clock.ahead_s = 86400.0
        assert (await ask_about(it, "x"))["result"]["acknowledgement"] == answer
        variable = await it.ask("set_variable", SET, id="y")
        assert (await ask_about(it, "y"))["result"]["acknowledgement"] == variable


async def test_query_tells_when_what_was_unknown_shows_later() -> None:
    async with lab(timeout_s=SOON_S) as it:
        it.simulated.faults.add(Fault("drop", on=(6, 2), times=1, carried_out=False))
        answer = await it.ask("start_test", START, id="x")
        assert answer["status"] == "unknown"
        before = (await ask_about(it, "x"))["result"]
        assert (before["acknowledgement"], "settled" in before) == (answer, False)
        mark = key_hash(("anonymous", "x"))
        request = StartTest(test_name="x", procedure="CCCV_1C", comment=f"#{mark}")
        await it.tester.cycler.start_test(1, request)  # as if it had been on its way for long
        after = (await ask_about(it, "x"))["result"]
        assert after["acknowledgement"] == answer
        settled = {"status": "done", "verified": "read_back", "result": {"test_name": "x"}}
        assert after["settled"] == settled


async def test_query_of_another_principal_needs_a_rule() -> None:
    rules = Permission([AllowRule("alice", ("query",)), AllowRule("*", ("start_test",))])
    async with lab(permission=rules) as it:
        answer = await it.ask("start_test", START, id="x", principal="bob")
        assert (await ask_about(it, "x", principal="bob"))["result"]["acknowledgement"] == answer
        assert (await ask_about(it, "x", principal="carol"))["result"]["state"] == "not_found"
        refused = await ask_about(it, "x", principal="carol", args={"principal": "bob"})
        assert (refused["status"], refused["error"]["code"]) == ("rejected", "NOT_ALLOWED")
        found = await ask_about(it, "x", principal="alice", args={"principal": "bob"})
        assert found["result"]["acknowledgement"] == answer


async def test_query_of_a_journal_that_fails() -> None:
    async with lab() as it:
        it.journal.close()
        answer = await ask_about(it, "x")
        assert (answer["status"], answer["error"]["code"]) == ("failed", "JOURNAL_UNAVAILABLE")


# --- housekeeping


async def test_old_ids_are_forgotten(tmp_path: Path) -> None:
    async with lab(folder=tmp_path) as it:
        await it.ask("start_test", START, id="x")
        house = asyncio.create_task(it.service.keep_house(1.0))
        it.clock.ahead_s = 0.0
        await it.journal.find(KEY)
        assert await it.journal.find(KEY) is not None
        house.cancel()
        it.clock.ahead_s = 86401.0
        house = asyncio.create_task(it.service.keep_house(1.0))
        while await it.journal.find(KEY) is not None:
            pass
        house.cancel()
