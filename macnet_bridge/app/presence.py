"""What the bridge keeps at the broker, retained, and what it does when a connection comes or is lost."""

from __future__ import annotations

import logging
from collections.abc import Callable

from macnet_bridge.app.about import About
from macnet_bridge.app.contract import Contract
from macnet_bridge.app.retained import RetainedTopics
from macnet_bridge.app.serving import Serving
from macnet_bridge.app.stray_alarms import StrayAlarms
from macnet_bridge.broker import Incoming, Outgoing
from macnet_bridge.telemetry.delivery import Delivery
from macnet_bridge.topics import Topics

log = logging.getLogger(__name__)


class Presence:
    """One bridge at its broker."""

    def __init__(
        self,
        topics: Topics,
        about: About,
        contract: Contract,
        serving: Serving,
        delivery: Delivery,
        retained: RetainedTopics,
        strays: StrayAlarms,
        send: Callable[[Outgoing], bool],
    ) -> None:
        """
        Args:
            send: publishes ahead of telemetry.
        """
        self._topics = topics
        self._about = about
        self._contract = contract
        self._serving = serving
        self._delivery = delivery
        self._retained = retained
        self._strays = strays
        self._send = send

    def connected(self, protocol: str | None) -> None:
        """Publish what is retained: the broker may have lost it, and the will may have replaced it."""
        self._serving.connected()
        for name in self._serving.not_served:
            self._delivery.withdraw_retained(self._topics.cycler_topic(name, ""))
        self._delivery.connected()
        self._retained.clear_what_is_not_served(self._serving.not_served)
        self.announce()
        self._send(self._about.info(protocol))
        for poller in self._serving.served():
            poller.publish_retained()
        self._strays.connected()
        self._contract.publish()

    def lost(self) -> None:
        """The connection is gone; nothing is heard until the next one."""
        self._serving.lost()
        self._strays.lost()
        self._delivery.lost()

    def heard(self, message: Incoming) -> None:
        """Somebody, perhaps an earlier run, has published what matters here. Never fails."""
        if not self._strays.heard(message.topic, message.payload):
            self._serving.heard(message)

    def announce(self) -> None:
        """Say that we are there, and what is left to other bridges."""
        for name, owner in self._serving.not_served.items():
            log.warning("%s is served by bridge %s, and not by this one", name, owner)
        self._send(self._about.status("online", not_served=self._serving.not_served))
