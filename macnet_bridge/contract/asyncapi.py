"""The AsyncAPI 3 document of the contract, from the bridge's side: it sends telemetry, receives commands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from macnet_bridge.contract.channels import (
    acknowledgement_operations,
    channels,
    message_names_of,
    operations,
)
from macnet_bridge.contract.commands import (
    VerbRow,
    acknowledgement_name,
    acknowledgement_schemas,
    message_name,
    said_of,
)
from macnet_bridge.contract.examples import PAYLOADS, command_example
from macnet_bridge.contract.json_schema import payload_schemas
from macnet_bridge.contract.structs import Schema
from macnet_bridge.contract.table import PARAMETERS, TOPICS
from macnet_bridge.payloads.status import SCHEMA_VERSION

VERSION = "3.0.0"
_PLACE = "#/components/schemas/"
CORRELATION = {
    "requestId": {
        "description": "Acknowledgements repeat the `id` of the command.",
        "location": "$message.payload#/id",
    },
}
_HEADERS = {
    "type": "object",
    "description": "Properties of MQTT 5.",
    "properties": {
        "responseTopic": {
            "type": "string",
            "description": "Where acknowledgements go beside the topics `ack`: below R/reply or a prefix "
            "of `mqtt.reply_prefixes`; elsewhere it is ignored.",
        },
        "correlationData": {
            "type": "string",
            "description": "Comes back byte for byte at the Response Topic.",
        },
    },
}
_ANSWER = {
    "correlationId": {"$ref": "#/components/correlationIds/requestId"},
    "headers": {
        "type": "object",
        "properties": {"correlationData": _HEADERS["properties"]["correlationData"]},  # type: ignore[index]
    },
}


def asyncapi_document(verbs: Iterable[VerbRow]) -> dict[str, Any]:
    """The document, ready for JSON."""
    rows = sorted(verbs, key=message_name)
    return {
        "asyncapi": VERSION,
        "id": f"urn:macnet-bridge:asyncapi:{SCHEMA_VERSION}",
        "info": {
            "title": "macnet-bridge",
            "version": str(SCHEMA_VERSION),
            "description": "Battery cyclers by MQTT: readings, states and events, and commands with one "
            "final acknowledgement each. Readers ignore keys that they do not know.",
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "channels": channels(rows),
        "operations": operations(rows) | acknowledgement_operations(),
        "components": {
            "schemas": _schemas(rows),
            "messages": messages(rows),
            "parameters": {name: _parameter(name) for name in PARAMETERS},
            "correlationIds": CORRELATION,
        },
    }


def _schemas(verbs: Sequence[VerbRow]) -> dict[str, Schema]:
    found = payload_schemas(verbs, _PLACE) | acknowledgement_schemas(verbs, _PLACE)
    return {name: _draft_07(each) for name, each in sorted(found.items())}


def messages(verbs: Iterable[VerbRow]) -> dict[str, Any]:
    """All messages by name: what topics carry, and a command per verb."""
    of_topics = [row for row in TOPICS if row.payload is not None]
    found = {name: _published(name) for row in of_topics for name in message_names_of(row, ())}
    found["Cleared"] = {
        "title": "Cleared",
        "summary": "An empty payload: what was retained here holds no more.",
        "contentType": "application/octet-stream",
    }
    found["Canary"] = {
        "title": "Canary",
        "summary": "Some hexadecimal digits; of no use to anyone else.",
        "contentType": "text/plain",
    }
    found["SchemaDocument"] = {
        "title": "SchemaDocument",
        "summary": "JSON Schemas of all payloads, as `macnet-bridge schema` prints them.",
        "contentType": "application/schema+json",
        "payload": {"type": "object", "required": ["$defs", "x-schema-version", "x-topics"]},
    }
    for verb in verbs:
        found[message_name(verb)] = _command(verb)
        found[acknowledgement_name(verb)] = _published(acknowledgement_name(verb)) | _ANSWER
    return dict(sorted(found.items()))


def _published(name: str) -> Schema:
    message: Schema = {"name": name, "title": name, "payload": {"$ref": _PLACE + name}}
    if name == "Acknowledgement":
        message |= _ANSWER
    if name in PAYLOADS:
        message["examples"] = [{"payload": PAYLOADS[name]}]
    return message


def _command(verb: VerbRow) -> Schema:
    name = message_name(verb)
    return {
        "name": name,
        "title": name,
        "summary": said_of(verb),
        "headers": _HEADERS,
        "correlationId": {"$ref": "#/components/correlationIds/requestId"},
        "payload": {"$ref": f"{_PLACE}{name}_command"},
        "bindings": {
            "mqtt": {
                "responseTopic": {"type": "string"},
                "correlationData": {"type": "string"},
                "bindingVersion": "0.2.0",
            }
        },
        "examples": [{"payload": command_example(verb.arguments)}],
    }


def _parameter(name: str) -> dict[str, Any]:
    of = PARAMETERS[name]
    found: dict[str, Any] = {"description": of.description}
    if of.choices:
        found["enum"] = list(of.choices)
    if of.default is not None:
        found["default"] = of.default
    if of.examples:
        found["examples"] = list(of.examples)
    return found


def _draft_07(value: Any) -> Any:
    """A schema in the dialect of AsyncAPI, where tuples are lists in `items`."""
    if isinstance(value, list):
        return [_draft_07(each) for each in value]
    if not isinstance(value, dict):
        return value
    found = {key: _draft_07(each) for key, each in value.items()}
    if "prefixItems" in found:
        found["additionalItems"] = False
        found["items"] = found.pop("prefixItems")
    return found
