"""Numbers of readings. Pure."""

from __future__ import annotations

import json
from typing import Any

from macnet_bridge.store.spool_tables import Safe
from macnet_bridge.telemetry.numbering import Numbering
from macnet_bridge.telemetry.progress import Progress
from tests.telemetry.deliveries import values


def test_each_channel_counts_from_one_and_its_first_reading_names_the_one_before() -> None:
    progress = Progress(7)
    progress.recall([Safe("lab1", 1, 6, 40)])
    it = Numbering(progress)

    def numbered(channel: int) -> tuple[Any, ...]:
        payload, seq = it.numbered(("lab1", channel), values())
        reading = json.loads(payload)
        assert seq == reading["seq"]
        return reading["run"], seq, reading.get("previous")

    assert [numbered(channel) for channel in (1, 1, 2)] == [
        (7, 1, {"run": 6, "seq": 40}),
        (7, 2, None),
        (7, 1, None),
    ]


def test_the_rate_is_of_the_time_since_the_last_count() -> None:
    it = Numbering(Progress(7))
    for _ in range(6):
        it.numbered(("lab1", 1), values())
    assert it.per_second == 0.0
    it.count(2.0)
    assert it.per_second == 3.0
    it.count(2.0)
    assert it.per_second == 0.0
