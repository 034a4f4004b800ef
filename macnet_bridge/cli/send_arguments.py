"""What the words of `macnet-bridge send` mean. No network, no clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from macnet_bridge.commands.groups import listed_channels
from macnet_bridge.errors import ConfigError
from macnet_bridge.topics import RESERVED_NAMES, is_name


@dataclass(frozen=True, slots=True)
class Target:
    """Whom a command is for.

    Attributes:
        name: of the cycler or bridge; empty for all.
        channels: as the user wrote them; empty for the cycler as a whole.
    """

    kind: Literal["all", "bridge", "cycler"]
    name: str = ""
    channels: str = ""

    @property
    def channel(self) -> int | None:
        """The number of a single channel, None for several."""
        return int(self.channels) if self.channels.isdecimal() else None


def read_target(text: str) -> Target:
    """Read `all`, `bridge/NAME`, `CYCLER` or `CYCLER/CHANNELS`.

    Raises:
        ValueError: it is none of these, in words for people.
    """
    if text == "all":
        return Target("all")
    name, slash, rest = text.partition("/")
    if name == "bridge" and is_name(rest):
        return Target("bridge", rest)
    if not is_name(name) or name in RESERVED_NAMES:
        targets = "CYCLER, CYCLER/CHANNELS, bridge/NAME or all"
        raise ValueError(f"{text!r} is no target: {targets}; names are of a-z, 0-9, _ and -")
    if slash:
        _check_channels(rest)
    return Target("cycler", name, rest)


def _check_channels(text: str) -> None:
    """Refuse here what the bridge would refuse, in its words."""
    try:
        listed_channels(text)
    except ConfigError as error:
        raise ValueError(str(error)) from None


def read_arguments(pairs: Sequence[str]) -> dict[str, Any]:
    """Read `key=value` pairs; `safety.voltage_max_volt=4.2` goes into a table.

    A value that is JSON is taken as such, any other as text.

    Raises:
        ValueError: something is no pair, or comes twice.
    """
    arguments: dict[str, Any] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals or not key:
            raise ValueError(f"{pair!r} is not key=value")
        *tables, last = key.split(".")
        place = arguments
        for table in tables:
            place = place.setdefault(table, {})
            if not isinstance(place, dict):
                raise ValueError(f"{key}: {table} has a value already")
        if last in place:
            raise ValueError(f"{key} comes twice")
        place[last] = _value(text)
    return arguments


def _value(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
