"""What a tester's converters make of true values: steps and noise, for what is shown.

A real tester controls by its own converters, too; this one controls and ends by true values.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from macnet_bridge.macnet.protocol.messages import ChannelSpecification
from macnet_bridge.simulator.machine import control
from macnet_bridge.simulator.machine.specification import SPECIFICATION, range_ampere

STEPS = 65_535
"""From zero to full scale, 16 bits. In test files of the project beep (TRI-AMDD), which Maccor testers
wrote, voltages come in steps of 5 V / 65535 or 10 V / 65535, and currents of 15 A / 65535."""

NOISE = 0.00005
"""Standard deviation as a share of full scale of a usual meter. Assumed: a few steps of 16 bits."""

RANGES = (1, 2, 3, 4)


@dataclass(frozen=True, slots=True)
class Meter:
    """The converters of one channel.

    A value depends on seed, channel, moment and the true value only, so that it is the same
    however often and in which order it is asked for.

    Attributes:
        noise: standard deviation as a share of full scale; 0 for steps alone.
        specification: of MacNet (3, 1), for full scales.
    """

    seed: int
    channel: int
    noise: float = NOISE
    specification: ChannelSpecification = SPECIFICATION

    def voltage(self, volt: float, second: float) -> float:
        """What is shown for `volt` at the moment `second` of the tester's clock."""
        return self._shown(volt, self.specification.voltage_max_volt, "voltage", second)

    def current(self, ampere: float, second: float, number: int | None = None) -> float:
        """Likewise, in current range 1 to 4, or in the one that an automatic choice takes."""
        number = self.automatic_range(ampere) if number is None else number
        return self._shown(ampere, self._full_scale(number), "current", second)

    def automatic_range(self, ampere: float) -> int:
        """The smallest current range that holds a current of either sign; the largest if none does."""
        fitting = (number for number in RANGES if abs(ampere) <= self._full_scale(number))
        return next(fitting, RANGES[-1])

    def _full_scale(self, number: int) -> float:
        return range_ampere(self.specification, number, control.CHARGE)

    def _shown(self, value: float, full_scale: float, quantity: str, second: float) -> float:
        step = full_scale / STEPS
        if self.noise:
            dice = random.Random(f"{self.seed}/{self.channel}/{quantity}/{second}")
            value += dice.gauss(0.0, self.noise * full_scale)
        return round(min(max(value, -full_scale), full_scale) / step) * step
