"""How long stops take: the figures, and what they are made of."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from macnet_bridge.commands.stop_latency import KEPT, StopLatency
from macnet_bridge.payloads.health import Latency, StopHealth
from tests.commands.lab import START, lab


def test_before_the_first_stop_there_are_none() -> None:
    assert StopLatency().health() == StopHealth(count=0, sent_ms=None, confirmed_ms=None)


def test_figures_of_a_hundred() -> None:
    it = StopLatency()
    for number in range(100, 0, -1):
        it.add(sent_ms=float(number), confirmed_ms=float(number * 10))
    assert it.health() == StopHealth(
        count=100,
        sent_ms=Latency(p50=50.0, p99=99.0, longest=100.0),
        confirmed_ms=Latency(p50=500.0, p99=990.0, longest=1000.0),
    )


def test_they_are_of_the_last_ones() -> None:
    it = StopLatency()
    it.add(sent_ms=1e6, confirmed_ms=1e6)
    for _ in range(KEPT):
        it.add(sent_ms=1.0, confirmed_ms=2.0)
    one, two = (Latency(p50=ms, p99=ms, longest=ms) for ms in (1.0, 2.0))
    assert it.health() == StopHealth(count=KEPT + 1, sent_ms=one, confirmed_ms=two)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=300))
def test_they_are_nearest_ranks(values: list[float]) -> None:
    it = StopLatency()
    for value in values:
        it.add(sent_ms=value, confirmed_ms=value)
    sent = it.health().sent_ms
    assert sent is not None
    assert sent.longest == max(values)
    for share, figure in ((0.5, sent.p50), (0.99, sent.p99)):
        assert figure in values
        assert sum(value <= figure for value in values) >= math.floor(share * len(values) + 0.999999)
        assert sum(value < figure for value in values) < share * len(values) + 1e-9


async def test_stops_of_a_tester_that_takes_its_time() -> None:
    async with lab(latency_ms=40) as it:
        await it.ask("start_test", START)
        await it.ask("suspend")
        stops = it.service.stop_latency.health()
        assert stops.count == 1
        assert stops.sent_ms is not None
        assert stops.confirmed_ms is not None
        # After the request its reply and the look at the state take 40 ms each.
        assert stops.confirmed_ms.longest - stops.sent_ms.longest >= 80


async def test_what_is_no_confirmed_stop_does_not_count() -> None:
    async with lab() as it:
        await it.ask("read_status")
        await it.ask("suspend", retain=True)
        await it.ask("suspend", envelope={"expires_at": 1000})
        assert it.service.stop_latency.count == 0
