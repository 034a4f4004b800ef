"""A file that is there whole or not at all: written under another name beside its place, then renamed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from macnet_bridge.errors import ConfigError
from macnet_bridge.system_errors import os_reason


@contextlib.contextmanager
def whole_file(path: Path, *, overwrite: bool = False) -> Iterator[BinaryIO]:
    """A file to write into, which appears at `path` when the block ends well, and vanishes otherwise.

    Raises:
        ConfigError: it is there already and is not to be overwritten, or cannot be written.
    """
    if path.exists() and not overwrite:
        raise ConfigError(f"{path} is there already; name another file, or say --overwrite")
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with beside.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {os_reason(error)}") from None
    finally:
        with contextlib.suppress(OSError):
            beside.unlink()
