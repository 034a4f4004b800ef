"""Open-circuit voltage over state of charge, in straight pieces."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve that rises all the way. Beyond its ends the first and the last piece go on.

    Attributes:
        charges: state of charge at the corners, 0 empty to 1 full.
        volts: open-circuit voltage at the corners.
        slopes: volts per whole charge of each piece, one less than there are corners.
    """

    charges: tuple[float, ...]
    volts: tuple[float, ...]
    slopes: tuple[float, ...]

    @classmethod
    def through(cls, *corners: tuple[float, float]) -> Curve:
        """The curve through corners of charge and volts; ValueError unless both rise."""
        pieces = list(pairwise(corners))
        if not pieces or any(c1 <= c0 or v1 <= v0 for (c0, v0), (c1, v1) in pieces):
            raise ValueError("a curve needs two corners or more, of which charge and volts rise")
        slopes = tuple((v1 - v0) / (c1 - c0) for (c0, v0), (c1, v1) in pieces)
        return cls(tuple(charge for charge, _ in corners), tuple(volt for _, volt in corners), slopes)

    def volt(self, charge: float) -> float:
        """Volts after a long rest at this charge."""
        index = self._piece(charge)
        return self.volts[index] + (charge - self.charges[index]) * self.slopes[index]

    def charge(self, volt: float) -> float:
        """The charge that rests at this voltage."""
        index = min(max(bisect_right(self.volts, volt) - 1, 0), len(self.slopes) - 1)
        return self.charges[index] + (volt - self.volts[index]) / self.slopes[index]

    def slope(self, charge: float, to: float) -> float:
        """Volts per whole charge, on the mean of the way from one charge to another.

        Where both are the same charge it is the slope of the piece that begins there.
        """
        index, last = self._piece(charge), self._piece(to)
        if index == last or charge == to:
            return self.slopes[index]
        return (self.volt(to) - self.volt(charge)) / (to - charge)

    def _piece(self, charge: float) -> int:
        index = bisect_right(self.charges, charge) - 1
        if index < 0:
            return 0
        return index if index < len(self.slopes) else index - 1
