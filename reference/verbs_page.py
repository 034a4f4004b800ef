"""The page of all verbs with their arguments, from the bridge's table of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from macnet_bridge.commands.job import Verb
from macnet_bridge.commands.verbs import VERBS
from macnet_bridge.contract.commands import message_name
from macnet_bridge.contract.json_schema import schema_document
from macnet_bridge.macnet.protocol.functions import FUNCTIONS
from macnet_bridge.topics import Scope
from reference.contract import type_of
from reference.derived import verbs as verbs_of
from reference.markdown import page_name, table

_INTRODUCTION = """\
# Verbs

Every verb and its arguments, made by `python -m reference` from the table that the bridge looks them up in.
What they do is in [Commands](../commands.md); every payload by key is in [Topics and
payloads](../reference-topics.md).

*Reads* need no rule `[[commands.allow]]` and change nothing at a tester; *stops* need none either,
unless `stop_needs_rule` says so, and overtake whatever waits. *Needs an id*: the command is refused without
one, and carried out once however often it comes.
An argument in **bold** is needed. `R` is the root, `C` a cycler, `N` a channel, `B` a bridge.
"""
_TITLES = {
    Scope.CHANNEL: ("To a channel", "R/C/N/cmd/VERB"),
    Scope.CYCLER: ("To a cycler", "R/C/cmd/VERB"),
    Scope.ALL: ("To all cyclers", "R/all/cmd/VERB"),
    Scope.BRIDGE: ("To a bridge", "R/bridge/B/cmd/VERB"),
}


def verbs_page() -> str:
    """docs/reference/verbs.md"""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    schemas = schema_document(VERBS.values())["$defs"]
    yield _INTRODUCTION
    for scope, (title, topic) in _TITLES.items():
        yield f"## {title}"
        yield ""
        yield f"`{topic}`, or with your name as the last level."
        yield ""
        rows = sorted((verb for verb in VERBS.values() if verb.scope is scope), key=message_name)
        heads = ("verb", "kind", "arguments", "MacNet")
        yield from table(heads, [_row(verb, schemas) for verb in rows])


def _row(verb: Verb[Any], schemas: dict[str, Any]) -> tuple[str, ...]:
    arguments = schemas[verb.arguments.__name__]
    return f"`{verb.name}`", _kind(verb), ", ".join(_arguments(arguments)), _functions(verb)


def _kind(verb: Verb[Any]) -> str:
    kinds = ["reads"] * verb.reads + ["stops"] * verb.stops + ["needs an id"] * verb.needs_id
    return ", ".join(kinds)


def _arguments(schema: dict[str, Any]) -> Iterator[str]:
    needed = schema.get("required", ())
    for key, of in sorted(schema.get("properties", {}).items(), key=lambda item: item[0] not in needed):
        name = f"**`{key}`**" if key in needed else f"`{key}`"
        yield f"{name} ({_linked(type_of(of))})"


def _linked(kind: str) -> str:
    """A type's link, which leads to a place on another page here."""
    return re.sub(r"\]\(#", "](../reference-topics.md#", kind)


def _functions(verb: Verb[Any]) -> str:
    """The functions that it is for, of those that only read everything left out."""
    if verb.name == "macnet":
        return "any that only reads"
    numbers = [number for number in FUNCTIONS if verb in verbs_of(number)]
    return ", ".join(f"[({f}, {n})](../macnet/{page_name((f, n))})" for f, n in numbers)
