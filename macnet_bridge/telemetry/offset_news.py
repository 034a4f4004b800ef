"""Which offsets of a tester's clock are worth publishing. Pure."""

from __future__ import annotations

from macnet_bridge.telemetry.clock import Bounds

STEP_S = 0.25
"""An offset is published again when it changed by so much, and is known as well as that; and when it is
known four times as well as what was published."""


class OffsetNews:
    """What was published last.

    Args:
        told: published already, in seconds; None where nothing is.
    """

    def __init__(self, told: float | None = None) -> None:
        self._told = told
        self._width_s = 1.0

    def of(self, offset: Bounds | None) -> float | None:
        """The offset to be published now, in seconds; None where it is no news."""
        if offset is None or offset.width > 2 * STEP_S or not self._is_news(offset):
            return None
        self._told, self._width_s = offset.middle, offset.width
        return round(offset.middle, 2)

    def _is_news(self, offset: Bounds) -> bool:
        if self._told is None or abs(offset.middle - self._told) > STEP_S:
            return True
        return offset.width <= self._width_s / 4
