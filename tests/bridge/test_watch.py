"""`macnet-bridge watch` as people and scripts run it, beside a bridge."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from macnet_bridge.cli.broker_options import BrokerOptions, reach
from macnet_bridge.cli.watch import Filter, read_filter
from macnet_bridge.errors import ConfigError
from macnet_bridge.simulator import Behaviour
from tests.bridge.conftest import Lab
from tests.bridge.running import cycler_table
from tests.brokers import free_port
from tests.commands.samples import running
from tests.patience import PATIENCE_S

PROJECT = Path(__file__).parents[2]
posix_only = pytest.mark.skipif(os.name != "posix", reason="signals of another kind")


class Program:
    """`macnet-bridge watch` while it runs."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def until(self, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The next line of JSON that is as wanted."""
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            while line := await self.process.stdout.readline():
                now: dict[str, Any] = json.loads(line)
                if holds(now):
                    return now
        raise AssertionError("it ended")

    async def complaint(self) -> str:
        """The next line on stderr."""
        assert self.process.stderr is not None
        async with asyncio.timeout(PATIENCE_S):
            return (await self.process.stderr.readline()).decode().rstrip()

    async def end(self) -> tuple[int, str, str]:
        async with asyncio.timeout(PATIENCE_S):
            out, err = await self.process.communicate()
        assert self.process.returncode is not None
        return self.process.returncode, out.decode(), err.decode()


@asynccontextmanager
async def watching(*arguments: str, **environment: str) -> AsyncIterator[Program]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "macnet_bridge", "watch", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(PROJECT), **environment},
    )
    try:
        yield Program(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def broker_of(lab: Lab) -> tuple[str, ...]:
    return ("--url", f"mqtt://{lab.broker.host}:{lab.broker.port}", "--root", lab.root)


async def serving(lab: Lab) -> None:
    cycler = await lab.cycler(4, behaviour=Behaviour(starting_second=0.0))
    running(cycler, 2)
    await lab.bridge(cycler_table(cycler))


async def test_json_tells_what_changes_and_the_filter_holds(lab: Lab) -> None:
    await serving(lab)
    peer = await lab.peer()
    async with watching("lab1/2-3", "--json", *broker_of(lab)) as program:
        seen: set[int] = set()

        def both_running(now: dict[str, Any]) -> bool:
            seen.add(now.get("channel", 0))
            return now["kind"] == "channel" and now["channel"] == 2 and now["voltage_volt"] is not None

        active = await program.until(both_running)
        assert (active["cycler"], active["state"], active["stale"]) == ("lab1", "active", False)
        await peer.command(f"{lab.root}/lab1/2/cmd/suspend", {"id": "s"})
        await program.until(lambda now: both_running(now) and now["state"] == "suspended")
        await program.until(lambda now: now.get("channel") == 2 or both_running(now))
        assert seen <= {0, 2, 3}


@posix_only
async def test_ctrl_c_is_a_clean_end(lab: Lab) -> None:
    await serving(lab)
    async with watching("--json", *broker_of(lab)) as program:
        await program.until(lambda now: now["kind"] == "channel")
        program.process.send_signal(signal.SIGINT)
        code, _, err = await program.end()
        assert (code, err) == (0, "")


@posix_only
async def test_a_reader_that_has_read_enough_ends_it(lab: Lab) -> None:
    await serving(lab)
    where = " ".join(broker_of(lab))
    process = await asyncio.create_subprocess_shell(
        f"{sys.executable} -m macnet_bridge watch --json {where} | head -n 1",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )
    async with asyncio.timeout(PATIENCE_S):
        out, err = await process.communicate()
    assert json.loads(out)["kind"] in ("channel", "cycler")
    assert err == b""


@posix_only
@pytest.mark.parametrize("width", [80, 160])
async def test_the_table_in_a_terminal(lab: Lab, width: int) -> None:
    import pty

    await serving(lab)
    ours, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "macnet_bridge", "watch", "lab1", *broker_of(lab)),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={
            **os.environ,
            "PYTHONPATH": str(PROJECT),
            "COLUMNS": str(width),
            "LINES": "24",
            "TERM": "xterm-256color",
        },
    )
    os.close(theirs)
    text = ""
    async with asyncio.timeout(PATIENCE_S):
        while not re.search(r"\n2 +active +\w+ .*\d\.\d{4}", text):
            piece = await asyncio.to_thread(os.read, ours, 65536)
            text += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", piece.decode()).replace("\r", "")
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 0
    os.close(ours)
    assert "lab1 online, 1 of 4 channels run" in text
    assert ("procedure" in text) == (width == 160)
    assert max(map(len, text.splitlines())) <= width


async def test_without_a_broker_it_says_what_to_do_and_waits(own_lab: Lab) -> None:
    await serving(own_lab)
    own_lab.broker.stop()
    async with watching("--json", *broker_of(own_lab)) as program:
        complaint = await program.complaint()
        assert complaint.startswith("macnet-bridge: no connection to the broker at mqtt://")
        assert complaint.endswith("; start the broker, or correct --url; trying again")
        own_lab.broker.start()
        await program.until(lambda now: now.get("state") == "active" and not now["stale"])
        own_lab.broker.stop()
        await program.until(lambda now: now.get("channel") == 2 and now["stale"])
        own_lab.broker.start()
        await program.until(lambda now: now.get("channel") == 2 and not now["stale"])


async def test_lines_where_nobody_sees_a_table(lab: Lab) -> None:
    await serving(lab)
    async with watching("--seconds", "7", *broker_of(lab)) as program:
        code, out, err = await program.end()
    assert (code, err) == (0, "")
    assert re.search(r"1 of 1 cyclers online, 1 of 4 channels run", out)


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["Lab1"], 2, "'Lab1' is no name of a cycler"),
        (["all"], 2, "'all' is no name of a cycler"),
        (["lab1/0"], 2, "not within 1 to 65535"),
        (["lab1/x"], 2, "channels 'x'"),
        (["--url", "http://x"], 1, "mqtt://"),
        (["--password-env", "NOT_THERE"], 1, "the environment has no NOT_THERE"),
        (["-c", "not-there.toml"], 1, "cannot read not-there.toml"),
        (["--seconds", "1", "--url", f"mqtt://127.0.0.1:{free_port()}"], 1, "or correct --url\n"),
    ],
)
async def test_exit_codes(arguments: list[str], code: int, text: str) -> None:
    async with watching(*arguments) as program:
        ended, out, err = await program.end()
    assert (ended, out) == (code, "")
    assert text in err
    assert "Traceback" not in err


def test_filters() -> None:
    assert read_filter(None) == Filter()
    assert read_filter("lab1") == Filter("lab1")
    assert read_filter("lab1/2-4,9") == Filter("lab1", frozenset({2, 3, 4, 9}))
    assert read_filter("lab1/all") == Filter("lab1")


def test_options_go_before_the_file(tmp_path: Path) -> None:
    path = tmp_path / "bridge.toml"
    path.write_text(
        f"[bridge]\ndata_dir = '{tmp_path}'\n[mqtt]\nurl = 'mqtt://a'\nroot = 'x/y'\nusername = 'u'\n"
        "password_env = 'P'\n[[cycler]]\nname = 'lab1'\nhost = '127.0.0.1'\n",
        "utf-8",
    )
    nothing = BrokerOptions(str(path), None, None, None, None)
    settings, root = reach(nothing, "watch", {"P": "secret"})
    assert (settings.url, settings.username, settings.password, root) == ("mqtt://a", "u", "secret", "x/y")
    given = BrokerOptions(str(path), "mqtt://b:1", "v", "Q", "z")
    settings, root = reach(given, "watch", {"P": "secret", "Q": "other"})
    assert (settings.url, settings.username, settings.password, root) == ("mqtt://b:1", "v", "other", "z")
    with pytest.raises(ConfigError, match="has no Q"):
        reach(given, "watch", {"P": "secret"})
