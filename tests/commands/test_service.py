"""Taking commands: what every message gets, whatever it contains."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from macnet_bridge.commands.admission import Admission
from macnet_bridge.commands.permission import AllowRule, Permission
from macnet_bridge.commands.verbs import VERBS
from macnet_bridge.errors import COMMAND_CODES
from tests.commands.lab import START, lab

LEVELS = [
    "macnet",
    "lab1",
    "lab2",
    "bridge",
    "lab",
    "all",
    "reply",
    "cmd",
    "1",
    "4",
    "5",
    "0",
    "99999",
    "alice",
]
words = st.sampled_from(["", *LEVELS, *sorted({name for _, name in VERBS})])
topics = st.one_of(
    st.lists(words, max_size=7).map("/".join),
    st.tuples(
        st.sampled_from(["macnet/lab1/1/cmd/", "macnet/lab1/cmd/", "macnet/bridge/lab/cmd/"]), words
    ).map("".join),
    st.text(),
    st.binary().map(lambda data: data.decode(errors="replace")),
)
ids = st.sampled_from(["a", "b", "", 5, None, "x" * 129])
payloads = st.one_of(
    st.binary(),
    st.fixed_dictionaries(
        {},
        optional={
            "id": ids,
            "args": st.sampled_from([{}, START, {"variable": 1, "value": 2}, {"safety": {}}, 5, None]),
            "expires_at": st.sampled_from([0, 1e30, "x", None]),
            "progress": st.booleans(),
            "dry_run": st.booleans(),
            "more": st.just(1),
        },
    ).map(msgspec.json.encode),
    st.just(b""),
)
messages = st.fixed_dictionaries(
    {"topic": topics, "payload": payloads},
    optional={
        "retain": st.booleans(),
        "waited": st.booleans(),
        "response_topic": st.sampled_from(["macnet/reply/x", "macnet/lab1/1/cmd/suspend", "", "#", "x"]),
        "correlation_data": st.binary(max_size=4),
        "message_expiry_s": st.integers(0, 100),
    },
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(messages, min_size=1, max_size=12))
def test_one_final_acknowledgement_for_any_message(given: list[dict[str, Any]]) -> None:
    async def scenario() -> None:
        async with lab(4) as it:
            for message in given:
                it.take(**message)
        for answer in it.finals():
            assert answer["status"] in ("done", "rejected", "expired", "failed", "superseded")
            if "error" in answer and "macnet" not in answer["error"]:
                assert answer["error"]["code"] in COMMAND_CODES
        for sent in it.sent:
            assert sent.topic.endswith("/ack") or sent.topic == "macnet/reply/x"

    asyncio.run(scenario())


WRONG: list[tuple[str, bytes, str]] = [
    ("macnet/lab1/1/cmd/ping", b"{", "UNKNOWN_VERB"),
    ("macnet/lab1/1/cmd/suspend", b"{", "BAD_JSON"),
    ("macnet/lab1/1/cmd/suspend", b'{"id":"a\xff"}', "BAD_JSON"),
    ("macnet/lab1/1/cmd/suspend", b'{"id":"a","args":' + b"[" * 1000 + b"]" * 1000 + b"}", "BAD_"),
    ("macnet/lab1/1/cmd/set_variable", b'{"args":{"variable":1,"value":NaN}}', "BAD_JSON"),
    ("macnet/lab1/1/cmd/set_variable", b'{"args":{"variable":"1","value":1}}', "BAD_ARGS"),
    ("macnet/lab1/1/cmd/set_variable", b"", "BAD_JSON"),
    ("macnet/lab1/1/cmd/dance", b"{}", "UNKNOWN_VERB"),
    ("macnet/lab1/1/cmd/read_system_info", b"{}", "UNKNOWN_VERB"),
    ("macnet/lab1/cmd/suspend", b"{}", "UNKNOWN_VERB"),
    ("macnet/lab1/5/cmd/suspend", b"{}", "NOT_SERVED"),
    ("macnet/lab1/99999/cmd/suspend", b"{}", "NOT_SERVED"),
    ("macnet/lab2/1/cmd/suspend", b"{}", "NOT_SERVED"),
    ("macnet/lab1/x/cmd/suspend", b"{}", "BAD_TOPIC"),
    ("macnet/lab1/1/cmd/start_test", b'{"args":{"procedure":"x","c_rate_ah":1}}', "MISSING_ID"),
    ("macnet/lab1/1/cmd/reset", b"{}", "MISSING_ID"),
    ("macnet/lab1/1/cmd/resume", b"{}", "MISSING_ID"),
    ("macnet/lab1/1/cmd/suspend", b"\x00" * 1_000_000, "TOO_LARGE"),
    ("macnet/lab1/1/cmd/read_status", b'{"dry_run":true}', "BAD_ARGS"),
    ("macnet/lab1/1/cmd/suspend", b'{"expect":{"state":"active"}}', "BAD_ARGS"),
    ("macnet/lab1/1/cmd/suspend", b'{"channels":[1]}', "BAD_ARGS"),
    ("macnet/lab1/1/cmd/suspend", b'{"atomic":true}', "BAD_ARGS"),
    ("macnet/lab1/1/cmd/read_status", b'{"stagger_s":1}', "BAD_ARGS"),
    ("macnet/lab1/cmd/ping", b'{"channels":"all"}', "BAD_ARGS"),
    ("macnet/lab1/cmd/suspend", b'{"channels":[]}', "BAD_ARGS"),
    ("macnet/lab1/cmd/suspend", b'{"channels":"3-1"}', "BAD_ARGS"),
    ("macnet/lab1/cmd/suspend", b'{"channels":[1],"atomic":true}', "BAD_ARGS"),
    ("macnet/lab1/cmd/suspend", b'{"channels":[1],"stagger_s":1}', "BAD_ARGS"),
    ("macnet/lab1/cmd/set_variable", b'{"channels":[1],"stagger_s":61,"args":{}}', "BAD_ARGS"),
    ("macnet/lab1/cmd/set_global_flags", b'{"id":"f","args":{"flags":1},"expect":{}}', "BAD_ARGS"),
    ("macnet/all/cmd/suspend", b'{"dry_run":true}', "BAD_ARGS"),
    ("macnet/all/cmd/reset", b'{"id":"r"}', "UNKNOWN_VERB"),
    ("macnet/all/cmd/suspend", b'{"args":{"x":1}}', "BAD_ARGS"),
    (
        "macnet/lab1/1/cmd/set_variable",
        b'{"expect":{"state":"bsy"},"args":{"variable":1,"value":1}}',
        "BAD_A",
    ),
]


async def test_wrong_input_is_answered_and_nothing_is_executed() -> None:
    async with lab(4) as it:
        for topic, payload, _ in WRONG:
            it.take(topic, payload)
        finals = it.finals()
        assert [answer["status"] for answer in finals] == ["rejected"] * len(WRONG)
        for (topic, payload, code), answer in zip(WRONG, finals, strict=True):
            assert answer["error"]["code"].startswith(code), (topic, payload[:30])
        assert len(it.simulated.received) == 0
        assert (await it.ask("ping", channel=None))["status"] == "done"


async def test_where_acknowledgements_go() -> None:
    async with lab(4, served=frozenset({1, 2})) as it:
        for topic, answered in (
            ("macnet/lab1/1/cmd/read_status", "macnet/lab1/1/telemetry/ack"),
            ("macnet/lab1/3/cmd/read_status", "macnet/lab1/telemetry/ack"),
            ("macnet/lab1/cmd/ping", "macnet/lab1/telemetry/ack"),
            ("macnet/lab1/x/y/z", "macnet/lab1/telemetry/ack"),
            ("macnet/lab2/1/cmd/ping", "macnet/bridge/lab/ack"),
            ("macnet/bridge/lab/cmd/ping", "macnet/bridge/lab/ack"),
            ("elsewhere", "macnet/bridge/lab/ack"),
        ):
            before = len(it.sent)
            it.take(topic, b"{}")
            await it.wait(lambda answer: answer["final"], it.handled)
            assert [sent.topic for sent in it.sent[before:]] == [answered], topic


async def test_retained_commands_are_refused() -> None:
    async with lab() as it:
        answer = await it.ask("suspend", retain=True)
        assert (answer["status"], answer["error"]["code"]) == ("rejected", "RETAINED")
        answer = await it.ask("set_variable", {"variable": 1, "value": 1}, retain=True)
        assert answer["error"]["code"] == "RETAINED"
        assert len(it.simulated.received) == 0


async def test_permission() -> None:
    rule = AllowRule("alice", ("set_variable",), ("lab1",), frozenset({1}))
    args = {"variable": 1, "value": 1}
    async with lab(permission=Permission([rule])) as it:
        assert (await it.ask("set_variable", args, principal="alice"))["status"] == "done"
        for how in ({}, {"principal": "bob"}, {"principal": "alice", "channel": 2}):
            answer = await it.ask("set_variable", args, **how)
            assert answer["error"]["code"] == "NOT_ALLOWED"
            assert answer["error"]["category"] == "auth"
        assert (await it.ask("read_status", channel=2))["status"] == "done"
        assert (await it.ask("suspend", channel=2))["status"] == "done"
        assert it.asked(6, 9) == 1


# --- duplicates


async def test_a_duplicate_gets_the_same_answer_and_runs_nothing() -> None:
    async with lab() as it:
        args = {"variable": 1, "value": 1.5}
        first = await it.ask("set_variable", args, id="x")
        it.tell("set_variable", args, id="x")
        it.tell("set_variable", args, id="x", envelope={"progress": True, "expires_at": 5})
        _, *repeats = it.finals("x")
        for repeat in repeats:
            assert repeat == first | {"duplicate": True}
        assert len(repeats) == 2
        assert first["duplicate"] is False
        assert it.asked(6, 9) == 1


async def test_a_duplicate_of_one_that_runs_waits_for_its_answer() -> None:
    async with lab(latency_ms=20) as it:
        name = it.tell("start_test", START)
        for _ in range(3):
            it.tell("start_test", START, id=name)
        answers = await it.wait(lambda answer: answer["id"] == name and answer["final"], 4)
        assert [answer["duplicate"] for answer in answers] == [False, True, True, True]
        assert {answer["status"] for answer in answers} == {"done"}
        assert it.asked(6, 2) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"channel": 2},
        {"verb": "suspend", "args": {}},
        {"args": {"variable": 1, "value": 2}},
        {"envelope": {"dry_run": True}},
    ],
    ids=str,
)
async def test_an_id_that_is_used_again_for_something_else(other: dict[str, Any]) -> None:
    async with lab() as it:
        how: dict[str, Any] = {"verb": "set_variable", "args": {"variable": 1, "value": 1}, "id": "x"}
        first = await it.ask(**how)
        it.tell(**(how | other))
        again = it.finals("x")[1]
        assert (again["status"], again["error"]["code"]) == ("rejected", "ID_REUSED")
        it.tell(**how)
        assert it.finals("x")[2] == first | {"duplicate": True}, "the first one stands"


async def test_ids_of_others_are_others() -> None:
    async with lab() as it:
        args = {"variable": 1, "value": 1}
        for principal in ("", "alice", "bob"):
            it.tell("set_variable", args, id="x", principal=principal)
        answers = await it.wait(lambda answer: answer["final"], 3)
        assert [answer["principal"] for answer in answers] == ["anonymous", "alice", "bob"]
        assert not any(answer["duplicate"] for answer in answers)
        assert it.asked(6, 9) == 3


async def test_a_refusal_uses_up_its_id() -> None:
    async with lab() as it:
        for _ in range(2):
            it.tell("start_test", {"procedure": 5}, id="x")
        first, again = await it.wait(lambda answer: answer["id"] == "x" and answer["final"], 2)
        assert again == first | {"duplicate": True}


async def test_without_an_id_response_topic_and_correlation_data_are_the_key() -> None:
    async with lab() as it:
        message: dict[str, Any] = {
            "topic": "macnet/lab1/1/cmd/reset",
            "payload": b"{}",
            "response_topic": "macnet/reply/x",
            "correlation_data": b"\x00\xff1",
        }
        it.take(**message)
        await it.wait(lambda answer: answer["final"])
        it.take(**message)
        first, again = it.finals()
        assert (first["id"], first["status"]) == (None, "done")
        assert again == first | {"duplicate": True}
        it.take(**message | {"correlation_data": b"other"})
        await it.wait(lambda answer: answer["final"], 3)
        assert it.asked(6, 5) == 2
        it.take(**message | {"correlation_data": b""})
        assert it.finals()[-1]["error"]["code"] == "MISSING_ID"


async def test_an_answer_is_forgotten_after_twice_the_longest_time() -> None:
    async with lab() as it:
        await it.ask("set_variable", {"variable": 1, "value": 1}, id="x")
        it.clock.ahead_s += 119
        it.tell("set_variable", {"variable": 1, "value": 1}, id="x")
        assert it.finals("x")[-1]["duplicate"]
        it.clock.ahead_s += 2
        it.tell("set_variable", {"variable": 1, "value": 1}, id="x")
        await it.wait(lambda answer: answer["final"] and not answer["duplicate"], 2)


# --- Response Topics


async def test_the_response_topic_gets_the_same_with_its_correlation_data() -> None:
    async with lab() as it:
        data = bytes(range(256))
        await it.ask("ping", channel=None, response_topic="macnet/reply/me", correlation_data=data)
        await it.until(lambda: len(it.sent) == 2)
        own, reply = it.sent
        assert (own.topic, own.correlation_data) == ("macnet/lab1/telemetry/ack", None)
        assert (reply.topic, reply.correlation_data) == ("macnet/reply/me", data)
        assert own.payload == reply.payload
        assert "reply_ignored" not in own.content


@pytest.mark.parametrize(
    "topic",
    [
        "macnet/lab1/1/cmd/suspend",
        "macnet/replyx/a",
        "macnet/reply",
        "elsewhere",
        "",
        "macnet/reply/#",
        "$SYS/x",
    ],
)
async def test_other_response_topics_are_ignored_and_said_so(topic: str) -> None:
    async with lab() as it:
        answer = await it.ask("ping", channel=None, response_topic=topic)
        assert answer["reply_ignored"] is True
        assert answer["status"] == "done"
        assert [sent.topic for sent in it.sent] == ["macnet/lab1/telemetry/ack"]


async def test_configured_reply_prefixes() -> None:
    async with lab(rules={"reply_prefixes": ["flows/replies"]}) as it:
        await it.ask("ping", channel=None, response_topic="flows/replies/7")
        await it.until(lambda: len(it.sent) == 2)
        assert it.sent[1].topic == "flows/replies/7"


async def test_refusals_and_repeats_go_to_the_response_topic_too() -> None:
    async with lab() as it:
        for number in range(2):
            it.tell("dance", id="x", response_topic=f"macnet/reply/{number}", correlation_data=b"%d" % number)
        replies = [sent for sent in it.sent if not sent.topic.endswith("/ack")]
        assert [(sent.topic, sent.correlation_data) for sent in replies] == [
            ("macnet/reply/0", b"0"),
            ("macnet/reply/1", b"1"),
        ]
        assert [sent.content["duplicate"] for sent in replies] == [False, True]


async def test_progress_goes_to_the_response_topic_too() -> None:
    async with lab() as it:
        await it.ask("ping", channel=None, envelope={"progress": True}, response_topic="macnet/reply/x")
        await it.until(lambda: len(it.sent) == 4)
        assert [sent.content["status"] for sent in it.sent] == ["accepted", "accepted", "done", "done"]


# --- accepted


async def test_accepted_with_progress_and_only_then_when_quick() -> None:
    async with lab() as it:
        await it.ask("ping", channel=None)
        assert [answer["status"] for answer in it.answers()] == ["done"]
        name = it.tell("ping", channel=None, envelope={"progress": True})
        await it.final(name)
        accepted, done = (answer for answer in it.answers() if answer["id"] == name)
        assert (accepted["status"], accepted["final"]) == ("accepted", False)
        assert (done["status"], done["final"]) == ("done", True)
        assert "finished_at" not in accepted


async def test_accepted_once_when_it_takes_long() -> None:
    async with lab(latency_ms=400) as it:
        await it.ask("read_aux")
        assert [answer["status"] for answer in it.answers()] == ["accepted", "done"]
        assert it.finals()[0]["latency_ms"] > 250


async def test_what_is_refused_was_never_accepted() -> None:
    async with lab(latency_ms=30) as it:
        for _ in range(101):
            it.tell("read_status")
        name = it.tell("read_status", envelope={"progress": True})
        answers = [answer for answer in it.answers() if answer["id"] == name]
        assert [answer["status"] for answer in answers] == ["rejected"]
        assert answers[0]["error"]["code"] == "BUSY"
        assert answers[0]["error"]["retryable"] is True
        it.tell("suspend")


@pytest.mark.parametrize(
    ("topic", "payload", "code"),
    [
        ("macnet/lab1/1/cmd/" + 60_000 * "v", b'{"id":"a"}', "BAD_TOPIC"),
        ("macnet/lab1/1/cmd/suspend/" + 60_000 * "P", b'{"id":"a"}', "BAD_TOPIC"),
        ("macnet/lab1/1/cmd/suspend", b'{"id":"a","%s":1}' % (60_000 * b"x"), "BAD_ARGS"),
        ("macnet/lab1/1/cmd/set_variable", b'{"id":"a","args":{"%s":1}}' % (60_000 * b"x"), "BAD_ARGS"),
    ],
)
async def test_an_answer_is_short_whatever_it_quotes(topic: str, payload: bytes, code: str) -> None:
    """It is remembered, as a hundred thousand others may be."""
    async with lab() as it:
        it.take(topic, payload, response_topic="macnet/reply/a", correlation_data=bytes(60_000))
        (answer,) = it.finals("a")
        assert answer["error"]["code"] == code
        assert len(it.sent[0].payload) < 2_000


async def test_times_of_an_acknowledgement() -> None:
    async with lab() as it:
        answer = await it.ask("ping", channel=None)
        assert answer["finished_at"] >= answer["received_at"]
        assert answer["latency_ms"] >= answer["result"]["round_trip_ms"] >= 0
        assert answer["cycler"] == "lab1"
        assert "channel" not in answer


# --- a fault of ours


async def test_a_fault_of_ours_is_an_answer_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("secret")

    async with lab() as it:
        monkeypatch.setattr(Admission, "_find_verb", broken)
        it.tell("ping", channel=None)
        monkeypatch.undo()
        (answer,) = it.finals()
        assert (answer["status"], answer["error"]["code"]) == ("rejected", "INTERNAL")
        assert "secret" not in str(answer)
        assert (await it.ask("ping", channel=None))["status"] == "done"


async def test_a_verb_that_fails_unexpectedly(monkeypatch: pytest.MonkeyPatch) -> None:
    async with lab() as it:
        monkeypatch.setattr(it.tester, "sign", None)
        answer = await it.ask("read_status")
        assert (answer["status"], answer["error"]["code"]) == ("unknown", "INTERNAL")
        assert (await it.ask("read_test_info"))["status"] == "done"
