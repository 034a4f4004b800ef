"""What the bridge says of its own health, every ten seconds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping

import msgspec
import psutil

from macnet_bridge.app.metrics.figures import BridgeFigures
from macnet_bridge.app.serving import Serving
from macnet_bridge.broker import Broker, Outgoing
from macnet_bridge.commands.service import CommandService
from macnet_bridge.payloads.health import BridgeHealth, BrokerHealth, latency
from macnet_bridge.telemetry.delivery import Delivery
from macnet_bridge.telemetry.figures import ChannelFigures
from macnet_bridge.telemetry.publisher import Identity
from macnet_bridge.tester import Tester

HEALTH_S = 10.0
"""How often the bridge tells of its health."""


class Health:
    """Gathers the figures of all parts."""

    def __init__(
        self,
        identity: Identity,
        broker: Broker,
        commands: CommandService,
        delivery: Delivery,
        serving: Serving,
        testers: Mapping[str, Tester],
    ) -> None:
        self._identity = identity
        self._broker = broker
        self._commands = commands
        self._delivery = delivery
        self._serving = serving
        self._testers = testers
        self._process = psutil.Process()

    async def tell(self, topic: str) -> None:
        """Publish what is so `now` again and again while there is a broker, until cancelled."""
        while True:
            await asyncio.sleep(HEALTH_S)
            if not self._broker.ready:
                continue  # what is told later would be untrue by then
            self._broker.publish(Outgoing(topic, msgspec.json.encode(self.now())))

    def readiness(self) -> dict[str, bool]:
        """What must be true for the bridge to be ready, by name."""
        left = self._serving.not_served
        return (
            {"broker": self._broker.ready}
            | ({"name (another bridge has it)": False} if self._serving.is_waiting else {})
            | {
                f"cycler {name}": tester.survey is not None
                for name, tester in self._testers.items()
                if name not in left
            }
            | {f"cycler {name} (served by bridge {owner})": False for name, owner in left.items()}
        )

    def now(self) -> BridgeHealth:
        """`R/bridge/B/health` of this moment."""
        commands = self._commands
        return BridgeHealth(
            unix_time_second=round(time.time(), 3),
            session=self._identity.session,
            run=self._identity.run,
            memory_megabytes=round(self._process.memory_info().rss / 1e6, 1),
            commands_running=commands.running,
            commands_ms=latency(commands.latencies_ms),
            stops=commands.stop_latency.health(),
            broker=self._broker_health(),
            delivery=self._delivery.health(),
            spool=self._delivery.spool_health(),
            cyclers={poller.name: poller.health(time.monotonic()) for poller in self._serving.served()},
        )

    def figures(self) -> BridgeFigures:
        """The same for the metrics, without resetting the rates of `now`."""
        served, now = self._serving.served(), time.monotonic()
        return BridgeFigures(
            broker_connected=self._broker.ready,
            memory_bytes=self._process.memory_info().rss,
            commands_running=self._commands.running,
            stops_confirmed=self._commands.stop_latency.count,
            broker=self._broker_health(),
            delivery=self._delivery.health(),
            spool=self._delivery.spool_health(),
            cyclers=[poller.figures(now) for poller in served],
        )

    def channels(self) -> Iterator[list[ChannelFigures]]:
        """The channels of the cyclers that are served, one cycler after the other."""
        for poller in self._serving.served():
            yield list(poller.channel_figures())

    def _broker_health(self) -> BrokerHealth:
        counters = self._broker.counters
        return BrokerHealth(
            queued=self._broker.queued,
            losses=counters.losses,
            dropped=counters.dropped,
            refused=counters.refused,
        )
