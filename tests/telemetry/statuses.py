"""Replies of a tester, made up."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from macnet_bridge.macnet.protocol.codes import ChannelState, StepCode
from macnet_bridge.macnet.protocol.messages import StatusAndReadings


def status(**changes: Any) -> StatusAndReadings:
    """One reply of MacNet (4, 7): a channel that charges, unless told otherwise."""
    values: dict[str, Any] = {
        "step_code": StepCode.CHARGE,
        "record_cause": 1,
        "state": ChannelState.ACTIVE,
        "record_index": 1,
        "cycle_count": 0,
        "step_id": 1,
        "test_time_second": 10.0,
        "step_time_second": 10.0,
        "step_capacity_ah": 0.0,
        "step_energy_wh": 0.0,
        "current_ampere": 1.0,
        "voltage_volt": 3.7,
        "tester_time": datetime(2026, 11, 22, 7, 0),  # noqa: DTZ001 - MacNet gives times without a zone
    }
    return StatusAndReadings(**(values | changes))
