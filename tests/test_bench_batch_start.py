"""The bench of the batch start, small: who starts, and what is acknowledged."""

from __future__ import annotations

import pytest

from bench.batch_start import WRONG, measure
from macnet_bridge.embedded_broker import find_mosquitto
from tests.brokers import NO_MOSQUITTO

pytestmark = pytest.mark.skipif(find_mosquitto() is None, reason=NO_MOSQUITTO)


async def test_the_refused_channel_does_not_start_and_atomic_starts_all_or_none() -> None:
    refused, went_on, nothing, all_others = await measure(8, latency_ms=0)
    others = [channel for channel in range(1, 9) if channel != WRONG]
    assert refused.starts == []
    assert refused.statuses == {"done": 7, "rejected": 1}
    assert refused.errors == {"PROCEDURE_MISSING": 1}
    assert refused.said[-1] == "dry run: 7 of 8"
    assert sorted(went_on.starts) == others
    assert went_on.statuses == {"done": 14, "rejected": 1}
    assert went_on.said[-1] == "started: 7 of 7"
    assert nothing.starts == []
    assert nothing.statuses == {"rejected": 8}
    assert nothing.errors == {"CHANNEL_BUSY": 1, "CANCELLED": 7}
    assert sorted(all_others.starts) == others
    assert all_others.statuses == {"done": 7}
    assert all_others.said == ["summary: done"]
