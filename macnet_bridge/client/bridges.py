"""Which bridges say that they are online and serve something. No I/O, no clock."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec import UNSET, Struct

from macnet_bridge.payloads.status import BridgeStatus
from macnet_bridge.topics import Source

_decode_status = msgspec.json.Decoder(BridgeStatus).decode


class _Info(Struct):
    """What is needed of `R/bridge/B/info`: the cyclers of its configuration, and its version of MQTT."""

    cyclers: list[str]
    protocol: str = "5"


_decode_info = msgspec.json.Decoder(_Info).decode


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


class Bridges:
    """What the retained status and info of each bridge below a root say."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._left: dict[str, set[str]] = {}
        """Cyclers that are left to another bridge, of each bridge that is online."""
        self._cyclers: dict[str, set[str]] = {}
        self._knows_replies: dict[str, bool] = {}

    @property
    def all_know_replies(self) -> bool:
        """Whether Response Topics reach all bridges that are online; MQTT 3.1.1 has none."""
        return all(self._knows_replies.get(name, True) for name in self._left)

    @property
    def serving(self) -> set[str]:
        """Names of bridges that are online and serve a cycler.

        One that leaves all of its cyclers to others is silent when everything is to stop, so nobody
        can wait for it. One that has not said which cyclers it has may serve some.
        """
        return {name for name, left in self._left.items() if self._cyclers.get(name, {""}) - left}

    def about(self, topic: str) -> str:
        """Why nobody may answer a command of this topic, as far as bridges tell; empty where they do not."""
        if not self._left:
            return f"no bridge is online below {self._root}/"
        match topic.removeprefix(f"{self._root}/").split("/"):
            case ["all", *_]:
                return ""
            case ["bridge", name, *_]:
                return self._about_bridge(name)
            case [cycler, *_]:
                return self._about_cycler(cycler)
        return ""

    def _about_bridge(self, name: str) -> str:
        return "" if name in self._left else f"no bridge {name} is online; there are {_listed(self._left)}"

    def _about_cycler(self, cycler: str) -> str:
        told = [self._cyclers.get(name) for name in self._left]
        known = {name for cyclers in told for name in cyclers or ()}
        if cycler in known or None in told:
            return ""
        return f"no bridge that is online has a cycler {cycler}; there are {_listed(known)}"

    def take(self, source: Source, payload: bytes) -> None:
        """Note a status or an info; an empty payload clears it."""
        if source.leaf == "status":
            self._left.pop(source.name, None)
            if payload:
                self._take_status(source.name, _decode_status(payload))
        elif source.leaf == "info":
            self._cyclers.pop(source.name, None)
            self._knows_replies.pop(source.name, None)
            if payload:
                self._take_info(source.name, _decode_info(payload))

    def _take_info(self, name: str, info: _Info) -> None:
        self._cyclers[name] = set(info.cyclers)
        self._knows_replies[name] = info.protocol == "5"

    def _take_status(self, name: str, status: BridgeStatus) -> None:
        if status.state == "online":
            self._left[name] = set() if status.not_served is UNSET else set(status.not_served)
