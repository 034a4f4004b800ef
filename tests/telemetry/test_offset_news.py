"""Offsets of a tester's clock that are worth publishing. Pure."""

from __future__ import annotations

from macnet_bridge.telemetry.clock import Bounds
from macnet_bridge.telemetry.offset_news import OffsetNews


def test_the_first_one_is_told_once_it_is_known_well() -> None:
    it = OffsetNews()
    found = [it.of(offset) for offset in (None, Bounds(1.0, 1.6), Bounds(1.0, 1.5), Bounds(1.0, 1.5))]
    assert found == [None, None, 1.25, None]


def test_it_is_told_again_when_it_changed_or_is_known_far_better() -> None:
    it = OffsetNews(1.0)
    assert it.of(Bounds(1.0, 1.5)) is None, "it may be what was told"
    assert it.of(Bounds(1.1, 1.3)) == 1.2
    assert it.of(Bounds(1.3, 1.56)) is None
    assert it.of(Bounds(1.36, 1.56)) == 1.46
    assert it.of(Bounds(1.4, 1.46)) is None
    assert it.of(Bounds(1.41, 1.45)) == 1.43
