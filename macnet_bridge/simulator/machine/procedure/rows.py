"""A test procedure as data: the rows of Maccor's procedure files, with numbers in place of texts.

Row numbers count from 1. They are the steps of MacNet (4, 7) and what ends go to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from macnet_bridge.macnet.protocol.codes import StepCode


class Quantity(Enum):
    """What a step controls, limits, ends on or reports. The value is its unit; all are magnitudes."""

    STEP_TIME = "s of the step"
    TEST_TIME = "s of the test"
    CURRENT = "A"
    VOLTAGE = "V"
    POWER = "W"
    RESISTANCE = "ohm"
    CAPACITY = "Ah of the step"
    ENERGY = "Wh of the step"

    @property
    def words(self) -> str:
        return self.name.lower().replace("_", " ")


class Comparison(Enum):
    """How an end compares. A time or a charge only grows, so that its `=` is `AT_LEAST`."""

    AT_LEAST = ">="
    AT_MOST = "<="


@dataclass(frozen=True, slots=True)
class Amount:
    """A number in the unit of its quantity, or, for currents and capacities, a multiple of 1C.

    1C is an ampere and an ampere-hour for each ampere-hour of the cell.
    """

    value: float
    is_c_rate: bool = False

    def of(self, c_rate_ah: float) -> float:
        """The number for a cell of which 1C is `c_rate_ah` amperes, and ampere-hours."""
        return self.value * c_rate_ah if self.is_c_rate else self.value


@dataclass(frozen=True, slots=True)
class End:
    """A condition that ends a step.

    Attributes:
        goto: the row that comes next.
        is_safety: marked as a safety end, which its record tells.
    """

    quantity: Quantity
    comparison: Comparison
    amount: Amount
    goto: int
    is_safety: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """A record is written after so much time, or so much change, within a step."""

    quantity: Quantity
    amount: Amount


@dataclass(frozen=True, slots=True)
class Step:
    """A row that takes time.

    Attributes:
        code: charge, discharge or rest.
        control: what it holds: current, voltage, power or resistance; None at rest.
        amount: of `control`.
        limits: of other quantities, at which control goes over to them.
        ends: looked at in their order; without any it lasts until someone stops the test.
        current_range: 1 to 4, None for automatic.
    """

    code: StepCode
    control: Quantity | None = None
    amount: Amount = Amount(0.0)
    limits: Mapping[Quantity, Amount] = field(default_factory=dict)
    ends: tuple[End, ...] = ()
    reports: tuple[Report, ...] = ()
    current_range: int | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """A line of a waveform.

    Attributes:
        step: what it does. The `goto` of its ends is 0: they go to the next segment, as its time does.
        second: how long it lasts.
    """

    step: Step
    second: float


@dataclass(frozen=True, slots=True)
class Wave:
    """A FastWave row: its segments, one after another. After the last one the next row follows.

    Attributes:
        name: of the waveform, without extension.
    """

    name: str
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class AdvanceCycle:
    """A row that counts a cycle and takes no time."""


@dataclass(frozen=True, slots=True)
class Do:
    """Where loop `number` begins; its count starts anew here."""

    number: int


@dataclass(frozen=True, slots=True)
class Loop:
    """Goes back to the row after `Do` until that has happened often enough.

    Attributes:
        number: of its `Do`.
        begin: row of its `Do`.
        times: how often the rows between are run.
        goto: the row that comes next then.
    """

    number: int
    begin: int
    times: int
    goto: int


@dataclass(frozen=True, slots=True)
class Finish:
    """An End row: the test is complete. Which one it was is its grade, MacNet (4, 10)."""


Row = Step | Wave | AdvanceCycle | Do | Loop | Finish


@dataclass(frozen=True, slots=True)
class Procedure:
    """Rows with a name. After the last one the test is complete, whether it is an End or not."""

    name: str
    description: str
    rows: tuple[Row, ...]
