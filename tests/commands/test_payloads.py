"""What a command may contain, and how each mistake is named."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Raw

from macnet_bridge.commands.verbs import VERBS
from macnet_bridge.errors import Rejected
from macnet_bridge.payloads.arguments import (
    Arguments,
    NoArguments,
    ResetArguments,
    SetSafetyLimitsArguments,
    SetVariableArguments,
    StartTestArguments,
    decode_arguments,
)
from macnet_bridge.payloads.envelope import (
    MAX_FILE_PAYLOAD_BYTES,
    MAX_PAYLOAD_BYTES,
    decode_envelope,
    fingerprint,
    readable_id,
)
from macnet_bridge.topics import Scope
from tests.commands.refusals import attempt

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def why_envelope(payload: bytes) -> tuple[str, str | None]:
    with pytest.raises(Rejected) as rejected:
        decode_envelope(payload)
    return rejected.value.code, rejected.value.field


def why_arguments(kind: type[Arguments], args: str | bytes) -> tuple[str, str | None]:
    with pytest.raises(Rejected) as rejected:
        decode_arguments(kind, Raw(args.encode() if isinstance(args, str) else args))
    return rejected.value.code, rejected.value.field


def start(**args: Any) -> StartTestArguments:
    content = msgspec.json.encode({"procedure": "CCCV_1C"} | args)
    return decode_arguments(StartTestArguments, Raw(content))


def why_start(**args: Any) -> tuple[str, str | None]:
    return why_arguments(StartTestArguments, json.dumps({"procedure": "CCCV_1C"} | args))


# --- the envelope


def test_a_whole_envelope() -> None:
    envelope = decode_envelope(
        b'{"id":"01JD","args":{"a":1},"expires_at":"2026-11-22T07:00:05Z","progress":true,"dry_run":false}'
    )
    assert envelope.id == "01JD"
    assert bytes(envelope.args) == b'{"a":1}'
    assert envelope.progress
    assert decode_envelope(b"{}").id is UNSET
    assert decode_envelope(b' {"expires_at": 1795328722100} ').expires_at == 1795328722100


@pytest.mark.parametrize(
    "payload",
    [
        b"{",
        b"}",
        b"hello",
        b"{'id':'a'}",
        b'{"id":"a",}',
        b'{"id":"a"}{"id":"a"}',
        b'{"id":"a"} x',
        b'{"args":{"value":NaN}}',
        b'{"args":{"value":Infinity}}',
        b'{"args":{"value":01}}',
        b'{"args":{"value":1e}}',
        b'{"id":"a\xff"}',
        b'{"id":"\xed\xa0\x80"}',
        b"\xff",
        b"\xef\xbb\xbf{}",
        b"\x00" * 1000,
        b'{"id":"\\ud800"}',
        b'{"id":"a\nb"}',
        b" ",
        b'{"args":' + b"[" * 100_0 + b"}",
    ],
)
def test_broken_json(payload: bytes) -> None:
    assert why_envelope(payload)[0] == "BAD_JSON"


def test_the_place_of_a_bad_byte_is_named() -> None:
    with pytest.raises(Rejected, match="byte 8 is not UTF-8"):
        decode_envelope(b'{"id":"a\xff"}')


@pytest.mark.parametrize("depth", [1000, 20_000])
def test_nested_brackets(depth: int) -> None:
    payload = b'{"id":"a","args":' + b"[" * depth + b"]" * depth + b"}"
    # Whether a thousand are too deep is the interpreter's business, that it stops is ours.
    envelope = attempt(lambda: decode_envelope(payload))
    if isinstance(envelope, Rejected):
        assert envelope.code == "BAD_JSON"
    else:
        assert why_arguments(NoArguments, bytes(envelope.args))[0] in ("BAD_JSON", "BAD_ARGS")
    fingerprint(payload)
    readable_id(payload)


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        (b"null", None),
        (b"[]", None),
        (b'"x"', None),
        (b"1", None),
        (b'{"id":5}', "id"),
        (b'{"id":null}', "id"),
        (b'{"id":""}', "id"),
        (b'{"id":"' + b"x" * 129 + b'"}', "id"),
        (b'{"id":99999999999999999999999999}', "id"),
        (b'{"expires_at":"tomorrow"}', "expires_at"),
        (b'{"expires_at":true}', "expires_at"),
        (b'{"expires_at":[]}', "expires_at"),
        (b'{"expires_at":1e999}', "expires_at"),
        (b'{"progress":1}', "progress"),
        (b'{"dry_run":"yes"}', "dry_run"),
        (b'{"expect":{"stat":"available"}}', "expect.stat"),
        (b'{"expect":{"state_seq":-1}}', "expect.state_seq"),
        (b'{"channels":[1,0]}', "channels[1]"),
        (b'{"channels":5}', "channels"),
        (b'{"atomic":1}', "atomic"),
        (b'{"stagger_s":-1}', "stagger_s"),
        (b'{"stagger_s":60.1}', "stagger_s"),
        (b'{"argz":{}}', "argz"),
        (b'{"ID":"a"}', "ID"),
    ],
)
def test_wrong_keys_and_types_are_named(payload: bytes, field: str | None) -> None:
    assert why_envelope(payload) == ("BAD_ARGS", field)


def test_size() -> None:
    fits = b'{"id":"a","args":"' + b"x" * (MAX_PAYLOAD_BYTES - 20) + b'"}'
    assert len(fits) == MAX_PAYLOAD_BYTES
    decode_envelope(fits)
    assert why_envelope(fits + b" ") == ("TOO_LARGE", None)


def test_the_longest_id() -> None:
    name = "\N{GREEK SMALL LETTER MU}" * 128
    assert decode_envelope(msgspec.json.encode({"id": name})).id == name


# --- ids of payloads that are otherwise wrong


@pytest.mark.parametrize(
    ("payload", "name"),
    [
        (b'{"id":"a"}', "a"),
        (b'{"\\u0069d":"a"}', "a"),
        (b'{"id":"a","id":"b"}', "b"),
        (b'{"id":"a","surplus":1}', "a"),
        (b'{"id":"a","other":"\xff"}', "a"),
        (b'{"id":5}', None),
        (b'{"id":""}', None),
        (b'{"id":"\\ud800"}', None),
        (b'["id"]', None),
        (b'{"id":"a"', None),
        (b"", None),
        (b"\x00" * 1_000_000, None),
        (b'{"id":"a","x":"' + b"x" * MAX_PAYLOAD_BYTES + b'"}', "a"),
        (b'{"id":"a","x":"' + b"x" * MAX_FILE_PAYLOAD_BYTES + b'"}', None),
    ],
)
def test_readable_ids(payload: bytes, name: str | None) -> None:
    assert readable_id(payload) == name


@given(st.binary() | json_values.map(lambda value: json.dumps(value).encode()))
def test_the_id_is_the_same_however_it_is_read(payload: bytes) -> None:
    envelope = attempt(lambda: decode_envelope(payload))
    if isinstance(envelope, Rejected):
        assert envelope.code in ("BAD_JSON", "BAD_ARGS")
        return
    assert readable_id(payload) == (None if envelope.id is UNSET else envelope.id)


# --- arguments


@pytest.mark.parametrize(
    ("kind", "args", "field"),
    [
        (NoArguments, '{"x":1}', "args.x"),
        (NoArguments, "[]", "args"),
        (NoArguments, "null", "args"),
        (NoArguments, '"x"', "args"),
        (SetVariableArguments, "{}", "args.variable"),
        (SetVariableArguments, '{"variable":1}', "args.value"),
        (SetVariableArguments, '{"variable":0,"value":1}', "args.variable"),
        (SetVariableArguments, '{"variable":16,"value":1}', "args.variable"),
        (SetVariableArguments, '{"variable":-1,"value":1}', "args.variable"),
        (SetVariableArguments, '{"variable":1.5,"value":1}', "args.variable"),
        (SetVariableArguments, '{"variable":true,"value":1}', "args.variable"),
        (SetVariableArguments, '{"variable":"1","value":1}', "args.variable"),
        (SetVariableArguments, '{"variable":1,"value":1,"volt":2}', "args.volt"),
        (SetVariableArguments, '{"variable":1,"value":1e999}', "args.value"),
        (SetVariableArguments, '{"variable":1,"value":-1e999}', "args.value"),
        (SetVariableArguments, '{"variable":1,"value":1e39}', "args.value"),
        (SetVariableArguments, '{"variable":1,"value":null}', "args.value"),
        (SetVariableArguments, '{"variable":1,"value":"1"}', "args.value"),
        (SetVariableArguments, '{"variable":1,"value":' + "9" * 400 + "}", "args.value"),
        (SetVariableArguments, '{"variable":' + "9" * 400 + ',"value":1}', "args.variable"),
        (ResetArguments, '{"stop_running":1}', "args.stop_running"),
        (SetSafetyLimitsArguments, "{}", "args.safety"),
        (SetSafetyLimitsArguments, '{"safety":{"voltage_max":4}}', "args.safety.voltage_max"),
        (SetSafetyLimitsArguments, '{"safety":{"charge_max_watt":-1}}', "args.safety.charge_max_watt"),
        (SetSafetyLimitsArguments, '{"safety":{"charge_max_watt":null}}', "args.safety.charge_max_watt"),
    ],
)
def test_wrong_arguments_are_named(kind: type[Arguments], args: str, field: str) -> None:
    assert why_arguments(kind, args) == ("BAD_ARGS", field)


@pytest.mark.parametrize("args", ['{"variable":1,"value":NaN}', '{"variable":1,', "", "\udc80"])
def test_arguments_that_are_no_json(args: str) -> None:
    assert why_arguments(SetVariableArguments, args.encode(errors="surrogateescape"))[0] == "BAD_JSON"


def test_of_a_key_given_twice_the_last_counts() -> None:
    taken = decode_arguments(SetVariableArguments, Raw(b'{"variable":1,"value":1,"value":2}'))
    assert taken.value == 2


def test_numbers_at_the_edge_of_single_precision() -> None:
    for value in (3.4028234e38, -3.4028234e38, 5e-324, 0.0):
        assert decode_arguments(
            SetVariableArguments, Raw(b'{"variable":15,"value":%b}' % repr(value).encode())
        )


@pytest.mark.parametrize(
    "name",
    ["a", "cell-17 a", "A" * 25, "x.y", "#1", "CONX", "COM10", "COM", "a.con", " a", "(5)", "~", "Nulla"],
)
def test_legal_test_names(name: str) -> None:
    assert start(test_name=name).test_name == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "A" * 26,
        "a/b",
        "a\\b",
        "a:b",
        "a*b",
        "a?b",
        'a"b',
        "a<b",
        "a>b",
        "a|b",
        "a\n",
        "\na",
        "a\tb",
        "a\x00b",
        "a\x7f",
        "a.",
        "a ",
        ".",
        " ",
        "..",
        "\N{LATIN SMALL LETTER A WITH DIAERESIS}",
        "con",
        "CON",
        "Nul.txt",
        "aux .x",
        "COM1",
        "lpt9.a.b",
        "PRN",
    ],
)
def test_names_that_windows_or_macnet_would_not_take(name: str) -> None:
    assert why_start(test_name=name) == ("BAD_ARGS", "args.test_name")


@pytest.mark.parametrize(
    ("argument", "value", "words"),
    [
        ("test_name", "a/b", "file name that Windows takes"),
        ("procedure", "\n", "printable ASCII"),
        ("comment", "\n", "printable ASCII"),
    ],
)
def test_what_a_text_must_be_is_said_in_words(argument: str, value: str, words: str) -> None:
    args = msgspec.json.encode({"procedure": "CCCV_1C", argument: value})
    with pytest.raises(Rejected, match=words) as refused:
        decode_arguments(StartTestArguments, Raw(args))
    assert "regex" not in str(refused.value)


def test_other_arguments_of_a_start() -> None:
    assert why_start(procedure="") == ("BAD_ARGS", "args.procedure")
    assert why_start(procedure="x" * 26) == ("BAD_ARGS", "args.procedure")
    assert why_start(procedure="x\n") == ("BAD_ARGS", "args.procedure")
    assert why_start(comment="x\n") == ("BAD_ARGS", "args.comment")
    assert why_start(comment="x" * 67) == ("BAD_ARGS", "args.comment")
    assert why_start(c_rate_ah=0) == ("BAD_ARGS", "args.c_rate_ah")
    assert why_start(c_rate_ah=-1) == ("BAD_ARGS", "args.c_rate_ah")
    assert why_start(chamber=256) == ("BAD_ARGS", "args.chamber")
    assert why_start(total_cycles=65536) == ("BAD_ARGS", "args.total_cycles")
    assert why_start(mass_gram=0) == ("BAD_ARGS", "args.mass_gram")
    assert why_arguments(StartTestArguments, "{}") == ("BAD_ARGS", "args.procedure")
    assert start(c_rate_ah=1e-3).c_rate_ah == 1e-3


@given(st.sampled_from(sorted(VERBS, key=str)), st.binary() | json_values.map(msgspec.json.encode))
def test_any_arguments_are_taken_or_named(verb: tuple[Scope, str], args: bytes) -> None:
    found = attempt(lambda: decode_arguments(VERBS[verb].arguments, Raw(args)))
    if isinstance(found, Rejected):
        assert found.code in ("BAD_JSON", "BAD_ARGS")
        assert (found.field or "").startswith("args")


# --- the same command again


def test_order_spacing_deadline_and_progress_do_not_count() -> None:
    assert fingerprint(b'{"id":"a","args":{"x":1,"y":[1,2]}}') == fingerprint(
        b' {"progress":true, "args" : {"y":[1, 2],"x":1}, "expires_at":5, "id":"\\u0061" }'
    )
    assert fingerprint(b"") == fingerprint(b"{}")


@pytest.mark.parametrize(
    "other",
    [
        b'{"id":"a","args":{"x":2}}',
        b'{"id":"a","args":{"x":1,"y":1}}',
        b'{"id":"a"}',
        b'{"id":"a","args":{"x":1},"dry_run":true}',
        b'{"id":"a","args":{"x":1},"expect":{}}',
        b'{"id":"a","args":{"x":"1"}}',
    ],
)
def test_everything_else_counts(other: bytes) -> None:
    assert fingerprint(b'{"id":"a","args":{"x":1}}') != fingerprint(other)


@given(st.binary() | json_values.map(lambda value: json.dumps(value).encode()))
def test_every_payload_has_a_fingerprint(payload: bytes) -> None:
    assert fingerprint(payload) == fingerprint(payload)


@pytest.mark.parametrize("depth", range(900, 1100, 7))
def test_a_fingerprint_near_the_depth_that_can_be_read(depth: int) -> None:
    fingerprint(b'{"a":' * depth + b"1" + b"}" * depth)
