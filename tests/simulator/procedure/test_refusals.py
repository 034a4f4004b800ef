"""Each construct that is refused, by name; and proof that these tests notice when a refusal is gone."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from macnet_bridge.simulator.machine.procedure.reading import read_procedure
from macnet_bridge.simulator.machine.procedure.refusing import NotUnderstood, line
from macnet_bridge.simulator.machine.procedure.waveform import read_waveform
from tests.simulator.procedure.branches import BRANCHES, FOLDER, MODULES, Branch, modules, taken_out
from tests.simulator.procedure.cases import CASES, AnyCase
from tests.simulator.procedure.xml_text import END, charge, end, procedure, report, rest, step


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_it_is_refused_by_name(case: AnyCase) -> None:
    assert case.found(modules()) == case.findings


@pytest.mark.parametrize("branch", BRANCHES, ids=str)
def test_without_its_branch_a_refusal_is_missed(branch: Branch) -> None:
    about_it = [case for case in CASES.values() if any(map(branch.says, case.findings))]
    with taken_out(branch) as package:
        assert [case for case in about_it if outcome(case, package) != case.findings]


def outcome(case: AnyCase, package: SimpleNamespace) -> tuple[str, ...] | type[Exception]:
    """What a package finds. One that goes on where it should not may come to grief in any way."""
    try:
        return case.found(package)
    except Exception as error:  # noqa: BLE001
        return type(error)


def test_all_findings_come_at_once() -> None:
    broken = charge(
        "fast",
        limits={"Temp": "45"},
        ends=[end("Pressure", ">=", "1"), end(goto=9)],
        reports=[report("Voltage", "small")],
        Option1="Y",
        Range="9",
    )
    with pytest.raises(NotUnderstood) as caught:
        read_procedure("broken", procedure(step("Pause"), broken, rest(end(goto=7)), END), lambda name: None)
    assert caught.value.findings == (
        "step 1: step type 'Pause' is not simulated",
        "step 2: Option1 'Y' is not simulated",
        "step 2, StepValue: 'fast' is no number",
        "step 2: limit 'Temp' is not simulated",
        "step 2, end 1: end type 'Pressure' is not simulated",
        "step 2, end 2: goes to step 9, but the last step is 4",
        "step 2, report 1: 'small' is no number",
        "step 2: range '9' is not simulated",
        "step 3, end 1: goes to step 7, but the last step is 4",
    )


def test_findings_are_lines_of_ascii_that_are_not_too_long() -> None:
    with pytest.raises(NotUnderstood) as caught:
        read_procedure("broken", procedure(step("Chg\nFünc" * 50), END), lambda name: None)
    assert caught.value.findings == (
        r"step 1: step type 'Chg\nF\xfcncChg\nF\xfcncChg\nF\xfcncChg\nF\xfcncChg\nF...' is not simulated",
    )
    assert line("é\t" * 300) == r"\xe9 " * 39 + r"\x..."
    assert len(line("x" * 201)) == 200


@pytest.mark.parametrize(
    ("lines", "last"), [(1000, "line 1000: has 2 columns, not 12"), (1001, "and 2 more")]
)
def test_a_thousand_findings_are_enough(lines: int, last: str) -> None:
    with pytest.raises(NotUnderstood) as caught:
        read_waveform(b"a\tb\n" * lines)
    assert len(caught.value.findings) == 1000
    assert caught.value.findings[-1] == last


def test_the_modules_that_refuse_are_all_looked_at() -> None:
    sources = {path.stem: path.read_text("utf-8") for path in FOLDER.glob("*.py")}
    assert {name for name, text in sources.items() if "raise Refused(" in text} <= set(MODULES)
