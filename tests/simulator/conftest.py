from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from macnet_bridge.simulator import SimulatedCycler
from tests.simulator.peers import FakeClock, JsonPeer, json_peer


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def cycler(clock: FakeClock) -> AsyncIterator[SimulatedCycler]:
    """Eight channels, in a time that stands still."""
    async with SimulatedCycler(channels=8, clock=clock) as cycler:
        yield cycler


@pytest.fixture
async def peer(cycler: SimulatedCycler) -> AsyncIterator[JsonPeer]:
    async with json_peer(cycler) as peer:
        yield peer
