"""A simulated tester that is polled, with everything that is published written down."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from macnet_bridge.macnet import AsyncCycler, TesterAddress
from macnet_bridge.macnet.cycler import BulkTransport
from macnet_bridge.macnet.protocol.messages import StartTest
from macnet_bridge.simulator import SimulatedCycler
from macnet_bridge.telemetry import poller as poller_module
from macnet_bridge.telemetry.dues import Intervals
from macnet_bridge.telemetry.poller import Poller
from macnet_bridge.telemetry.publisher import Identity, Publisher
from macnet_bridge.tester import Tester
from macnet_bridge.topics import Topics
from tests.patience import PATIENCE_S
from tests.telemetry.recorded import delivery_to

FAST = Intervals(0.05, 0.05, 0.1)
ANSWER_S = 5.0


def quick_clock() -> float:
    """Twenty seconds a second: a tester's clock shows whole ones, and a survey waits for the next."""
    return time.monotonic() * 20


@dataclass
class Record:
    """What was published, and a way to wait for more."""

    messages: list[tuple[str, Any, int, bool]] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self, topic: str, payload: bytes, qos: int, retain: bool) -> None:
        self.messages.append((topic, msgspec.json.decode(payload) if payload else None, qos, retain))
        self._news.set()

    def on(self, leaf: str, since: int = 0) -> list[Any]:
        """Payloads on a topic of the cycler, from a point in the record on."""
        topic = f"macnet/lab1/{leaf}"
        return [payload for found, payload, _, _ in self.messages[since:] if found == topic]

    async def wait(
        self, leaf: str, wanted: Callable[[Any], object] = lambda _: True, since: int = 0, count: int = 1
    ) -> Any:
        """The first payloads that are wanted; just the one when `count` is 1."""
        async with asyncio.timeout(PATIENCE_S):
            while len(found := [p for p in self.on(leaf, since) if wanted(p)]) < count:
                self._news.clear()
                await self._news.wait()
        return found[0] if count == 1 else found[:count]

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait for a fact that comes with what is published."""
        async with asyncio.timeout(PATIENCE_S):
            while not holds():
                self._news.clear()
                await self._news.wait()


@dataclass
class Polled:
    """A tester that is being polled."""

    simulated: SimulatedCycler
    tester: Tester
    record: Record
    poller: Poller

    async def start_test(self, channel: int, name: str = "cell-17") -> None:
        request = StartTest(test_name=name, procedure="CCCV_1C", c_rate_ah=2.5)
        client = AsyncCycler(self.tester.cycler.address)
        await client.start_test(channel, request)
        client.close()

    @property
    def mark(self) -> int:
        return len(self.record.messages)


@asynccontextmanager
async def polled(
    channels: int = 4,
    *,
    intervals: Intervals = FAST,
    served: frozenset[int] | None = None,
    timeout_s: float = ANSWER_S,
    transport: BulkTransport = "json",
    qos: int = 1,
    constant_id: bool = False,
    away: bool = False,
    commanded_at: Callable[[], float] = lambda: -math.inf,
    **options: Any,
) -> AsyncIterator[Polled]:
    """A tester that is polled, and looked for again soon while it is away."""
    async with SimulatedCycler(channels, clock=quick_clock, constant_id=constant_id, **options) as simulated:
        address = TesterAddress(simulated.host, simulated.json_port, simulated.tcp_port, simulated.udp_port)
        client = AsyncCycler(address, timeout_s=timeout_s, transport=transport, constant_id=constant_id)
        tester = Tester("lab1", client, served)
        record = Record()
        publisher = Publisher(
            tester, Topics("macnet", "lab"), Identity("lab", "s1", 7), delivery_to(record), qos=qos
        )
        poller = Poller(
            tester,
            publisher,
            intervals,
            constant_id=constant_id,
            commanded_at=commanded_at,
        )
        if away:
            await simulated.stop()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(poller_module, "_RETRY_FIRST_S", 0.02)
            patch.setattr(poller_module, "_RETRY_LAST_S", 0.05)
            task = asyncio.create_task(poller.run())
            try:
                yield Polled(simulated, tester, record, poller)
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                client.close()
                assert task.cancelled(), "polling never ends by itself"


def online(status: Any) -> bool:
    return bool(status["state"] == "online")
