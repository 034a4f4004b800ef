"""Who may do what: allow rules. Any rule that matches allows; reads need none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from macnet_bridge.errors import ConfigError, Rejected
from macnet_bridge.topics import Address


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
            and (self.cyclers is None or address.cycler is None or address.cycler in self.cyclers)
            # A cycler-wide command reaches all channels; a rule for some of them is not enough.
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
        ConfigError: not of that form, or a channel below 1.
    """
    if text == "all":
        return None
    if not isinstance(text, str):
        return frozenset(text)
    channels: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        try:
            span = range(int(first), int(last if dash else first) + 1)
        except ValueError:
            raise ConfigError(f'channels {text!r}: write "all" or something like "1-16,33"') from None
        if not span or span[0] < 1:
            raise ConfigError(f"channels {text!r}: {part.strip()!r} is no range of channels from 1 up")
        channels.update(span)
    return frozenset(channels)
