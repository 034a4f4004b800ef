"""The few procedures that every simulated tester has."""

from __future__ import annotations

from collections.abc import Mapping

from macnet_bridge.macnet.protocol.codes import StepCode
from macnet_bridge.simulator.machine.procedure.rows import (
    AdvanceCycle,
    Amount,
    Comparison,
    Do,
    End,
    Finish,
    Loop,
    Procedure,
    Quantity,
    Report,
    Row,
    Step,
)

_RECORDS = (Report(Quantity.STEP_TIME, Amount(10.0)),)


def _charge(goto: int) -> Step:
    """1C to 4.2 V, until C/20."""
    taper = End(Quantity.CURRENT, Comparison.AT_MOST, Amount(0.05, is_c_rate=True), goto)
    limits = {Quantity.VOLTAGE: Amount(4.2)}
    return Step(StepCode.CHARGE, Quantity.CURRENT, Amount(1.0, True), limits, (taper,), _RECORDS)


def _discharge(goto: int) -> Step:
    """1C to 3.0 V."""
    empty = End(Quantity.VOLTAGE, Comparison.AT_MOST, Amount(3.0), goto)
    return Step(StepCode.DISCHARGE, Quantity.CURRENT, Amount(1.0, True), ends=(empty,), reports=_RECORDS)


def _rest(second: float, goto: int) -> Step:
    over = End(Quantity.STEP_TIME, Comparison.AT_LEAST, Amount(second), goto)
    return Step(StepCode.REST, ends=(over,), reports=_RECORDS)


def _procedure(name: str, description: str, *rows: Row) -> Procedure:
    return Procedure(name, description, (*rows, Finish()))


BUILT_IN: Mapping[str, Procedure] = {
    procedure.name: procedure
    for procedure in (
        _procedure("CCCV_1C", "Charge 1C to 4.2 V until C/20, rest", _charge(2), _rest(600.0, 3)),
        _procedure("Discharge_1C", "Discharge 1C to 3.0 V, rest", _discharge(2), _rest(600.0, 3)),
        _procedure(
            "Cycle_1C",
            "Ten cycles of 1C charge and discharge with rests",
            Do(1),
            _charge(3),
            _rest(600.0, 4),
            _discharge(5),
            _rest(600.0, 6),
            AdvanceCycle(),
            Loop(number=1, begin=1, times=10, goto=8),
        ),
        _procedure("Rest", "Rest for an hour", _rest(3600.0, 2)),
    )
}
"""Procedures by the name that MacNet (6, 2) selects them with."""
