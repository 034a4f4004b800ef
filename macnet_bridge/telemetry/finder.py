"""Finds one tester, and tells that it is there, that it is more than it seemed, or that it is gone."""

from __future__ import annotations

import logging
import time

from macnet_bridge.errors import InvalidRequest, TransportError
from macnet_bridge.macnet.survey import Survey, survey
from macnet_bridge.telemetry.channel import Channel
from macnet_bridge.telemetry.doubts import Doubts
from macnet_bridge.telemetry.presence import Presence
from macnet_bridge.telemetry.publisher import Publisher
from macnet_bridge.telemetry.reading_transport import ReadingTransport
from macnet_bridge.telemetry.recognition import Recognition
from macnet_bridge.telemetry.watch import Watch
from macnet_bridge.tester import Tester

log = logging.getLogger(__name__)


class Finder:
    """Surveys a tester.

    Args:
        channels: what is known of each; those that are found are added.
        constant_id: whether the tester may answer each request with one id.
    """

    def __init__(
        self,
        tester: Tester,
        publisher: Publisher,
        channels: dict[int, Channel],
        presence: Presence,
        watch: Watch,
        recognition: Recognition,
        transport: ReadingTransport,
        *,
        constant_id: bool,
    ) -> None:
        self._tester = tester
        self._publisher = publisher
        self._channels = channels
        self._presence = presence
        self._watch = watch
        self._recognition = recognition
        self._transport = transport
        self._constant_id = constant_id

    async def find(self) -> Survey:
        """The tester comes online.

        Raises:
            MacNetBridgeError: it does not answer, or not as one that can be served.
        """
        tester = self._tester
        tester.cycler.use("json")
        found = await survey(tester.cycler, constant_id=self._constant_id)
        if not tester.channels:
            raise InvalidRequest(f"it has {found.system.test_channels} channels, none of those configured")
        tester.survey = found
        self._recognition.found(found)
        self._presence.there(time.time())
        self._begin_channels()
        log.info("%s is online with %d channels", tester.name, found.system.test_channels)
        tester.came_online()
        self._watch.there(found, time.time())
        self._presence.publish()
        # Commands are served from here on; they do not wait for the probe.
        await self._transport.choose(found)
        self._publisher.info()
        return found

    def _begin_channels(self) -> None:
        for number in self._tester.channels:
            channel = self._channels.setdefault(number, Channel(self._publisher.identity.run))
            channel.lock = self._tester.locks.get(number)
            # Of two tests in the same state nothing else tells one from the other.
            channel.test_may_be_another()

    async def find_again(self, doubts: Doubts) -> bool:
        """Ask a doubtful tester again when it is time. True = something else was found."""
        if not doubts.is_due(time.monotonic()):
            return False
        known = self._tester.online()
        try:
            found = await survey(self._tester.cycler, constant_id=self._constant_id)
        except TransportError:
            found = known  # if it is gone, the next read that is due finds out
        doubts.surveyed(time.monotonic(), doubtful=found.doubtful)
        if found.system != known.system or (found.missing, found.live) == (known.missing, known.live):
            return False
        self._tester.survey = found
        self._tester.came_online()
        self._presence.publish()
        return True

    def gone(self, reason: str) -> None:
        """The tester is offline."""
        # Said when it goes, and again when the reason changes; not at every attempt to reach it.
        if self._tester.survey is not None or reason != self._presence.away_for:
            log.warning("%s is offline: %s", self._tester.name, reason)
        self._tester.survey = None
        self._presence.away(reason)
        now = time.time()
        self._watch.gone(reason, now)
        for number, channel in self._channels.items():
            if channel.go_stale(now):
                self._publisher.state(number, channel)
