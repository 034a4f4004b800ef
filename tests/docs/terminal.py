"""A reader's terminals: each runs a line or a block by a shell, and what it prints is kept."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.patience import PATIENCE_S

PROJECT = Path(__file__).parents[2]
_LONGEST_LINE_BYTES = 1 << 20  # a retained schema, as mosquitto_sub prints it, has 100,000
CLIENTS = ("mosquitto_pub", "mosquitto_sub", "mosquitto_rr")


def environment(folder: Path, host: str, port: int, *, is_told: bool) -> Mapping[str, str]:
    """Where programs find the addresses of a test: Mosquitto's clients in files, ours in variables.

    Mosquitto as root would become a user who cannot read the folder, unless its file says otherwise.

    Args:
        is_told: our programs are told the broker; where not, a page's own `bridge.toml` tells them.
    """
    programs = {
        "macnet-bridge": f'exec "{sys.executable}" -m macnet_bridge "$@"',
        "python": f'exec "{sys.executable}" "$@"',
    }
    if (mosquitto := shutil.which("mosquitto")) and os.name == "posix" and os.geteuid() == 0:
        programs["mosquitto"] = f'echo "user root" >> "$2"; exec "{mosquitto}" "$@"'
    bin_folder = folder / "bin"
    bin_folder.mkdir()
    for name, text in programs.items():
        (bin_folder / name).write_text(f"#!/bin/sh\n{text}\n", "utf-8")
        (bin_folder / name).chmod(0o755)
    for client in CLIENTS:
        (folder / client).write_text(f"-h {host}\n-p {port}\n", "utf-8")
    return os.environ | {
        "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(PROJECT),
        "PYTHONUNBUFFERED": "1",
        "XDG_CONFIG_HOME": str(folder),
        "MACNET_BRIDGE_HTTP": "",
        **({"MACNET_MQTT_URL": f"mqtt://{host}:{port}"} if is_told else {}),
    }


class Terminal:
    """One line or block, under way; its output is read all the time, so that it never has to wait for us."""

    def __init__(self, process: asyncio.subprocess.Process, text: str) -> None:
        self._process = process
        self._text = text
        self._printed = ""
        self._grew = asyncio.Event()
        self._reading = asyncio.create_task(self._read(), name=f"reads {text[:30]}")
        self._reading.add_done_callback(lambda _: self._grew.set())

    @classmethod
    async def start(cls, text: str, folder: Path, variables: Mapping[str, str]) -> Terminal:
        process = await asyncio.create_subprocess_exec(
            *("sh", "-e", "-c", text),
            cwd=folder,
            env=variables,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=_LONGEST_LINE_BYTES,
        )
        return cls(process, text)

    async def shows(self, pattern: str) -> str:
        """Wait until it has printed this; all that it printed. Fails if it ends before."""
        with self._telling("has not shown it"):
            async with asyncio.timeout(PATIENCE_S):
                while not re.search(pattern, self._printed, re.MULTILINE):
                    assert not self._reading.done(), f"{self._text!r}: {self._printed}"
                    self._grew.clear()
                    await self._grew.wait()
        return self._printed

    async def ends(self) -> str:
        """Wait until it ends, and see that it ended well; what it printed."""
        with self._telling("does not end"):
            async with asyncio.timeout(PATIENCE_S):
                await asyncio.shield(self._reading)
                await self._process.wait()
        assert self._process.returncode == 0, f"{self._text!r}: {self._printed}"
        return self._printed

    @contextlib.contextmanager
    def _telling(self, what: str) -> Iterator[None]:
        try:
            yield
        except TimeoutError:
            self._process.kill()
            raise AssertionError(f"{self._text!r} {what}: {self._printed}") from None

    async def close(self) -> None:
        """Ctrl-C."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGINT)
        try:
            async with asyncio.timeout(PATIENCE_S):
                await asyncio.shield(self._reading)
        except TimeoutError:
            self._process.kill()
        await self._process.wait()

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            self._printed += line.decode()
            self._grew.set()
