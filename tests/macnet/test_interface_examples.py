"""Examples as they are written: pymacnet's own, with another import, and those of this project.

pymacnet's README comes with the installed package. Its Python is run as it stands, after the
corrections that it needs to be Python, and with the tester's address.
"""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

import pytest

from macnet_bridge.macnet.protocol.codes import ChannelState, StepCode
from macnet_bridge.macnet.protocol.messages import DirectOutput, SafetyLimits, SetVariable, StartTest
from macnet_bridge.simulator import Behaviour
from macnet_bridge.simulator.machine.procedure.built_in import BUILT_IN
from macnet_bridge.simulator.machine.procedure.library import Library
from tests.brokers import free_port
from tests.macnet.running import RunningCycler, Transport

PROJECT = Path(__file__).parents[2]
CHANNEL = 75

EXAMPLES = {
    path.name
    for path in (PROJECT / "examples").glob("*.py")
    if "macnet_bridge.macnet" in path.read_text("utf-8")
}
"""Those that speak with a tester. Others have tests of their own."""

CORRECTIONS = {
    r'("msg_buffer_size_bytes": 1024)\n(\s*"channel")': r"\1,\n\2",  # a comma is missing
    r"\bconfig_dict\b": "config",
    r"\Aimport": "import time\nimport",
}


@pytest.fixture
def lab() -> Iterator[RunningCycler]:
    """With the channel and the procedure of pymacnet's README, and as slow as a real tester to start."""
    with RunningCycler(128, behaviour=Behaviour()) as lab:
        mine = {**BUILT_IN, "test_procedure_1": BUILT_IN["CCCV_1C"]}
        lab.cycler.tester.procedures = Library(lab.cycler.tester.files, mine)
        yield lab


def example(heading: str, lab: RunningCycler) -> str:
    """A Python example of pymacnet's README, by the heading that it stands under."""
    readme = str(metadata("pymacnet").json["description"])
    section = readme.split(f"### {heading}\n")[1]
    found = re.search(r"```python\n(.*?)```", section, re.DOTALL)
    assert found, heading
    code = found[1]
    for pattern, right in CORRECTIONS.items():
        code = re.sub(pattern, right, code)
    if "cycler_interface =" in code:
        code = code.replace("if not channel_interface.", "if not cycler_interface.")
    for theirs, here in (("57570", lab.cycler.json_port), ("57560", lab.cycler.tcp_port)):
        assert theirs in code
        code = code.replace(theirs, str(here))
    assert code.count("import pymacnet") == 1
    return code.replace("import pymacnet", "import macnet_bridge.macnet as pymacnet")


def run(code: str) -> dict[str, Any]:
    """Run an example; what its names stand for in the end."""
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(code, "README of pymacnet", "exec"), names)
    return names


def close(names: dict[str, Any]) -> None:
    for name in ("channel_interface", "cycler_interface"):
        if name in names:
            names[name].close()


def test_cycler_level_information(lab: RunningCycler) -> None:
    names = run(example("Getting Cycler Level Information", lab))
    assert names["system_info"]["APIVersion"] == 1
    assert names["general_info"]["TestChannels"] == 128
    assert [status["Stat"] for status in names["channel_statuses"]] == [0] * 128
    close(names)


def test_channel_readings(lab: RunningCycler, capsys: pytest.CaptureFixture[str]) -> None:
    names = run(example("Getting Channel Readings", lab))
    assert (names["status_reading"]["Chan"], names["status_reading"]["Stat"]) == (CHANNEL, 0)
    assert capsys.readouterr().out == f"{names['status_reading']}\n"
    assert [record.wire_channel for record in lab.cycler.received.of(4, 7)] == [CHANNEL - 1]
    close(names)


def test_starting_a_test(lab: RunningCycler, capsys: pytest.CaptureFixture[str]) -> None:
    names = run(example("Starting a Test", lab))
    assert capsys.readouterr().out == "Test started!\n"
    (limits,), (start,) = lab.cycler.received.of(6, 10), lab.cycler.received.of(6, 2)
    assert limits.wire_channel == start.wire_channel == CHANNEL - 1
    assert isinstance(limits.body, SafetyLimits)
    assert (limits.body.voltage_max_volt, limits.body.discharge_max_watt) == (4.25, 25)
    assert isinstance(start.body, StartTest)
    assert (start.body.test_name, start.body.procedure) == ("simple_test_1", "test_procedure_1")
    assert lab.do(lambda cycler: cycler.channel(CHANNEL).label.test_name) == "simple_test_1"
    close(names)


def test_setting_variables(lab: RunningCycler) -> None:
    names = run(example("Setting Variables", lab))
    (record,) = lab.cycler.received.of(6, 9)
    assert (record.wire_channel, record.body) == (CHANNEL - 1, SetVariable(variable=1, value=0.01))
    close(names)


def test_direct_control(lab: RunningCycler, capsys: pytest.CaptureFixture[str]) -> None:
    """In full length: 5 s each of discharge, rest and charge."""
    code = example("Direct Control", lab)
    assert code.count("time.sleep(5)") == 3
    names = run(code)
    assert capsys.readouterr().out == "Test started!\n"
    (start,) = lab.cycler.received.of(6, 7)
    assert start.wire_channel == CHANNEL - 1
    records = lab.cycler.received.of(6, 8)
    assert [(record.transport, record.wire_channel) for record in records] == [
        (Transport.JSON, CHANNEL - 1),
        (Transport.BINARY_TCP, CHANNEL - 1),
        (Transport.JSON, CHANNEL - 1),
        (Transport.BINARY_TCP, CHANNEL - 1),
    ]
    outputs = [record.body for record in records if isinstance(record.body, DirectOutput)]
    assert [(output.mode, output.current_ampere) for output in outputs] == [
        ("D", 0.2),
        ("R", 0.0),
        ("C", 0.2),
        ("R", 0.0),
    ]
    assert min(later.time - record.time for record, later in itertools.pairwise(records)) > 4.9
    state, step = lab.do(lambda cycler: (cycler.channel(CHANNEL).state, cycler.channel(CHANNEL).step_code))
    assert (state, step) == (ChannelState.ACTIVE, StepCode.REST)
    close(names)


# --- examples of this project


def run_script(name: str, lab: RunningCycler, **changed: Any) -> tuple[int, str]:
    keys = {
        "json_msg_port": lab.cycler.json_port,
        "bin_msg_port": lab.cycler.tcp_port,
        "channel": CHANNEL,
        **changed,
    }
    if name == "read_all_channels.py":
        del keys["bin_msg_port"], keys["channel"]
    done = subprocess.run(
        [
            sys.executable,
            str(PROJECT / "examples" / name),
            *(f"{key}={value}" for key, value in keys.items()),
        ],
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_read_status(lab: RunningCycler) -> None:
    code, out = run_script("read_status.py", lab)
    assert code == 0, out
    assert re.match(rf"channel {CHANNEL} is available\n\d\.\d\d\d V, 0\.000 A\nauxiliary inputs: \[", out)


def test_start_test(lab: RunningCycler) -> None:
    assert run_script("start_test.py", lab) == (0, "the test runs\n")
    assert lab.do(lambda cycler: cycler.channel(CHANNEL).label.procedure) == "CCCV_1C"
    code, out = run_script("start_test.py", lab)
    assert code == 1
    assert re.fullmatch(rf"not started: channel {CHANNEL} is (starting|active)\n", out)
    assert len(lab.cycler.received.of(6, 2)) == 1


def test_read_all_channels() -> None:
    """More of them than one request may ask for."""
    with RunningCycler(130) as lab:
        code, out = run_script("read_all_channels.py", lab)
        requests = [number for number in lab.functions() if number != (1, 2)]
    assert code == 0, out
    lines = out.splitlines()
    assert len(lines) == 130
    assert re.fullmatch(r" 130 available +\d\.\d{4} V  0\.0000 A", lines[-1])
    assert requests == [(4, 1), (4, 2), (4, 3)] * 2


def test_set_variable(lab: RunningCycler) -> None:
    assert run_script("set_variable.py", lab, variable=2, value=0.5) == (
        0,
        f"VAR2 of channel {CHANNEL} is 0.5\n",
    )
    assert lab.do(lambda cycler: cycler.channel(CHANNEL).variables[1]) == 0.5


def test_direct_control_script(lab: RunningCycler) -> None:
    code, out = run_script("direct_control.py", lab, seconds=0.3)
    assert code == 0, out
    volts = [float(volt) for volt in re.findall(r"A: (\d\.\d{4}) V", out)]
    assert volts[0] < volts[1] < volts[2], "discharge, rest, charge"
    records = lab.cycler.received.of(6, 8)
    modes = [record.body.mode for record in records if isinstance(record.body, DirectOutput)]
    assert list(dict.fromkeys(modes)) == ["D", "R", "C"]
    assert modes[-1] == "R"
    assert {record.wire_channel for record in records} == {CHANNEL - 1}
    assert lab.do(lambda cycler: cycler.channel(CHANNEL).state) is ChannelState.AVAILABLE


@pytest.mark.parametrize("name", ["read_status.py", "set_variable.py", "direct_control.py"])
def test_a_channel_that_is_not_there_is_one_line(name: str, lab: RunningCycler) -> None:
    code, out = run_script(name, lab, channel=129)
    assert code == 1
    assert re.fullmatch(r"[^\n]+: channel 129 is not one of 1 to 128\n", out), out


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_a_tester_that_is_not_there_is_one_line(name: str, lab: RunningCycler) -> None:
    code, out = run_script(name, lab, json_msg_port=free_port())
    assert code == 1
    assert re.fullmatch(r"[^\n]+: no connection to 127\.0\.0\.1:\d+: connection refused\n", out), out


def test_every_example_is_tested() -> None:
    assert {
        "direct_control.py",
        "read_all_channels.py",
        "read_status.py",
        "set_variable.py",
        "start_test.py",
    } == EXAMPLES
