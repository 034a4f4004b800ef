"""What `macnet-bridge send --verbs` prints: all verbs and their arguments, from the bridge's table. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click
import msgspec

from macnet_bridge.commands.job import Verb
from macnet_bridge.topics import Scope

_TO_WHOM = {
    Scope.CHANNEL: "To channels, CYCLER/CHANNELS",
    Scope.CYCLER: "To a cycler, CYCLER",
    Scope.BRIDGE: "To a bridge, bridge/NAME",
    Scope.ALL: "To all cyclers, all",
}


def verb_list(verbs: Iterable[Verb[Any]], width: int) -> str:
    """A section for each kind of target, no wider than that many columns; a star marks what is needed."""
    formatter = click.HelpFormatter(width=width)
    known = sorted(verbs, key=lambda verb: verb.name.startswith("sb_"))  # few have smart batteries
    for scope, heading in _TO_WHOM.items():
        with formatter.section(heading):
            formatter.write_dl([(verb.name, _arguments(verb)) for verb in known if verb.scope is scope])
    formatter.write_paragraph()
    formatter.write_text("* = needed. Every key and its unit: macnet-bridge schema.")
    return formatter.getvalue().rstrip("\n")


def _arguments(verb: Verb[Any]) -> str:
    fields = sorted(msgspec.structs.fields(verb.arguments), key=lambda field: not field.required)
    return ", ".join(f"{field.encode_name}{'*' * field.required}" for field in fields) or "-"
