"""docs/simulator.md has what the simulator has, and what it shows works."""

from __future__ import annotations

import dataclasses
import json
import re
import shlex
from pathlib import Path

import click
import pytest

from macnet_bridge.cli.simulate import simulate
from macnet_bridge.macnet.protocol import messages as m
from macnet_bridge.simulator import Fault, Transport
from macnet_bridge.simulator.sockets.fault_kinds import KINDS
from macnet_bridge.simulator.sockets.fault_text import parse
from macnet_bridge.simulator.sockets.log_lines import line
from macnet_bridge.simulator.sockets.received import Answer, Received

pytest_plugins = ["pytester"]

PAGE = (Path(__file__).parents[1] / "docs" / "simulator.md").read_text("utf-8")
RECORD = Received(
    time=0.0,
    epoch_second=1772442904.512,
    transport=Transport.JSON,
    number=(6, 9),
    channel=5,
    request_id=7,
    body=m.SetVariable(variable=3, value=1.5),
    answer=Answer(reply=m.Outcome(result=0)),
)
NAMES = {Transport.JSON: "JSON", Transport.BINARY_TCP: "TCP", Transport.BINARY_UDP: "UDP"}


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def table(head: str) -> list[list[str]]:
    """The cells of a table with this first line."""
    lines = PAGE[PAGE.index(head) :].splitlines()[2:]
    rows = []
    for text in lines:
        if not text.startswith("|"):
            break
        rows.append([cell.strip() for cell in text.strip("|").split("|")])
    return rows


def test_the_table_of_faults_is_that_of_the_code() -> None:
    assert table("| kind | what the client sees | by |") == [
        [f"`{name}`", kind.what, ", ".join(NAMES[each] for each in NAMES if each in kind.transports)]
        for name, kind in KINDS.items()
    ]


def test_every_option_of_faults_is_there_and_no_other() -> None:
    rows = table("| option | means | without it |")
    assert [f"`{field.name}`" for field in dataclasses.fields(Fault) if field.name not in ("kind", "on")] == [
        row[0] for row in rows
    ]
    before = [name for name, kind in KINDS.items() if kind.before]
    (carried_out,) = (row[1] for row in rows if row[0] == "`carried_out`")
    assert f"({', '.join(f'`{name}`' for name in before)})" in carried_out


def test_faults_that_are_shown_can_be_had() -> None:
    shown = re.findall(r"`((?:drop|refuse|half-open) [^`]*)`", PAGE)
    assert len(shown) >= 4
    for text in shown:
        assert parse(text)


def commands() -> list[str]:
    lines = [text for block in blocks("sh") for text in block.splitlines()]
    return [text.removeprefix("macnet-bridge simulate") for text in lines]


@pytest.mark.parametrize("command", commands())
def test_commands_that_are_shown_are_understood(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "faults.txt").write_text("drop 6,2\n", "utf-8")
    (tmp_path / "procedures").mkdir()
    simulate.make_context("simulate", shlex.split(command))


def test_every_option_of_the_command_is_on_the_page() -> None:
    options = {name for option in simulate.params if isinstance(option, click.Option) for name in option.opts}
    assert {name for name in options if f"`{name}`" not in PAGE and f" {name} " not in PAGE} == set()


def test_the_line_of_the_log_is_one() -> None:
    (shown,) = (text for text in blocks("json") if "fclass" in text)
    entry = json.loads(shown)
    written = json.loads(line(RECORD))
    assert entry == written
    assert list(entry) == list(written)


def test_keys_of_the_log_are_on_the_page() -> None:
    source = (
        Path(__file__).parents[1] / "macnet_bridge" / "simulator" / "sockets" / "log_lines.py"
    ).read_text("utf-8")
    keys = set(re.findall(r'"([a-z_]+)":', source)) | set(re.findall(r'parts\["([a-z]+)"\]', source))
    listed = {name for row in table("| key | has |") for name in re.findall(r"`([a-z_]+)`", row[0])}
    assert keys == listed


def test_the_example_for_pytest_works(pytester: pytest.Pytester) -> None:
    conftest, example = (text for text in blocks("python") if "pytest" in text)
    pytester.makeconftest(conftest)
    pytester.makepyfile(example)
    result = pytester.runpytest_subprocess("-p", "no:asyncio", "--strict-markers")
    assert result.parseoutcomes() == {"passed": 1}
