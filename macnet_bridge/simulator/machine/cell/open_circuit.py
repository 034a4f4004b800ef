"""Open-circuit curves of the presets, and where each is from.

In all of them the first and the last piece reach past empty and full, steeply, so that an
over-discharged cell looks like one. They are assumed.
"""

from __future__ import annotations

from macnet_bridge.simulator.machine.cell.curve import Curve

# fmt: off

# Generic, assumed.
NMC = Curve.through(
    (-0.05, 2.00), (0.00, 2.90), (0.02, 3.15), (0.05, 3.35), (0.10, 3.47), (0.20, 3.56),
    (0.30, 3.62), (0.40, 3.67), (0.50, 3.73), (0.60, 3.82), (0.70, 3.92), (0.80, 4.01),
    (0.90, 4.09), (1.00, 4.20), (1.05, 4.60),
)

# Computed from the formulas for graphite and Li(Ni,Co)O2 against lithium of Ecker et al. 2015,
# doi:10.1149/2.0551509jes, as PyBaMM has them (parameter set Ecker2015, BSD-3-Clause), with its
# thicknesses and its lithium at full; empty is where that comes to 2.5 V.
KOKAM = Curve.through(
    (-0.02, 1.500), (0.00, 2.500), (0.005, 2.751), (0.01, 2.873), (0.02, 3.025), (0.03, 3.135),
    (0.05, 3.284), (0.07, 3.374), (0.10, 3.452), (0.15, 3.522), (0.20, 3.578), (0.25, 3.644),
    (0.30, 3.700), (0.35, 3.735), (0.40, 3.764), (0.45, 3.778), (0.50, 3.785), (0.55, 3.793),
    (0.60, 3.807), (0.65, 3.828), (0.70, 3.859), (0.75, 3.909), (0.80, 3.962), (0.85, 4.004),
    (0.90, 4.047), (0.95, 4.096), (1.00, 4.153), (1.05, 4.600),
)

# LCO|graphite: the discharge at C/10 of bench/discharge_curves.csv, plus the 20 mV that its 0.228 A
# drop over the resistances; full is what was measured before it.
ENERTECH = Curve.through(
    (-0.02, 2.000), (0.00, 3.019), (0.005, 3.163), (0.01, 3.249), (0.02, 3.367), (0.03, 3.449),
    (0.05, 3.566), (0.07, 3.631), (0.10, 3.660), (0.15, 3.696), (0.20, 3.722), (0.25, 3.739),
    (0.30, 3.759), (0.35, 3.773), (0.40, 3.783), (0.45, 3.794), (0.50, 3.809), (0.55, 3.828),
    (0.60, 3.851), (0.65, 3.887), (0.70, 3.926), (0.75, 3.961), (0.80, 3.998), (0.85, 4.039),
    (0.90, 4.084), (0.95, 4.132), (0.98, 4.164), (1.00, 4.181), (1.05, 4.600),
)

# Sony US26650FTC1, measured by TU Munich (Naumann, doctoral thesis, 2018), from SimSES
# (BSD-3-Clause), which has 201 points; these are within 8 mV of them.
LFP = Curve.through(
    (-0.02, 1.000), (0.00, 2.286), (0.005, 2.683), (0.01, 2.783), (0.02, 2.895), (0.03, 2.967),
    (0.05, 3.065), (0.07, 3.132), (0.10, 3.197), (0.15, 3.212), (0.20, 3.234), (0.25, 3.255),
    (0.30, 3.270), (0.35, 3.283), (0.40, 3.292), (0.50, 3.299), (0.60, 3.303), (0.70, 3.311),
    (0.75, 3.319), (0.80, 3.334), (0.85, 3.340), (0.90, 3.342), (0.98, 3.349), (0.99, 3.362),
    (0.995, 3.396), (1.00, 3.530), (1.02, 4.000),
)

# The formula of Keil et al. 2016, doi:10.1149/2.0411609jes, which ends at 3.245 V.
NCA = Curve.through(
    (-0.03, 2.000), (0.00, 3.245), (0.05, 3.323), (0.10, 3.395), (0.15, 3.456), (0.20, 3.504),
    (0.25, 3.541), (0.30, 3.569), (0.35, 3.594), (0.40, 3.622), (0.45, 3.655), (0.50, 3.693),
    (0.60, 3.780), (0.70, 3.871), (0.80, 3.961), (0.85, 4.009), (0.90, 4.063), (0.95, 4.126),
    (1.00, 4.197), (1.05, 4.600),
)

# Computed: Li(Ni,Co)O2 against lithium by the formula that KOKAM is from, from 20 to 95 % of its
# lithium, less 1.55 V of the titanate. Its knee below 0.05 is assumed.
LTO = Curve.through(
    (-0.03, 1.000), (0.00, 1.700), (0.02, 2.000), (0.05, 2.075), (0.10, 2.121), (0.20, 2.211),
    (0.30, 2.315), (0.40, 2.350), (0.50, 2.363), (0.60, 2.398), (0.70, 2.465), (0.80, 2.551),
    (0.90, 2.661), (1.00, 2.805), (1.05, 3.200),
)
