"""Leases on disk: a small file beside the others of the data directory, written whole each time."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from macnet_bridge.commands.lease import LeaseRecord
from macnet_bridge.errors import ConfigError

FILE = "leases.json"


class LeaseFile:
    """Where leases outlive the bridge. The directory is locked by `DataDir`."""

    def __init__(self, folder: str) -> None:
        self._file = Path(folder) / FILE

    def load(self) -> list[LeaseRecord]:
        """The leases of the run before.

        Raises:
            ConfigError: the file is damaged.
        """
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=list[LeaseRecord])
        except FileNotFoundError:
            return []
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise ConfigError(
                f"bridge.data_dir: {self._file} is damaged; look at the testers, then move it away"
            ) from None
        except OSError as error:
            raise ConfigError(f"bridge.data_dir: {self._file}: {error.strerror}") from None

    def save(self, records: Sequence[LeaseRecord]) -> None:
        """Write them; whole or not at all.

        Raises:
            OSError: the disk does not take them.
        """
        new = self._file.with_suffix(".new")
        with new.open("wb") as file:
            file.write(msgspec.json.encode(list(records)))
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._file)
        _sync_folder(self._file.parent)


def _sync_folder(folder: Path) -> None:
    """Have the new name on disk, too; Windows does that by itself."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
