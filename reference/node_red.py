"""`lib/verbs.json` of Node-RED's package: the verbs that its editor offers, from the bridge's table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from macnet_bridge.cli.contract import shown
from macnet_bridge.commands.job import Verb
from macnet_bridge.commands.verbs import VERBS
from macnet_bridge.payloads.envelope import STAGGER_MAX_S
from macnet_bridge.payloads.status import SCHEMA_VERSION
from macnet_bridge.topics import Scope
from reference.client_verbs import doc
from reference.client_verbs import shown as shown_type

PLACE = Path(__file__).resolve().parents[1] / "integrations" / "node-red" / "lib" / "verbs.json"
_WORDS = {
    "float": "number",
    "int": "integer",
    "str": "text",
    "bool": "true or false",
    "bytes": "Base64",
    "None": "null",
    "list[int]": "list of integers",
    "tuple[int, int, int, int]": "list of four integers",
    "dict[str, Any]": "object",
    "Safety": "object",
}


def verbs_file() -> str:
    """The text of the file."""
    scopes = {scope.value: [_row(verb) for (of, _), verb in VERBS.items() if of is scope] for scope in Scope}
    document = {"schema_version": SCHEMA_VERSION, "stagger_max_s": STAGGER_MAX_S, "verbs": scopes}
    return shown(document) + "\n"


def _row(verb: Verb[Any]) -> dict[str, Any]:
    fields = sorted(msgspec.structs.fields(verb.arguments), key=lambda info: not info.required)
    arguments = [
        {"name": info.encode_name, "type": type_in_words(shown_type(info.type)), "required": info.required}
        for info in fields
    ]
    flags = {"reads": verb.reads, "stops": verb.stops, "needs_id": verb.needs_id}
    return {"name": verb.name, "about": _about(verb), **flags, "args": arguments}


def _about(verb: Verb[Any]) -> str:
    notes = [doc(verb)]
    if verb.reads:
        notes.append("It changes nothing at a tester.")
    if verb.stops:
        notes.append("It stops, and overtakes what waits.")
    return " ".join(notes)


def type_in_words(text: str) -> str:
    """A Python type as people who never saw Python would say it."""
    if text.startswith("Literal["):
        return "one of " + text.removeprefix("Literal[").removesuffix("]").replace('"', "")
    return " or ".join(_WORDS[part] for part in text.split(" | "))
