"""What an output is told to do, and the current that results at a cell.

Current, voltage, power and resistance limit each other: whichever allows the least current
rules. That alone makes CC turn into CV.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from macnet_bridge.simulator.machine.cell import Cell

CHARGE = 1
DISCHARGE = -1
REST = 0


@dataclass(frozen=True, slots=True)
class Setpoint:
    """A direction and its limits, all magnitudes; None is a limit that is off.

    Attributes:
        direction: `CHARGE`, `DISCHARGE` or `REST`.
        current_ampere: never off, because the current range bounds it.
        voltage_volt: upper limit of a charge, lower limit of a discharge.
    """

    direction: int
    current_ampere: float = 0.0
    voltage_volt: float | None = None
    power_watt: float | None = None
    resistance_ohm: float | None = None

    def current(self, cell: Cell, second: float) -> float:
        """Amperes, positive when charging, such that no limit is passed within `second`."""
        if self.direction == REST:
            return 0.0
        # The second look knows where on the cell's curve the first one would lead. What it
        # allows is exact, or less where the curve bends on the way.
        first = self._allowed(*cell.outlook(second))
        return self._allowed(*cell.outlook(second, first))

    def _allowed(self, volts: float, ohms: float) -> float:
        least = min(
            self.current_ampere,
            self._by_voltage(volts, ohms),
            self._by_power(volts, ohms),
            self._by_resistance(volts, ohms),
        )
        return self.direction * max(least, 0.0)

    def _by_voltage(self, volts: float, ohms: float) -> float:
        if self.voltage_volt is None:
            return math.inf
        return self.direction * (self.voltage_volt - volts) / ohms

    def _by_power(self, volts: float, ohms: float) -> float:
        """Smaller root of current * |volts + direction * ohms * current| = power."""
        if self.power_watt is None:
            return math.inf
        # A cell that was discharged below zero takes power where another one gives it.
        direction = self.direction if volts >= 0.0 else -self.direction
        volts = abs(volts)
        root = volts * volts + 4.0 * direction * ohms * self.power_watt
        if root < 0.0:  # so much power does not flow on the way to zero volts, at any current
            return math.inf
        divisor = volts + math.sqrt(root)
        return 2.0 * self.power_watt / divisor if divisor else 0.0

    def _by_resistance(self, volts: float, ohms: float) -> float:
        if self.resistance_ohm is None:
            return math.inf
        seen = self.resistance_ohm - self.direction * ohms
        return volts / seen if seen > 0.0 else math.inf


RESTING = Setpoint(REST)
