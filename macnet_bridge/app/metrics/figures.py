"""What the metrics are made of, gathered from the parts of the bridge when somebody asks."""

from __future__ import annotations

from dataclasses import dataclass

from macnet_bridge.payloads.health import BrokerHealth, DeliveryHealth, SpoolHealth
from macnet_bridge.telemetry.figures import ChannelFigures, CyclerFigures

__all__ = ["BridgeFigures", "ChannelFigures", "CyclerFigures"]


@dataclass(frozen=True, slots=True)
class BridgeFigures:
    """The bridge at a moment; counts are of all since it began."""

    broker_connected: bool
    memory_bytes: int
    commands_running: int
    stops_confirmed: int
    broker: BrokerHealth
    delivery: DeliveryHealth
    spool: SpoolHealth
    cyclers: list[CyclerFigures]
