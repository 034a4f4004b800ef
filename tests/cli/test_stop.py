"""`macnet-bridge stop`: straight at simulated testers, with neither broker nor bridge."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from macnet_bridge.app.load import parse
from macnet_bridge.app.stopping import read_targets, stop
from macnet_bridge.cli import cli
from macnet_bridge.errors import ConfigError
from macnet_bridge.macnet.protocol.codes import RUNNING
from macnet_bridge.simulator import Behaviour, SimulatedCycler
from tests.bridge.running import cycler_table
from tests.commands.samples import running
from tests.patience import PATIENCE_S

BEHAVIOUR = Behaviour(starting_second=0.0)
HEAD = '[bridge]\nname = "lab"\n[commands]\ntimeout_s = 1\n'


def dead(name: str) -> str:
    return f'[[cycler]]\nname = "{name}"\nhost = "127.0.0.1"\njson_port = 1\ntcp_port = 2\nudp_port = 3\n'


async def test_what_runs_is_suspended_and_confirmed() -> None:
    async with (
        SimulatedCycler(130, behaviour=BEHAVIOUR) as one,
        SimulatedCycler(2, behaviour=BEHAVIOUR) as two,
    ):
        for cycler, channel in ((one, 3), (one, 130), (two, 1)):
            running(cycler, channel)
        config = parse(HEAD + cycler_table(one) + cycler_table(two, "lab2"), "x")
        found = await stop(read_targets(["all"], config), config)
        assert len(found) == 132
        assert all(stopped.confirmed for stopped in found)
        assert {(s.cycler, s.channel, s.state) for s in found if s.suspended} == {
            ("lab1", 3, "suspended"),
            ("lab1", 130, "suspended"),
            ("lab2", 1, "suspended"),
        }
        assert len(one.received.of(6, 3)) == 2
        assert not [n for n in range(1, 131) if one.channel(n).state in RUNNING]


async def test_only_what_was_named_is_stopped() -> None:
    async with SimulatedCycler(4, behaviour=BEHAVIOUR) as cycler:
        for channel in range(1, 5):
            running(cycler, channel)
        config = parse(HEAD + cycler_table(cycler), "x")
        found = await stop(read_targets(["lab1/2", "lab1/4"], config), config)
        assert [(stopped.channel, stopped.state) for stopped in found] == [(2, "suspended"), (4, "suspended")]
        assert {n for n in range(1, 5) if cycler.channel(n).state in RUNNING} == {1, 3}


async def test_a_tester_that_is_away_holds_up_no_other() -> None:
    async with SimulatedCycler(2, behaviour=BEHAVIOUR) as cycler:
        running(cycler, 1)
        config = parse(HEAD + dead("lab0") + cycler_table(cycler), "x")
        found = await asyncio.wait_for(stop(read_targets(["all"], config), config), 10)
        away, *rest = found
        assert (away.cycler, away.channel, away.confirmed) == ("lab0", None, False)
        assert away.error is not None
        assert away.error.startswith("TESTER_OFFLINE: ")
        assert all(stopped.confirmed for stopped in rest)
        assert cycler.channel(1).state not in RUNNING


async def test_a_suspend_that_does_not_show_is_repeated_and_not_called_a_stop() -> None:
    async with SimulatedCycler(2, behaviour=BEHAVIOUR, missing={(6, 3)}) as cycler:
        running(cycler, 1)
        config = parse(HEAD + cycler_table(cycler), "x")
        (found,) = await stop(read_targets(["lab1/1"], config), config)
        assert (found.confirmed, found.suspended) == (False, True)
        assert len(cycler.received.of(6, 3)) == 4


async def test_channels_that_were_named_are_stopped_even_where_the_tester_does_not_tell_what_it_has() -> None:
    async with SimulatedCycler(4, behaviour=BEHAVIOUR, missing={(1, 2)}) as cycler:
        running(cycler, 3)
        config = parse(HEAD + cycler_table(cycler), "x")
        (found,) = await stop(read_targets(["lab1/3"], config), config)
        assert (found.confirmed, found.state) == (True, "suspended")
        (found,) = await stop(read_targets(["lab1"], config), config)
        assert (found.confirmed, found.channel) == (False, None)


async def test_a_channel_that_the_tester_does_not_have() -> None:
    async with SimulatedCycler(8, behaviour=BEHAVIOUR) as cycler:
        running(cycler, 8)
        config = parse(HEAD + cycler_table(cycler), "x")
        found = await asyncio.wait_for(stop(read_targets(["lab1/8-9"], config), config), 10)
        assert [(stopped.channel, stopped.confirmed) for stopped in found] == [(8, True), (9, False)]
        assert found[1].error == "BAD_ARGS: channel 9 is not one of 1 to 8"


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("lab9", "no cycler 'lab9'"),
        ("lab1/0", "not within 1 to 65535"),
        ("lab1/x", "write"),
        ("lab1/9", "channel 9 is not one of those configured"),
    ],
)
def test_what_there_is_not(target: str, words: str) -> None:
    config = parse(HEAD + dead("lab1") + 'channels = "1-8"\n', "x")
    with pytest.raises(ConfigError, match=words):
        read_targets([target], config)


def test_exit_codes_and_json(tmp_path: Path) -> None:
    path = tmp_path / "bridge.toml"
    path.write_text(HEAD + dead("lab1"))
    runner = CliRunner()
    result = runner.invoke(cli, ["stop", "-c", str(path), "--json", "lab1/1-2"])
    assert result.exit_code == 1
    told = json.loads(result.output)
    assert told["confirmed"] is False
    assert [channel["channel"] for channel in told["channels"]] == [1, 2]
    result = runner.invoke(cli, ["stop", "-c", str(path), "all"])
    assert result.exit_code == 1
    assert "NOT CONFIRMED: 1; go and look" in result.output
    assert runner.invoke(cli, ["stop", "-c", str(path), "lab7"]).exit_code == 2
    assert runner.invoke(cli, ["stop", "-c", str(path)]).exit_code == 2
    assert "Examples: macnet-bridge stop" in runner.invoke(cli, ["stop", "--help"]).output


async def test_exit_0_and_lines(tmp_path: Path) -> None:
    async with SimulatedCycler(8, behaviour=BEHAVIOUR) as cycler:
        running(cycler, 5)
        path = tmp_path / "bridge.toml"
        path.write_text(HEAD + cycler_table(cycler))
        result = await asyncio.to_thread(CliRunner().invoke, cli, ["stop", "-c", str(path), "all"])
        assert result.exit_code == 0, result.output
        assert result.output.splitlines() == [
            "lab1/5           suspended",
            "lab1             nothing ran on 1 available, 2 available, 3 available, 4 available and 3 more",
            "all stopped: 8",
        ]


@pytest.mark.skipif(sys.platform == "win32", reason="a program cannot send another one Ctrl-C")
@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("stop", "all"), 1, "macnet-bridge: interrupted: NOT CONFIRMED; go and look\n"),
        (("check",), 130, "macnet-bridge: interrupted\n"),
    ],
)
async def test_ctrl_c_before_the_tester_answers(
    tmp_path: Path, words: tuple[str, ...], code: int, told: str
) -> None:
    asked = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        path = tmp_path / "bridge.toml"
        path.write_text(
            HEAD.replace("= 1", "= 30") + dead("lab1").replace("json_port = 1", f"json_port = {port}")
        )
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "macnet_bridge", words[0], "-c", str(path), *words[1:]),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(PATIENCE_S):
            await asked.wait()
            process.send_signal(signal.SIGINT)
            out, err = await process.communicate()
    assert (process.returncode, out, err.decode()) == (code, b"", told)
