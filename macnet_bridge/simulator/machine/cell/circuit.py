"""A battery cell as a circuit: open-circuit voltage, a series resistance, two RC pairs, and heat.

It has no clock. `advance` moves it by any number of seconds at a constant current, exactly for
that current, so that the length of a slice only decides where an end is noticed.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from math import exp

from macnet_bridge.simulator.machine.cell.curve import Curve
from macnet_bridge.simulator.machine.cell.presets import NMC, Preset

Moved = tuple[float, float, float, float, float]
"""All of a cell that moves, as `Cell.save` gives it."""


@dataclass(slots=True)
class Cell:
    """One cell. Current is positive when it charges.

    Attributes:
        charge: state of charge, 0 empty to 1 full; not clamped.
        curve: open-circuit voltage over charge.
        fast_second, slow_second: time constants of the two pairs.
        fast_volt, slow_volt: voltages over them.
        current_ampere: what flowed in the last slice.
        heating_kelvin: of the can, above `ambient_celsius`, by the heat of the current.
    """

    charge: float = 0.5
    curve: Curve = field(default=NMC.curve, repr=False)
    capacity_ah: float = NMC.capacity_ah
    series_ohm: float = NMC.series_ohm
    fast_ohm: float = NMC.fast_ohm
    fast_second: float = NMC.fast_second
    slow_ohm: float = NMC.slow_ohm
    slow_second: float = NMC.slow_second
    heat_kelvin_per_watt: float = NMC.heat_kelvin_per_watt
    heat_second: float = NMC.heat_second
    ambient_celsius: float = 25.0
    fast_volt: float = 0.0
    slow_volt: float = 0.0
    current_ampere: float = 0.0
    heating_kelvin: float = 0.0

    @classmethod
    def of(cls, preset: Preset, charge: float = 0.5) -> Cell:
        """The cell of a preset as it stands in the table, at rest."""
        return cls(
            charge=charge,
            curve=preset.curve,
            capacity_ah=preset.capacity_ah,
            series_ohm=preset.series_ohm,
            fast_ohm=preset.fast_ohm,
            fast_second=preset.fast_second,
            slow_ohm=preset.slow_ohm,
            slow_second=preset.slow_second,
            heat_kelvin_per_watt=preset.heat_kelvin_per_watt,
            heat_second=preset.heat_second,
        )

    @classmethod
    def of_seed(cls, seed: int, number: int, charge: float = 0.5, preset: Preset = NMC) -> Cell:
        """A cell that differs a little from the others, always the same for a seed and a number.

        Capacity varies by 2 %, resistances by 10 %, the charge by 0.02.
        """
        dice = random.Random(f"{seed}/{number}")
        cell = cls.of(preset, charge + dice.uniform(-0.02, 0.02))
        cell.capacity_ah *= dice.uniform(0.98, 1.02)
        cell.series_ohm *= dice.uniform(0.9, 1.1)
        pairs = dice.uniform(0.9, 1.1)
        cell.fast_ohm *= pairs
        cell.slow_ohm *= pairs
        cell.ambient_celsius += dice.uniform(-0.5, 0.5)
        return cell

    @property
    def open_circuit_volt(self) -> float:
        """Volts after a long rest at this charge."""
        return self.curve.volt(self.charge)

    @property
    def voltage_volt(self) -> float:
        """Volts at the terminals, under the last current."""
        return self.voltage_under(self.current_ampere)

    @property
    def temperature_celsius(self) -> float:
        return self.ambient_celsius + self.heating_kelvin

    def voltage_under(self, current_ampere: float) -> float:
        """Volts at the terminals in the moment that this current begins to flow."""
        rested = self.curve.volt(self.charge)
        return rested + self.fast_volt + self.slow_volt + current_ampere * self.series_ohm

    def volt_per_second(self) -> float:
        """How fast the voltage at the terminals changes while the last current goes on."""
        ampere = self.current_ampere
        return (
            self.curve.slope(self.charge, self.charge) * ampere / (3600.0 * self.capacity_ah)
            + (ampere * self.fast_ohm - self.fast_volt) / self.fast_second
            + (ampere * self.slow_ohm - self.slow_volt) / self.slow_second
        )

    def outlook(self, second: float, ampere: float = 0.0) -> tuple[float, float]:
        """Volts and ohms so that `volts + ohms * current` is the voltage after `second` of it.

        It is exact for currents near `ampere`, and on the same piece of the curve as now.
        """
        fast_kept = exp(-second / self.fast_second)
        slow_kept = exp(-second / self.slow_second)
        moved = second / (3600.0 * self.capacity_ah)
        slope = self.curve.slope(self.charge, self.charge + ampere * moved)
        volts = self.curve.volt(self.charge) + self.fast_volt * fast_kept + self.slow_volt * slow_kept
        ohms = self.series_ohm + self.fast_ohm * (1.0 - fast_kept) + self.slow_ohm * (1.0 - slow_kept)
        return volts, ohms + slope * moved

    def advance(self, current_ampere: float, second: float) -> None:
        """Let a constant current flow for `second`; zero seconds only sets the current."""
        self.current_ampere = current_ampere
        if second == 0.0:
            return
        self.charge += current_ampere * second / (3600.0 * self.capacity_ah)
        # Each of the three nears, exponentially, where this current would leave it in the end.
        end = current_ampere * self.fast_ohm
        self.fast_volt = end + (self.fast_volt - end) * exp(-second / self.fast_second)
        end = current_ampere * self.slow_ohm
        self.slow_volt = end + (self.slow_volt - end) * exp(-second / self.slow_second)
        ohms = self.series_ohm + self.fast_ohm + self.slow_ohm
        end = current_ampere * current_ampere * ohms * self.heat_kelvin_per_watt
        self.heating_kelvin = end + (self.heating_kelvin - end) * exp(-second / self.heat_second)

    def save(self) -> Moved:
        """All that moves, for `restore`."""
        return self.charge, self.fast_volt, self.slow_volt, self.current_ampere, self.heating_kelvin

    def restore(self, moved: Moved) -> None:
        """Be again as when `moved` was saved, whatever was advanced in between."""
        self.charge, self.fast_volt, self.slow_volt, self.current_ampere, self.heating_kelvin = moved

    def settle(self, voltage_volt: float) -> None:
        """Give the cell the charge at which it rests at this voltage."""
        self.charge = self.curve.charge(voltage_volt)
        self.fast_volt = self.slow_volt = 0.0
