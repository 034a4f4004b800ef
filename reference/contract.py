"""`docs/asyncapi.json`, `docs/schema.json` and `docs/reference-topics.md`, from the table of topics."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from macnet_bridge.cli.contract import shown
from macnet_bridge.commands.verbs import VERBS
from macnet_bridge.contract.asyncapi import asyncapi_document
from macnet_bridge.contract.channels import message_names_of
from macnet_bridge.contract.commands import COMMAND, VerbRow, message_name, said_of
from macnet_bridge.contract.json_schema import schema_document
from macnet_bridge.contract.table import PARAMETERS, TOPICS, Publisher, Topic
from macnet_bridge.payloads.status import SCHEMA_VERSION
from reference.markdown import table

DOCS = Path(__file__).resolve().parents[1] / "docs"
_PREFIX = "#/$defs/"
_SINGLE_PRECISION = 3.4e38
"""What MacNet's numbers can hold is a bound, and nothing that a reader wants to know."""


def contract_files() -> dict[str, str]:
    """The three files by name."""
    return {
        "asyncapi.json": shown(asyncapi_document(VERBS.values())) + "\n",
        "schema.json": shown(schema_document(VERBS.values())) + "\n",
        "reference-topics.md": topics_page(),
    }


def topics_page() -> str:
    """The page of all topics and payloads."""
    schemas = schema_document(VERBS.values())["$defs"]
    return "\n".join([*_head(), *_topics(), *_verbs(), *_payloads(schemas)])


def _head() -> Iterator[str]:
    yield "# Reference of topics and payloads"
    yield ""
    yield (
        f"Version {SCHEMA_VERSION} of the contract, made by `python -m reference` from the Structs that "
        "validate. "
        "The same for programs: [asyncapi.json](asyncapi.json) (`macnet-bridge asyncapi`) and "
        "[schema.json](schema.json) (`macnet-bridge schema`). What it all means is in [Topics](topics.md) "
        "and [Commands](commands.md)."
    )
    yield ""


def _topics() -> Iterator[str]:
    yield "## Topics"
    yield ""
    heads = ("topic", "published by", "QoS", "retained", "payload", "what")
    yield from table(heads, [_topic(row) for row in TOPICS])
    yield from table(("parameter", "what"), [(f"`{{{name}}}`", _said(name)) for name in PARAMETERS])


def _topic(row: Topic) -> tuple[str, ...]:
    qos = "`telemetry.qos`" if row.qos is None else str(row.qos)
    retained = "yes" if row.is_retained else "no"
    return f"`{row.pattern}`", row.publisher.value, qos, retained, _payload(row), row.summary


def _payload(row: Topic) -> str:
    if row.publisher is Publisher.REQUESTER:
        return _link(COMMAND.__name__)
    if row.payload is None:
        return "hexadecimal digits" if row.publisher is Publisher.ITSELF else "[schema.json](schema.json)"
    names = message_names_of(row, ())
    return ", ".join("empty" if name == "Cleared" else _link(name) for name in names)


def _said(name: str) -> str:
    of = PARAMETERS[name]
    choices = " One of " + ", ".join(f"`{choice}`" for choice in of.choices) if of.choices else ""
    return of.description + choices


def _verbs() -> Iterator[str]:
    yield "## Verbs"
    yield ""
    rows = sorted(VERBS.values(), key=message_name)
    yield from table(("message", "arguments", "result", "what"), [_verb(verb) for verb in rows])


def _verb(verb: VerbRow) -> tuple[str, ...]:
    is_struct = isinstance(verb.result, type) and issubclass(verb.result, Struct)
    result = _link(verb.result.__name__) if is_struct else "MacNet's fields"
    return f"`{message_name(verb)}`", _link(verb.arguments.__name__), result, said_of(verb)


def _payloads(schemas: dict[str, Any]) -> Iterator[str]:
    yield "## Payloads, arguments and results"
    yield ""
    for name, schema in schemas.items():
        if "properties" not in schema:
            continue
        yield f"### {name}"
        yield ""
        if said := schema.get("description"):
            yield from (said, "")
        if schema["properties"]:
            yield from table(("key", "type", "", "what"), _keys(schema))


def _keys(schema: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for key, of in schema["properties"].items():
        needed = "needed" if key in schema.get("required", ()) else ""
        yield f"`{key}`", type_of(of), needed, of.get("description", "")


def type_of(schema: dict[str, Any]) -> str:
    """The type that a schema says, in words."""
    if "$ref" in schema:
        return _link(schema["$ref"].removeprefix(_PREFIX))
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(type_of(each) for each in schema["anyOf"]))
    if "enum" in schema:
        return ", ".join(f"`{each}`" for each in schema["enum"])
    if schema.get("type") == "array" and isinstance(schema.get("items"), dict):
        return f"array of {type_of(schema['items'])}"
    return " ".join([schema.get("type", "anything"), *bounds(schema)])


def bounds(schema: dict[str, Any]) -> Iterator[str]:
    """Bounds of a number, or of a text's length, as a schema says them."""
    signs = {
        "minimum": "≥",
        "exclusiveMinimum": ">",
        "maximum": "≤",
        "minLength": "length ≥",
        "maxLength": "length ≤",
    }
    for key, sign in signs.items():
        if key in schema and abs(schema[key]) < _SINGLE_PRECISION:
            yield f"{sign} {schema[key]}"


def _link(name: str) -> str:
    return f"[{name}](#{name.lower()})"
