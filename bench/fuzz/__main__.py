"""Fuzz the MacNet codecs, guided by the code that each input reaches, and print figures.

    python -m bench.fuzz --seconds 600             # of processor time
    python -m bench.fuzz --corpus fuzz-corpus      # keep what was learned, and begin with it
    python -m bench.fuzz finding-crash-0123abcd    # try one input again

It begins with the manual's examples and the vectors of the tests. A finding is written to a file
`finding-*` in the current folder, ends the run, and makes the exit code 1. Needs Linux, and the
package with its extras test and fuzz.
"""

from __future__ import annotations

import importlib.util
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import click

from bench.fuzz.case import MAX_BYTES
from bench.fuzz.seeds import seeds, words
from bench.fuzz.target import check
from bench.machine import cpu_seconds, facts

_FACTS = ("date", "system", "python", "msgspec")
_HANG_S = 30
_MOST_MB = 1024
_POLL_S = 0.5
_STATUS = re.compile(r"cov: (\d+) ft: (\d+) corp: (\d+)/(\S+)")
_EXECUTED = re.compile(r"stat::number_of_executed_units: (\d+)")


class Figures(NamedTuple):
    """What came of a run. `edges` and `features` are libFuzzer's."""

    executions: int
    edges: int
    features: int
    corpus: int
    corpus_size: str
    cpu_s: float
    wall_s: float
    findings: int

    def lines(self) -> Iterator[str]:
        """The figures for people."""
        yield f"executions       {self.executions}"
        yield f"executions/s     {self.executions / self.cpu_s:.0f} (of processor time)"
        yield f"coverage edges   {self.edges} (features: {self.features})"
        yield f"corpus           {self.corpus} inputs, {self.corpus_size}"
        yield f"time             {self.cpu_s:.1f} CPU s, {self.wall_s:.1f} s by the clock"
        yield f"findings         {self.findings}"


@click.command()
@click.option(
    "--seconds", type=click.FloatRange(min=1), default=600, show_default=True, help="Of processor time."
)
@click.option("--corpus", type=click.Path(file_okay=False, path_type=Path), help="Kept, and begun with.")
@click.argument("inputs", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def main(seconds: float, corpus: Path | None, inputs: tuple[Path, ...]) -> None:
    """Fuzz the MacNet codecs, or try the given inputs again."""
    for each in inputs:
        check(each.read_bytes())
        click.echo(f"{each}: holds")
    if inputs:
        return
    if importlib.util.find_spec("atheris") is None:
        raise click.ClickException("atheris is missing: pip install '.[test,fuzz]' (on Linux)")
    with tempfile.TemporaryDirectory() as work:
        figures, log = _run(seconds, corpus or Path(work, "corpus"), Path(work))
    if figures.findings:
        click.echo(log[-4000:])
    # First what took ten minutes to find out.
    click.echo("\n".join(figures.lines()))
    shown = {name: value for name, value in facts().items() if name in _FACTS}
    for name, value in (shown | {"atheris": version("atheris")}).items():
        click.echo(f"{name:16} {value}")
    sys.exit(1 if figures.findings else 0)


def _run(seconds: float, corpus: Path, work: Path) -> tuple[Figures, str]:
    """Fuzz until the processor time is used up; also returns what the fuzzer printed."""
    corpus.mkdir(parents=True, exist_ok=True)
    log_file = work / "log"
    started = time.monotonic()
    with log_file.open("w") as log:
        process = subprocess.Popen(_command(corpus, work), stderr=log, stdout=log)
        _wait(process, seconds)
    printed = log_file.read_text("utf-8", "replace")
    return _figures(printed, process.returncode, time.monotonic() - started), printed


def _command(corpus: Path, work: Path) -> list[str]:
    """The fuzzer, with inputs to begin with and a dictionary."""
    begin = work / "seeds"
    begin.mkdir()
    for number, seed in enumerate(seeds()):
        (begin / f"{number:04}").write_bytes(seed)
    dictionary = work / "words"
    dictionary.write_text("".join(f'"{_escaped(word)}"\n' for word in words()))
    limits = [f"-max_len={MAX_BYTES}", f"-timeout={_HANG_S}", f"-rss_limit_mb={_MOST_MB}"]
    more = [f"-dict={dictionary}", "-artifact_prefix=finding-", "-print_final_stats=1"]
    return [sys.executable, "-m", "bench.fuzz.engine", *map(str, (corpus, begin)), *limits, *more]


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


def _wait(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Let it run for this long of processor time, then ask it to end."""
    asked = False
    while process.poll() is None:
        time.sleep(_POLL_S)
        if not asked and (cpu_seconds(process.pid) or 0.0) >= seconds:
            process.send_signal(signal.SIGUSR1)
            asked = True


def _figures(printed: str, code: int, wall_s: float) -> Figures:
    status = _STATUS.findall(printed)
    executed = _EXECUTED.search(printed)
    if not status or executed is None:
        raise click.ClickException(f"the fuzzer did not run:\n{printed[-2000:]}")
    edges, features, corpus, size = status[-1]
    used = os.times()
    return Figures(
        executions=int(executed[1]),
        edges=int(edges),
        features=int(features),
        corpus=int(corpus),
        corpus_size=size,
        cpu_s=used.children_user + used.children_system,
        wall_s=wall_s,
        findings=1 if code else 0,
    )


if __name__ == "__main__":
    main()
