"""Every topic that the bridge publishes or subscribes, made and read in this one place.

R/C/N/cmd/VERB[/PRINCIPAL]      a command to channel N of cycler C
R/C/cmd/VERB[/PRINCIPAL]        to the cycler
R/bridge/B/cmd/VERB[/PRINCIPAL] to bridge B itself
R/all/cmd/VERB[/PRINCIPAL]      to everything that any bridge serves
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from macnet_bridge.errors import Rejected

ANONYMOUS = "anonymous"
"""The principal of a command whose topic names none."""

RESERVED_NAMES = frozenset({"bridge", "reply", "all"})
CANARY_VERB = "canary"
"""The verb under which the bridge publishes its own probes; never a command."""

VERB_LENGTH_MAX = 64
"""Longer words name no verb, and acknowledgements, which repeat it, are kept for a while."""
REPLY_BYTES_MAX = 1024
REPLY_LEVELS_MAX = 32
"""Longest and deepest Response Topic that the bridge publishes to. Brokers have limits of their own
(Mosquitto: 200 levels) and end the connection of who passes them; as an acknowledgement is kept until
it is confirmed, the next connection would end in the same way, and the one after that."""

ROOT_PATTERN = r"\A[^/+#$\x00](?:[^+#\x00]*[^/+#\x00])?\Z"
ROOT_IN_WORDS = "levels of a topic, without + and #, with no / at either end and no $ in front"

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_CHANNEL = re.compile(r"[1-9][0-9]{0,4}")


class Scope(Enum):
    """What a command is addressed to."""

    CHANNEL = "channel"
    CYCLER = "cycler"
    BRIDGE = "bridge"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a command is to go, and from whom, as its topic says.

    `cycler` is None for the bridge and for all, `channel` is None for all but a channel.
    """

    scope: Scope
    verb: str
    principal: str
    cycler: str | None = None
    channel: int | None = None


def is_root(text: str) -> bool:
    """Whether it can be the first level or levels of all topics."""
    return re.search(ROOT_PATTERN, text) is not None


def is_name(text: str) -> bool:
    """Whether a cycler, bridge or principal may have this name."""
    return _NAME.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one bridge.

    Attributes:
        root: first level or levels of all topics, without a slash at either end.
        bridge: name of the bridge.
    """

    root: str
    bridge: str

    # --- published

    def bridge_topic(self, leaf: str) -> str:
        """`status`, `info`, `health` or `ack` of the bridge."""
        return f"{self.root}/bridge/{self.bridge}/{leaf}"

    def cycler_topic(self, cycler: str, leaf: str) -> str:
        """`status`, `info`, `telemetry/sweep` or `telemetry/ack` of a cycler."""
        return f"{self.root}/{cycler}/{leaf}"

    def channel_topic(self, cycler: str, channel: int, leaf: str) -> str:
        """`state`, `reading`, `ack`, ... of a channel."""
        return f"{self.root}/{cycler}/{channel}/telemetry/{leaf}"

    def alarm_topic(self, cycler: str, channel: int | None, kind: str) -> str:
        """The alarm of a kind, of a channel or of the cycler."""
        if channel is None:
            return self.cycler_topic(cycler, f"telemetry/alarm/{kind}")
        return self.channel_topic(cycler, channel, f"alarm/{kind}")

    @property
    def alarm_filters(self) -> list[str]:
        """Filters for the alarms of all cyclers, whoever serves them."""
        return [f"{self.root}/+/telemetry/alarm/+", f"{self.root}/+/+/telemetry/alarm/+"]

    def is_alarm(self, topic: str) -> bool:
        """Whether this is the topic of an alarm."""
        match self._levels(topic):
            case [_, "telemetry", "alarm", _] | [_, _, "telemetry", "alarm", _]:
                return True
        return False

    def acknowledgement_topic(self, cycler: str | None, channel: int | None) -> str:
        """Where acknowledgements go: the channel, the cycler, or the bridge."""
        if cycler is None:
            return self.bridge_topic("ack")
        if channel is None:
            return self.cycler_topic(cycler, "telemetry/ack")
        return self.channel_topic(cycler, channel, "ack")

    # --- subscribed

    def command_filters(self, cyclers: Iterable[str]) -> list[tuple[str, str]]:
        """Topic filters of all commands, each with a topic under it for probes of the link."""
        pairs = [self._filter(self.bridge_topic("cmd")), self._filter(f"{self.root}/all/cmd")]
        for cycler in cyclers:
            pairs.append(self._filter(f"{self.root}/{cycler}/cmd"))
            pairs.append((f"{self.root}/{cycler}/+/cmd/#", f"{self.root}/{cycler}/1/cmd/{CANARY_VERB}"))
        return pairs

    def parse_command(self, topic: str) -> Address:
        """Read the topic of a command.

        Raises:
            Rejected: BAD_TOPIC, with what is wrong.
        """
        scope, cycler, channel, rest = self._split(topic)
        if not 1 <= len(rest) <= 2 or not 1 <= len(rest[0]) <= VERB_LENGTH_MAX:
            raise Rejected("BAD_TOPIC", f"expected …/cmd/VERB or …/cmd/VERB/PRINCIPAL, got {topic!r}")
        principal = rest[1] if len(rest) == 2 else ANONYMOUS
        if not is_name(principal):
            raise Rejected("BAD_TOPIC", f"{principal!r} is no principal: a-z, 0-9, _ and - only")
        return Address(scope, rest[0], principal, cycler, channel)

    def address_hint(self, topic: str) -> tuple[str | None, int | None]:
        """Cycler and channel of a topic, as far as they can be read, to answer a bad one."""
        try:
            _, cycler, channel, _ = self._split(topic)
        except Rejected:
            first = self._levels(topic)[0]
            return (first if _is_cycler(first) else None), None
        return cycler, channel

    def is_for_all(self, topic: str) -> bool:
        """Whether a command is for all cyclers of all bridges."""
        return self._levels(topic)[:2] == ["all", "cmd"]

    def _filter(self, base: str) -> tuple[str, str]:
        return f"{base}/#", f"{base}/{CANARY_VERB}"

    def _levels(self, topic: str) -> list[str]:
        """The levels below the root; a single empty one for topics elsewhere."""
        below = topic.removeprefix(f"{self.root}/")
        return below.split("/") if below != topic else [""]

    def _split(self, topic: str) -> tuple[Scope, str | None, int | None, list[str]]:
        match self._levels(topic):
            case ["bridge", self.bridge, "cmd", *rest]:
                return Scope.BRIDGE, None, None, rest
            case ["all", "cmd", *rest]:
                return Scope.ALL, None, None, rest
            case [cycler, "cmd", *rest] if _is_cycler(cycler):
                return Scope.CYCLER, cycler, None, rest
            case [cycler, channel, "cmd", *rest] if _is_cycler(cycler) and _CHANNEL.fullmatch(channel):
                return Scope.CHANNEL, cycler, int(channel), rest
        raise Rejected("BAD_TOPIC", f"{topic!r} addresses neither a channel, a cycler, this bridge nor all")


def _is_cycler(text: str) -> bool:
    return is_name(text) and text not in RESERVED_NAMES


@dataclass(frozen=True, slots=True)
class Source:
    """Who published a message, as its topic says: a channel, a cycler, or a bridge.

    Attributes:
        name: of the bridge, else of the cycler.
        leaf: last level, such as `status`, `sweep`, `state`, `reading` or `ack`.
        channel: 0 for all but a channel.
    """

    scope: Scope
    name: str
    leaf: str
    channel: int = 0


def published_filters(root: str) -> list[str]:
    """Filters for all that bridges publish below a root; commands do not match them."""
    return [f"{root}/bridge/+/ack", *cycler_filters(root)]


def cycler_filters(root: str, cycler: str = "+") -> list[str]:
    """Filters for what is published of a cycler and its channels, and for which bridges are there."""
    return [
        f"{root}/bridge/+/status",
        f"{root}/{cycler}/status",
        f"{root}/{cycler}/telemetry/+",
        f"{root}/{cycler}/telemetry/alarm/+",
        f"{root}/{cycler}/+/telemetry/+",
        f"{root}/{cycler}/+/telemetry/alarm/+",
    ]


def read_alarm(root: str, topic: str) -> Source | None:
    """Whose alarm this topic is, its kind as `leaf`; None for a topic that is no alarm's."""
    match topic.removeprefix(root + "/").split("/"):
        case [cycler, "telemetry", "alarm", kind] if is_name(cycler):
            return Source(Scope.CYCLER, cycler, kind)
        case [cycler, channel, "telemetry", "alarm", kind] if is_name(cycler) and _CHANNEL.fullmatch(channel):
            return Source(Scope.CHANNEL, cycler, kind, int(channel))
    return None


def read_published(root: str, topic: str) -> Source | None:
    """The source of a published message, None for a topic that no bridge publishes to."""
    match topic.removeprefix(root + "/").split("/"):
        case ["bridge", bridge, leaf] if is_name(bridge):
            return Source(Scope.BRIDGE, bridge, leaf)
        case [cycler, leaf] | [cycler, "telemetry", leaf] if is_name(cycler):
            return Source(Scope.CYCLER, cycler, leaf)
        case [cycler, channel, "telemetry", leaf] if is_name(cycler) and _CHANNEL.fullmatch(channel):
            return Source(Scope.CHANNEL, cycler, leaf, int(channel))
    return None


def is_below(topic: str, prefixes: Iterable[str]) -> bool:
    """Whether a topic lies under one of the prefixes, by whole levels, and may be published to."""
    return _may_be_published_to(topic) and any(
        topic.startswith(prefix.rstrip("/") + "/") for prefix in prefixes
    )


def _may_be_published_to(topic: str) -> bool:
    """Whether no broker takes offence: neither wildcards nor control characters, not too long or deep."""
    return (
        topic.isprintable()
        and set("+#").isdisjoint(topic)
        and len(topic.encode()) <= REPLY_BYTES_MAX
        and topic.count("/") < REPLY_LEVELS_MAX
    )
