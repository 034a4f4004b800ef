"""The pictures of `demo` and `watch` in docs, taken of the programs as they run in a terminal.

    python -m bench.screenshots          # docs/demo.svg and docs/watch.svg, in a minute

Needs the extra `plot`, `mosquitto` on the PATH, a system with pseudo-terminals, and port 1883.
"""

from __future__ import annotations

import asyncio
import io
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import groupby
from pathlib import Path

import click
import pyte
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from bench.stack import ROOT
from tests.bridge.mqtt_peer import MqttPeer

DOCS = ROOT / "docs"
PORT = 1883
WIDTH = 111
PATIENCE_S = 60.0

# Fonts that a reader has; a page in a repository may fetch none.
_FONTS = 'Menlo, Consolas, "DejaVu Sans Mono", monospace'
_FORMAT = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL).replace(
    "Fira Code, monospace", _FONTS
)
_DARK = (26, 27, 32)
_COLOURS = ((40, 44, 52), (224, 108, 117), (120, 200, 120), (229, 192, 123), (97, 175, 239), (198, 120, 221))
_LIGHT = ((86, 182, 194), (220, 223, 228))
_THEME = TerminalTheme(_DARK, _LIGHT[1], [*_COLOURS, *_LIGHT], [(141, 144, 149), *_COLOURS[1:], *_LIGHT])
_NAMES = {"brown": "yellow", "brightblack": "bright_black"}
_DIM, _GREY = re.compile(rb"\x1b\[2(?=[;m])"), b"\x1b[90"
"""What is dim becomes grey: pyte knows no dim."""


class Terminal:
    """A program in a terminal of its own, and what it shows just now."""

    def __init__(self, lines: int) -> None:
        self._screen = pyte.Screen(WIDTH, lines)
        self._stream = pyte.ByteStream(self._screen)
        self._changed = asyncio.Event()

    @property
    def text(self) -> str:
        return "\n".join(self._screen.display)

    async def shows(self, pattern: str) -> None:
        """Wait until the screen has it."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not re.search(pattern, self.text):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise RuntimeError(f"nothing like {pattern!r} on the screen:\n{self.text}") from None

    def take(self, data: bytes) -> None:
        """What the program wrote."""
        self._stream.feed(_DIM.sub(_GREY, data))
        self._changed.set()

    def picture(self, name: str) -> str:
        """The screen as SVG, without the empty lines below."""
        console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
        lines = [self._line(y) for y in range(self._screen.lines)]
        while lines and not lines[-1].plain.strip():
            lines.pop()
        for line in lines:
            console.print(line, no_wrap=True, crop=True)
        title = f"macnet-bridge {name}"
        made = console.export_svg(title=title, theme=_THEME, code_format=_FORMAT, unique_id=name)
        return "\n".join(line.strip() for line in made.splitlines() if line.strip()) + "\n"

    def _line(self, y: int) -> Text:
        cells = [self._screen.buffer[y][x] for x in range(WIDTH)]
        text = Text()
        for (colour, bold), run in groupby(cells, lambda cell: (cell.fg, cell.bold)):
            text.append(
                "".join(cell.data for cell in run), Style(color=_NAMES.get(colour, colour), bold=bold)
            )
        return text


@asynccontextmanager
async def in_terminal(lines: int, *words: str) -> AsyncIterator[Terminal]:
    """`macnet-bridge` with these words, ended by SIGTERM."""
    import fcntl
    import pty
    import struct
    import termios

    outer, inner = pty.openpty()
    fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", lines, WIDTH, 0, 0))
    terminal, loop = Terminal(lines), asyncio.get_running_loop()
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "macnet_bridge", *words),
        stdin=inner,
        stdout=inner,
        stderr=inner,
        env=os.environ | {"TERM": "xterm-256color", "PYTHONPATH": str(ROOT)},
    )
    loop.add_reader(outer, lambda: terminal.take(os.read(outer, 1 << 16)))
    try:
        yield terminal
    finally:
        running.terminate()
        await running.wait()
        loop.remove_reader(outer)
        os.close(outer)
        os.close(inner)


@asynccontextmanager
async def peer() -> AsyncIterator[MqttPeer]:
    async with MqttPeer("127.0.0.1", PORT, "macnet/+/+/telemetry/ack") as found:
        yield found


async def show_the_demo() -> str:
    """The demo as its first visitor leaves it: a start, a mistake, and a stop."""
    async with in_terminal(40, "demo", "--broker-port", str(PORT)) as terminal:
        await terminal.shows("An id runs once")
        await terminal.shows(r"active +charge +cell-05")
        async with peer() as visitor:
            await terminal.shows(r"cell-01 .* 0:15:")
            start = {"id": "my-1", "args": {"procedure": "CCCV_1C"}}
            await visitor.command("macnet/lab1/8/cmd/start_test", start)
            mistake = {"id": "my-2", "args": {"variable": 16, "value": 1}}
            await visitor.command("macnet/lab1/7/cmd/set_variable", mistake)
            await visitor.command("macnet/lab1/2/cmd/suspend", {"id": "my-3"})
            await terminal.shows(r"my-1 .* 0:04:")
        return terminal.picture("demo")


async def show_a_watch() -> str:
    """Two cyclers, with more channels than lines; some tests ended as problems."""
    options = ("--cyclers", "2", "--channels", "14", "--broker-port", str(PORT))
    async with in_terminal(30, "demo", *options) as demo:
        await demo.shows(r"and \d+ more channels")
        async with in_terminal(24, "watch") as terminal, peer() as visitor:
            await terminal.shows(r"and \d+ more channels")
            for place in ("lab2/1", "lab2/5"):
                tight = {"id": place, "args": {"safety": {"charge_max_ampere": 0.1}}}
                await visitor.command(f"macnet/{place}/cmd/set_safety_limits", tight)
            await visitor.command("macnet/lab1/4/cmd/suspend", {"id": "stop"})
            await terminal.shows(r"! lab2/5 +problem")
            await terminal.shows(r"lab1/1 .* 0:[1-5]\d:")
            return terminal.picture("watch")


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=DOCS)
def main(folder: Path) -> None:
    """Take both pictures, and put them into FOLDER, docs if it is left out."""
    for name, taken in asyncio.run(_take()):
        (folder / name).write_text(taken, "utf-8", newline="\n")
        click.echo(f"{folder / name}: {len(taken)} bytes")


async def _take() -> list[tuple[str, str]]:
    return [("demo.svg", await show_the_demo()), ("watch.svg", await show_a_watch())]


if __name__ == "__main__":
    main()
