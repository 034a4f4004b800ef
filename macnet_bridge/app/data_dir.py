"""The bridge's data directory: one process at a time, and what must outlive it.

That is a counter of starts, which channels have retained topics at the broker, what tells this bridge
from others of its name, the locks of channels (`lock_file`) and the cells that tests run on
(`cell_file`).
"""

from __future__ import annotations

import secrets
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import filelock
import msgspec
from msgspec import Struct, structs

from macnet_bridge.app.durable import write_durably
from macnet_bridge.errors import ConfigError

_LOCK = "lock"
_MEMORY = "bridge.json"


class Memory(Struct, frozen=True, kw_only=True):
    """What one run leaves to the next.

    Attributes:
        run: how often a bridge was started on this directory.
        served: channels by cycler that had retained topics.
        instance: made once, so that an earlier run can be told from another bridge of the same name.
    """

    run: int = 0
    served: dict[str, list[int]] = {}
    instance: str = ""


def instance_of(path: str) -> str | None:
    """The instance of a data directory, which another process may be using: nothing is locked or made.

    Returns:
        "" where there is none yet, None where it cannot be known.
    """
    try:
        return msgspec.json.decode((Path(path) / _MEMORY).read_bytes(), type=Memory).instance
    except FileNotFoundError:
        return ""
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None


class DataDir:
    """The directory, locked while the context lasts."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self._lock = filelock.FileLock(self.path / _LOCK)
        self.memory = Memory()

    def __enter__(self) -> Self:
        """Lock the directory and count a start.

        Raises:
            ConfigError: it cannot be used, or another bridge uses it.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=0)
            with ExitStack() as undo:
                undo.callback(self._lock.release)
                before = self._read()
                instance = before.instance or secrets.token_hex(8)
                self.save(structs.replace(before, run=before.run + 1, instance=instance))
                undo.pop_all()
        except filelock.Timeout:
            raise ConfigError(
                f"bridge.data_dir: another bridge uses {self.path}; give each its own"
            ) from None
        except OSError as error:
            raise ConfigError(
                f"bridge.data_dir: {self.path}: {error.strerror}; name a folder that can be written"
            ) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()

    def save(self, memory: Memory) -> None:
        """Write what the next run needs; whole or not at all."""
        self.memory = memory
        write_durably(self.path / _MEMORY, msgspec.json.encode(memory))

    def _read(self) -> Memory:
        file = self.path / _MEMORY
        if not file.exists():
            return Memory()
        try:
            return msgspec.json.decode(file.read_bytes(), type=Memory)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise ConfigError(f"bridge.data_dir: {file} is damaged; move it away to start anew") from None
