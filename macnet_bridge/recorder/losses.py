"""When a reading that is missing will not come any more. No I/O; all times are the bridge's clock.

A reading may wait on the bridge's disk, or at the broker. It is lost when its bridge has said twice in a
row, and after it was numbered, that nothing waits on its disk, and a live reading that was made after
that has come: with QoS 1, what was published before it came before it.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from msgspec import Struct


class _Spool(Struct):
    waiting: int


class _Health(Struct):
    session: str
    unix_time_second: float
    spool: _Spool


class _Status(Struct):
    bridge: str


# Anybody may have published it: msgspec has an error of its own for JSON, not for text and depth.
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_read_health = msgspec.json.Decoder(_Health).decode
_read_status = msgspec.json.Decoder(_Status).decode


@dataclass
class _Bridge:
    """What a bridge said of its disk.

    Attributes:
        empty_at: when it last said that nothing waits; None if it said something else since.
        sure_until: what was numbered before that does not wait, said at `sure_at`.
    """

    session: str
    empty_at: float | None = None
    sure_until: float | None = None
    sure_at: float = 0.0


class Losses:
    """Of all cyclers."""

    def __init__(self) -> None:
        self._owners: dict[str, str] = {}
        self._bridges: dict[str, _Bridge] = {}
        self._told: dict[str, float] = {}

    def see_status(self, cycler: str, payload: bytes) -> None:
        """`R/C/status`: which bridge serves it."""
        try:
            self._owners[cycler] = _read_status(payload).bridge
        except _UNREADABLE:
            self._owners.pop(cycler, None)

    def see_health(self, name: str, payload: bytes) -> None:
        """`R/bridge/B/health`."""
        try:
            health = _read_health(payload)
        except _UNREADABLE:
            self._bridges.pop(name, None)
            return
        bridge = self._bridges.get(name)
        if bridge is None or bridge.session != health.session:
            bridge = self._bridges[name] = _Bridge(health.session)
        before, bridge.empty_at = bridge.empty_at, None
        if health.spool.waiting == 0:
            bridge.empty_at = health.unix_time_second
            if before is not None:
                bridge.sure_until, bridge.sure_at = before, health.unix_time_second

    def see_live(self, cycler: str, unix_time_second: float) -> float | None:
        """A live reading: until when the cycler's gaps were noticed that are losses; None as before."""
        bridge = self._bridges.get(self._owners.get(cycler, ""))
        if bridge is None or bridge.sure_until is None or unix_time_second <= bridge.sure_at:
            return None
        if self._told.get(cycler) == bridge.sure_until:
            return None
        self._told[cycler] = bridge.sure_until
        return bridge.sure_until
