"""The cells of tests on disk."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from macnet_bridge.app.cell_file import CellFile
from macnet_bridge.macnet import AsyncCycler, TesterAddress
from macnet_bridge.tester import Tester


def lab(name: str = "lab1") -> Tester:
    return Tester(name, AsyncCycler(TesterAddress("127.0.0.1")))


async def written(file: CellFile) -> None:
    while file._writing is not None:
        await asyncio.wait([file._writing])


async def test_what_was_named_is_known_to_the_next_run(tmp_path: Path) -> None:
    first = lab()
    file = CellFile(tmp_path, {"lab1": first})
    for number in range(1, 20):  # while the first of them is being written
        first.name_cell(number, f"test {number}", f"cell {number}")
    await written(file)
    other = lab("lab2")
    file = CellFile(tmp_path, {"lab2": other})  # lab1 is not served for a while
    other.name_cell(5, "of lab2", "another")
    await written(file)
    second = lab()
    CellFile(tmp_path, {"lab1": second, "lab2": lab("lab2")})
    assert second.cell_id(19, "test 19") == "cell 19"
    assert second.cell_id(19, "a later test") is None
    assert second.cell_id(20, None) is None


@pytest.mark.parametrize("content", [b"{", b"\xff", b'{"lab1":{"5":"x"}}'])
async def test_a_damaged_file_is_told_and_made_anew(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "cells.json").write_bytes(content)
    lab1 = lab()
    file = CellFile(tmp_path, {"lab1": lab1})
    assert "cells.json cannot be read" in caplog.text
    lab1.name_cell(5, "test", "cell")
    await written(file)
    assert json.loads((tmp_path / "cells.json").read_bytes()) == {"lab1": {"5": ["test", "cell"]}}


async def test_a_disk_that_takes_nothing_costs_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "cells.json.new").mkdir()
    lab1 = lab()
    file = CellFile(tmp_path, {"lab1": lab1})
    lab1.name_cell(5, "test", "cell")
    await written(file)
    assert "cells.json cannot be written" in caplog.text
    assert lab1.cell_id(5, "test") == "cell"
