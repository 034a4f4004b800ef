"""Battery cells: `curve` open-circuit voltage over charge, `circuit` the cell, `presets` kinds of cells."""

from macnet_bridge.simulator.machine.cell.circuit import Cell, Moved
from macnet_bridge.simulator.machine.cell.curve import Curve
from macnet_bridge.simulator.machine.cell.presets import PRESETS, Preset

__all__ = ["PRESETS", "Cell", "Curve", "Moved", "Preset"]
