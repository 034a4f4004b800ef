"""The audit: who asked for what, what was decided, what went to the tester, how it ended."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any
from unittest.mock import ANY

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from macnet_bridge.commands.audit import GATHERED_LINES, Audit
from macnet_bridge.commands.audit_values import shown_payload
from macnet_bridge.commands.permission import AllowRule, Permission
from macnet_bridge.commands.service import system_clock
from macnet_bridge.commands.ticket import Now
from macnet_bridge.macnet import AsyncCycler, TesterAddress
from macnet_bridge.macnet.protocol.messages import Login
from macnet_bridge.simulator import Behaviour, SimulatedCycler
from tests.commands.lab import SOON_S, START, Lab, lab

TIMES = frozenset({"time", "duration_ms", "received_at", "finished_at", "latency_ms"})
READ = {"read": "values"}


def lines(it: Lab, *, of: int | None = None) -> list[dict[str, Any]]:
    """The lines so far, or those of one command, without times and what was measured."""
    decoded = [msgspec.json.decode(line, type=dict[str, Any]) for line in it.audited]
    return [_timeless(line) for line in decoded if of in (None, line.get("command"))]


def _timeless(line: dict[str, Any]) -> dict[str, Any]:
    if line.get("fclass") in (3, 4) and line["fnum"] in (1, 7):
        line["reply"] = READ
    inner = line.get("acknowledgement")
    rest = {"acknowledgement": _timeless(inner)} if inner else {}
    return {name: value for name, value in line.items() if name not in TIMES} | rest


def asked(n: int, fclass: int, fnum: int, function: str, fields: Any, reply: Any) -> dict[str, Any]:
    return {
        "run": 7,
        "n": n,
        "fact": "asked",
        "command": 1,
        "cycler": "lab1",
        "channel": 2,
        "fclass": fclass,
        "fnum": fnum,
        "function": function,
        "fields": fields,
        "reply": reply,
    }


async def test_all_of_a_start() -> None:
    limits = {
        "VSafeMax": 4.25,
        "VSafeMin": 2.5,
        "ISafeChg": 5.0,
        "ISafeDis": 5.0,
        "PBatSafeChg": 25.0,
        "PBatSafeDis": 25.0,
    }
    start: dict[str, Any] = {
        "TestName": "cell-17 a",
        "ProcName": "CCCV_1C",
        "Comment": ANY,
        "Crate": 2.5,
        "ChamberNum": 0,
    }
    more: dict[str, Any] = {
        "StartCycle": 0,
        "TotCycles": 0,
        "Mass": 1.0,
        "VGain": 0,
        "AbsTRepAlign": 0,
        "ParallelR": 0.0,
    }
    more |= {"VDivHiR": 0.0, "VDivLoR": 0.0, "CANpos": -1, "CANprof": "", "RegimeName": ""}
    args = START | {"test_name": "cell-17 a"}
    async with lab() as it:
        await it.ask("start_test", args, channel=2, id="s-1", principal="alice")
        found = lines(it)
    answer = {
        "id": "s-1",
        "command": "start_test",
        "cycler": "lab1",
        "channel": 2,
        "principal": "alice",
        "status": "done",
        "final": True,
        "result": {"test_name": "cell-17 a"},
        "steps": ["set_safety_limits"],
        "verified": "read_back",
        "duplicate": False,
    }
    about = {"principal": "alice", "cycler": "lab1", "channel": 2, "verb": "start_test"}
    assert [line for line in found if line.get("fclass") != 3] == [
        {
            "run": 7,
            "n": 1,
            "fact": "received",
            "command": 1,
            **about,
            "payload": {"id": "s-1", "args": args},
        },
        {"run": 7, "n": 2, "fact": "admitted", "command": 1},
        asked(4, 4, 7, "status_and_readings", {}, READ),
        asked(5, 6, 10, "set_safety_limits", limits, limits),
        asked(6, 6, 11, "check_test_start", start, {"Result": "OK"}),
        asked(7, 6, 2, "start_test", start | more, {"Result": "OK"}),
        asked(8, 4, 7, "status_and_readings", {}, READ),
        asked(9, 4, 6, "test_info", {}, {"TestName": "cell-17 a", "ProcName": "CCCV_1C"}),
        {"run": 7, "n": 10, "fact": "answered", "command": 1, "acknowledgement": answer},
    ]


async def test_every_line_has_a_time_in_utc_and_the_next_number() -> None:
    async with lab() as it:
        for _ in range(3):
            await it.ask("ping", channel=None)
        found = [msgspec.json.decode(line, type=dict[str, Any]) for line in it.audited]
    assert [line["n"] for line in found] == list(range(1, 13))
    assert [line["command"] for line in found] == [1] * 4 + [2] * 4 + [3] * 4
    assert all(line["time"].endswith("Z") and len(line["time"]) == 27 for line in found)


async def test_a_stop_says_what_it_stopped() -> None:
    async with lab() as it:
        await it.ask("start_test", START)
        await it.ask("suspend", id="stop", principal="bob")
        found = lines(it, of=2)
    assert [(line["fact"], line.get("fclass"), line.get("fnum")) for line in found] == [
        ("received", None, None),
        ("admitted", None, None),
        ("asked", 6, 3),
        ("asked", 4, 7),
        ("answered", None, None),
        ("stopped", None, None),
    ]
    assert found[0]["principal"] == "bob"
    assert found[2]["reply"] == {"Result": "OK"}
    assert found[4]["acknowledgement"]["status"] == "done"


async def test_a_refusal_says_why_and_asks_the_tester_nothing() -> None:
    nobody = Permission([AllowRule("alice", ("start_test",))])
    async with lab(permission=nobody) as it:
        await it.ask("start_test", START, id="m", principal="mallory")
        await it.final(it.tell("suspend", id="r", retain=True))
        it.take("macnet/lab1/1/nonsense/suspend")
        found = lines(it)
    assert [(line["fact"], line.get("code"), line["command"]) for line in found] == [
        ("received", None, 1),
        ("refused", "NOT_ALLOWED", 1),
        ("answered", None, 1),
        ("received", None, 2),
        ("refused", "RETAINED", 2),
        ("answered", None, 2),
        ("received", None, 3),
        ("refused", "BAD_TOPIC", 3),
        ("answered", None, 3),
    ]
    assert found[0]["principal"] == "mallory"
    assert found[2]["acknowledgement"]["error"]["code"] == "NOT_ALLOWED"
    assert found[3]["retain"] is True
    assert found[6]["topic"] == "macnet/lab1/1/nonsense/suspend"


async def test_what_is_refused_after_a_look_at_the_tester() -> None:
    async with lab() as it:
        await it.ask("start_test", START)
        await it.ask("start_test", START, id="again")
        found = lines(it, of=2)
    assert [(line["fact"], line.get("fclass")) for line in found] == [
        ("received", None),
        ("admitted", None),
        ("asked", 4),
        ("answered", None),
    ]
    assert found[-1]["acknowledgement"]["error"]["code"] == "CHANNEL_BUSY"


async def test_a_duplicate_is_repeated_and_not_carried_out() -> None:
    async with lab() as it:
        await it.ask("start_test", START, id="same")
        it.tell("start_test", START, id="same")
        found = lines(it, of=2)
        it.handled -= 1  # its answer is a duplicate's, on the same topic
        await it.wait(lambda answer: answer["duplicate"])
        it.handled += 1
    assert [line["fact"] for line in found] == ["received", "repeated", "answered"]
    assert found[-1]["acknowledgement"]["duplicate"] is True


async def test_a_silence_of_the_tester() -> None:
    async with lab(timeout_s=SOON_S) as it:
        it.simulated.faults.drop_replies(6, 9)
        answer = await it.ask("set_variable", {"variable": 1, "value": 2})
        (found,) = [line for line in lines(it) if line.get("fclass") == 6]
    assert (answer["status"], answer["verified"]) == ("done", "read_back")
    assert found["error"]["code"] == "NO_REPLY"
    assert "reply" not in found


async def test_a_refusal_of_the_tester() -> None:
    async with lab() as it:
        await it.ask("start_test", START | {"procedure": "no-such"})
        (found,) = [line for line in lines(it) if line.get("fnum") == 11]
    assert found["error"]["code"] == "PROCEDURE_MISSING"
    assert found["error"]["result"] == 2
    assert "reply" not in found


async def test_a_log_in_is_kept_whoever_asked_and_telemetry_is_not() -> None:
    written: list[bytes] = []
    audit = Audit(written.append, system_clock)
    async with SimulatedCycler(2, behaviour=Behaviour(users={"robin": "open sesame"})) as simulated:
        address = TesterAddress(simulated.host, simulated.json_port, simulated.tcp_port, simulated.udp_port)
        async with AsyncCycler(address, login=Login(user="robin", password="open sesame")) as cycler:
            cycler.watch(audit.watcher("lab1"))
            cycler.close()
            await cycler.read_status(1)
    (line,) = [_timeless(msgspec.json.decode(line, type=dict[str, Any])) for line in written]
    assert line == {
        "run": 0,
        "n": 1,
        "fact": "asked",
        "cycler": "lab1",
        "fclass": 8,
        "fnum": 1,
        "function": "login",
        "fields": {"UserID": "robin", "Password": "(not shown)"},
        "reply": {"Result": "PASSED"},
    }


def test_lines_are_made_later_in_the_order_and_with_the_times_of_their_facts() -> None:
    written: list[bytes] = []
    wanted: list[Callable[[], None]] = []
    clock = iter([Now(1.0, 0.0), Now(2.5, 0.0), Now(4.0, 0.0)])
    audit = Audit(written.append, lambda: next(clock), run=3, later=wanted.append)
    audit.started(bridge="lab")
    audit.started(bridge="attic")
    assert written == []
    (flush,) = wanted
    flush()
    audit.started(bridge="cellar")
    assert len(wanted) == 2
    audit.flush()
    assert [msgspec.json.decode(line) for line in written] == [
        {"time": "1970-01-01T00:00:01.000000Z", "run": 3, "n": 1, "fact": "started", "bridge": "lab"},
        {"time": "1970-01-01T00:00:02.500000Z", "run": 3, "n": 2, "fact": "started", "bridge": "attic"},
        {"time": "1970-01-01T00:00:04.000000Z", "run": 3, "n": 3, "fact": "started", "bridge": "cellar"},
    ]


def test_only_so_many_facts_wait_to_become_lines() -> None:
    written: list[bytes] = []
    audit = Audit(written.append, system_clock, later=lambda flush: None)
    for _ in range(GATHERED_LINES + 1):
        audit.started()
    assert len(written) == GATHERED_LINES


@pytest.mark.parametrize(
    ("payload", "shown"),
    [
        ({"id": "a", "password": "hunter2"}, {"id": "a", "unknown_keys": 1}),
        ({"args": {"password": "hunter2"}}, {"args": {"password": "(not shown)"}}),
        ({"args": {"mqtt": {"api_token": "hunter2"}}}, {"args": {"mqtt": {"api_token": "(not shown)"}}}),
        ({"args": {"list": [{"Secret": "hunter2"}]}}, {"args": {"list": [{"Secret": "(not shown)"}]}}),
        ({"args": {"n": 5, "test_name": "a"}}, {"args": {"n": 5, "test_name": "a"}}),
    ],
)
def test_secrets_in_payloads(payload: dict[str, Any], shown: dict[str, Any]) -> None:
    assert shown_payload(msgspec.json.encode(payload)) == shown


def test_files_are_a_size_and_a_digest() -> None:
    data = bytes(range(256)) * 100
    args = {"name": "x.000", "data_base64": base64.b64encode(data).decode()}
    assert shown_payload(msgspec.json.encode({"args": args})) == {
        "args": {
            "name": "x.000",
            "data_base64": {"bytes": 25600, "sha256": hashlib.sha256(data).hexdigest()},
        }
    }


@pytest.mark.parametrize("payload", [b"hunter2", b'{"id":"hunter2"', b"\xff\xfe", b"[" * 10_000, b"5"])
def test_what_cannot_be_read_is_a_size_and_a_digest(payload: bytes) -> None:
    digest = {"bytes": len(payload), "sha256": hashlib.sha256(payload).hexdigest()}
    assert shown_payload(payload) == {"unreadable": digest}


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.dictionaries(st.sampled_from(["id", "args", "expect", "channels", "more"]), JSON) | JSON)
def test_any_payload_can_be_shown(content: Any) -> None:
    payload = json.dumps(content).encode()
    assert len(msgspec.json.encode(shown_payload(payload))) < 20_000


@pytest.mark.parametrize("depth", [10, 100, 300, 500, 900, 1000, 5000])
@pytest.mark.parametrize("around", ["[]", ('{"a":', "}")])
def test_depth_is_no_danger(around: tuple[str, str], depth: int) -> None:
    payload = f'{{"id":"a","args":{around[0] * depth}1{around[1] * depth}}}'.encode()
    assert shown_payload(payload).keys() in ({"id", "args"}, {"unreadable"})


def test_no_payload_makes_a_large_line() -> None:
    big = {"id": "a", "args": {f"key-{n}": ["x" * 200] * 100 for n in range(1000)}}
    assert len(msgspec.json.encode(shown_payload(msgspec.json.encode(big)))) < 10_000
