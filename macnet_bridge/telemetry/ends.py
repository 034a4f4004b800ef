"""Asks a tester to which of its ends a test came. MacNet (4, 10)"""

from __future__ import annotations

from macnet_bridge.errors import TesterRefused, TransportError
from macnet_bridge.macnet.cycler import AsyncCycler
from macnet_bridge.macnet.protocol.messages import EndStatus

_LOST_UNTIL_GIVEN_UP = 2
"""Replies that are lost in a row until the tester is not asked any more, before it comes online again:
silence costs a whole time-out."""


class Ends:
    """Those of the tests of one tester."""

    def __init__(self, cycler: AsyncCycler) -> None:
        self._cycler = cycler
        self._lost = 0

    @property
    def are_told(self) -> bool:
        """Whether it is worth while to ask."""
        return self._lost < _LOST_UNTIL_GIVEN_UP

    def came_online(self) -> None:
        """The tester may tell them again."""
        self._lost = 0

    async def of(self, number: int) -> EndStatus | None:
        """That of the test of a channel; None where the tester does not tell."""
        try:
            end = await self._cycler.read_end_status(number)
        except TransportError:
            # What is wrong with a tester that does not answer at all, the next reading finds out.
            self._lost += 1
            return None
        except TesterRefused as error:
            # A result code is an answer: the function is there.
            self._lost = 0 if isinstance(error.result, int) else _LOST_UNTIL_GIVEN_UP
            return None
        self._lost = 0
        return end
