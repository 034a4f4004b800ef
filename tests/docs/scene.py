"""What is around a page while its blocks run: a broker, two simulated cyclers, a bridge, and a folder.

Blocks are run as they are written. Programs find the addresses of this test by their own means: Mosquitto's
clients in their configuration files, ours in the environment. Only what nobody can tell them otherwise is
put in place: the address of a tester, a port that a program is to listen at.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import re
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from macnet_bridge.cli.loop import run_async
from macnet_bridge.simulator import SimulatedCycler
from tests.bridge.mqtt_peer import MqttPeer, Seen
from tests.bridge.running import config_text, cycler_table, running_bridge
from tests.brokers import RunningBroker, free_port
from tests.client.test_commands import LIMITS
from tests.docs.pages import Block
from tests.docs.terminal import PROJECT, Terminal, environment

CHANNELS = 40
TESTER = 'host = "10.0.0.17"'
FIRST_LINE_NAMES = re.compile(r"# ([\w-]+\.toml)(, at the end)?$")
FINAL = re.compile(r"mosquitto_pub .*-t macnet/(?P<place>\S+)/cmd/(?P<verb>\w+)")

RECORD = "macnet-bridge record"
"""Each line that records may write to the file of the one before, which is ended first."""

LASTING = {
    "macnet-bridge demo": r"^An id runs once",
    "macnet-bridge run": r" is online with ",
    "macnet-bridge watch": r"\S",
    "mosquitto -c": r" running$",
    RECORD: r"connected to ",
    "mosquitto_sub": r"",
}
"""Commands that go on until somebody ends them, and what they print when they are ready."""

PRINTS_AT_ONCE = ("/telemetry/state", "/telemetry/reading", "/telemetry/sweep", "/status")
"""Topics on which something comes without a command."""


@dataclass
class Scene:
    """One page, while its blocks run one after another.

    Attributes:
        has_bridge: whether a bridge is there; a page that starts one itself has none.
        is_told: whether our programs are told the broker; on some pages `bridge.toml` does.
    """

    folder: Path
    broker: RunningBroker | None
    has_bridge: bool = True
    is_told: bool = True
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    names: dict[str, Any] = field(default_factory=lambda: {"run_async": run_async, "asyncio": asyncio})
    lasting: dict[str, Terminal] = field(default_factory=dict)

    async def __aenter__(self) -> Scene:
        self.port = self.broker.port if self.broker else free_port()
        self.host = self.broker.host if self.broker else "127.0.0.1"
        self.tls_port = free_port()
        self.cyclers = [
            await self.stack.enter_async_context(SimulatedCycler(CHANNELS, seed=seed)) for seed in (1, 2)
        ]
        self.peer: MqttPeer | None = None
        if self.broker:
            await self._connect(self.broker)
        self.variables = environment(self.folder, self.host, self.port, is_told=self.is_told)
        with contextlib.suppress(OSError):  # Windows may not let us, and has no shell that needs them
            for name in ("mosquitto", "examples"):
                (self.folder / name).symlink_to(PROJECT / name)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await asyncio.gather(*(terminal.close() for terminal in self.lasting.values()))
        await self.stack.aclose()

    async def _connect(self, broker: RunningBroker) -> None:
        tables = [
            cycler_table(cycler, f"lab{number}", LIMITS) for number, cycler in enumerate(self.cyclers, 1)
        ]
        text = config_text(broker, "macnet", self.folder / "data", *tables)
        peer = MqttPeer(self.host, self.port, "macnet/#", v5=broker.supports_v5)
        self.peer = await self.stack.enter_async_context(peer)
        if self.has_bridge:
            (self.folder / "bridge.toml").write_text(text, "utf-8")
            await self.stack.enter_async_context(running_bridge(text))
            for name in ("lab1", "lab2"):
                await self._state_of(f"macnet/{name}/{CHANNELS}/telemetry/state")

    async def _state_of(self, topic: str) -> None:
        assert self.peer is not None
        await self.peer.wait(lambda seen: seen.topic == topic and seen.json["state"] == "available")

    # --- blocks

    async def run(self, block: Block) -> str:
        """Run a block; what it printed."""
        return await {"python": self.python, "sh": self.sh, "toml": self.toml}[block.language](block)

    async def toml(self, block: Block) -> str:
        """A configuration that its first line names is a file from now on."""
        if named := FIRST_LINE_NAMES.match(block.text.partition("\n")[0]):
            with (self.folder / named[1]).open("a" if named[2] else "w", encoding="utf-8") as file:
                file.write(self._here(block.text))
        return ""

    async def python(self, block: Block) -> str:
        """In a thread, since most of them have a loop of their own."""
        text = self._here(block.text).replace("asyncio.run(", "run_async(")
        code = compile(text, block.place, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        if code.co_flags & inspect.CO_COROUTINE:
            await eval(code, self.names)
        else:
            await asyncio.to_thread(exec, code, self.names)
        return ""

    async def sh(self, block: Block) -> str:
        """What goes on, and commands by MQTT, line by line; everything else as it stands, with its
        here-documents."""
        text = self._here(block.text)
        lines = text.replace("\\\n", " ").splitlines()
        if all(_lasting(line) is None for line in lines) and not FINAL.search(text):
            return await self._whole(text)
        lines = [line for line in lines if line.strip()]
        beside_each_other = not any(line.startswith(RECORD) for line in lines)
        if beside_each_other and all(_lasting(line) is not None for line in lines):
            return "".join(await asyncio.gather(*map(self._line, lines)))
        return "".join([await self._line(line) for line in lines])

    async def _whole(self, text: str) -> str:
        """A block that ends by itself, each of its lines well."""
        after = len(self.peer.seen) if self.peer else 0
        printed = await (await Terminal.start(text, self.folder, self.variables)).ends()
        for found in FINAL.finditer(text):
            printed += await self._acknowledged(found["place"], found["verb"], after)
        return printed

    async def _acknowledged(self, place: str, verb: str, after: int) -> str:
        """What became of a command that was published."""
        if self.peer is None:
            return ""
        base = "macnet/bridge/" if place == "all" else f"macnet/{place}/"

        def is_it(seen: Seen) -> bool:
            if not (seen.topic.startswith(base) and seen.topic.endswith("/ack")):
                return False
            answer = seen.json
            return bool(answer["command"] == verb and answer["final"])

        seen = await self.peer.wait(is_it, after)
        return f"{seen.topic} {seen.payload.decode()}\n"

    async def _line(self, line: str) -> str:
        pattern = _lasting(line)
        if pattern is None:
            return await self._whole(line + "\n")
        for before in [*self.lasting]:  # begun again: whoever reads it has ended it before
            if before == line or (before.startswith(RECORD) and line.startswith(RECORD)):
                await self.lasting.pop(before).close()
        self.lasting[line] = await Terminal.start(f"exec {line}", self.folder, self.variables)
        awaited = _pattern(line, pattern)
        shown = await self.lasting[line].shows(awaited) if awaited else ""
        if line.startswith("macnet-bridge demo"):  # with Mosquitto, which these pages need
            peer = MqttPeer(self.host, self.port, "macnet/#", v5=True)
            self.peer = await self.stack.enter_async_context(peer)
        return shown

    def _here(self, text: str) -> str:
        """A block with the addresses that only its text can have."""
        first = self.cyclers[0]
        address = f'host = "{first.host}"\njson_port = {first.json_port}\ntcp_port = {first.tcp_port}'
        for written, meant in (
            (TESTER, f"{address}\nudp_port = {first.udp_port}"),
            ("mqtt://127.0.0.1:1883", f"mqtt://{self.host}:{self.port}"),
            ("mqtt://10.0.0.5", f"mqtt://{self.host}:{self.port}"),
            ("8883", str(self.tls_port)),
            ("macnet-bridge demo\n", f"macnet-bridge demo --headless --broker-port {self.port}\n"),
            ("/var/lib/macnet-bridge ", "data "),
        ):
            text = text.replace(written, meant)
        return text


def _lasting(line: str) -> str | None:
    """What a line prints when it is ready, if it goes on; None if it ends by itself."""
    if " -C " in line:
        return None
    return next((pattern for begin, pattern in LASTING.items() if line.startswith(begin)), None)


def _pattern(line: str, pattern: str) -> str:
    """What is awaited of a listener: a message, if one comes without a command."""
    if line.startswith("mosquitto_sub"):
        return r"\S" if any(topic in line for topic in PRINTS_AT_ONCE) else ""
    return pattern
