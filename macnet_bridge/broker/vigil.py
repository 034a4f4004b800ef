"""Watching that one connection delivers: before it counts as good, and then until its end.

Each subscription has to deliver its canary, and something has to come from the broker all the time.
What kept us from reading, or the broker from sending, is no fault of the connection.
"""

from __future__ import annotations

import time
from typing import NoReturn

from macnet_bridge.broker.canary import PROOF_S, Canaries, withheld
from macnet_bridge.broker.connection import Connection
from macnet_bridge.broker.messages import Cause, LinkLost
from macnet_bridge.broker.outbox import Entry, Outbox

SILENCE_S = 4.0
"""A ready connection is given up when canaries are missing, or nothing at all comes, for this long."""
TICK_S = 0.25


class Vigil:
    """Sends the canaries of one connection, and misses those that do not come back.

    Args:
        username: ours, for what is said of a subscription that does not deliver.
    """

    def __init__(self, link: Connection, outbox: Outbox, canaries: Canaries, username: str) -> None:
        self._link = link
        self._outbox = outbox
        self._canaries = canaries
        self._username = username

    async def prove(self) -> None:
        """Wait until every subscription has delivered. Raises LinkLost."""
        self._tick(PROOF_S)
        while not self._canaries.all_came_back:
            await self._link.wait(TICK_S)
            self._tick(PROOF_S)

    async def keep(self) -> NoReturn:
        """Watch until the connection ends, or has to be given up. Raises LinkLost."""
        while True:
            await self._link.wait(TICK_S)
            self._tick(SILENCE_S)

    def _tick(self, limit_s: float) -> None:
        now = time.monotonic()
        wire = self._link.wire
        wire.tick()
        self._send_canaries(now)
        if wire.is_paused:
            self._canaries.excuse(now)
            return
        if now - wire.last_read > SILENCE_S:
            raise LinkLost(Cause.SILENT, f"nothing came from the broker for {SILENCE_S:g} s")
        if self._link.unacknowledged:
            # The broker may hold the canary back until we acknowledge what came before it.
            self._canaries.excuse(now)
        missing = self._canaries.overdue(now, limit_s)
        if missing is not None:
            raise withheld(missing, self._username)

    def _send_canaries(self, now: float) -> None:
        if not self._outbox.has_room:
            return
        for canary in self._canaries.due(now):
            mid = self._link.publish(canary)
            if mid is not None:
                self._outbox.handed(Entry(canary, None, 0), mid)
