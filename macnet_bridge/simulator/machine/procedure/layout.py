"""Which elements a procedure file has. Whatever else carries something is refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from macnet_bridge.simulator.machine.procedure.document import Element
from macnet_bridge.simulator.machine.procedure.refusing import Notes, shown

ROOT = "MaccorTestProcedure"

_LEAVES = frozenset[str]()
_STEP = frozenset(
    {
        "StepType",
        "StepMode",
        "StepValue",
        "Limits",
        "Ends",
        "Reports",
        "Range",
        "Option1",
        "Option2",
        "Option3",
        "Option4",
        "StepNote",
    }
)
CHILDREN: Mapping[str, frozenset[str]] = {
    ROOT: frozenset({"header", "ProcSteps"}),
    "header": frozenset({"BuildTestVersion", "FileFormatVersion", "ProcDesc"}),
    "BuildTestVersion": frozenset({"major", "minor", "release", "build"}),
    "FileFormatVersion": frozenset({"BTVersion"}),
    "ProcDesc": frozenset({"desc"}),
    "ProcSteps": frozenset({"TestStep"}),
    "TestStep": _STEP,
    "Ends": frozenset({"EndEntry"}),
    "EndEntry": frozenset({"EndType", "SpecialType", "Oper", "Step", "Value", "ChanSafetyEnd"}),
    "Reports": frozenset({"ReportEntry"}),
    "ReportEntry": frozenset({"ReportType", "Value"}),
}
"""What may be in an element; elements that are not here hold texts. `Limits` hold limits by name."""

_LISTS = frozenset({"ProcSteps", "Ends", "Reports", "Limits"})
"""They hold any number of elements; the others hold each of theirs once at most."""


def check(element: Element, notes: Notes, *, inner: bool = True) -> None:
    """Note what is in this element and should not be; with `inner`, also what is in its children."""
    _check_itself(element, notes)
    for child in element.children:
        known = element.name == "Limits" or child.name in CHILDREN.get(element.name, _LEAVES)
        if not known and not child.is_blank:
            notes.add(f"element {shown(child.name)} in {shown(element.name)} is not known")
        elif known and inner:
            check(child, notes)


def _check_itself(element: Element, notes: Notes) -> None:
    for name in element.attributes:
        notes.add(f"attribute {shown(name)} of {shown(element.name)} is not known")
    if element.text and (element.name in CHILDREN or element.name == "Limits"):
        notes.add(f"text {shown(element.text)} in {shown(element.name)} is not known")
    if element.name not in _LISTS:
        count = Counter(child.name for child in element.children)
        for name in (name for name, times in count.items() if times > 1):
            notes.add(f"element {shown(name)} comes more than once in {shown(element.name)}")
