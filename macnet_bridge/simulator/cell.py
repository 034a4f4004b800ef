"""A battery cell: open-circuit voltage over charge, a series resistance, one RC pair, and heat.

It has no clock. `advance` moves it by any number of seconds at a constant current, exactly for
that current, so that the length of a slice only decides where an end is noticed.
"""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise

# State of charge and open-circuit volts of a generic NMC 18650 at 25 degC. The first and last
# segments reach past empty and full, steeply, so that an over-discharged cell looks like one.
_CURVE = (
    (-0.05, 2.00),
    (0.00, 2.90),
    (0.02, 3.15),
    (0.05, 3.35),
    (0.10, 3.47),
    (0.20, 3.56),
    (0.30, 3.62),
    (0.40, 3.67),
    (0.50, 3.73),
    (0.60, 3.82),
    (0.70, 3.92),
    (0.80, 4.01),
    (0.90, 4.09),
    (1.00, 4.20),
    (1.05, 4.60),
)
_CHARGES = [charge for charge, _ in _CURVE]
_VOLTS = [volt for _, volt in _CURVE]
_SLOPES = [(v1 - v0) / (c1 - c0) for (c0, v0), (c1, v1) in pairwise(_CURVE)]


@dataclass(slots=True)
class Cell:
    """One cell. Current is positive when it charges.

    Attributes:
        charge: state of charge, 0 empty to 1 full; not clamped.
        polarisation_volt: voltage over the RC pair.
        current_ampere: what flowed in the last slice.
        temperature_celsius: of the can, above `ambient_celsius` by the heat of the current.
    """

    charge: float = 0.5
    capacity_ah: float = 2.5
    series_ohm: float = 0.030
    pair_ohm: float = 0.015
    pair_second: float = 40.0
    heat_kelvin_per_watt: float = 8.0
    heat_second: float = 600.0
    ambient_celsius: float = 25.0
    polarisation_volt: float = 0.0
    current_ampere: float = 0.0
    heating_kelvin: float = 0.0

    @classmethod
    def of_seed(cls, seed: int, number: int, charge: float = 0.5) -> Cell:
        """A cell that differs a little from the others, always the same for a seed and a number.

        Capacity varies by 2 %, resistances by 10 %, the charge by 0.02.
        """
        dice = random.Random(f"{seed}/{number}")
        return cls(
            charge=charge + dice.uniform(-0.02, 0.02),
            capacity_ah=2.5 * dice.uniform(0.98, 1.02),
            series_ohm=0.030 * dice.uniform(0.9, 1.1),
            pair_ohm=0.015 * dice.uniform(0.9, 1.1),
            ambient_celsius=25.0 + dice.uniform(-0.5, 0.5),
        )

    @property
    def open_circuit_volt(self) -> float:
        """Volts after a long rest at this charge."""
        return _open_circuit_volt(self.charge)

    @property
    def voltage_volt(self) -> float:
        """Volts at the terminals, under the last current."""
        return self.voltage_under(self.current_ampere)

    @property
    def temperature_celsius(self) -> float:
        return self.ambient_celsius + self.heating_kelvin

    def voltage_under(self, current_ampere: float) -> float:
        """Volts at the terminals in the moment that this current begins to flow."""
        return self.open_circuit_volt + self.polarisation_volt + current_ampere * self.series_ohm

    def outlook(self, second: float, ampere: float = 0.0) -> tuple[float, float]:
        """Volts and ohms so that `volts + ohms * current` is the voltage after `second` of it.

        It is exact for currents near `ampere`, and on the same piece of the curve as now.
        """
        kept = math.exp(-second / self.pair_second)
        moved = second / (3600.0 * self.capacity_ah)
        volts = self.open_circuit_volt + self.polarisation_volt * kept
        ohms = self.series_ohm + self.pair_ohm * (1.0 - kept) + self._slope(ampere * moved) * moved
        return volts, ohms

    def advance(self, current_ampere: float, second: float) -> None:
        """Let a constant current flow for `second`; zero seconds only sets the current."""
        self.current_ampere = current_ampere
        kept = math.exp(-second / self.pair_second)
        self.charge += current_ampere * second / (3600.0 * self.capacity_ah)
        self.polarisation_volt = self.polarisation_volt * kept + current_ampere * self.pair_ohm * (1.0 - kept)
        heat_watt = current_ampere * current_ampere * (self.series_ohm + self.pair_ohm)
        warm = math.exp(-second / self.heat_second)
        self.heating_kelvin = self.heating_kelvin * warm + heat_watt * self.heat_kelvin_per_watt * (
            1.0 - warm
        )

    def save(self) -> tuple[float, float, float, float]:
        """All that moves, for `restore`."""
        return self.charge, self.polarisation_volt, self.current_ampere, self.heating_kelvin

    def restore(self, saved: tuple[float, float, float, float]) -> None:
        """Be as it was when it was saved."""
        self.charge, self.polarisation_volt, self.current_ampere, self.heating_kelvin = saved

    def settle(self, voltage_volt: float) -> None:
        """Give the cell the charge at which it rests at this voltage."""
        index = min(max(bisect_right(_VOLTS, voltage_volt) - 1, 0), len(_SLOPES) - 1)
        self.charge = _CHARGES[index] + (voltage_volt - _VOLTS[index]) / _SLOPES[index]
        self.polarisation_volt = 0.0

    def _slope(self, moved: float) -> float:
        """Mean slope of the curve from here to where the charge will have moved."""
        if moved == 0.0:
            return _SLOPES[_segment(self.charge)]
        return (_open_circuit_volt(self.charge + moved) - self.open_circuit_volt) / moved


def _segment(charge: float) -> int:
    return min(max(bisect_right(_CHARGES, charge) - 1, 0), len(_SLOPES) - 1)


def _open_circuit_volt(charge: float) -> float:
    index = _segment(charge)
    return _VOLTS[index] + (charge - _CHARGES[index]) * _SLOPES[index]
