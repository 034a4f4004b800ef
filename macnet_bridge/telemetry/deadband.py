"""Report by exception: which readings say something new. Pure: the time is an argument.

A reading is compared with the last one that passed, not with the last one that was seen: a value
that creeps passes as soon as it has crept far enough.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

_ALWAYS_PASSES = ("state", "mode", "step_id", "cycle_count", "test_name")
"""A change of one of these is never held back."""


class Deadband(Struct, frozen=True, kw_only=True):
    """How far a reading may differ from the last published one and yet be held back.

    Attributes:
        voltage_volt, current_ampere: with both 0 everything is published; with one of them 0, any
            change of that quantity is.
        max_interval_s: after so long without one, a reading passes whatever it says.
    """

    voltage_volt: float = 0.0
    current_ampere: float = 0.0
    max_interval_s: float = 60.0

    @property
    def is_off(self) -> bool:
        return not self.voltage_volt and not self.current_ampere


class ReportByException:
    """Holds back the readings of one channel that say nothing new."""

    def __init__(self, deadband: Deadband) -> None:
        self._deadband = deadband
        self._last: Mapping[str, Any] = {}
        self._passed_at = 0.0

    def passes(self, values: Mapping[str, Any], now: float) -> bool:
        """Whether to publish a reading.

        Args:
            values: the fields of `payloads.telemetry.Measured`.
            now: monotonic seconds.
        """
        if self._deadband.is_off:
            return True
        if not self._is_new(values) and now - self._passed_at < self._deadband.max_interval_s:
            return False
        self._last, self._passed_at = values, now
        return True

    def _is_new(self, values: Mapping[str, Any]) -> bool:
        last, band = self._last, self._deadband
        return (
            not last
            or any(last[name] != values[name] for name in _ALWAYS_PASSES)
            or _differs(last, values, "voltage_volt", band.voltage_volt)
            or _differs(last, values, "current_ampere", band.current_ampere)
        )


def _differs(last: Mapping[str, Any], values: Mapping[str, Any], name: str, band: float) -> bool:
    before, now = last[name], values[name]
    if not isinstance(before, float | int) or not isinstance(now, float | int):
        return before is not now  # it was not known, or is not any more
    # A value that is not a number differs from everything.
    return not abs(now - before) <= band
