"""Channels and operations of the AsyncAPI document: the table of topics in AsyncAPI's words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, get_args

from macnet_bridge.contract.commands import VerbRow, acknowledgement_name, message_name
from macnet_bridge.contract.json_schema import payload_name
from macnet_bridge.contract.table import TOPICS, Publisher, Topic, parameters
from macnet_bridge.payloads.acknowledgements import Acknowledgement
from macnet_bridge.topics import Scope

RESPONSES = "responses"
"""The channel of Response Topics: its address is what the requester says."""

_SPECIAL = {"bridge_schema": "SchemaDocument"}
_ACKS = {
    Scope.CHANNEL: "channel_ack",
    Scope.CYCLER: "cycler_ack",
    Scope.BRIDGE: "bridge_ack",
    Scope.ALL: "bridge_ack",
}


def channels(verbs: Sequence[VerbRow]) -> dict[str, Any]:
    """A channel for each topic, and that of Response Topics."""
    found = {row.name: _channel(row, verbs) for row in TOPICS}
    found[RESPONSES] = {
        "address": None,
        "title": "Response Topic",
        "description": "A command's Response Topic (MQTT 5), below `{root}/reply` or `mqtt.reply_prefixes`.",
        "messages": {name: _message(name) for name in _answers(verbs)},
    }
    return found


def _answers(verbs: Iterable[VerbRow]) -> list[str]:
    """Acknowledgements of any command, and of those with a verb that there is."""
    return [Acknowledgement.__name__, *map(acknowledgement_name, verbs)]


def operations(verbs: Sequence[VerbRow]) -> dict[str, Any]:
    """What the bridge sends and receives: one operation per topic, and one per verb."""
    found: dict[str, Any] = {}
    for row in TOPICS:
        if row.publisher is Publisher.REQUESTER:
            found[f"receive_{row.name}"] = _receive(row, message_names_of(row, verbs), _mqtt(row))
        else:
            found[f"send_{row.name}"] = _operation("send", row, message_names_of(row, verbs), _mqtt(row))
        if row.is_heard or row.publisher is Publisher.ITSELF:
            found[f"hear_{row.name}"] = _operation("receive", row, message_names_of(row, verbs), {"qos": 1})
    return found | {f"do_{message_name(verb)}": _of_verb(verb) for verb in verbs}


def acknowledgement_operations() -> dict[str, Any]:
    """The acknowledgements that go to Response Topics."""
    return {
        "send_response": {
            "action": "send",
            "channel": {"$ref": f"#/channels/{RESPONSES}"},
            "summary": "The same acknowledgements as on the topics `ack`, with the Correlation Data.",
            "messages": [{"$ref": f"#/channels/{RESPONSES}/messages/Acknowledgement"}],
            "bindings": _bindings({"qos": 1, "retain": False}),
        }
    }


def message_names_of(row: Topic, verbs: Iterable[VerbRow]) -> list[str]:
    """The messages that a topic may carry."""
    if row.scope is not None:
        return [message_name(verb) for verb in _accepted(row.scope, verbs)]
    if row.publisher is Publisher.ITSELF:
        return ["Canary"]
    if kinds := get_args(row.payload):
        return [f"Events{kind.__name__}" if kind.__name__ == "Problem" else kind.__name__ for kind in kinds]
    name = payload_name(row) or _SPECIAL[row.name]
    return [name, "Cleared"] if row.is_cleared else [name]


def _accepted(scope: Scope, verbs: Iterable[VerbRow]) -> list[VerbRow]:
    """The verbs of a scope; a cycler takes those of channels too, for several of them."""
    scopes = {scope, Scope.CHANNEL} if scope is Scope.CYCLER else {scope}
    return [verb for verb in verbs if verb.scope in scopes]


def _channel(row: Topic, verbs: Iterable[VerbRow]) -> dict[str, Any]:
    said = {name: {"$ref": f"#/components/parameters/{name}"} for name in parameters(row.pattern)}
    if row.scope is not None:
        names = sorted({verb.name for verb in _accepted(row.scope, verbs)})
        said["verb"] = {"description": "What is to be done.", "enum": names}  # type: ignore[dict-item]
    return {
        "address": row.pattern,
        "description": row.summary,
        "parameters": said,
        "messages": {name: _message(name) for name in message_names_of(row, verbs)},
    }


def _receive(row: Topic, names: Sequence[str], mqtt: dict[str, Any]) -> dict[str, Any]:
    found = _operation("receive", row, names, mqtt)
    assert row.scope is not None
    return found | {"reply": _reply(row.scope, Acknowledgement.__name__)}


def _of_verb(verb: VerbRow) -> dict[str, Any]:
    """The operation of one verb, on the topic without a principal."""
    row = next(row for row in TOPICS if row.scope is verb.scope)
    found = _operation("receive", row, [message_name(verb)], _mqtt(row))
    return found | {"reply": _reply(verb.scope, acknowledgement_name(verb))}


def _operation(action: str, row: Topic, names: Sequence[str], mqtt: dict[str, Any]) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{row.name}"},
        "summary": row.summary,
        "messages": [{"$ref": f"#/channels/{row.name}/messages/{name}"} for name in names],
        "bindings": _bindings(mqtt),
    }


def _reply(scope: Scope, message: str) -> dict[str, Any]:
    return {
        "address": {
            "location": "$message.header#/responseTopic",
            "description": "With or without one, acknowledgements also go to "
            f"`{_address(_ACKS[scope])}`, and there they can be told apart by `id`.",
        },
        "channel": {"$ref": f"#/channels/{RESPONSES}"},
        "messages": [{"$ref": f"#/channels/{RESPONSES}/messages/{message}"}],
    }


def _address(name: str) -> str:
    return next(row.pattern for row in TOPICS if row.name == name)


def _message(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/messages/{name}"}


def _mqtt(row: Topic) -> dict[str, Any]:
    """QoS and retain; a command should expire before anyone has forgotten it."""
    said: dict[str, Any] = {"qos": 1 if row.qos is None else row.qos, "retain": row.is_retained}
    if row.publisher is Publisher.REQUESTER:
        said["messageExpiryInterval"] = 10
    return said


def _bindings(mqtt: dict[str, Any]) -> dict[str, Any]:
    return {"mqtt": mqtt | {"bindingVersion": "0.2.0"}}
