"""mosquitto as a process of its own: where it is, which it is, and running it."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from macnet_bridge.errors import BrokerError

_PATIENCE_S = 10.0
_SILENT_START_S = 1.0
_CONFIG = """\
listener {port} {host}
allow_anonymous true
set_tcp_nodelay true
log_dest stderr
log_type error
log_type information
"""


class Mosquitto:
    """A mosquitto process with a configuration of its own."""

    def __init__(self, program: str) -> None:
        self.name = f"mosquitto {mosquitto_version(program)}"
        self._program = program
        self._directory: tempfile.TemporaryDirectory[str] | None = None
        self._log: Path | None = None
        self._started_at = 0.0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, host: str, port: int) -> None:
        # Not asyncio's subprocess: on Windows a loop that can watch sockets cannot watch processes.
        self._directory = tempfile.TemporaryDirectory(prefix="macnet-broker-")
        config = Path(self._directory.name, "mosquitto.conf")
        config.write_text(_CONFIG.format(host=host, port=port), "utf-8")
        self._log = Path(self._directory.name, "log")
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [self._program, "-c", str(config)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                # Ctrl-C in the terminal is for the application, which says goodbye to the broker first.
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
        self._started_at = time.monotonic()

    def is_listening(self) -> bool:
        # It says so once its sockets are open. Old ones do not: without a port they are soon gone.
        says_so = self._log is not None and b" running" in self._log.read_bytes()
        return self.is_running() and (says_so or time.monotonic() - self._started_at > _SILENT_START_S)

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(_PATIENCE_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._directory is not None:
            self._directory.cleanup()


def find_mosquitto() -> str | None:
    """Path of the mosquitto program, None where there is none.

    Linux distributions install it among the system programs, which are not on every user's PATH.
    """
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


def mosquitto_version(program: str) -> str:
    """Such as "2.0.11"; raises BrokerError when the program does not run."""
    try:
        told = subprocess.run(
            [program, "-h"], capture_output=True, text=True, timeout=_PATIENCE_S, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BrokerError(f"{program} does not run: {error}") from error
    words = told.split()
    return words[2] if words[:2] == ["mosquitto", "version"] else "of unknown version"
