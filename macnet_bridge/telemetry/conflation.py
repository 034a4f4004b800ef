"""Readings with QoS 0: while there is no room the newest of each channel waits, and has no number yet."""

from __future__ import annotations

from functools import partial
from typing import Any

from macnet_bridge.telemetry.numbering import Numbering
from macnet_bridge.telemetry.outlet import Outlet
from macnet_bridge.telemetry.owed import Place
from macnet_bridge.telemetry.progress import Progress


class Conflation:
    """Sends them.

    Attributes:
        published, confirmed: handed to the broker, and written to it.
        under_way: handed to the broker and not settled.
        conflated: replaced by a newer one before they got a number.
        lost: numbered, and not written.
    """

    def __init__(self, outlet: Outlet, numbering: Numbering, progress: Progress) -> None:
        self._outlet = outlet
        self._numbering = numbering
        self._progress = progress
        self._newest: dict[Place, tuple[str, dict[str, Any]]] = {}
        self.published = self.confirmed = self.under_way = self.conflated = self.lost = 0

    def reading(self, place: Place, topic: str, values: dict[str, Any]) -> None:
        """Send it, or let it wait for room."""
        if self._outlet.has_room and not self._newest:
            self._send(place, topic, values)
        else:
            self.conflated += place in self._newest
            self._newest[place] = (topic, values)
            self._outlet.await_room()

    def flush(self) -> None:
        """Send what waited, as far as there is room."""
        while self._newest and self._outlet.has_room:
            place = next(iter(self._newest))
            self._send(place, *self._newest.pop(place))
        if self._newest:
            self._outlet.await_room()

    def _send(self, place: Place, topic: str, values: dict[str, Any]) -> None:
        payload, seq = self._numbering.numbered(place, values)
        size = len(topic) + len(payload)
        if self._outlet.send(topic, payload, 0, partial(self._settled, place, seq, size)):
            self.published += 1
            self.under_way += 1
        else:
            self.lost += 1

    def _settled(self, place: Place, seq: int, size: int, is_taken: bool) -> None:
        self._outlet.free(size)
        self.under_way -= 1
        if is_taken:
            self.confirmed += 1
            self._progress.safe(place, seq)
        else:
            self.lost += 1
