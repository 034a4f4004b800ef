"""By which transport one tester is read: chosen when it comes online, and told when that fails later."""

from __future__ import annotations

import logging

from macnet_bridge.macnet.cycler import ReadTransport
from macnet_bridge.macnet.probe import probe
from macnet_bridge.macnet.survey import Survey
from macnet_bridge.telemetry.publisher import Publisher
from macnet_bridge.tester import Tester

log = logging.getLogger(__name__)


class ReadingTransport:
    """That of full readings and sweeps."""

    def __init__(self, tester: Tester, publisher: Publisher) -> None:
        self._tester = tester
        self._publisher = publisher
        self._told: ReadTransport = tester.cycler.transport

    async def choose(self, found: Survey) -> None:
        """Probe what there is, unless the configuration names one."""
        tester = self._tester
        if tester.cycler.is_auto:
            tester.probe = await probe(tester.cycler, found)
            tester.cycler.use(tester.probe.chosen)
            log.info("%s is read by %s (%s)", tester.name, tester.probe.chosen, tester.probe)
        self._told = tester.cycler.transport

    def notice_fall_back(self) -> None:
        """Tell of it, should the client have left the one that was chosen."""
        cycler = self._tester.cycler
        if cycler.transport != self._told:
            self._told = cycler.transport
            log.warning("%s is read by %s again: %s", self._tester.name, cycler.transport, cycler.fallen_back)
            self._publisher.info()
