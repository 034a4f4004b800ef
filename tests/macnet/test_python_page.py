"""docs/python.md, as a reader would try it: each block of Python, one after another."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from macnet_bridge.macnet import AsyncCycler, Line, MaccorInterface, TesterAddress
from tests.macnet.running import RunningCycler

PAGE = Path(__file__).parents[2] / "docs" / "python.md"
PRINTED = [
    r"channel 5 of 8: \d\.\d{3} V, 0\.000 A",
    *(rf"{channel} available \d\.\d{{3}} V" for channel in range(1, 9)),
    r"the tester said yes",
    r"the tester said no: \w+, result \d+",
    r"\d\.\d+ 8",
    r"not sent",
    r"\d\.\d+",
]


def test_every_block_runs(capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 6
    names: dict[str, Any] = {"__name__": "__main__"}
    with RunningCycler(8) as lab:
        ports = f"{lab.cycler.json_port}, {lab.cycler.tcp_port}, {lab.cycler.udp_port}"
        dictionary = f'{{"server_ip": "127.0.0.1", "json_msg_port": {lab.cycler.json_port}}}'
        for block in blocks:
            here = block.replace('TesterAddress("10.0.0.17")', f'TesterAddress("127.0.0.1", {ports})')
            here = here.replace('{"server_ip": "10.0.0.17"}', dictionary)
            assert "10.0.0.17" not in here
            exec(compile(here, "docs/python.md", "exec"), names)
        variables = lab.do(lambda cycler: cycler.channel(5).variables)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(PRINTED)
    for line, pattern in zip(lines, PRINTED, strict=True):
        assert re.fullmatch(pattern, line), line
    assert variables[0] == 0.0, "what came too late was not sent"


@pytest.mark.parametrize("wrong", ["127.0.0.1", ("127.0.0.1", 57570), None])
def test_an_address_that_is_none(wrong: Any) -> None:
    with pytest.raises(
        TypeError, match=r'^address is a TesterAddress, such as TesterAddress\("10\.0\.0\.17"\)'
    ):
        AsyncCycler(wrong)


@pytest.mark.parametrize("kind", [AsyncCycler, MaccorInterface, TesterAddress, Line])
def test_help_names_nothing_that_users_do_not_have(kind: type) -> None:
    names = ["__init__", *(name for name in dir(kind) if not name.startswith("_"))]
    texts = [kind.__doc__ or "", *(getattr(kind, name).__doc__ or "" for name in names)]
    inside = {"Connection.call", "Outputs", "ChannelConfig", "KEEP_ALIVE_S", "starting."}
    assert [text for text in texts if any(f"`{name}" in text for name in inside)] == []


@pytest.mark.parametrize("word", ["channels:", "line:", "before_send:", "TesterAddress", "Raises:"])
def test_help_says_what_the_words_mean(word: str) -> None:
    assert word in str(AsyncCycler.__doc__)
