"""What the log says of readings and events that wait for the broker, or were lost. Pure."""

from __future__ import annotations

from macnet_bridge.payloads.health import DeliveryHealth, SpoolHealth

LOSSES_EVERY_S = 60.0
"""Losses go on and on; so often the log may tell of them."""


class Backlog:
    """Tells when what waited is sent, when it has arrived, and what is lost, each once."""

    def __init__(self) -> None:
        self._is_sending = False
        self._told: tuple[int, int, int] = (0, 0, 0)
        self._told_at = float("-inf")

    def connected(self, waiting: int) -> str | None:
        """There is a broker, and so many wait on disk."""
        self._is_sending = waiting > 0
        if not waiting:
            return None
        return f"readings and events that wait on disk are sent now, oldest first: {waiting}"

    def disconnected(self) -> None:
        """There is none any more."""
        self._is_sending = False

    def arrived(self, waiting: int) -> str | None:
        """To be asked now and then."""
        if waiting or not self._is_sending:
            return None
        self._is_sending = False
        return "what waited on disk has been sent"

    def losses(self, delivery: DeliveryHealth, spool: SpoolHealth, now: float) -> str | None:
        """What was lost since it was told last. To be asked now and then."""
        counts = (spool.dropped_for_size, spool.dropped_for_age, delivery.lost)
        if counts == self._told or now < self._told_at + LOSSES_EVERY_S:
            return None
        new = [count - told for count, told in zip(counts, self._told, strict=True)]
        self._told, self._told_at = counts, now
        why = ("for telemetry.spool.max_mb", "for telemetry.spool.max_age_h", "neither delivered nor kept")
        parts = ", ".join(f"{count} {words}" for count, words in zip(new, why, strict=True) if count)
        return f"readings or events were lost: {parts}"
