"""The JSON Schemas of all payloads in one document, with the topics that carry them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, get_args

from macnet_bridge.contract.commands import (
    COMMAND,
    VerbRow,
    command_schemas,
    message_name,
    result_name,
)
from macnet_bridge.contract.structs import Schema, schemas
from macnet_bridge.contract.table import TOPICS, Topic
from macnet_bridge.payloads.results import DryRun
from macnet_bridge.payloads.status import SCHEMA_VERSION

DIALECT = "https://json-schema.org/draft/2020-12/schema"
UNION = "Event"
"""The name of what is one of several Structs: there is one such payload, the event."""


def schema_document(verbs: Iterable[VerbRow]) -> dict[str, Any]:
    """The document: `$defs` has the schemas, `x-topics` says which topic carries which of them, and
    `x-results` which one an acknowledgement's `result` has, by the name of the verb's message."""
    rows = sorted(verbs, key=message_name)
    return {
        "$schema": DIALECT,
        "$id": f"urn:macnet-bridge:schema:{SCHEMA_VERSION}",
        "title": "Payloads of macnet-bridge",
        "description": "Readers ignore keys that they do not know; the bridge refuses those in commands.",
        "x-schema-version": SCHEMA_VERSION,
        "x-topics": [_topic(row) for row in TOPICS],
        "x-results": {message_name(verb): result_name(verb) for verb in rows},
        "$defs": payload_schemas(rows, "#/$defs/"),
    }


def payload_schemas(verbs: Iterable[VerbRow], place: str) -> dict[str, Schema]:
    """All schemas by name, sorted."""
    rows = sorted(verbs, key=message_name)
    kinds = {name: row.payload for row in TOPICS if (name := payload_name(row)) is not None}
    arguments, results = [verb.arguments for verb in rows], [verb.result for verb in rows]
    # In one go, since two Structs of one name are told apart only where both are there.
    outer, named = schemas([COMMAND, DryRun, *kinds.values(), *arguments, *results], place)
    of_kinds, of_arguments = outer[2 : 2 + len(kinds)], outer[2 + len(kinds) : -len(rows)]
    named |= {name: schema for name, schema in zip(kinds, of_kinds, strict=True) if name not in named}
    named |= command_schemas(rows, of_arguments, place)
    return dict(sorted(named.items()))


def payload_name(row: Topic) -> str | None:
    """The schema of a topic's payload, None where it is a command's, or none."""
    if row.payload is None:
        return None
    return UNION if get_args(row.payload) else str(row.payload.__name__)


def _topic(row: Topic) -> dict[str, Any]:
    return {
        "name": row.name,
        "topic": row.pattern,
        "publisher": row.publisher.value,
        "qos": "telemetry.qos" if row.qos is None else row.qos,
        "retained": row.is_retained,
        "schema": payload_name(row),
    }
