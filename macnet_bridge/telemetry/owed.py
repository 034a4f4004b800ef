"""What has to arrive at the broker, as values."""

from __future__ import annotations

from dataclasses import dataclass

Place = tuple[str, int]
"""A cycler and one of its channels."""


@dataclass(slots=True, eq=False)
class Owed:
    """A reading or an event that has to arrive.

    Attributes:
        number: rises from one to the next, over all channels and over restarts.
        since: when it was handed over, by the monotonic clock.
        place, seq: of a reading.
        is_on_disk: it was given to the disk while it was unconfirmed, and may be there as well.
        was_settled: the broker had it, or it was counted as lost; it may still be kept once more.
    """

    number: int
    since: float
    topic: str
    payload: bytes
    place: Place | None = None
    seq: int = 0
    is_on_disk: bool = False
    was_settled: bool = False
