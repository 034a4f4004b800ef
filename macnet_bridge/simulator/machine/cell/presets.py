"""Kinds of cells, as figures with the source of each. Whatever says assumed has none."""

from __future__ import annotations

from dataclasses import dataclass, replace

from macnet_bridge.simulator.machine.cell import open_circuit
from macnet_bridge.simulator.machine.cell.curve import Curve


@dataclass(frozen=True, slots=True)
class Preset:
    """A kind of cell.

    Attributes:
        capacity_ah: from full to empty at a low rate.
        curve: open-circuit voltage over charge.
        empty_volt, full_volt: what such cells are usually cycled between.
        series_ohm: seen at once when a current begins.
        fast_ohm, fast_second: the RC pair of seconds.
        slow_ohm, slow_second: the RC pair of minutes.
        heat_kelvin_per_watt: how much warmer than around it the cell gets by each watt, in the end.
        heat_second: time constant of that.
    """

    capacity_ah: float
    curve: Curve
    empty_volt: float
    full_volt: float
    series_ohm: float
    fast_ohm: float
    fast_second: float
    slow_ohm: float
    slow_second: float
    heat_kelvin_per_watt: float
    heat_second: float

    def scaled(self, capacity_ah: float) -> Preset:
        """The same kind of cell in another size, as if it were so many of them side by side."""
        times = capacity_ah / self.capacity_ah
        return replace(
            self,
            capacity_ah=capacity_ah,
            series_ohm=self.series_ohm / times,
            fast_ohm=self.fast_ohm / times,
            slow_ohm=self.slow_ohm / times,
            heat_kelvin_per_watt=self.heat_kelvin_per_watt / times,
        )


NMC = Preset(
    # A generic 18650, all assumed. It is the cell of a channel unless another one is asked for.
    capacity_ah=2.5,
    curve=open_circuit.NMC,
    empty_volt=2.5,
    full_volt=4.2,
    series_ohm=0.030,
    fast_ohm=0.010,
    fast_second=20.0,
    slow_ohm=0.010,
    slow_second=600.0,
    heat_kelvin_per_watt=8.0,
    heat_second=600.0,
)

KOKAM = Preset(
    # Kokam SLPB 75106100, Li(Ni,Co)O2|graphite pouch cell of 7.5 Ah nominal: Ecker et al. 2015, see
    # open_circuit.py; the capacity is that of 48 of the sheets of PyBaMM's parameter set. The
    # resistances are fitted to the first 95 % of the discharge at 5C of bench/discharge_curves.csv,
    # with time constants that were chosen, and rounded.
    capacity_ah=7.915,
    curve=open_circuit.KOKAM,
    empty_volt=2.5,
    full_volt=4.2,
    series_ohm=0.0055,
    fast_ohm=0.0017,
    fast_second=20.0,
    slow_ohm=0.0048,
    slow_second=1200.0,
    # The layers of the parameter set make 184 J/K; 7.5 x 106 x 100 mm, as the name of the cell
    # seems to say, lose 10 W/m2K (of the set, assumed there).
    heat_kelvin_per_watt=4.1,
    heat_second=760.0,
)

ENERTECH = Preset(
    # LCO|graphite pouch cell of 2.28 Ah nominal, by Enertech, published with Ai et al. 2020,
    # doi:10.1149/2.0122001JES, see bench/discharge_curves.csv. The resistances are fitted to the
    # first 98 % of the discharges at C/2 and 2C, with time constants that were chosen, and rounded.
    capacity_ah=2.335,
    curve=open_circuit.ENERTECH,
    empty_volt=3.0,
    full_volt=4.2,
    series_ohm=0.028,
    fast_ohm=0.021,
    fast_second=20.0,
    slow_ohm=0.037,
    slow_second=1200.0,
    # As it got 10.2 K warmer at 2C and cooled afterwards (same source).
    heat_kelvin_per_watt=5.7,
    heat_second=250.0,
)

LFP = Preset(
    # Sony US26650FTC1, LFP|graphite of 3 Ah: its maker's specification and Naumann, doctoral thesis,
    # TU Munich 2018, as SimSES has them: 42 to 52 mohm for discharges at 25 degC between 20 and
    # 100 % of charge, 46 on average, which is the sum here. How it divides into three is assumed.
    capacity_ah=3.0,
    curve=open_circuit.LFP,
    empty_volt=2.0,
    full_volt=3.6,
    series_ohm=0.028,
    fast_ohm=0.008,
    fast_second=20.0,
    slow_ohm=0.010,
    slow_second=600.0,
    # 70 g of 1001 J/kgK; 26 x 65 mm lose 15 W/m2K (same source).
    heat_kelvin_per_watt=10.5,
    heat_second=730.0,
)

NCA = Preset(
    # Panasonic NCR18650 of 2.73 Ah: Keil et al. 2016, doi:10.1149/2.0411609jes, as the battery
    # models of TU Munich (SimSES) have it: about 70 mohm between 20 and 90 % of charge, which is
    # the sum here. How it divides into three is assumed.
    capacity_ah=2.73,
    curve=open_circuit.NCA,
    empty_volt=2.5,
    full_volt=4.2,
    series_ohm=0.040,
    fast_ohm=0.012,
    fast_second=20.0,
    slow_ohm=0.018,
    slow_second=600.0,
    # 44 g of 1048 J/kgK; 18 x 65 mm lose 15 W/m2K (same source).
    heat_kelvin_per_watt=16.0,
    heat_second=730.0,
)

LTO = Preset(
    # Toshiba SCiB of 3 Ah for hybrid cars: 1.7 to 2.8 V, 1.7 mohm at 1 kHz, 2.5 mohm after 10 s,
    # 140 g, 62 x 90 x 13 mm (Green Car Congress, May 2008). The fast pair makes up the 2.5 mohm,
    # the slow one is assumed.
    capacity_ah=3.0,
    curve=open_circuit.LTO,
    empty_volt=1.7,
    full_volt=2.8,
    series_ohm=0.0017,
    fast_ohm=0.0012,
    fast_second=10.0,
    slow_ohm=0.0010,
    slow_second=300.0,
    # 140 g of 1000 J/kgK and 10 W/m2K (both assumed) with the measures above.
    heat_kelvin_per_watt=6.6,
    heat_second=930.0,
)

COIN = Preset(
    # Rechargeable coin cell, Renata ICR2032 of 65 mAh, 3.0 to 4.2 V (Electronics Weekly, March
    # 2016), with the curve of another LCO|graphite cell. Resistances assumed.
    capacity_ah=0.065,
    curve=open_circuit.ENERTECH,
    empty_volt=3.0,
    full_volt=4.2,
    series_ohm=0.40,
    fast_ohm=0.20,
    fast_second=20.0,
    slow_ohm=0.30,
    slow_second=600.0,
    # 3 g of 1000 J/kgK, 20 x 3.2 mm and 10 W/m2K, all but the size assumed.
    heat_kelvin_per_watt=120.0,
    heat_second=360.0,
)

PRESETS = {
    "nmc": NMC,
    "lfp": LFP,
    "nca": NCA,
    "lto": LTO,
    "coin": COIN,
    "kokam": KOKAM,
    "enertech": ENERTECH,
}
"""By the names that the command line takes."""
