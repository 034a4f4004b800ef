"""Which keys of a command's top level go together, and with which verbs."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from macnet_bridge.commands.job import Verb
from macnet_bridge.errors import Rejected
from macnet_bridge.payloads.envelope import Envelope
from macnet_bridge.topics import Scope


def check_keys(envelope: Envelope, verb: Verb[Any], scope: Scope) -> None:
    """Refuse keys that this verb has no use for; they are never ignored.

    Args:
        scope: of the topic that it came by.

    Raises:
        Rejected: BAD_ARGS
    """
    several = envelope.channels is not UNSET
    wrong = (
        ("channels", several and scope is not Scope.CYCLER, "only on a cycler's topic"),
        ("channels", several and verb.newest_wins, f"{verb.name} is for the one channel of its lease"),
        ("dry_run", envelope.dry_run and verb.newest_wins, f"{verb.name} is judged and sent at once"),
        ("channels", several and verb.scope is not Scope.CHANNEL, f"{verb.name} is of the whole cycler"),
        ("atomic", envelope.atomic and not several, "only together with channels"),
        ("stagger_s", envelope.stagger_s > 0 and not several, "only together with channels"),
        ("atomic", envelope.atomic and (verb.stops or verb.reads), "a read or a stop waits for no other"),
        ("stagger_s", envelope.stagger_s > 0 and verb.stops, "a stop waits for nothing"),
        ("expect", envelope.expect is not UNSET and verb.stops, "a stop has no conditions"),
        ("expect", envelope.expect is not UNSET and verb.scope is not Scope.CHANNEL, "only of a channel"),
        ("dry_run", envelope.dry_run and verb.reads, f"{verb.name} changes no tester; leave it out"),
        ("dry_run", envelope.dry_run and scope is Scope.ALL, "this stops everything, or is not sent"),
    )
    for key, is_wrong, why in wrong:
        if is_wrong:
            raise Rejected("BAD_ARGS", f"{key}: {why}", key)
