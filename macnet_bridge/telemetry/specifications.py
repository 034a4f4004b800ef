"""Specifications of one tester's channels: asked for when there is nothing else to do. MacNet (3, 1)"""

from __future__ import annotations

from macnet_bridge.errors import TransportError
from macnet_bridge.macnet.cycler import Line
from macnet_bridge.macnet.protocol.functions import CHANNEL_SPECIFICATION
from macnet_bridge.macnet.survey import Survey
from macnet_bridge.telemetry.publisher import Publisher
from macnet_bridge.tester import Tester


class Specifications:
    """Which of them are still to be asked for."""

    def __init__(self, tester: Tester, publisher: Publisher) -> None:
        self._tester = tester
        self._publisher = publisher
        self._unknown: list[int] = []

    def forget(self, found: Survey) -> None:
        """What comes back need not be what went away, and limits are made of these."""
        self._tester.specifications.clear()
        self._tester.aux_units.clear()
        self._unknown = list(self._tester.channels) if found.has(CHANNEL_SPECIFICATION) else []

    async def read_one(self) -> bool:
        """Ask for one more, and publish all with the last. False = all are known, or never will be."""
        if not self._unknown:
            return False
        try:
            await self._tester.specification(self._unknown[0], line=Line.READS)
        except TransportError:
            return False  # if the tester is gone, the next read that is due finds out
        del self._unknown[0]  # asked once, also where the tester does not tell
        if not self._unknown:
            self._publisher.info()
        return True
