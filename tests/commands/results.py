"""Whether the result of an acknowledgement is what the table of verbs says."""

from __future__ import annotations

from typing import Any

import msgspec

from macnet_bridge.commands.verbs import VERBS
from macnet_bridge.payloads.results import DryRun
from macnet_bridge.topics import Scope


def check_results(answer: dict[str, Any]) -> None:
    """Each result, those of a summary too, has the type of its verb, and no key more."""
    for part in (answer, *answer.get("results", ())):
        if part["status"] == "done" and "result" in part:
            kind = DryRun if answer.get("dry_run") else _kind(answer["command"], part)
            assert msgspec.to_builtins(msgspec.convert(part["result"], kind)) == part["result"], kind


def _kind(verb: str, part: dict[str, Any]) -> Any:
    scope = Scope.CHANNEL if "channel" in part else Scope.CYCLER if "cycler" in part else Scope.BRIDGE
    return (VERBS.get((scope, verb)) or VERBS[Scope.CYCLER, verb]).result
