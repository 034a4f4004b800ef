"""Fixtures for tests of the whole: broker, simulated cycler, bridge, and an independent client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from macnet_bridge.app.bridge import Bridge
from macnet_bridge.simulator import SimulatedCycler
from tests.bridge.mqtt_peer import MqttPeer
from tests.bridge.running import BridgeProcess, config_text, running_bridge
from tests.brokers import RunningBroker


@dataclass
class Lab:
    """A bridge between a broker and testers, each test with topics of its own."""

    broker: RunningBroker
    root: str
    folder: Path
    stack: AsyncExitStack
    processes: list[BridgeProcess] = field(default_factory=list)

    async def cycler(self, channels: int = 8, **options: Any) -> SimulatedCycler:
        """A simulated cycler that is up."""
        return await self.stack.enter_async_context(SimulatedCycler(channels, **options))

    def config(self, *cyclers: str, **options: Any) -> str:
        return config_text(self.broker, self.root, self.folder / "data", *cyclers, **options)

    async def bridge(self, *cyclers: str, **options: Any) -> Bridge:
        """A bridge in this process that serves these `[[cycler]]` tables."""
        return await self.stack.enter_async_context(running_bridge(self.config(*cyclers, **options)))

    async def peer(self, *filters: str, v5: bool | None = None) -> MqttPeer:
        """An independent client; it sees everything below our root unless told otherwise."""
        version = self.broker.supports_v5 if v5 is None else v5
        peer = MqttPeer(self.broker.host, self.broker.port, *(filters or (f"{self.root}/#",)), v5=version)
        return await self.stack.enter_async_context(peer)

    def process(self, *cyclers: str, **options: Any) -> BridgeProcess:
        """`macnet-bridge run` for these tables, not yet started."""
        process = BridgeProcess(self.config(*cyclers, **options), self.folder)
        self.processes.append(process)
        return process

    async def online(self, peer: MqttPeer, cycler: str = "lab1", after: int = 0) -> dict[str, Any]:
        """Wait until a cycler's status is other than offline, and give it."""
        topic = f"{self.root}/{cycler}/status"
        found = await peer.wait(
            lambda seen: seen.topic == topic and bool(seen.payload) and seen.json["state"] != "offline", after
        )
        status: dict[str, Any] = found.json
        return status


@asynccontextmanager
async def _lab(broker: RunningBroker, folder: Path) -> AsyncIterator[Lab]:
    async with AsyncExitStack() as stack:
        lab = Lab(broker, f"t{uuid4().hex[:10]}", folder, stack)
        try:
            yield lab
        finally:
            for process in lab.processes:
                process.close()


@pytest.fixture
async def lab(broker: RunningBroker, tmp_path: Path) -> AsyncIterator[Lab]:
    async with _lab(broker, tmp_path) as lab:
        yield lab


@pytest.fixture
async def own_lab(own_broker: RunningBroker, tmp_path: Path) -> AsyncIterator[Lab]:
    """As `lab`, with a broker that the test may stop, kill and freeze."""
    async with _lab(own_broker, tmp_path) as lab:
        yield lab
