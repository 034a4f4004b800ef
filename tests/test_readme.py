"""README.md as a newcomer tries it: every block as it is written, at real programs, and what it does."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from macnet_bridge.simulator import SimulatedCycler
from tests.bridge.mqtt_peer import MqttPeer
from tests.brokers import RunningBroker
from tests.cli.test_demo import running_demo
from tests.patience import PATIENCE_S

PROJECT = Path(__file__).parents[1]
SENTENCE = "{all} blocks of README.md: {here} run here, {elsewhere} by .ci/bare-container"

# Both install the project, which is the bare container's business: a machine where nothing is there.
ELSEWHERE = ("pip install '.[demo]' && macnet-bridge demo\n", "pip install '.[test]' && pytest\n")

READING = r'^macnet/lab1/\d+/telemetry/reading \{.*"voltage_volt":\d'
STATE = r'^macnet/lab1/\d+/telemetry/state \{.*"state":"'
LISTEN = "mosquitto_sub -v -t macnet/lab1/+/telemetry/ack"

# What lasts until somebody ends it, and a line that it prints.
LASTING = {
    "mosquitto_sub -v -t macnet/lab1/+/telemetry/reading": READING,
    "mosquitto_sub -v -t macnet/lab1/+/telemetry/state": STATE,
    "macnet-bridge watch lab1": r"^..:..:..Z 1 of 1 cyclers online, \d of 8 channels run",
    "macnet-bridge watch lab1/8 --json": r'"channel":8\b',
    "macnet-bridge record --to lab.sqlite": r" lab\.sqlite: [1-9]\d* readings",
}
# What ends by itself, and a line that it prints.
ENDING = {"macnet-bridge export lab.sqlite": r"^lab1 +1 +cell-01 .* [1-9]\d* "}
# Which command, the verb that channel 8 acknowledges as done, and the state that it is in then.
COMMANDS = {
    "macnet/lab1/8/cmd/set_variable": ("set_variable", '"verified":"read_back"', "available"),
    "macnet/lab1/8/cmd/start_test": ("start_test", '"result":{"test_name":', "active"),
    "macnet/lab1/8/cmd/suspend": ("suspend", '"verified":"read_back"', "suspended"),
    "macnet/lab1/8/cmd/reset": ("reset", '"verified":"read_back"', "available"),
}
# The one thing of the configuration that cannot be told by the environment: there is no such tester here.
TESTER = 'host = "10.0.0.17"'

needs_clients = pytest.mark.skipif(
    shutil.which("mosquitto_pub") is None or os.name != "posix",
    reason="needs mosquitto_pub, mosquitto_sub and a POSIX shell",
)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, and its text."""

    language: str
    text: str

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()


def blocks() -> list[Block]:
    text = (PROJECT / "README.md").read_text("utf-8")
    return [Block(*found) for found in re.findall(r"^```(.*)\n((?:.*\n)*?)```$", text, re.MULTILINE)]


class Shell:
    """A newcomer's shell: the README's own words, with the addresses of this test around them.

    Mosquitto's clients take the broker from their configuration files, ours from the environment.
    """

    def __init__(self, folder: Path, host: str, port: int, more: Mapping[str, str] = {}) -> None:
        bin_folder = folder / "bin"
        bin_folder.mkdir(exist_ok=True)
        program = bin_folder / "macnet-bridge"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m macnet_bridge "$@"\n')
        program.chmod(0o755)
        for client in ("mosquitto_pub", "mosquitto_sub"):
            (folder / client).write_text(f"-h {host}\n-p {port}\n")
        self._folder = folder
        self._environment = os.environ | {
            "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(PROJECT),
            "XDG_CONFIG_HOME": str(folder),
            "MACNET_MQTT_URL": f"mqtt://{host}:{port}",
            **more,
        }

    @asynccontextmanager
    async def running(self, line: str) -> AsyncIterator[Running]:
        """A line that goes on, ended by Ctrl-C."""
        process = await asyncio.create_subprocess_exec(
            *("sh", "-c", f"exec {line}"),
            cwd=self._folder,
            env=self._environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            yield Running(line, process)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGINT)
            await process.wait()

    async def run(self, line: str) -> str:
        """A line that ends by itself, and well; what it printed."""
        async with self.running(line) as running:
            return await running.end()


@dataclass
class Running:
    """A line of the README, under way."""

    line: str
    process: asyncio.subprocess.Process

    async def shows(self, pattern: str) -> str:
        """The next line of its output that is like this."""
        assert self.process.stdout is not None
        printed: list[str] = []
        try:
            async with asyncio.timeout(PATIENCE_S):
                async for raw in self.process.stdout:
                    printed.append(raw.decode())
                    if re.search(pattern, printed[-1]):
                        return printed[-1]
        except TimeoutError:
            pytest.fail(f"{self.line!r} did not show {pattern!r} within {PATIENCE_S:g} s: {printed}")
        pytest.fail(f"{self.line!r} ended without {pattern!r}: {printed}")

    async def end(self) -> str:
        async with asyncio.timeout(PATIENCE_S):
            out, _ = await self.process.communicate()
        assert self.process.returncode == 0, out.decode()
        return out.decode()


@needs_clients
@pytest.mark.timeout(240)
async def test_every_block_does_what_is_said_of_it(
    tmp_path: Path, own_broker: RunningBroker, record_property: Callable[[str, object], None]
) -> None:
    found = blocks()
    here = [block for block in found if block.text not in ELSEWHERE]
    tour = [block for block in here if block.language == "sh" and "-c bridge.toml" not in block.text]
    assert len(found) - len(here) == len(ELSEWHERE)
    await take_the_tour(tour, tmp_path)
    config, commands = [block for block in here if block not in tour]
    await connect_a_tester(config, commands, tmp_path, own_broker)
    told = SENTENCE.format(all=len(found), here=len(here), elsewhere=len(ELSEWHERE))
    record_property("told", told)


@pytest.mark.parametrize("command", ELSEWHERE)
def test_the_bare_container_runs_the_others(command: str) -> None:
    assert command in [block.text for block in blocks()]
    assert command.strip() in (PROJECT / ".ci" / "bare-container").read_text("utf-8")


# --- the tour


async def take_the_tour(tour: list[Block], folder: Path) -> None:
    """The blocks in their order, at one demo; the listener of its second terminal goes on."""
    async with AsyncExitStack() as opened:
        demo = await opened.enter_async_context(running_demo("--headless", "--broker-port", "0"))
        port = int((await demo.line(r"^broker  .* on 127\.0\.0\.1:(\d+)"))[1])
        await demo.line("An id runs once")
        shell = Shell(folder, "127.0.0.1", port)
        peer = MqttPeer("127.0.0.1", port, "macnet/lab1/8/telemetry/state", v5=False)
        visit = Visit(shell, opened, await opened.enter_async_context(peer))
        for line in [line for block in tour for line in block.lines]:
            await visit.try_out(line)


class Visit:
    """One reader, at one demo."""

    def __init__(self, shell: Shell, opened: AsyncExitStack, states: MqttPeer) -> None:
        self._shell = shell
        self._opened = opened
        self._states = states
        self._listener: Running | None = None

    async def try_out(self, line: str) -> None:
        """Run a line, and see its effect."""
        words = line.split()
        if line in LASTING:
            async with self._shell.running(line) as running:
                await running.shows(LASTING[line])
        elif line in ENDING:
            assert re.search(ENDING[line], await self._shell.run(line), re.MULTILINE)
        elif line == LISTEN:
            self._listener = await self._opened.enter_async_context(self._shell.running(line))
            await self._until_it_hears(self._listener)
        elif words[0] == "mosquitto_pub":
            await self._command(line, *COMMANDS[words[2]])
        else:
            raise AssertionError(f"nobody has said what this line of README.md does: {line}")

    async def _until_it_hears(self, listener: Running) -> None:
        """A reader takes a while to change windows; mosquitto_sub does not say when it is subscribed."""
        heard = asyncio.create_task(listener.shows("telemetry/ack "))
        while not heard.done():
            self._states.publish("macnet/lab1/7/cmd/read_status", {"id": uuid4().hex})
            await asyncio.wait({heard}, timeout=0.5)
        await heard

    async def _command(self, line: str, verb: str, proof: str, state: str) -> None:
        await self._shell.run(line)
        assert self._listener is not None, "whoever listens for answers comes first"
        answer = await self._listener.shows(rf'telemetry/ack .*"command":"{verb}".*"final":true')
        assert answer.startswith("macnet/lab1/8/telemetry/ack ")
        assert '"status":"done"' in answer, answer
        assert proof in answer, answer
        await self._states.wait(lambda seen: self._states.seen[-1].json["state"] == state)


# --- a tester of one's own


async def connect_a_tester(config: Block, commands: Block, folder: Path, broker: RunningBroker) -> None:
    """The configuration as it stands, `check` and `run`, with a simulated tester at another address."""
    assert (config.language, config.lines[0]) == ("toml", "# bridge.toml")
    assert config.text.count(TESTER) == 1
    own = {"MACNET_BRIDGE_DATA_DIR": str(folder / "data"), "MACNET_BRIDGE_HTTP": ""}
    shell = Shell(folder, broker.host, broker.port, own)
    check, run = commands.lines
    async with (
        SimulatedCycler(16) as cycler,
        MqttPeer(broker.host, broker.port, "macnet/#", v5=broker.supports_v5) as peer,
    ):
        here = (
            f'host = "{cycler.host}"\njson_port = {cycler.json_port}\n'
            f"tcp_port = {cycler.tcp_port}\nudp_port = {cycler.udp_port}"
        )
        (folder / "bridge.toml").write_text(config.text.replace(TESTER, here), "utf-8")
        assert check == "macnet-bridge check -c bridge.toml"
        assert "lab1" in await shell.run(check)
        # To see whether the user may publish and subscribe it sends canaries, and nothing else.
        assert {seen.topic.rpartition("/")[2] for seen in peer.seen} <= {"canary"}
        assert run == "macnet-bridge run -c bridge.toml"
        async with shell.running(run) as bridge:
            await serves(peer)
            bridge.process.send_signal(signal.SIGINT)
            await bridge.end()


async def serves(peer: MqttPeer) -> None:
    """It does what its one rule allows, and nothing else."""
    await peer.wait(lambda seen: seen.topic == "macnet/lab1/16/telemetry/state")
    allowed = await peer.command(
        "macnet/lab1/16/cmd/set_variable", {"id": "a", "args": {"variable": 1, "value": 1}}
    )
    refused = await peer.command("macnet/lab1/16/cmd/archive", {"id": "b"})
    assert allowed["status"] == "done"
    assert refused["error"]["code"] == "NOT_ALLOWED"
