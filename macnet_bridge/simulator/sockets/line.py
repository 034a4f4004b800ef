"""The way back to a client, as those who answer see it."""

from __future__ import annotations

from typing import Protocol


class Line(Protocol):
    """Where the replies to a client go."""

    def send(self, data: bytes) -> None:
        """Send bytes; to nobody when the client has left meanwhile."""


class Stream(Line, Protocol):
    """A TCP connection, which can do more than send."""

    def hold(self, data: bytes) -> None:
        """Keep bytes back; they leave in one piece with what is sent next."""

    def reset(self) -> None:
        """End the connection by RST, without a word."""

    def fall_silent(self) -> None:
        """Send nothing and read nothing more, and leave the connection open."""
