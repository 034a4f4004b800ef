"""What the ways in know of whoever answers."""

from __future__ import annotations

from typing import Protocol

from macnet_bridge.macnet.protocol.framing import Header
from macnet_bridge.macnet.protocol.jsonrpc import BadRequest
from macnet_bridge.simulator.machine.session import Session
from macnet_bridge.simulator.sockets.desk import Desk
from macnet_bridge.simulator.sockets.forms import Forms
from macnet_bridge.simulator.sockets.line import Line
from macnet_bridge.simulator.sockets.received import Transport


class Answering(Protocol):
    """Who answers what comes in: `Service`, or the one of another profile."""

    desk: Desk
    forms: Forms

    def take_json(self, text: bytes, session: Session, line: Line) -> None:
        """One JSON object; its reply goes to `line`. Raises Malformed to have the connection closed."""

    def refuse_json(self, error: BadRequest, text: bytes, line: Line) -> None:
        """Bytes that are no request; `line` closes the connection after the reply."""

    def take_binary(
        self, header: Header, data: bytes, transport: Transport, session: Session, line: Line
    ) -> None:
        """One binary message; its reply goes to `line`."""
