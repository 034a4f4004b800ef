"""Safety limits: whether what a cell does now has to stop a channel."""

from __future__ import annotations

from macnet_bridge.macnet.protocol.codes import RecordCause
from macnet_bridge.macnet.protocol.messages import SafetyLimits
from macnet_bridge.simulator.machine.cell import Cell

# A charge that holds its voltage exactly at the limit is not past it: limits travel as
# single-precision numbers, and 4.2 comes out of that a little smaller.
_TOLERANCE_VOLT = 1e-3
_TOLERANCE_SHARE = 1e-4  # of currents and powers, which may be as small as a channel's smallest range


def tripped(limits: SafetyLimits, cell: Cell) -> RecordCause | None:
    """The code with which MacNet (6, 10) limits stop a channel now, None while all is well.

    The manual has no code of its own for current and power; both are reported as lost
    current control.
    """
    volts, amperes = cell.voltage_volt, cell.current_ampere
    if not limits.voltage_min_volt - _TOLERANCE_VOLT <= volts <= limits.voltage_max_volt + _TOLERANCE_VOLT:
        return RecordCause.PROBLEM_VOLTAGE_ABSOLUTE
    charging = amperes > 0.0
    ampere_limit = limits.charge_max_ampere if charging else limits.discharge_max_ampere
    watt_limit = limits.charge_max_watt if charging else limits.discharge_max_watt
    # Magnitudes: some clients send a discharge limit with a minus sign.
    if _is_past(amperes, ampere_limit) or _is_past(amperes * volts, watt_limit):
        return RecordCause.PROBLEM_LOST_CURRENT_CONTROL
    return None


def _is_past(value: float, limit: float) -> bool:
    return abs(value) > abs(limit) * (1.0 + _TOLERANCE_SHARE)
