"""The text of `/metrics`, read by the parser of Prometheus' own client library."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from macnet_bridge.app.metrics.catalogue import BRIDGE, CHANNEL, CHANNELS, CYCLER, CYCLER_STATE, NAMES
from macnet_bridge.app.metrics.exposition import Metric, lines
from macnet_bridge.app.metrics.figures import BridgeFigures
from macnet_bridge.app.metrics.page import metrics_page
from macnet_bridge.payloads.health import BrokerHealth, DeliveryHealth, SpoolHealth
from macnet_bridge.telemetry.figures import ChannelFigures, CyclerFigures

DASHBOARD = Path(__file__).parents[2] / "integrations" / "grafana" / "macnet-bridge.json"
GAUGE = Metric("x_volts", "gauge", 'back\\slash and\nnew line "quoted"', ("cycler", "channel"))

BRIDGE_FIGURES = BridgeFigures(
    broker_connected=True,
    memory_bytes=50_000_000,
    commands_running=2,
    stops_confirmed=7,
    broker=BrokerHealth(queued=1, losses=2, dropped=3, refused=4),
    delivery=DeliveryHealth(
        published=11, confirmed=10, unconfirmed=1, suppressed=5, conflated=6, lost=8, skipped=9
    ),
    spool=SpoolHealth(
        state="failing",
        waiting=12,
        megabytes=1.5,
        oldest_second=None,
        kept=13,
        replayed=14,
        dropped_for_size=15,
        dropped_for_age=16,
    ),
    cyclers=[CyclerFigures("lab1", "degraded", 0.25, 100, 3.5, 60, 40, 1)],
)


def channel(number: int, *, state: int = 2, current: float | None = -0.5) -> ChannelFigures:
    return ChannelFigures("lab1", number, state, 3.7, current, 12.5)


async def page(*channels: ChannelFigures, with_channels: bool = True) -> dict[tuple[str, ...], float]:
    text = await metrics_page(lambda: BRIDGE_FIGURES, lambda: iter([list(channels)]), with_channels)
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


async def test_each_figure_is_under_its_name() -> None:
    found = await page(channel(1), channel(2, state=0, current=None))
    expected = {
        ("macnet_broker_connected",): 1,
        ("macnet_memory_bytes",): 50_000_000,
        ("macnet_commands_running",): 2,
        ("macnet_stops_confirmed_total",): 7,
        ("macnet_broker_queued_messages",): 1,
        ("macnet_broker_losses_total",): 2,
        ("macnet_broker_dropped_total",): 3,
        ("macnet_broker_refused_total",): 4,
        ("macnet_published_total",): 11,
        ("macnet_confirmed_total",): 10,
        ("macnet_unconfirmed_messages",): 1,
        ("macnet_suppressed_total",): 5,
        ("macnet_conflated_total",): 6,
        ("macnet_lost_total",): 8,
        ("macnet_skipped_total",): 9,
        ("macnet_spool_failing",): 1,
        ("macnet_spool_waiting_messages",): 12,
        ("macnet_spool_size_bytes",): 1_500_000,
        ("macnet_spool_kept_total",): 13,
        ("macnet_spool_replayed_total",): 14,
        ("macnet_spool_dropped_for_size_total",): 15,
        ("macnet_spool_dropped_for_age_total",): 16,
        ("macnet_cycler_poll_lag_seconds", "lab1"): 0.25,
        ("macnet_cycler_requests_total", "lab1"): 100,
        ("macnet_cycler_request_seconds_total", "lab1"): 3.5,
        ("macnet_cycler_readings_total", "lab1"): 60,
        ("macnet_cycler_sweeps_total", "lab1"): 40,
        ("macnet_cycler_failed_reads_total", "lab1"): 1,
        ("macnet_cycler_state", "lab1", "online"): 0,
        ("macnet_cycler_state", "lab1", "degraded"): 1,
        ("macnet_cycler_state", "lab1", "offline"): 0,
        ("macnet_cycler_channels", "lab1", "active"): 1,
        ("macnet_cycler_channels", "lab1", "available"): 1,
        ("macnet_channel_state", "lab1", "1"): 2,
        ("macnet_channel_state", "lab1", "2"): 0,
        ("macnet_channel_voltage_volts", "lab1", "1"): 3.7,
        ("macnet_channel_voltage_volts", "lab1", "2"): 3.7,
        ("macnet_channel_current_amperes", "lab1", "1"): -0.5,
        ("macnet_channel_test_time_seconds", "lab1", "1"): 12.5,
        ("macnet_channel_test_time_seconds", "lab1", "2"): 12.5,
    }
    assert found == expected


async def test_without_channels_nothing_grows_with_the_lab() -> None:
    found = await page(channel(1), with_channels=False)
    assert found
    assert not any(name.startswith("macnet_channel") or "cycler_channels" in name for name, *_ in found)


async def test_others_have_their_turn_while_a_large_lab_is_written() -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    counting = asyncio.create_task(count())
    found = await page(*map(channel, range(1, 12_801)))
    counting.cancel()
    assert ("macnet_channel_voltage_volts", "lab1", "12800") in found
    assert turns > 200


@given(st.text(max_size=20), st.integers(1, 65535), st.floats())
def test_any_label_and_value_is_read_back(cycler: str, number: int, value: float) -> None:
    text = "".join(lines([(GAUGE, [((cycler, number), value)])]))
    (family,) = text_string_to_metric_families(text)
    assert (family.name, family.type) == ("x_volts", "gauge")
    assert family.documentation == GAUGE.help
    (sample,) = family.samples
    assert sample.labels == {"cycler": cycler, "channel": str(number)}
    assert sample.value == value or (value != value and sample.value != sample.value)


def test_names_keep_to_the_conventions() -> None:
    metrics = [*BRIDGE, *CYCLER, CYCLER_STATE, CHANNELS, *CHANNEL]
    assert len({metric.name for metric in metrics}) == len(metrics)
    for metric in metrics:
        assert re.fullmatch(r"macnet(_[a-z]+)+", metric.name)
        assert metric.name.endswith("_total") == (metric.kind == "counter")


def queries(tree: object) -> Iterator[str]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            if key in ("expr", "query") and isinstance(value, str) and value != "prometheus":
                yield value
            yield from queries(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from queries(value)


def test_the_dashboard_asks_for_metrics_that_exist() -> None:
    found = list(queries(json.loads(DASHBOARD.read_text("utf-8"))))
    assert len(found) >= 14
    for query in found:
        named = set(re.findall(r"[a-z]+_[a-z_]+(?=[{\[ ,)+]|$)", re.sub(r"label_values", "", query)))
        assert named, query
        assert named - NAMES == set(), query


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_metric_is_documented(name: str) -> None:
    assert f"`{name}`" in (DASHBOARD.parents[2] / "docs" / "metrics.md").read_text("utf-8")
