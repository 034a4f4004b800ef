"""`macnet-bridge demo` as its visitors run it: a program, and clients that know nothing of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from macnet_bridge.cli import demo_lab
from macnet_bridge.cli.demo_lab import pick_port
from macnet_bridge.cli.demo_tour import command_line, examples, own_commands
from macnet_bridge.embedded_broker import find_mosquitto
from macnet_bridge.errors import ConfigError
from tests.bridge.mqtt_peer import MqttPeer
from tests.brokers import NO_MOSQUITTO
from tests.patience import PATIENCE_S

PROJECT = Path(__file__).parents[2]

posix_only = pytest.mark.skipif(os.name != "posix", reason="signals of another kind")
engines = pytest.mark.parametrize(
    "engine",
    [
        "amqtt",
        pytest.param("mosquitto", marks=pytest.mark.skipif(not find_mosquitto(), reason=NO_MOSQUITTO)),
    ],
)


@dataclass
class Demo:
    """A running demo and what it has printed."""

    process: asyncio.subprocess.Process
    lines: list[str] = field(default_factory=list)

    async def line(self, pattern: str) -> re.Match[str]:
        """The next line that matches."""
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            while raw := await self.process.stdout.readline():
                self.lines.append(raw.decode().rstrip())
                if found := re.search(pattern, self.lines[-1]):
                    return found
        raise AssertionError(f"no line like {pattern!r} in {self.lines}; {await self.errors()}")

    async def errors(self) -> str:
        assert self.process.stderr is not None
        return (await self.process.stderr.read()).decode()

    async def end(self) -> int:
        async with asyncio.timeout(PATIENCE_S):
            return await self.process.wait()


@asynccontextmanager
async def running_demo(*options: str) -> AsyncIterator[Demo]:
    path = os.pathsep.join([str(PROJECT), os.environ.get("PYTHONPATH", "")])
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "macnet_bridge", "demo", *options),
        env={**os.environ, "PYTHONPATH": path},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield Demo(process)
    finally:
        if process.returncode is None:
            process.terminate()  # not killed: it takes its broker and its folders along
        await process.wait()


@asynccontextmanager
async def demo_and_peer(*options: str, engine: str = "amqtt") -> AsyncIterator[tuple[Demo, MqttPeer]]:
    async with running_demo("--headless", "--broker-port", "0", "--broker", engine, *options) as demo:
        port = int((await demo.line(r"^broker  .* on 127\.0\.0\.1:(\d+)"))[1])
        v5 = engine == "mosquitto"
        async with MqttPeer("127.0.0.1", port, "macnet/+/+/telemetry/+", v5=v5) as peer:
            await demo.line("An id runs once")
            yield demo, peer


def reading_of(channel: int) -> Any:
    return lambda seen: seen.topic == f"macnet/lab1/{channel}/telemetry/reading"


def aux_of(channel: int) -> Any:
    return lambda seen: seen.topic == f"macnet/lab1/{channel}/telemetry/aux"


# --- the program


@posix_only
@engines
async def test_a_visitor_sees_readings_and_sets_a_variable(engine: str) -> None:
    async with demo_and_peer(engine=engine) as (demo, peer):
        running = await peer.wait(lambda seen: reading_of(1)(seen) and seen.json["state"] == "active")
        assert running.json["current_ampere"] > 0
        first = running.json["voltage_volt"]
        await peer.wait(lambda seen: reading_of(1)(seen) and seen.json["voltage_volt"] > first)
        set_variable = {"id": uuid4().hex, "args": {"variable": 3, "value": 1.5}}
        answer = await peer.command("macnet/lab1/8/cmd/set_variable", set_variable)
        assert (answer["status"], answer["verified"]) == ("done", "read_back")
        counts = await demo.line(r"^\d\d:\d\d:\d\dZ 1 of 1 cyclers online, (\d+) of 8 channels run; (\d+)")
        assert int(counts[1]) == 5
        assert int(counts[2]) > 0
        demo.process.send_signal(signal.SIGINT)
        assert await demo.end() == 0
        assert "Traceback" not in await demo.errors()


@posix_only
async def test_auxiliary_inputs_come_while_a_visitor_looks() -> None:
    async with demo_and_peer() as (_, peer):
        for after in range(2):  # the second one within 50 s: not every 60 s, as usual
            first = await peer.wait(aux_of(1), len(peer.seen) * after)
            assert first.json["values"]["aux_1"] > 20.0


@posix_only
async def test_sigterm_ends_it_and_leaves_nothing_behind(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    async with running_demo("--broker-port", "0", "--channels", "1") as demo:
        await demo.line("^bridge  ")
        assert os.listdir(tmp_path)
        demo.process.send_signal(signal.SIGTERM)
        assert await demo.end() == 0
        assert "Traceback" not in await demo.errors()
        assert not os.listdir(tmp_path)


@posix_only
def test_in_a_terminal_it_draws_a_table_and_gives_the_terminal_back() -> None:
    terminal, inner = os.openpty()
    size = {"TERM": "xterm", "COLUMNS": "80", "LINES": "24"}
    demo = subprocess.Popen(
        [sys.executable, "-m", "macnet_bridge", "demo", "--broker-port", "0", "--broker", "amqtt"],
        env={**os.environ, **size, "PYTHONPATH": str(PROJECT)},
        stdin=inner,
        stdout=inner,
        stderr=inner,
    )
    os.close(inner)
    shown = b""
    try:
        while b"+2.5000" not in shown:
            shown += os.read(terminal, 65536)
        demo.send_signal(signal.SIGINT)
        with contextlib.suppress(OSError):  # Linux says that a terminal ended by an error
            while more := os.read(terminal, 65536):
                shown += more
    finally:
        if b"+2.5000" not in shown:
            demo.kill()
        code = demo.wait(PATIENCE_S)
        os.close(terminal)
    assert code == 0
    assert b"Traceback" not in shown
    assert b"\x1b[?25l" in shown  # the cursor was hidden ...
    assert shown.rindex(b"\x1b[?25h") > shown.rindex(b"\x1b[?25l")  # ... and is back


async def test_it_ends_by_itself_after_the_seconds_it_was_given() -> None:
    async with running_demo("--broker-port", "0", "--seconds", "0.5", "--log-format", "json") as demo:
        assert await demo.end() == 0
        logged = [json.loads(line) for line in (await demo.errors()).splitlines()]
        assert all(entry["level"] == "info" for entry in logged)


@posix_only
async def test_who_has_read_enough_ends_it_without_a_traceback() -> None:
    async with running_demo("--headless", "--broker-port", "0", "--channels", "1") as demo:
        process = demo.process
        await demo.line("^broker  ")
        process._transport.get_pipe_transport(1).close()  # type: ignore[attr-defined]
        assert await demo.end() == 0
        assert "Traceback" not in await demo.errors()


async def test_several_cyclers_are_served_side_by_side() -> None:
    async with demo_and_peer("--cyclers", "2", "--channels", "2") as (_, peer):
        for cycler in ("lab1", "lab2"):
            topic = f"macnet/{cycler}/1/telemetry/reading"
            await peer.wait(lambda seen, topic=topic: seen.topic == topic and seen.json["state"] == "active")  # type: ignore[misc]


async def test_a_port_in_use_is_one_line_that_names_the_option() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        async with running_demo("--broker-port", str(port)) as demo:
            assert await demo.end() == 1
            errors = await demo.errors()
    assert len(errors.splitlines()) == 1
    assert "--broker-port" in errors
    assert str(port) in errors


def test_without_a_wish_the_next_free_port_is_taken() -> None:
    port = pick_port(None)
    with socket.create_server(("127.0.0.1", port)):
        assert pick_port(None) != port
        with pytest.raises(ConfigError, match="--broker-port"):
            pick_port(port)
    assert pick_port(0) == 0


async def test_two_demos_at_the_same_moment_get_a_port_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_lab, "_is_free", pretend_once_that_all_are_free(2))
    async with AsyncExitStack() as stack:
        plan = demo_lab.Plan(channels=1)
        labs = [await stack.enter_async_context(demo_lab.demo_lab(plan)) for _ in range(2)]
        assert labs[0].broker.port != labs[1].broker.port


def pretend_once_that_all_are_free(demos: int) -> Callable[[int], bool]:
    """What the demos see that look before any of them has taken its port."""
    first = demo_lab.pick_port(None)
    looks = iter([first] * demos)
    look = demo_lab._is_free
    return lambda port: port == next(looks, None) or look(port)


# --- what it tells people to try


@pytest.mark.parametrize("channels", [1, 8])
async def test_the_tour_works_as_printed(channels: int) -> None:
    async with demo_and_peer("--channels", str(channels)) as (demo, peer):
        port = peer._address[1]
        _, start, suspend, verbs = own_commands(channels, port)
        assert "done" in await run(start)
        assert "suspended" in await run(suspend)
        assert "start_test" in await run(verbs)
        await peer.command(f"macnet/lab1/{channels}/cmd/reset", {"id": "free it"})
        for example in examples(channels):
            if example.payload is not None:
                answer = await peer.command(example.topic, example.payload)
                assert answer["status"] == "done", answer
        await demo.line(verbs)
        printed = "\n".join(demo.lines)
        assert all(line in printed for line in own_commands(channels, port))
        assert all(command_line(example, port) in printed for example in examples(channels))
        assert f"mqtt://127.0.0.1:{port} (no user; choose MQTT 3.1.1):" in printed


async def run(line: str) -> str:
    """What a command of ours prints, once it was done."""
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "macnet_bridge", *line.split()[1:]),
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(PATIENCE_S):
        printed, _ = await program.communicate()
    assert program.returncode == 0, printed
    return printed.decode()


def test_a_line_of_the_tour_survives_the_shell() -> None:
    words = shlex.split(command_line(examples(8)[2], 1900))
    assert words[:3] == ["mosquitto_pub", "-p", "1900"]
    assert json.loads(words[-1]) == {"args": {"variable": 1, "value": 2.5}}
