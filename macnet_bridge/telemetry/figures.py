"""What one tester and its channels are at a moment, in counts that nobody resets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from macnet_bridge.readings import CurrentSign
from macnet_bridge.telemetry.channel import Channel


@dataclass(frozen=True, slots=True)
class CyclerFigures:
    """One tester; counts are of all since the bridge began.

    Attributes:
        poll_lag_s: how far behind its interval the most overdue read is.
        requests, busy_s: reads that were answered, and the seconds they took.
        failed_reads: without a good reply.
    """

    name: str
    state: Literal["online", "degraded", "offline"]
    poll_lag_s: float
    requests: int
    busy_s: float
    readings: int
    sweeps: int
    failed_reads: int


@dataclass(frozen=True, slots=True)
class ChannelFigures:
    """The last full reading of one channel.

    Attributes:
        state: MacNet's number.
        current_ampere: positive charges the cell; None where its direction cannot be known.
    """

    cycler: str
    channel: int
    state: int
    voltage_volt: float
    current_ampere: float | None
    test_time_s: float


def channel_figures(cycler: str, number: int, channel: Channel, sign: CurrentSign) -> ChannelFigures | None:
    """The figures of a channel; None while nothing is known of it, or the tester is away."""
    status = channel.status
    if status is None or channel.quality == "stale":
        return None
    return ChannelFigures(
        cycler=cycler,
        channel=number,
        state=status.state,
        voltage_volt=status.voltage_volt,
        current_ampere=sign.signed(status.current_ampere, status.step_code),
        test_time_s=status.test_time_second,
    )
