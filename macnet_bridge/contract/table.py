"""The one table of topics: what each is for, which Struct it carries, its QoS, and who publishes it.

Patterns have parameters in braces: `{root}` may be several levels, each other one is one level.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any, get_args

from macnet_bridge.payloads.acknowledgements import Acknowledgement
from macnet_bridge.payloads.alarms import Alarm, AlarmKind
from macnet_bridge.payloads.events import AnyEvent
from macnet_bridge.payloads.health import BridgeHealth
from macnet_bridge.payloads.inputs import Aux, Variables
from macnet_bridge.payloads.status import BridgeInfo, BridgeStatus, CyclerInfo, CyclerStatus
from macnet_bridge.payloads.telemetry import ChannelState, Reading, Sweep
from macnet_bridge.topics import CANARY_VERB, Scope


class Publisher(Enum):
    """Who publishes to a topic."""

    BRIDGE = "the bridge"
    REQUESTER = "whoever commands"
    ITSELF = "the bridge, for itself"


@dataclass(frozen=True, slots=True)
class Topic:
    """One row of the table.

    Attributes:
        name: of the channel in the AsyncAPI document.
        pattern: of the topic, with parameters in braces.
        payload: the Struct, or a union of Structs; None where it is a command's, or no JSON.
        qos: None: as `telemetry.qos` of the configuration says.
        is_heard: the bridge subscribes to it too, to see what other bridges publish.
        is_cleared: an empty payload means that it holds no more.
        scope: what commands there are addressed to; None for what is no command.
    """

    name: str
    pattern: str
    summary: str
    payload: Any = None
    qos: int | None = 1
    is_retained: bool = False
    is_heard: bool = False
    is_cleared: bool = False
    publisher: Publisher = Publisher.BRIDGE
    scope: Scope | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """What may stand for a parameter of a pattern."""

    description: str
    choices: tuple[str, ...] = ()
    default: str | None = None
    examples: tuple[str, ...] = ()


PARAMETERS = {
    "root": Parameter("First level or levels of all topics: `mqtt.root`.", default="macnet"),
    "bridge": Parameter("Name of a bridge: `bridge.name`.", examples=("lab",)),
    "cycler": Parameter("Name of a cycler: `name` of its `[[cycler]]`.", examples=("lab1",)),
    "channel": Parameter("Number of a channel, from 1.", examples=("5",)),
    "alarm": Parameter("What is wrong.", choices=get_args(AlarmKind)),
    "verb": Parameter("What is to be done."),
    "principal": Parameter("The publisher's user name at the broker.", examples=("alice",)),
}

_B, _C, _N = "{root}/bridge/{bridge}", "{root}/{cycler}", "{root}/{cycler}/{channel}"
_T = f"{_N}/telemetry"


def _commands(name: str, base: str, scope: Scope, whom: str) -> tuple[Topic, ...]:
    """The three topics of a scope: with and without a principal, and the bridge's own probes."""
    who, itself = Publisher.REQUESTER, Publisher.ITSELF
    return (
        Topic(f"{name}_command", f"{base}/cmd/{{verb}}", f"A command to {whom}.", publisher=who, scope=scope),
        Topic(
            f"{name}_command_by",
            f"{base}/cmd/{{verb}}/{{principal}}",
            f"A command to {whom}, with who gives it.",
            publisher=who,
            scope=scope,
        ),
        Topic(
            f"{name}_canary",
            f"{base}/cmd/{CANARY_VERB}",
            "The bridge's own, to see whether its subscription delivers; not to be answered.",
            publisher=itself,
        ),
    )


TOPICS: tuple[Topic, ...] = (
    Topic(
        "bridge_status",
        f"{_B}/status",
        "Whether the bridge is there; also its will.",
        BridgeStatus,
        is_retained=True,
        is_heard=True,
    ),
    Topic(
        "bridge_info",
        f"{_B}/info",
        "Version, verbs, cyclers, configuration without secrets.",
        BridgeInfo,
        is_retained=True,
    ),
    Topic("bridge_schema", f"{_B}/schema", "JSON Schemas of all payloads.", is_retained=True),
    Topic("bridge_health", f"{_B}/health", "Every ten seconds: rates, losses, delays.", BridgeHealth, qos=0),
    Topic("bridge_ack", f"{_B}/ack", "Acknowledgements of commands to the bridge and all.", Acknowledgement),
    Topic(
        "cycler_status",
        f"{_C}/status",
        "Whether the tester answers.",
        CyclerStatus,
        is_retained=True,
        is_heard=True,
        is_cleared=True,
    ),
    Topic(
        "cycler_info",
        f"{_C}/info",
        "What the tester is, and its channels.",
        CyclerInfo,
        is_retained=True,
        is_heard=True,
        is_cleared=True,
    ),
    Topic("sweep", f"{_C}/telemetry/sweep", "All channels, in columns.", Sweep, qos=None),
    Topic(
        "cycler_ack", f"{_C}/telemetry/ack", "Acknowledgements of commands to the cycler.", Acknowledgement
    ),
    Topic(
        "cycler_alarm",
        f"{_C}/telemetry/alarm/{{alarm}}",
        "What is wrong with the tester, while it is.",
        Alarm,
        is_retained=True,
        is_heard=True,
        is_cleared=True,
    ),
    Topic(
        "channel_state",
        f"{_T}/state",
        "State of a channel, when it changes.",
        ChannelState,
        is_retained=True,
        is_cleared=True,
    ),
    Topic("reading", f"{_T}/reading", "One full reading.", Reading, qos=None),
    Topic("aux", f"{_T}/aux", "Auxiliary inputs of a channel that runs a test.", Aux, qos=0),
    Topic("variables", f"{_T}/variables", "Global flags, and VAR1 to VAR15.", Variables, qos=0),
    Topic("event", f"{_T}/event", "What happened once.", AnyEvent),
    Topic("channel_ack", f"{_T}/ack", "Acknowledgements of commands to the channel.", Acknowledgement),
    Topic(
        "channel_alarm",
        f"{_T}/alarm/{{alarm}}",
        "What is wrong with the channel, while it is.",
        Alarm,
        is_retained=True,
        is_heard=True,
        is_cleared=True,
    ),
    *_commands("channel", _N, Scope.CHANNEL, "a channel"),
    *_commands("cycler", _C, Scope.CYCLER, "a cycler, or with `channels` to several channels of it"),
    *_commands("all", "{root}/all", Scope.ALL, "everything that bridges below the root serve"),
    *_commands("bridge", _B, Scope.BRIDGE, "the bridge"),
)
"""All topics but Response Topics, which requesters choose."""

_LEVEL = r"[^/]+"
_KINDS = {
    "channel": r"[1-9][0-9]*",
    "cycler": r"(?!bridge/|all/|reply/)[^/]+",
    "verb": rf"(?!{CANARY_VERB}$)[^/]+",
}


def find(root: str, topic: str) -> Topic | None:
    """The row of a topic below a root; None for one that the contract does not have."""
    found = [row for row in TOPICS if _expression(row.pattern, root).fullmatch(topic)]
    return found[0] if found else None


def parameters(pattern: str) -> list[str]:
    """The parameters of a pattern, in order."""
    return re.findall(r"\{(\w+)\}", pattern)


@cache
def _expression(pattern: str, root: str) -> re.Pattern[str]:
    def part(found: re.Match[str]) -> str:
        return re.escape(root) if found[1] == "root" else _KINDS.get(found[1], _LEVEL)

    return re.compile(re.sub(r"\{(\w+)\}", part, pattern))
