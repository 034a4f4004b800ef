"""Parts of steps: ends, reports, limits."""

from __future__ import annotations

import re
from collections.abc import Mapping

from macnet_bridge.simulator.machine.procedure import spellings, values
from macnet_bridge.simulator.machine.procedure.document import Element
from macnet_bridge.simulator.machine.procedure.refusing import Notes, Refused, shown
from macnet_bridge.simulator.machine.procedure.rows import Amount, End, Quantity, Report

MIN_REPORT_SECOND = 0.01
"""A tick of the tester."""

_TRUTH: Mapping[str, bool] = {"": False, "false": False, "true": True}
_STEP_NUMBER = re.compile(r"[0-9]{1,5}")


def end(entry: Element, rows: int, notes: Notes) -> End | None:
    """One EndEntry of a step that takes time, None where it is not understood.

    Args:
        rows: how many the procedure has.
    """
    notes.attempt(special_type, entry)
    is_safety = notes.attempt(_is_safety, entry)
    goto = notes.attempt(row_number, entry.value("Step"), rows)
    quantity = notes.attempt(_end_quantity, entry.value("EndType"))
    if quantity is None:
        return None
    comparison = notes.attempt(spellings.comparison, quantity, entry.value("Oper"))
    amount = notes.attempt(_end_amount, quantity, entry.value("Value"))
    if comparison is None or amount is None or goto is None or is_safety is None:
        return None
    return End(quantity, comparison, amount, goto, is_safety)


def _end_quantity(text: str) -> Quantity:
    if spellings.plain(text) == spellings.plain(spellings.LOOP_COUNT):
        raise Refused(f"{shown(text)} ends loops only")
    return spellings.look_up("end type", spellings.END_TYPES, text)


def _end_amount(quantity: Quantity, text: str) -> Amount:
    # What only grows is at zero from the first moment on: the step would never be.
    only_grows = "=" in spellings.OPERATORS[quantity]
    amount = values.amount(quantity, text)
    return values.more_than_zero(amount, text) if only_grows else amount


def special_type(entry: Element) -> None:
    """Refuse an end of a special type; what these are no public source tells."""
    if text := entry.value("SpecialType"):
        raise Refused(f"special type {shown(text)} is not simulated")


def _is_safety(entry: Element) -> bool:
    text = entry.value("ChanSafetyEnd")
    if text.lower() not in _TRUTH:
        raise Refused(f"ChanSafetyEnd {shown(text)} is neither True nor False")
    return _TRUTH[text.lower()]


def row_number(text: str, rows: int) -> int:
    """The row that an end goes to."""
    if not _STEP_NUMBER.fullmatch(text):
        raise Refused(f"goes to {shown(text)}, which is no step number")
    if not 1 <= int(text) <= rows:
        raise Refused(f"goes to step {int(text)}, but the last step is {rows}")
    return int(text)


def report(entry: Element, notes: Notes) -> Report | None:
    """One ReportEntry, None where it is not understood."""
    quantity = notes.attempt(
        spellings.look_up, "report type", spellings.REPORT_TYPES, entry.value("ReportType")
    )
    if quantity is None:
        return None
    amount = notes.attempt(_spacing, quantity, entry.value("Value"))
    return None if amount is None else Report(quantity, amount)


def _spacing(quantity: Quantity, text: str) -> Amount:
    amount = values.more_than_zero(values.amount(quantity, text), text)
    return not_too_often(amount, text) if quantity is Quantity.STEP_TIME else amount


def not_too_often(amount: Amount, text: str) -> Amount:
    """Time between records, at least a tick."""
    if amount.value < MIN_REPORT_SECOND:
        raise Refused(f"{shown(text)} is shorter than {MIN_REPORT_SECOND} s")
    return amount


def limits(element: Element, control: Quantity | None, notes: Notes) -> dict[Quantity, Amount]:
    """The limits of a step that controls `control`."""
    read: dict[Quantity, Amount] = {}
    for child in (child for child in element.children if not child.is_blank):
        at = notes.at(f"limit {child.name}", ", ")
        quantity = notes.attempt(limit_quantity, spellings.LIMITS, child.name, control)
        amount = None if quantity is None else at.attempt(level, quantity, child.text)
        if quantity in read:
            at.add("comes more than once")
        elif quantity is not None and amount is not None:
            read[quantity] = amount
    return read


def limit_quantity(letters: Mapping[str, Quantity], text: str, control: Quantity | None) -> Quantity:
    """What is limited, by a table of spellings; it cannot be what is controlled."""
    quantity = spellings.look_up("limit", letters, text)
    if quantity is control:
        raise Refused(f"limit {shown(text)} is what the step controls")
    return quantity


def level(quantity: Quantity, text: str) -> Amount:
    """What is controlled or limited. No resistance can be zero, that would be any current."""
    amount = values.amount(quantity, text)
    return values.more_than_zero(amount, text) if quantity is Quantity.RESISTANCE else amount
