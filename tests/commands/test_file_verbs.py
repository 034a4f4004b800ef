"""Files over MQTT: how large, of which names, and what is said when a transfer breaks off."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from typing import Any

import pytest

from macnet_bridge.commands import files, memory
from macnet_bridge.commands.files import MAX_FILE_BYTES
from macnet_bridge.commands.permission import Permission
from macnet_bridge.commands.rules import CyclerRules
from macnet_bridge.macnet.protocol.codes import FileType
from macnet_bridge.macnet.protocol.messages import FileData, FileError, FileMessage, WriteRequest
from macnet_bridge.payloads.envelope import MAX_FILE_PAYLOAD_BYTES, MAX_PAYLOAD_BYTES
from macnet_bridge.simulator.answers import device
from macnet_bridge.simulator.machine.files import StoredFile
from macnet_bridge.simulator.machine.session import Session
from macnet_bridge.simulator.machine.tester import Tester
from tests.commands.lab import LIMITS, SOON_S, START, Lab, lab

BRIEF: dict[str, Any] = {"timeout_s": SOON_S, "cycler_rules": CyclerRules(0.2, limits=LIMITS)}
NAME = "formation.000"


def content(size: int) -> bytes:
    return bytes(number * 7 % 251 for number in range(size))


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def put(data: bytes, name: str = NAME, kind: str = "procedure") -> dict[str, Any]:
    return {"type": kind, "name": name, "data_base64": text(data)}


def get(name: str = NAME, kind: str = "procedure") -> dict[str, Any]:
    return {"type": kind, "name": name}


def stored(it: Lab, name: str = NAME) -> bytes | None:
    file = it.simulated.tester.files.read(FileType.PROCEDURE, name)
    return file.data if file else None


def store(it: Lab, data: bytes, name: str = NAME) -> None:
    date = it.simulated.tester.clock(it.simulated.clock())
    it.simulated.tester.files.write(FileType.PROCEDURE, StoredFile(name, data, date))


def error(answer: dict[str, Any]) -> tuple[str, str]:
    return answer["status"], answer["error"]["code"]


# --- there and back


@pytest.mark.parametrize("size", [0, 1, 499, 500, 1000, 50_001])
async def test_a_file_comes_back_as_it_went(size: int) -> None:
    data = content(size)
    outline = {
        "size": size,
        "sha256": hashlib.sha256(data).hexdigest(),
        "blocks": size // 500 + 1,
        "resent": 0,
    }
    async with lab() as it:
        answer = await it.ask("put_file", put(data), channel=None)
        assert (answer["status"], answer["verified"]) == ("done", "read_back")
        assert answer["result"] == outline
        assert stored(it) == data
        answer = await it.ask("get_file", get(), channel=None)
        assert (answer["status"], answer["verified"]) == ("done", "reply")
        assert answer["result"] == outline | {"data_base64": text(data)}
        (entry,) = (await it.ask("list_files", {"type": "procedure"}, channel=None))["result"]["files"]
        assert (entry["name"], entry["size"], len(entry["date"])) == (NAME, size, 19)


async def test_types() -> None:
    async with lab() as it:
        for kind, name in (
            ("user_function", "a.dll"),
            ("can", "a.can"),
            ("fra", "a.fra"),
            ("waveform", "a.mwf"),
        ):
            assert (await it.ask("put_file", put(b"x", name, kind), channel=None))["status"] == "done"
            (entry,) = (await it.ask("list_files", {"type": kind}, channel=None))["result"]["files"]
            assert entry["name"] == name
        await it.ask("start_test", START | {"test_name": "a"}, channel=3)
        (entry,) = (await it.ask("list_files", {"type": "active"}, channel=None))["result"]["files"]
        answer = await it.ask("get_file", get(entry["name"], "active"), channel=None)
        assert b"simulated test: a" in base64.b64decode(answer["result"]["data_base64"])
        answer = await it.ask("get_file", get("SysEvent.log", "system_events"), channel=None)
        assert answer["status"] == "done"
        assert (await it.ask("list_files", {"type": "archive"}, channel=None))["result"] == {"files": []}


@pytest.mark.parametrize(
    ("verb", "args", "field"),
    [
        ("put_file", put(b"", kind="active"), "type"),
        ("put_file", put(b"", kind="archive"), "type"),
        ("put_file", put(b"", kind="system_events"), "type"),
        ("list_files", {"type": "system_events"}, "type"),
        ("get_file", get(kind="Procedur"), "type"),
        ("put_file", {"type": "can", "name": "a.can"}, "data_base64"),
        ("put_file", {"type": "can", "name": "a.can", "data_base64": "QQ"}, "data_base64"),
        ("put_file", {"type": "can", "name": "a.can", "data_base64": "QQ==\n"}, "data_base64"),
        ("put_file", {"type": "can", "name": "a.can", "data_base64": [65]}, "data_base64"),
    ],
)
async def test_what_is_refused(verb: str, args: dict[str, Any], field: str) -> None:
    async with lab() as it:
        answer = await it.ask(verb, args, channel=None)
        assert (error(answer), answer["error"]["field"]) == (("rejected", "BAD_ARGS"), f"args.{field}")
        assert not it.simulated.received
        if field == "type":
            assert "there are" in answer["error"]["message"]
            assert "procedure" in answer["error"]["message"]


@pytest.mark.parametrize(
    "name",
    ["", "..", ".", "../a.000", "..\\a.000", "a/b", "a\\b", "\\\\host\\x", "c:a", "C:\\a", "a\0", "a\n", "ä",
     "con", "nul.000", "a.", "a ", "*", "?", "x" * 251],
)  # fmt: skip
async def test_names_that_could_lead_elsewhere_are_not_sent(name: str) -> None:
    async with lab() as it:
        for verb, args in (("put_file", put(b"x", name)), ("get_file", get(name))):
            answer = await it.ask(verb, args, channel=None)
            assert (error(answer), answer["error"]["field"]) == (("rejected", "BAD_ARGS"), "args.name")
        assert not it.simulated.received


async def test_who_may() -> None:
    async with lab(permission=Permission()) as it:
        store(it, b"x")
        assert error(await it.ask("put_file", put(b""), channel=None)) == ("rejected", "NOT_ALLOWED")
        assert (await it.ask("get_file", get(), channel=None))["status"] == "done"
        assert (await it.ask("list_files", {"type": "procedure"}, channel=None))["status"] == "done"
    async with lab() as it:
        it.take("macnet/lab1/cmd/put_file", b'{"args":{"type":"can","name":"a","data_base64":""}}')
        (answer,) = await it.wait(lambda answer: answer["final"])
        assert error(answer) == ("rejected", "MISSING_ID")


# --- how large


async def test_payloads_of_each_verb() -> None:
    async with lab() as it:
        around = len(b'{"id":"big","args":{"type":"procedure","name":"formation.000","data_base64":""}}')
        data = content((MAX_FILE_PAYLOAD_BYTES - around) // 4 * 3)
        answer = await it.ask("put_file", put(data), channel=None, id="big")
        assert (answer["status"], stored(it)) == ("done", data)
        answer = await it.ask("start_test", START | {"comment": "x" * 100_000}, id="start")
        assert error(answer) == ("rejected", "TOO_LARGE")
        assert str(MAX_PAYLOAD_BYTES) in answer["error"]["message"]
        it.take("macnet/lab1/cmd/put_file", b'{"id":"a"}'.ljust(MAX_FILE_PAYLOAD_BYTES + 1))
        (answer,) = await it.wait(lambda answer: answer["id"] is None)
        assert error(answer) == ("rejected", "TOO_LARGE")


async def test_the_largest_file_that_fits_an_answer() -> None:
    async with lab() as it:
        store(it, content(MAX_FILE_BYTES))
        answer = await it.ask("get_file", get(), channel=None, id="\N{GREEK SMALL LETTER MU}" * 128)
        assert answer["result"]["size"] == MAX_FILE_BYTES
        assert all(len(sent.payload) <= MAX_FILE_PAYLOAD_BYTES for sent in it.sent)


async def test_a_larger_one_is_not_fetched_to_its_end() -> None:
    async with lab() as it:
        store(it, content(5 * MAX_FILE_BYTES))
        answer = await it.ask("get_file", get(), channel=None)
        assert error(answer) == ("failed", "TOO_LARGE")
        assert "AsyncCycler.get_file" in answer["error"]["message"]
        assert it.asked(1, 7) <= MAX_FILE_BYTES // 500 + 3
        await it.until(lambda: isinstance(it.simulated.received.of(1, 7)[-1].body, FileError))
        store(it, b"x", "small.000")
        assert (await it.ask("get_file", get("small.000"), channel=None))["status"] == "done"


async def test_a_long_list_is_not_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_LISTED_FILES", 3)
    async with lab() as it:
        for number in range(4):
            store(it, b"", f"{number}.000")
        answer = await it.ask("list_files", {"type": "procedure"}, channel=None)
        assert error(answer) == ("failed", "TOO_LARGE")
        assert it.asked(1, 5) == 1
        assert (await it.ask("list_files", {"type": "can"}, channel=None))["status"] == "done"


async def test_an_answer_that_the_broker_does_not_take() -> None:
    async with lab() as it:
        it.broker_takes_bytes = 2000
        store(it, content(5000))
        name = it.tell("get_file", get(), channel=None)
        answer = await it.final(name)
        assert error(answer) == ("failed", "TOO_LARGE")
        it.tell("get_file", get(), channel=None, id=name)
        again = (await it.wait(lambda answer: answer["id"] == name and answer["final"], 2))[1]
        assert again == answer | {"duplicate": True}


async def test_answers_that_are_remembered_are_not_forgotten_for_new_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memory, "MAX_BYTES", MAX_FILE_PAYLOAD_BYTES + 100_000)
    async with lab() as it:
        store(it, content(100_000))
        first = await it.ask("get_file", get(), channel=None, id="first")
        assert first["status"] == "done"
        second = await it.ask("get_file", get(), channel=None, id="second")
        assert error(second) == ("rejected", "BUSY")
        assert second["error"]["retryable"] is True
        assert (await it.ask("set_variable", {"variable": 1, "value": 1}))["status"] == "done"
        assert (await it.ask("suspend"))["status"] == "done"
        for count, answer in enumerate((first, second), start=1):
            it.tell("get_file", get(), channel=None, id=answer["id"])
            again = (await it.wait(lambda each: each["duplicate"], count))[-1]
            assert again == answer | {"duplicate": True}
        it.clock.ahead_s += 121
        assert (await it.ask("get_file", get(), channel=None, id="third"))["status"] == "done"


# --- when, and how often


async def test_the_write_request_does_not_leave_after_the_deadline() -> None:
    async with lab(latency_ms=5) as it:
        store(it, content(20_000), "long.000")
        slow = it.tell("get_file", get("long.000"), channel=None)
        await it.simulated.wait_for(lambda record: record.number == (1, 7), 30)
        # Waits behind the transfer for the connection, not for its turn among the commands.
        direct = asyncio.create_task(it.tester.cycler.get_file(FileType.PROCEDURE, "long.000"))
        await it.final(slow)
        late = it.tell("put_file", put(b"x"), channel=None)
        await asyncio.sleep(0)
        it.clock.ahead_s += 100
        assert error(await it.final(late)) == ("expired", "EXPIRED")
        await direct
        assert it.asked(1, 6) == 0
        assert (await it.ask("put_file", put(b"x"), channel=None))["status"] == "done"


async def test_a_duplicate_is_not_sent_again() -> None:
    async with lab() as it:
        for _ in range(3):
            it.tell("put_file", put(b"one"), channel=None, id="once")
        answers = await it.wait(lambda answer: answer["id"] == "once" and answer["final"], 3)
        assert [answer["duplicate"] for answer in answers] == [False, True, True]
        requests = [r for r in it.simulated.received.of(1, 6) if isinstance(r.body, WriteRequest)]
        assert len(requests) == 1
        it.tell("put_file", put(b"two"), channel=None, id="once")
        answers = await it.wait(lambda answer: answer["id"] == "once" and answer["final"], 4)
        assert error(answers[3]) == ("rejected", "ID_REUSED")


# --- transfers that break off


async def test_a_write_request_whose_reply_is_lost_goes_once() -> None:
    async with lab(**BRIEF) as it:
        it.simulated.faults.drop_replies(1, 6)
        answer = await it.ask("put_file", put(content(600)), channel=None)
        assert error(answer) == ("unknown", "NO_REPLY")
        assert answer["error"]["retryable"] is False
        assert it.asked(1, 6) == 1
        assert stored(it) is None


@pytest.mark.parametrize("cut", [False, True])
async def test_the_last_reply_is_lost_and_the_file_is_there(
    monkeypatch: pytest.MonkeyPatch, cut: bool
) -> None:
    take = device.SERVED[1, 6]

    def without_reply(tester: Tester, channels: Any, body: Any, now: float, session: Session) -> Any:
        reply = take(tester, channels, body, now, session)
        if not isinstance(body, FileData):
            return reply
        if cut:
            it.simulated.disconnect_all()
        return None

    monkeypatch.setitem(device.SERVED, (1, 6), without_reply)
    async with lab(**BRIEF) as it:
        data = content(300)
        answer = await it.ask("put_file", put(data), channel=None)
        assert (answer["status"], answer["verified"]) == ("done", "read_back")
        assert (answer["result"]["size"], answer["result"]["blocks"]) == (300, 1)
        assert answer["result"]["resent"] is None, "of a transfer that broke off it is not known"
        assert len([r for r in it.simulated.received.of(1, 6) if isinstance(r.body, WriteRequest)]) == 1


def refuse(monkeypatch: pytest.MonkeyPatch, kind: type[FileMessage]) -> None:
    """A tester that answers messages of a kind with an error."""
    take = device.SERVED[1, 6]

    def refusing(tester: Tester, channels: Any, body: Any, now: float, session: Session) -> Any:
        if isinstance(body, kind) and getattr(body, "block", 2) == 2:
            return FileError(file_type=body.file_type, error_code=3, message="disk full")
        return take(tester, channels, body, now, session)

    monkeypatch.setitem(device.SERVED, (1, 6), refusing)


async def test_a_tester_that_does_not_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(monkeypatch, WriteRequest)
    async with lab(**BRIEF) as it:
        answer = await it.ask("put_file", put(content(2000)), channel=None)
        assert error(answer) == ("failed", "FILE_ERROR")
        assert answer["error"]["macnet"] == {"fclass": 1, "fnum": 6, "result": 3}
        assert it.asked(1, 6) == 1


async def test_a_tester_that_ends_in_the_middle(monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(monkeypatch, FileData)
    async with lab(**BRIEF) as it:
        store(it, b"what was there before")
        answer = await it.ask("put_file", put(content(2000)), channel=None)
        assert error(answer) == ("unknown", "FILE_ERROR"), "it may have kept some of it"
        assert (answer["error"]["category"], answer["error"]["retryable"]) == ("device", False)
        assert "disk full, at block 2" in answer["error"]["message"]
        assert it.asked(1, 6) == 3


async def test_a_tester_that_keeps_something_else(monkeypatch: pytest.MonkeyPatch) -> None:
    async with lab(**BRIEF) as it:
        write = it.simulated.tester.files.write

        def shorten(file_type: FileType, file: StoredFile) -> None:
            write(file_type, file._replace(data=file.data[:-1]))

        monkeypatch.setattr(it.simulated.tester.files, "write", shorten)
        answer = await it.ask("put_file", put(content(700)), channel=None)
        assert error(answer) == ("unknown", "NOT_CONFIRMED")


async def test_a_bridge_that_stops_in_the_middle() -> None:
    async with lab(latency_ms=5) as it:
        name = it.tell("put_file", put(content(100_000)), channel=None)
        await it.simulated.wait_for(lambda record: isinstance(record.body, FileData), 30)
        await it.service.drain(0.05)
        assert error(await it.final(name)) == ("unknown", "NO_REPLY")


async def test_reading_what_is_not_there_or_breaks_off() -> None:
    async with lab(timeout_s=SOON_S) as it:
        answer = await it.ask("get_file", get(), channel=None)
        assert error(answer) == ("failed", "FILE_ERROR")
        assert answer["error"]["macnet"] == {"fclass": 1, "fnum": 7, "result": 1}
        store(it, content(5000))
        it.simulated.faults.drop_replies(1, 7, 3)
        answer = await it.ask("get_file", get(), channel=None)
        assert error(answer) == ("failed", "NO_REPLY")
        assert answer["error"]["retryable"] is True
    async with lab(away=True) as it:
        for verb, args in (("get_file", get()), ("put_file", put(b"")), ("list_files", {"type": "can"})):
            assert error(await it.ask(verb, args, channel=None)) == ("rejected", "TESTER_OFFLINE")
