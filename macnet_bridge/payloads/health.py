"""`R/bridge/B/health`: what the bridge does at the moment, and what it lost. Not retained."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct


class Latency(Struct, frozen=True, kw_only=True):
    """Of the last of a kind, in milliseconds.

    Attributes:
        p50: median.
        p99: 99th percentile, by nearest rank.
    """

    p50: float
    p99: float
    longest: float


def latency(values_ms: Iterable[float]) -> Latency | None:
    """The figures of some values in milliseconds, None where there are none."""
    ordered = sorted(values_ms)
    if not ordered:
        return None
    return Latency(p50=_rank(ordered, 50), p99=_rank(ordered, 99), longest=ordered[-1])


def _rank(ordered: list[float], percent: int) -> float:
    return ordered[-(-len(ordered) * percent // 100) - 1]


class StopHealth(Struct, frozen=True, kw_only=True):
    """How quick the stops were that were confirmed, of the last thousand.

    Attributes:
        count: of all since the bridge began.
        sent_ms: from the receipt until the first request to the tester left; null before the first.
        confirmed_ms: from the receipt until the tester showed that nothing runs.
    """

    count: int
    sent_ms: Latency | None
    confirmed_ms: Latency | None


class CyclerHealth(Struct, frozen=True, kw_only=True):
    """How one tester keeps up, over the time since the last health message.

    Attributes:
        state: that of `R/C/status`.
        poll_lag_second: how far behind its interval the most overdue read is now; 0 when none is.
        requests_per_second: of telemetry, not of commands.
        readings_per_second: full readings that the tester answered, published or not.
        sweeps_per_second: sweeps that were completed.
        round_trip_ms: of requests of telemetry; null where none was answered.
        failed_reads: reads without a good reply, of all since the bridge began.
    """

    state: Literal["online", "degraded", "offline"]
    poll_lag_second: float
    requests_per_second: float
    readings_per_second: float
    sweeps_per_second: float
    round_trip_ms: Latency | None
    failed_reads: int


class DeliveryHealth(Struct, frozen=True, kw_only=True):
    """What became of readings and events. All but `unconfirmed` count since the bridge began.

    Attributes:
        published: readings and events handed to the broker, replayed ones included.
        confirmed: of these, those the broker took (QoS 1) or that were written to it (QoS 0).
        unconfirmed: handed over or waiting, and not yet confirmed, now.
        suppressed: readings within the deadband; they have no number.
        conflated: readings that a newer one replaced before they got a number.
        lost: numbered readings and events that were neither confirmed nor kept on disk.
        skipped: sweeps, auxiliary inputs and variables for which there was no broker or no room.
    """

    published: int
    confirmed: int
    unconfirmed: int
    suppressed: int
    conflated: int
    lost: int
    skipped: int


class SpoolHealth(Struct, frozen=True, kw_only=True):
    """What waits on disk for the broker. `kept`, `replayed` and the drops count since the bridge began.

    Attributes:
        state: `failing` while the disk takes nothing, for want of room or otherwise.
        waiting: readings and events on disk now.
        megabytes: of the file now.
        oldest_second: age of the oldest that waits; null when none does.
        kept: how many were written.
        replayed: how many were confirmed by the broker after they had been on disk.
        dropped_for_size, dropped_for_age: the oldest, pushed out past `max_mb` and `max_age_h`.
    """

    state: Literal["ok", "failing", "off"]
    waiting: int
    megabytes: float
    oldest_second: float | None
    kept: int
    replayed: int
    dropped_for_size: int
    dropped_for_age: int


class BrokerHealth(Struct, frozen=True, kw_only=True):
    """The connection to the broker. `losses`, `dropped` and `refused` count since the bridge began.

    Attributes:
        queued: messages that wait to be handed over, of all kinds.
        losses: connections that ended without being asked to.
        dropped: messages given up with a connection; those that are kept elsewhere are among them.
        refused: messages not taken: no connection, no room, or too large for the broker.
    """

    queued: int
    losses: int
    dropped: int
    refused: int


class BridgeHealth(Struct, frozen=True, kw_only=True):
    """`R/bridge/B/health`

    Attributes:
        memory_megabytes: resident memory of the process.
        cyclers: those that this bridge serves.
        commands_ms: from the receipt of commands to their final acknowledgement, of the last thousand.
    """

    unix_time_second: float
    session: str
    run: int
    memory_megabytes: float
    commands_running: int
    commands_ms: Latency | None
    stops: StopHealth
    broker: BrokerHealth
    delivery: DeliveryHealth
    spool: SpoolHealth
    cyclers: dict[str, CyclerHealth]
