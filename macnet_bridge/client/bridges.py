"""Which bridges say that they are online. No I/O, no clock."""

from __future__ import annotations

import msgspec
from msgspec import UNSET

from macnet_bridge.payloads.status import BridgeStatus
from macnet_bridge.topics import Source

_decode = msgspec.json.Decoder(BridgeStatus).decode


class Bridges:
    """What the retained status of each bridge says.

    Attributes:
        online: names of bridges that leave no cycler to others. One that leaves all of them is
            silent when everything is to stop, so nobody can wait for it.
    """

    def __init__(self) -> None:
        self.online: set[str] = set()

    def take(self, source: Source, payload: bytes) -> None:
        """Note a status; an empty payload clears it."""
        self.online.discard(source.name)
        if not payload or source.leaf != "status":
            return
        status = _decode(payload)
        if status.state == "online" and (status.not_served is UNSET or not status.not_served):
            self.online.add(source.name)
