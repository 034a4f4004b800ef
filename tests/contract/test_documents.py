"""The documents of the contract: whole, the same each time, and saying what the code does."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from macnet_bridge.cli import cli
from macnet_bridge.commands.verbs import VERBS
from macnet_bridge.contract.asyncapi import asyncapi_document
from macnet_bridge.contract.commands import (
    VerbRow,
    acknowledgement_name,
    acknowledgement_schemas,
    message_name,
)
from macnet_bridge.contract.descriptions import read
from macnet_bridge.contract.examples import PAYLOADS, command_example
from macnet_bridge.contract.json_schema import schema_document
from macnet_bridge.contract.patterns import ecma
from macnet_bridge.contract.table import TOPICS, find
from macnet_bridge.payloads import arguments, events
from macnet_bridge.payloads.arguments import decode_arguments
from macnet_bridge.payloads.status import SCHEMA_VERSION
from macnet_bridge.topics import Scope, Topics

ROWS: list[VerbRow] = list(VERBS.values())
SCHEMA = schema_document(ROWS)
ASYNCAPI = asyncapi_document(ROWS)
DOCS = Path(__file__).parents[2] / "docs"


def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator({"$defs": SCHEMA["$defs"], "$ref": f"#/$defs/{name}"})


def answer_validator(verb: VerbRow) -> Draft202012Validator:
    """Of the acknowledgements of a verb."""
    answers = acknowledgement_schemas(ROWS, "#/$defs/")
    reference = f"#/$defs/{acknowledgement_name(verb)}"
    return Draft202012Validator({"$defs": SCHEMA["$defs"] | answers, "$ref": reference})


def references(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from references(each)
    elif isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for each in value.values():
            yield from references(each)


@pytest.mark.parametrize("document", [SCHEMA, ASYNCAPI], ids=["schema", "asyncapi"])
def test_no_reference_leads_nowhere(document: dict[str, Any]) -> None:
    found = set(references(document))
    assert len(found) > 50
    for reference in found:
        at: Any = document
        for part in reference.removeprefix("#/").split("/"):
            at = at[part]


def test_the_schemas_are_schemas() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    for schema in SCHEMA["$defs"].values():
        Draft202012Validator.check_schema(schema)


def test_the_version_is_the_one_in_info() -> None:
    assert SCHEMA["x-schema-version"] == SCHEMA_VERSION
    assert ASYNCAPI["info"]["version"] == str(SCHEMA_VERSION)


@pytest.mark.parametrize("name", ["schema", "asyncapi"])
def test_the_commands_print_the_documents(name: str) -> None:
    printed = CliRunner().invoke(cli, [name])
    assert printed.exit_code == 0
    assert json.loads(printed.stdout) == {"schema": SCHEMA, "asyncapi": ASYNCAPI}[name]
    assert printed.stdout == CliRunner().invoke(cli, [name]).stdout


@pytest.mark.parametrize("verb", ROWS, ids=message_name)
def test_every_verb_has_a_message_an_operation_and_an_example_that_it_takes(verb: VerbRow) -> None:
    name = message_name(verb)
    assert name in ASYNCAPI["components"]["messages"]
    operation = ASYNCAPI["operations"][f"do_{name}"]
    assert operation["reply"]["address"]["location"] == "$message.header#/responseTopic"
    example = command_example(verb.arguments)
    validator(f"{name}_command").validate(example)
    decode_arguments(verb.arguments, msgspec.Raw(msgspec.json.encode(example.get("args", {}))))


@pytest.mark.parametrize("verb", ROWS, ids=message_name)
def test_what_answers_a_verb_has_a_message_of_its_own(verb: VerbRow) -> None:
    name = acknowledgement_name(verb)
    reply = ASYNCAPI["operations"][f"do_{message_name(verb)}"]["reply"]
    assert reply["messages"] == [{"$ref": f"#/channels/responses/messages/{name}"}]
    answer = {
        "id": "a",
        "command": verb.name,
        "principal": "p",
        "status": "done",
        "final": True,
        "received_at": 1,
    }
    check = answer_validator(verb)
    assert check.is_valid(answer)
    assert not check.is_valid(answer | {"command": "other"})
    assert not check.is_valid(answer | {"result": []})
    assert not check.is_valid(answer | {"results": [{"cycler": "c", "status": "done", "result": []}]})


def test_the_schema_document_names_the_result_of_each_verb() -> None:
    assert SCHEMA["x-results"]["reset"] == "StateShown"
    assert SCHEMA["x-results"]["bridge_ping"] == "BridgeVersion"
    assert {name for name in SCHEMA["x-results"].values() if name} <= SCHEMA["$defs"].keys()
    assert [message for message, name in SCHEMA["x-results"].items() if name is None] == [
        "cycler_macnet",
        "macnet",
    ]


def test_a_result_must_have_what_its_struct_has() -> None:
    answer = dict(PAYLOADS["Acknowledgement"]) | {"command": "set_variable"}
    check = answer_validator(VERBS[Scope.CHANNEL, "set_variable"])
    assert check.is_valid(answer | {"result": {"variable": 1, "value": 2.5}})
    assert not check.is_valid(answer | {"result": {"variable": 1}})
    dry = answer | {"command": "reset", "result": {"would": ["reset"]}}
    assert answer_validator(VERBS[Scope.CHANNEL, "reset"]).is_valid(dry)


@pytest.mark.parametrize("verb", ROWS, ids=message_name)
def test_a_schema_refuses_what_the_verb_refuses(verb: VerbRow) -> None:
    check = validator(f"{message_name(verb)}_command")
    example = command_example(verb.arguments)
    assert not check.is_valid(example | {"args": example.get("args", {}) | {"mistyped": 1}})
    assert not check.is_valid(example | {"mistyped": 1})
    assert not check.is_valid(example | {"id": ""})


@pytest.mark.parametrize("name", PAYLOADS)
def test_examples_fit_their_schemas(name: str) -> None:
    validator(name).validate(PAYLOADS[name])


def test_every_event_is_a_message_of_its_channel() -> None:
    named = ASYNCAPI["channels"]["event"]["messages"]
    assert len(named) == len(get_args(events.AnyEvent)) == 10
    for message in named:
        kinds = ASYNCAPI["components"]["schemas"][message]["properties"]["kind"]["enum"]
        assert len(kinds) == 1


def test_both_structs_called_problem_are_there() -> None:
    assert SCHEMA["$defs"]["EventsProblem"]["properties"]["kind"] == {"enum": ["problem"]}
    assert "retryable" in SCHEMA["$defs"]["AcknowledgementsProblem"]["required"]


def examples_of(document: str) -> list[dict[str, Any]]:
    text = (DOCS / document).read_text("utf-8")
    return [json.loads(each) for each in re.findall(r"^```json\n(.*?)^```", text, re.M | re.S)]


def test_the_messages_shown_in_topics_fit_a_schema() -> None:
    checks = [validator(row["schema"]) for row in SCHEMA["x-topics"] if row["schema"]]
    examples = examples_of("topics.md")
    assert len(examples) >= 10
    assert [each for each in examples if not any(check.is_valid(each) for check in checks)] == []


def test_the_commands_and_acknowledgements_shown_fit_their_schemas() -> None:
    examples = examples_of("commands.md")
    commands = [each for each in examples if "args" in each]
    acknowledgements = [each for each in examples if "final" in each]
    assert len(commands) >= 4
    assert len(acknowledgements) >= 2
    for each in commands:
        validator("Command").validate(each)
    for each in acknowledgements:
        validator("Acknowledgement").validate(each)


# --- the table of topics


@pytest.mark.parametrize(
    ("topic", "name"),
    [
        ("a/b/bridge/lab/status", "bridge_status"),
        ("a/b/lab1/status", "cycler_status"),
        ("a/b/lab1/telemetry/alarm/clock", "cycler_alarm"),
        ("a/b/lab1/5/telemetry/alarm/limit", "channel_alarm"),
        ("a/b/lab1/5/cmd/start_test", "channel_command"),
        ("a/b/lab1/5/cmd/start_test/alice", "channel_command_by"),
        ("a/b/lab1/1/cmd/canary", "channel_canary"),
        ("a/b/all/cmd/suspend", "all_command"),
        ("a/b/bridge/lab/cmd/ping", "bridge_command"),
        ("a/b/bridge/lab/cmd/canary", "bridge_canary"),
    ],
)
def test_rows_of_topics(topic: str, name: str) -> None:
    assert [row.name for row in [find("a/b", topic)] if row] == [name]


@pytest.mark.parametrize(
    "topic", ["a/lab1/status", "a/b/lab1/5/telemetry/mood", "a/b/lab1/0/telemetry/state"]
)
def test_other_topics_are_not_in_the_table(topic: str) -> None:
    assert find("a/b", topic) is None


def test_commands_of_the_table_are_those_that_the_bridge_reads() -> None:
    topics = Topics("macnet", "lab")
    names = {
        "root": "macnet",
        "bridge": "lab",
        "cycler": "lab1",
        "channel": "5",
        "verb": "x",
        "principal": "p",
    }
    scopes = [
        (row.scope, topics.parse_command(row.pattern.format(**names)).scope) for row in TOPICS if row.scope
    ]
    assert [said for said, _ in scopes] == [found for _, found in scopes]
    assert {said for said, _ in scopes} == set(Scope)


# --- the parts


def test_docstrings_become_descriptions() -> None:
    said, attributes = read(
        """One line,
        and another.

        Attributes:
            a, b: two at once,
                in two lines.
            c: one.
        """
    )
    assert said == "One line, and another."
    assert attributes == {"a": "two at once, in two lines.", "b": "two at once, in two lines.", "c": "one."}


@pytest.mark.parametrize(
    "name", ["con", "COM1.txt", "a", "a.b", "a.", "a ", "ä", "a/b", "a\U0001f600", "com", ""]
)
def test_translated_expressions_take_the_same_names(name: str) -> None:
    pattern = arguments._WINDOWS_FILE
    assert bool(re.search(ecma(pattern), name)) == bool(re.search(pattern, name))
    assert "(?i" not in ecma(pattern)
