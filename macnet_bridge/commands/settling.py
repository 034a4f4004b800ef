"""What became of the commands that an earlier run left behind, by reading the testers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping

from macnet_bridge.commands import proof
from macnet_bridge.commands.problems import problem
from macnet_bridge.commands.ticket import Clock, Ticket
from macnet_bridge.errors import MacNetBridgeError, NoReply, Rejected
from macnet_bridge.payloads.acknowledgements import Acknowledgement
from macnet_bridge.store import Row
from macnet_bridge.tester import Tester

LOOK_FOR_S = 5.0
"""How long a tester may take to show what it was told before the bridge died."""
_PAUSE_S = 0.25


class Settler:
    """Finds the final acknowledgement of commands that have none."""

    def __init__(self, testers: Mapping[str, Tester], clock: Clock) -> None:
        self._testers = testers
        self._clock = clock
        self._changed = asyncio.Event()

    def testers_changed(self) -> None:
        """A tester came online."""
        self._changed.set()

    async def outcome(self, ticket: Ticket, row: Row) -> Acknowledgement:
        """The final acknowledgement; waits for the tester where it has to be read."""
        if row.sent_at is None:
            return ticket.refusal(
                Rejected("CANCELLED", "the bridge was restarted before it was sent"), self._clock()
            )
        wanted = proof.decode(row.proof)
        tester = self._testers.get(ticket.cycler or "")
        if wanted is not None and tester is not None:
            found = await self._search(tester, ticket.channel or 1, wanted)
            if found is not None:
                return ticket.acknowledgement("done", self._clock(), result=found, verified="read_back")
        return self.doubtful(ticket)

    def doubtful(self, ticket: Ticket) -> Acknowledgement:
        """The final acknowledgement of a command of which nothing can be known."""
        doubt = NoReply("the bridge was restarted after it was sent, and the tester does not show it")
        return ticket.acknowledgement("unknown", self._clock(), problem=problem(doubt))

    async def _search(self, tester: Tester, channel: int, wanted: proof.Proof) -> proof.Found | None:
        end = 0.0
        while True:
            if tester.survey is None:
                await self._online(tester)
                end = self._clock().monotonic + LOOK_FOR_S
            with contextlib.suppress(MacNetBridgeError):  # the next look may succeed
                found = await proof.look(tester, channel, wanted)
                if found is not None:
                    return found
            end = end or self._clock().monotonic + LOOK_FOR_S
            if tester.survey is not None and self._clock().monotonic >= end:
                return None
            await asyncio.sleep(_PAUSE_S)

    async def _online(self, tester: Tester) -> None:
        while tester.survey is None:
            self._changed.clear()
            await self._changed.wait()
