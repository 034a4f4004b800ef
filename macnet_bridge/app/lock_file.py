"""The locks of channels on disk: `locks.json` in the bridge's data directory."""

from __future__ import annotations

from pathlib import Path

import msgspec

from macnet_bridge.app.durable import write_durably
from macnet_bridge.commands.locks import Locks, LockTable
from macnet_bridge.errors import ConfigError

_NAME = "locks.json"


def open_locks(folder: Path) -> Locks:
    """The locks as the last run left them, written again with every change.

    Raises:
        ConfigError: they cannot be read. No bridge may then forget them, and start tests.
    """
    path = folder / _NAME
    return Locks(_read(path), lambda table: write_durably(path, msgspec.json.encode(table)))


def _read(path: Path) -> LockTable:
    try:
        return msgspec.json.decode(path.read_bytes(), type=LockTable)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigError(f"bridge.data_dir: {path}: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise ConfigError(f"bridge.data_dir: {path} is damaged; move it away to unlock everything") from None
