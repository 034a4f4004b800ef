"""docs/procedures.md has what the tables in the code have, and every text of a refusal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from macnet_bridge.simulator.machine.procedure import (
    document,
    parts,
    reading,
    refusing,
    spellings,
    steps,
    values,
    waveform,
)
from tests.simulator.procedure.branches import BRANCHES, FOLDER, MODULES

PAGE = (Path(__file__).parents[3] / "docs" / "procedures.md").read_text("utf-8")
_ANY_NAME = "... ... is not simulated"


def section(title: str) -> list[list[str]]:
    """The rows of a section's tables, without their heads."""
    text = re.split(r"^## ", PAGE, flags=re.MULTILINE)
    (found,) = [part for part in text if part.startswith(f"{title}\n")]
    lines = [line.strip("| ").split(" | ") for line in found.splitlines() if line.startswith("| ")]
    return [[cell.strip(" |") for cell in line] for line in lines if "`" in line[0]]


def quoted(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def spelled(rows: Iterable[list[str]], mark: str) -> set[str]:
    return {name for row in rows if row[-1] == mark for name in quoted(row[0])}


def same(title: str, seen: Mapping[str, object], assumed: Mapping[str, object]) -> None:
    rows = section(title)
    assert spelled(rows, "seen") == set(seen)
    assert spelled(rows, "assumed") == set(assumed)


def test_step_types() -> None:
    rows = section("Step types")
    assert {name for row in rows for name in quoted(row[0])} == set(steps.STEP_TYPES)
    for row in rows:
        for name in quoted(row[0]):
            used = [element for element in quoted(row[2]) if element != spellings.LOOP_COUNT]
            assert tuple(used) == steps.STEP_TYPES[name].elements


def test_modes_and_limits() -> None:
    same("Modes and limits", spellings.SEEN_MODES, spellings.ASSUMED_MODES)
    same("Modes and limits", spellings.SEEN_LIMITS, spellings.ASSUMED_LIMITS)


def test_ends_and_their_operators() -> None:
    same("Ends", spellings.SEEN_ENDS, spellings.ASSUMED_ENDS)
    for names, _, operators, _ in section("Ends"):
        for name in quoted(names):
            quantity = spellings.END_TYPES[spellings.plain(name)]
            assert set(quoted(operators)) == set(spellings.OPERATORS[quantity])


def test_reports() -> None:
    same("Reports", spellings.SEEN_REPORTS, spellings.ASSUMED_REPORTS)


def test_columns_of_waveforms() -> None:
    rows = section("Waveforms")
    assert [quoted(row[0])[0] for row in rows] == list(waveform.COLUMNS)
    letters = {quoted(row[0])[0]: set(quoted(row[1])) for row in rows}
    assert letters["state"] == set(spellings.STATE_LETTERS)
    assert letters["control_mode"] == set(spellings.QUANTITY_LETTERS)
    assert letters["report_mode"] == set(spellings.REPORT_LETTERS)


def test_every_refusal_is_on_the_page_and_none_that_is_not_there() -> None:
    sources = "".join((FOLDER / f"{name}.py").read_text("utf-8") for name in MODULES)
    looked_up = set(re.findall(r'look_up[,(]\s*"([^"]+)"', sources))
    texts = {branch.text for branch in BRANCHES} - {_ANY_NAME}
    texts |= {f"{what} ... is not simulated" for what in looked_up}
    on_page = [quoted(row[0])[0] for row in section("What is refused")]
    assert sorted(set(on_page)) == sorted(on_page)
    assert set(on_page) == texts


def test_bounds() -> None:
    for number in (document.MAX_BYTES, document.MAX_ELEMENTS, reading.MAX_ROWS, values.MAX_TIMES):
        assert f"{number:,}" in PAGE
    assert f"more than {document.MAX_DEPTH} deep" in PAGE
    assert f"After {refusing.MAX_FINDINGS - 1} findings" in PAGE
    assert f"at least {parts.MIN_REPORT_SECOND} s" in PAGE
    assert f"at most {values.MAX_NUMBER / 1e9:.1f}E9" in PAGE
    assert waveform.VERSION_LINE in PAGE
