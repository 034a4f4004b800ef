"""`macnet-bridge send` as people and scripts run it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from macnet_bridge.cli import cli
from macnet_bridge.cli.send import no_answer
from macnet_bridge.cli.send_arguments import Target, read_arguments, read_target
from macnet_bridge.client import NoAnswer
from macnet_bridge.commands.verbs import VERBS
from macnet_bridge.macnet.protocol.codes import ChannelState
from macnet_bridge.simulator import SimulatedCycler
from macnet_bridge.topics import Scope
from tests.bridge.conftest import Lab, lab
from tests.bridge.running import cycler_table
from tests.patience import PATIENCE_S

__all__ = ["lab"]
PROJECT = Path(__file__).parents[2]


async def _begin(where: Lab, *arguments: str) -> asyncio.subprocess.Process:
    url = f"mqtt://{where.broker.host}:{where.broker.port}"
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "macnet_bridge", "send", "--url", url, "--root", where.root, *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )


async def send(where: Lab, *arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr."""
    process = await _begin(where, *arguments)
    async with asyncio.timeout(PATIENCE_S):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


@pytest.fixture
async def cycler(lab: Lab) -> SimulatedCycler:
    cycler = await lab.cycler(4)
    await lab.bridge(cycler_table(cycler))
    await lab.online(await lab.peer())
    return cycler


async def test_a_start_its_refusal_and_the_stop_of_all(lab: Lab, cycler: SimulatedCycler) -> None:
    start = ("start_test", "procedure=CCCV_1C", "c_rate_ah=2.5")
    code, out, _ = await send(lab, "lab1/2", *start, "--dry-run", "--json", "--id", "try")
    answer: dict[str, Any] = json.loads(out)
    assert (code, answer["id"], answer["dry_run"], answer["status"]) == (0, "try", True, "done")
    assert cycler.received.of(6, 2) == []
    code, out, _ = await send(lab, "lab1/2", *start, "test_name=cell 2")
    assert (code, out) == (0, 'lab1/2           done       read_back {"test_name":"cell 2"}\n')
    code, out, _ = await send(lab, "lab1/1-3", *start, "--id", "batch")
    assert code == 1
    said = [line.split()[:2] for line in out.splitlines()]
    assert said == [["lab1/1", "done"], ["lab1/2", "rejected"], ["lab1/3", "done"]]
    assert "CHANNEL_BUSY: " in out.splitlines()[1]
    code, out, _ = await send(lab, "all", "suspend")
    assert code == 0
    assert {line.split()[1] for line in out.splitlines()} == {"done"}
    assert all(cycler.channel(channel).state is ChannelState.SUSPENDED for channel in (1, 2, 3))
    code, out, _ = await send(lab, "bridge/lab", "query", "id=batch", "--json")
    assert (code, json.loads(out)["result"]["state"]) == (0, "final")


async def test_no_answer_and_no_broker(lab: Lab) -> None:
    code, out, err = await send(lab, "nobody/1", "suspend", "--expires", "0", "--id", "s-1", "--json")
    assert (code, json.loads(out)["status"]) == (4, "no_answer")
    code, out, err = await send(lab, "nobody/1", "suspend", "--expires", "0", "--id", "s-1")
    assert (code, out) == (4, "")
    assert "query id=s-1" in err
    *_, last = err.splitlines()
    assert last.startswith(f"macnet-bridge: no answer (no bridge is online below {lab.root}/); what")
    code, out, err = await send(lab, "lab1/1", "suspend", "--url", "mqtt://me@here")
    assert (code, out) == (1, "")
    wanted = "mqtt://host:1883 or mqtts://host:8883, without a user"
    assert err == f"macnet-bridge: --url must look like {wanted}\n"
    code, out, err = await send(lab, "lab1/1", "suspend", "--url", "mqtt://127.0.0.1:1")
    assert (code, out) == (1, "")
    [line] = err.splitlines()
    assert line == "macnet-bridge: nothing listens at 127.0.0.1:1; start the broker, or correct --url"


@pytest.mark.parametrize(
    ("option", "value", "line"),
    [
        (
            "--root",
            "lab/#",
            "--root: 'lab/#' is no root: levels of a topic, without + and #, with no / at either end "
            "and no $ in front",
        ),
        (
            "--username",
            "Anna+",
            "no bridge takes commands of --username 'Anna+': a-z, 0-9, _ and - only, at most 63 of them",
        ),
    ],
)
async def test_a_root_or_user_that_cannot_be_is_told_at_once(
    lab: Lab, option: str, value: str, line: str
) -> None:
    assert await send(lab, "lab1/1", "read_status", option, value) == (1, "", f"macnet-bridge: {line}\n")


@pytest.mark.parametrize(
    ("deliveries", "why", "line"),
    [
        (
            2,
            "no bridge is online",
            "no answer (no bridge is online); what became of it is not known. "
            "Ask: send bridge/NAME query id=s-1, or send the same again with --id s-1",
        ),
        (
            1,
            "",
            "no answer; what became of it is not known. "
            "Ask: send bridge/NAME query id=s-1, or send the same again with --id s-1",
        ),
        (
            0,
            "no bridge is online",
            "the command for macnet/lab1/1/cmd/reset was not sent: there was no connection to the broker",
        ),
    ],
)
def test_what_was_never_sent_is_not_said_to_be_open(deliveries: int, why: str, line: str) -> None:
    assert no_answer(NoAnswer("s-1", "macnet/lab1/1/cmd/reset", deliveries, why)) == line


NO_SIGINT = pytest.mark.skipif(sys.platform == "win32", reason="a program cannot send another one Ctrl-C")


@NO_SIGINT
@pytest.mark.parametrize(
    ("words", "topic", "told"),
    [
        (
            ("nobody/1", "suspend", "--id", "s-2"),
            "nobody/1/cmd/suspend",
            "macnet-bridge: interrupted; what became of it is not known. "
            "Ask: send bridge/NAME query id=s-2, or send the same again with --id s-2",
        ),
        (
            ("nobody/1", "suspend", "--id", "s-3", "--json"),
            "nobody/1/cmd/suspend",
            '{"id":"s-3","status":"no_answer","final":false}',
        ),
    ],
)
async def test_ctrl_c_says_that_the_outcome_is_open(
    lab: Lab, words: tuple[str, ...], topic: str, told: str
) -> None:
    peer = await lab.peer(f"{lab.root}/{topic}")
    process = await _begin(lab, *words)
    await peer.wait(lambda seen: bool(seen.json["id"] == words[3]))
    process.send_signal(signal.SIGINT)
    async with asyncio.timeout(PATIENCE_S):
        out, err = await process.communicate()
    assert (process.returncode, (out + err).decode()) == (4, f"{told}\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["lab1/3-1", "suspend"], "Error: channels '3-1': 3-1 runs backwards, write 1-3"),
        (["LAB", "suspend"], "'LAB' is no target"),
        (["all", "reset"], "all takes suspend only"),
        (["lab1/1", "lock", "reason"], "'reason' is not key=value"),
        (["lab1/1", "a/b"], "'a/b' is no verb"),
        (["lab1/1", "rest", "--id", ""], "--id has 1 to 128 characters"),
    ],
)
async def test_wrong_usage_is_2(lab: Lab, words: list[str], message: str) -> None:
    code, out, err = await send(lab, *words)
    assert (code, out) == (2, "")
    assert message in err


def test_targets() -> None:
    assert read_target("all") == Target("all")
    assert read_target("bridge/lab") == Target("bridge", "lab")
    assert read_target("lab1") == Target("cycler", "lab1")
    assert read_target("lab1/1-16,33") == Target("cycler", "lab1", "1-16,33")
    assert read_target("lab1/5").channel == 5
    assert read_target("lab1/all").channel is None


@pytest.mark.parametrize(
    ("channels", "words"),
    [
        ("0", "channels '0': 0 is not within 1 to 65535"),
        ("3-1", "channels '3-1': 3-1 runs backwards, write 1-3"),
        ("1,,2", 'channels \'1,,2\': write "all" or something like "1-16,33"'),
        ("", 'channels \'\': write "all" or something like "1-16,33"'),
        ("1-2000", "channels: 2000; 1 to 1024"),
    ],
)
def test_what_are_no_channels(channels: str, words: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
        read_target(f"lab1/{channels}")


def test_values_are_json_or_text() -> None:
    assert read_arguments(["a=1.5", "b=CCCV_1C", 'c="17"', "s.x=4", "s.y=true", "d=x=y", "e="]) == {
        "a": 1.5,
        "b": "CCCV_1C",
        "c": "17",
        "s": {"x": 4, "y": True},
        "d": "x=y",
        "e": "",
    }
    with pytest.raises(ValueError, match="comes twice"):
        read_arguments(["a=1", "a=2"])
    with pytest.raises(ValueError, match="has a value already"):
        read_arguments(["a=1", "a.b=2"])


async def test_an_unknown_outcome_is_3_and_says_how_to_ask(lab: Lab, cycler: SimulatedCycler) -> None:
    cycler.faults.drop_replies(6, 9)
    cycler.faults.drop_replies(4, 8)  # nor does a read-back tell
    code, out, err = await send(lab, "lab1/3", "set_variable", "variable=2", "value=1", "--id", "x-1")
    assert (code, err) == (3, "")
    first, second = out.splitlines()
    assert first.startswith("lab1/3           unknown    NO_REPLY: ")
    assert second == "ask later what became of it: send bridge/NAME query id=x-1"


async def test_what_is_not_known_of_one_channel_counts_more_than_what_was_refused_of_another(
    lab: Lab, cycler: SimulatedCycler
) -> None:
    cycler.faults.drop_replies(6, 9)
    cycler.faults.drop_replies(4, 8)
    code, out, _ = await send(lab, "lab1/1,77", "set_variable", "variable=2", "value=1")
    assert [line.split()[:2] for line in out.splitlines()][:2] == [
        ["lab1/1", "unknown"],
        ["lab1/77", "rejected"],
    ]
    assert code == 3


def test_all_verbs_are_listed_with_what_they_need() -> None:
    shown = CliRunner().invoke(cli, ["send", "--verbs"])
    assert shown.exit_code == 0
    sections = [section.splitlines() for section in shown.output.split("\n\n")]
    listed = {
        (section[0], line.split()[0]) for section in sections for line in section[1:] if line[:3].strip()
    }
    headings = {
        Scope.CHANNEL: "To channels, CYCLER/CHANNELS:",
        Scope.CYCLER: "To a cycler, CYCLER:",
        Scope.BRIDGE: "To a bridge, bridge/NAME:",
        Scope.ALL: "To all cyclers, all:",
    }
    assert listed == {(headings[scope], name) for scope, name in VERBS}
    assert re.search(r"^  set_variable +variable\*, value\*$", shown.output, re.MULTILINE)
    assert re.search(r"^  reset +stop_running$", shown.output, re.MULTILINE)
