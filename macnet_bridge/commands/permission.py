"""Who may do what: allow rules. Any rule that matches allows; reads need none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from macnet_bridge.errors import ConfigError, Rejected
from macnet_bridge.topics import Address

LAST_CHANNEL = 0xFFFF
"""MacNet carries channels in 16 bits; what would be the number after stands for something else."""

_SPAN = re.compile(r"\s*(?P<first>[0-9]{1,9})\s*(?:-\s*(?P<last>[0-9]{1,9})\s*)?")


@dataclass(frozen=True, slots=True)
class AllowRule:
    """One `[[commands.allow]]`. None of cyclers or channels means all of them.

    Attributes:
        principal: a name, or `*` for everyone, the nameless included.
        commands: verbs or patterns such as `read_*`.
    """

    principal: str
    commands: tuple[str, ...]
    cyclers: tuple[str, ...] | None = None
    channels: frozenset[int] | None = None

    def matches(self, address: Address) -> bool:
        return (
            self.principal in ("*", address.principal)
            # A cycler-wide command reaches all channels, and one to the bridge may reach all
            # cyclers; a rule for some of them is not enough.
            and (self.cyclers is None or address.cycler in self.cyclers)
            and (self.channels is None or address.channel in self.channels)
            and any(fnmatchcase(address.verb, pattern) for pattern in self.commands)
        )


@dataclass(frozen=True, slots=True)
class Permission:
    """The rules of a bridge.

    Attributes:
        stop_needs_rule: whether stops, too, need a rule.
    """

    rules: Sequence[AllowRule] = ()
    stop_needs_rule: bool = False

    def check(self, address: Address, *, reads: bool, stops: bool) -> None:
        """Let a command pass.

        Raises:
            Rejected: NOT_ALLOWED.
        """
        free = reads or (stops and not self.stop_needs_rule)
        if free or any(rule.matches(address) for rule in self.rules):
            return
        raise Rejected(
            "NOT_ALLOWED",
            f"no [[commands.allow]] rule lets {address.principal} do {address.verb} here",
        )


def parse_channels(text: str | Sequence[int]) -> frozenset[int] | None:
    """Channels from `"1-16,33"`, a list, or `"all"` (None).

    Raises:
        ConfigError: not of that form, or a channel that MacNet has no number for.
    """
    if text == "all":
        return None
    if not isinstance(text, str):
        return frozenset(text)
    channels: set[int] = set()
    for part in text.split(","):
        found = _SPAN.fullmatch(part)
        if found is None:
            raise ConfigError(f'channels {text!r}: write "all" or something like "1-16,33"')
        first, last = int(found["first"]), int(found["last"] or found["first"])
        if not (1 <= first <= LAST_CHANNEL and 1 <= last <= LAST_CHANNEL):
            raise ConfigError(f"channels {text!r}: {part.strip()} is not within 1 to {LAST_CHANNEL}")
        if first > last:
            raise ConfigError(f"channels {text!r}: {part.strip()} runs backwards, write {last}-{first}")
        channels.update(range(first, last + 1))
    return frozenset(channels)
