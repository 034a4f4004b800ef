"""The schema of a command, the envelope with the arguments of its verb, and of what answers it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol, get_origin

import msgspec
from msgspec import Struct

from macnet_bridge.contract.structs import Schema
from macnet_bridge.payloads.acknowledgements import Acknowledgement
from macnet_bridge.payloads.envelope import Envelope
from macnet_bridge.payloads.results import DryRun
from macnet_bridge.topics import Scope


class VerbRow(Protocol):
    """What of a row of the table of verbs the contract tells."""

    @property
    def name(self) -> str: ...
    @property
    def scope(self) -> Scope: ...
    @property
    def arguments(self) -> type[Any]: ...
    @property
    def result(self) -> Any: ...
    @property
    def reads(self) -> bool: ...
    @property
    def stops(self) -> bool: ...
    @property
    def newest_wins(self) -> bool: ...
    @property
    def needs_id(self) -> bool: ...


def _command() -> type[msgspec.Struct]:
    """The envelope with arguments of any verb, where the bridge keeps their bytes."""
    fields: list[Any] = []
    for info in msgspec.structs.fields(Envelope):
        if info.name == "args":
            fields.append((info.name, dict[str, Any], msgspec.field(default_factory=dict)))
        else:
            fields.append((info.name, info.type, info.default))
    made = msgspec.defstruct("Command", fields, frozen=True, forbid_unknown_fields=True)
    made.__doc__ = Envelope.__doc__
    return made


COMMAND = _command()


def message_name(verb: VerbRow) -> str:
    """Of the message of a verb; that of a channel is the verb."""
    return verb.name if verb.scope is Scope.CHANNEL else f"{verb.scope.value}_{verb.name}"


def command_schemas(verbs: Sequence[VerbRow], arguments: Iterable[Schema], place: str) -> dict[str, Schema]:
    """The schema of each verb's command by its message's name.

    Args:
        arguments: the schema of each verb's arguments.
    """
    return {
        f"{message_name(verb)}_command": _schema(verb, schema, place)
        for verb, schema in zip(verbs, arguments, strict=True)
    }


def _schema(verb: VerbRow, arguments: Schema, place: str) -> Schema:
    own: Schema = {"properties": {"args": arguments}}
    if _needs_arguments(verb):
        own["required"] = ["args"]
    return {
        "title": message_name(verb),
        "description": said_of(verb),
        "allOf": [{"$ref": place + COMMAND.__name__}, own],
    }


def acknowledgement_name(verb: VerbRow) -> str:
    """Of the message that answers a verb."""
    return f"{message_name(verb)}_acknowledgement"


def result_name(verb: VerbRow) -> str | None:
    """The schema of a verb's result, None where it is what some MacNet function replies."""
    return str(verb.result.__name__) if issubclass(get_origin(verb.result) or verb.result, Struct) else None


def acknowledgement_schemas(verbs: Iterable[VerbRow], place: str) -> dict[str, Schema]:
    """The schema of each verb's acknowledgements by the name of their message."""
    found: dict[str, Schema] = {}
    for verb in verbs:
        name = result_name(verb)
        result: Schema = {"type": "object"} if name is None else {"$ref": place + name}
        if not verb.reads and not verb.newest_wins:
            result = {"anyOf": [result, {"$ref": place + DryRun.__name__}]}
        found[acknowledgement_name(verb)] = _answer(verb, result, place)
    return found


def _answer(verb: VerbRow, result: Schema, place: str) -> Schema:
    part = {"properties": {"result": result}}
    own = {"command": {"enum": [verb.name]}, "result": result, "results": {"items": part}}
    return {
        "title": acknowledgement_name(verb),
        "description": f"What answers `{verb.name}`.",
        "allOf": [{"$ref": place + Acknowledgement.__name__}, {"properties": own}],
    }


def _needs_arguments(verb: VerbRow) -> bool:
    return any(info.required for info in msgspec.structs.fields(verb.arguments))


def said_of(verb: VerbRow) -> str:
    """What a requester must know of a verb beside its arguments, in a line."""
    whom = "all" if verb.scope is Scope.ALL else f"a {verb.scope.value}"
    notes = [f"Command `{verb.name}` to {whom}."]
    if verb.reads:
        notes.append("It needs no rule.")
    if verb.stops:
        notes.append("It stops, and overtakes what waits.")
    if (verb.reads or verb.stops) and not _needs_arguments(verb):
        notes.append("An empty payload stands for `{}`.")
    if verb.needs_id:
        notes.append("It needs an id, or Response Topic and Correlation Data in its place.")
    return " ".join(notes)
