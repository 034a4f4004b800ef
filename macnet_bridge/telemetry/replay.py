"""Sends again what waited on disk: oldest first, slowly enough to be in nobody's way."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from macnet_bridge.store.spool_tables import Message
from macnet_bridge.telemetry.safekeeping import Safekeeping

LEAST_PER_SECOND = 500.0
TIMES_LIVE = 12.0
"""How much quicker than live readings those from the disk may be sent; ten times is what they reach."""

WINDOW = 100
"""How many of them may be unconfirmed; a live reading waits behind so many at most."""

_BURST_S = 0.1
FETCHED_AT_ONCE = 200
_LIVE = b'"is_historical":false'
_HISTORICAL = b'"is_historical":true'


def historical(payload: bytes) -> bytes:
    """The payload of a reading as it is sent later. Within a JSON string its quotes would be escaped."""
    return payload.replace(_LIVE, _HISTORICAL, 1)


class Replay:
    """What is on its way from the disk to the broker.

    Args:
        send: publishes one; False when it cannot leave now.
        wake: have `pump` called soon.
    """

    def __init__(
        self, safekeeping: Safekeeping, send: Callable[[Message], bool], wake: Callable[[], None]
    ) -> None:
        self._safekeeping = safekeeping
        self._send = send
        self._wake = wake
        self._rows: deque[Message] = deque()
        self._under_way: dict[int, Message] = {}
        self._fetched_up_to = 0
        self._allowance = 0.0
        self._counted_at = 0.0
        self._begins_at: float | None = None
        self._epoch = 0
        self._is_fetching = False

    @property
    def is_on(self) -> bool:
        """Whether there is a broker."""
        return self._begins_at is not None

    @property
    def under_way(self) -> int:
        """Handed over and not confirmed."""
        return len(self._under_way)

    @property
    def in_hand(self) -> list[Message]:
        """Read from the disk and not confirmed, the oldest first."""
        return [*self._under_way.values(), *self._rows]

    def begin(self, at: float) -> None:
        """There is a broker: begin with the oldest at this time."""
        self.stop()
        self._begins_at = at

    def stop(self) -> None:
        """There is no broker: what was under way may not have arrived, and is sent again."""
        self._begins_at = None
        self._epoch += 1
        self._rows.clear()
        self._under_way.clear()
        self._fetched_up_to = 0
        self._is_fetching = False

    def settled(self, number: int) -> bool:
        """One of them was confirmed or refused; False for one of an earlier connection."""
        if self._under_way.pop(number, None) is None:
            return False
        if self._rows:
            self._wake()
        return True

    def pump(self, now: float, live_per_second: float, before: int) -> None:
        """Send as many as may leave now.

        Args:
            before: number of the oldest live one that is not confirmed; older ones go first, so
                that what is historical is in order if that one should become so.
        """
        if self._begins_at is None or now < self._begins_at:
            self._counted_at = now
            return
        rate = max(LEAST_PER_SECOND, TIMES_LIVE * live_per_second)
        self._allowance = min(self._allowance + rate * (now - self._counted_at), rate * _BURST_S)
        self._counted_at = now
        while self._rows and self._allowance >= 1 and len(self._under_way) < WINDOW:
            if not self._send_one(self._rows[0]):
                break
        known = len(self._rows) + len(self._under_way)
        if len(self._rows) < WINDOW and not self._is_fetching and self._safekeeping.waiting > known:
            self._fetch(before)

    def _send_one(self, row: Message) -> bool:
        self._under_way[row.id] = row
        if not self._send(row):
            self._under_way.pop(row.id, None)
            return False
        self._rows.popleft()
        self._allowance -= 1
        return True

    def _fetch(self, before: int) -> None:
        self._is_fetching = True
        epoch = self._epoch

        def fetched(rows: list[Message]) -> None:
            if epoch != self._epoch:
                return
            self._is_fetching = False
            self._rows.extend(rows)
            if rows:
                self._fetched_up_to = rows[-1].id
                self._wake()

        self._safekeeping.fetch(self._fetched_up_to, before, FETCHED_AT_ONCE, fetched)
