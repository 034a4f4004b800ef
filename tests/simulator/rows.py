"""Short procedures as rows, and a machine that runs them at once."""

from __future__ import annotations

from typing import Any

from macnet_bridge.macnet.protocol.codes import StepCode
from macnet_bridge.simulator.machine.procedure.library import Library
from macnet_bridge.simulator.machine.procedure.rows import (
    Amount,
    Comparison,
    End,
    Procedure,
    Quantity,
    Row,
    Step,
)
from tests.simulator.machine import Machine

AT_LEAST, AT_MOST = Comparison.AT_LEAST, Comparison.AT_MOST


def run(*rows: Row, **behaviour: Any) -> Machine:
    """A machine whose channel 1 is about to begin with these rows; 1C is 2.5 A."""
    machine = Machine(starting_second=0.0, **behaviour)
    machine.tester.procedures = Library(machine.tester.files, {"it": Procedure("it", "", rows)})
    assert machine.start("it") == 0
    return machine


def end(
    quantity: Quantity, comparison: Comparison, value: float, goto: int = 2, *, c_rate: bool = False
) -> End:
    return End(quantity, comparison, Amount(value, c_rate), goto)


def after(second: float, goto: int = 2) -> End:
    return end(Quantity.STEP_TIME, AT_LEAST, second, goto)


def rest(second: float, goto: int = 2) -> Step:
    return Step(StepCode.REST, ends=(after(second, goto),))


def charge(ampere: float, *ends: End, **more: Any) -> Step:
    return Step(StepCode.CHARGE, Quantity.CURRENT, Amount(ampere), ends=ends, **more)


def discharge(ampere: float, *ends: End, **more: Any) -> Step:
    return Step(StepCode.DISCHARGE, Quantity.CURRENT, Amount(ampere), ends=ends, **more)
