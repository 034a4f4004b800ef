"""Test procedures as data, and the small set that every simulated tester has.

A procedure is rows. Row numbers, from 1, are the step numbers of MacNet (4, 7). Procedures
read from files join `BUILT_IN` in the library that a tester is given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from macnet_bridge.macnet.protocol.codes import RecordCause, StepCode


@dataclass(frozen=True, slots=True)
class End:
    """A condition that ends a step: amperes, volts, seconds or ampere-hours by `cause`.

    A current ends a step from above, a voltage from the side that the step moves away from.
    """

    cause: RecordCause
    value: float


@dataclass(frozen=True, slots=True)
class Step:
    """A row that takes time.

    Attributes:
        code: charge, discharge or rest.
        c_rate: current as a multiple of the capacity given at the start of the test.
        current_ampere: current, added to that of `c_rate`.
        voltage_volt: voltage that the step holds once it gets there; None for none.
        end_c_rate: as one more end, a current in the unit of `c_rate`; 0 for none.
        ends: what ends it; without any it lasts until someone stops the test.
    """

    code: StepCode
    c_rate: float = 0.0
    current_ampere: float = 0.0
    voltage_volt: float | None = None
    end_c_rate: float = 0.0
    ends: tuple[End, ...] = ()


@dataclass(frozen=True, slots=True)
class AdvanceCycle:
    """A row that counts a cycle and takes no time."""


@dataclass(frozen=True, slots=True)
class Loop:
    """A row that goes back to row `to` until the rows between have run `times` times."""

    to: int
    times: int


Row = Step | AdvanceCycle | Loop


@dataclass(frozen=True, slots=True)
class Procedure:
    """Rows with a name; after the last one the test is complete."""

    name: str
    description: str
    rows: tuple[Row, ...]
    record_second: float = 10.0


def _after(second: float) -> tuple[End, ...]:
    return (End(RecordCause.END_STEP_TIME, second),)


_CHARGE_1C = Step(StepCode.CHARGE, c_rate=1.0, voltage_volt=4.2, end_c_rate=0.05)
_DISCHARGE_1C = Step(StepCode.DISCHARGE, c_rate=1.0, ends=(End(RecordCause.END_VOLTAGE, 3.0),))
_REST_10_MINUTES = Step(StepCode.REST, ends=_after(600.0))

BUILT_IN: Mapping[str, Procedure] = {
    procedure.name: procedure
    for procedure in (
        Procedure("CCCV_1C", "Charge 1C to 4.2 V until C/20, rest", (_CHARGE_1C, _REST_10_MINUTES)),
        Procedure("Discharge_1C", "Discharge 1C to 3.0 V, rest", (_DISCHARGE_1C, _REST_10_MINUTES)),
        Procedure(
            "Cycle_1C",
            "Ten cycles of 1C charge and discharge with rests",
            (
                AdvanceCycle(),
                _CHARGE_1C,
                _REST_10_MINUTES,
                _DISCHARGE_1C,
                _REST_10_MINUTES,
                Loop(to=1, times=10),
            ),
        ),
        Procedure("Rest", "Rest for an hour", (Step(StepCode.REST, ends=_after(3600.0)),)),
    )
}
"""Procedures by the name that MacNet (6, 2) selects them with."""
