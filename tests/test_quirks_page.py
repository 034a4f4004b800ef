"""docs/quirks.md has every number, and every number has a test that bears it."""

from __future__ import annotations

import ast
import dataclasses
import re
from collections import Counter
from pathlib import Path

from macnet_bridge.simulator import Behaviour, Forms, SimulatedCycler

TESTS = Path(__file__).parent
PAGE = (TESTS.parent / "docs" / "quirks.md").read_text("utf-8")
NUMBERS = [*(f"Q{n}" for n in range(1, 42)), *(f"U{n}" for n in range(1, 26))]
_BEARS = re.compile(r"test_((?:[qu]\d+_)+)")


def rows() -> list[list[str]]:
    """The cells of all rows that have a number."""
    lines = [line for line in PAGE.splitlines() if re.match(r"\| [QU]\d+ \|", line)]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def numbered_tests() -> Counter[str]:
    """How many test functions bear each number."""
    found: Counter[str] = Counter()
    for path in TESTS.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (
                match := _BEARS.match(node.name)
            ):
                found.update(match[1].rstrip("_").upper().split("_"))
    return found


def test_every_number_has_one_row_with_all_its_cells() -> None:
    assert [row[0] for row in rows()] == NUMBERS
    assert [row[0] for row in rows() if len(row) != 4 or not all(row)] == []


def test_every_number_has_a_test() -> None:
    found = numbered_tests()
    assert sorted(set(NUMBERS) - found.keys()) == []
    assert sorted(found.keys() - set(NUMBERS)) == []


def test_every_option_of_wording_is_on_the_page_and_none_that_is_not_there() -> None:
    wording = {option.name for option in dataclasses.fields(Forms)}
    options = wording | {
        option.name for kind in (Behaviour, SimulatedCycler) for option in dataclasses.fields(kind)
    }
    last = " ".join(row[3] for row in rows())
    named = {name for name, value in re.findall(r"`([a-z]\w+)(=[^`]*)?`", last) if value or name in options}
    assert wording - named == set()
    assert named - options == set()
