"""docs/client.md, as a reader would try it: each block of Python, one after another."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from macnet_bridge.cli.loop import run_async
from macnet_bridge.simulator import Behaviour
from tests.bridge.conftest import Lab
from tests.bridge.running import cycler_table
from tests.client.test_commands import LIMITS

PAGE = Path(__file__).parents[2] / "docs" / "client.md"
URL = '"mqtt://127.0.0.1:1883", root="macnet"'
PRINTED = [
    r"done read_back True",
    r"OUT_OF_LIMITS args\.safety\.voltage_max_volt False",
    r"device rejected",
    r"NO_ANSWER",
    r"\[\(1, 'done'\), \(2, 'done'\), \(3, 'done'\)\]",
    r"final",
    r"\{'lab': 'done'\}",
    r"available",
    r"\d\.\d V",
    r"suspended",
]


async def test_every_block_runs(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    cycler = await lab.cycler(8, behaviour=Behaviour(starting_second=0.0, direct_ready_second=0.0))
    await lab.bridge(cycler_table(cycler, more=LIMITS))
    await lab.online(await lab.peer())
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 5
    names: dict[str, Any] = {"run_async": run_async}
    where = f'"mqtt://{lab.broker.host}:{lab.broker.port}", root="{lab.root}"'
    for block in blocks:
        assert URL in block
        # As the page says for Windows.
        here = block.replace(URL, where).replace("asyncio.run(", "run_async(")
        await asyncio.to_thread(exec, compile(here, "docs/client.md", "exec"), names)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(PRINTED), lines
    for line, pattern in zip(lines, PRINTED, strict=True):
        assert re.fullmatch(pattern, line), line
