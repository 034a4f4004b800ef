"""`macnet-bridge record` under test, as the program that users run."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tests.patience import PATIENCE_S

PROJECT = Path(__file__).parents[2]
Reading = tuple[int, int, int]
"""Channel, run, and number."""


class RecordProgram:
    """`macnet-bridge record` into one file, started and ended as often as a test wants.

    Attributes:
        database: where `select` looks: the file, or for Parquet what lies in the folder.
    """

    def __init__(self, host: str, port: int, root: str, folder: Path, name: str = "lab.sqlite") -> None:
        self.file = folder / name
        self.database = self.file
        self._out = folder / f"{name}.out"
        self.command = [sys.executable, "-m", "macnet_bridge", "record", "--to", str(self.file)]
        self._broker = ["--url", f"mqtt://{host}:{port}", "--root", root]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        with self._out.open("ab") as out:
            self.process = subprocess.Popen(
                [*self.command, *self._broker, *arguments],
                stdout=out,
                stderr=out,
                env={**os.environ, "PYTHONPATH": str(PROJECT), **environment},
            )
        return self.process

    @contextmanager
    def recording(self, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
        """While it runs; it ends by Ctrl-C, and well, where the test has not ended it."""
        connections = self.said.count("connected to")
        process = self.start(*arguments, **environment)
        try:
            yield process
            while process.poll() is None and self.said.count("connected to") == connections:
                time.sleep(0.05)  # before that, Ctrl-C is that of any program that is being loaded
            if process.poll() is None and os.name == "posix":
                process.send_signal(signal.SIGINT)
                assert process.wait(PATIENCE_S) == 0, self.said
        finally:
            process.kill()
            process.wait()

    @property
    def said(self) -> str:
        return self._out.read_text("utf-8") if self._out.exists() else ""

    def select(self, question: str) -> list[tuple[Any, ...]]:
        """What the database says; nothing while it has no tables yet."""
        if not self.database.exists():
            return []
        with closing(sqlite3.connect(self.database)) as database:
            try:
                return database.execute(question).fetchall()
            except sqlite3.OperationalError:
                return []

    def readings(self) -> set[Reading]:
        return set(self.select("SELECT channel, run, seq FROM readings"))
