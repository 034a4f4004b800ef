"""Which cells are on the channels, on disk: `cells.json` in the bridge's data directory.

A test may run for months, over restarts of the bridge, and MacNet carries no cell of a test. Nothing
depends on it but what people read: so nobody waits for it, and a disk that fails costs a warning.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path

import msgspec

from macnet_bridge.app.durable import write_durably
from macnet_bridge.tester import Tester

log = logging.getLogger(__name__)

_NAME = "cells.json"

_Table = dict[str, dict[int, tuple[str, str]]]
"""By cycler and channel, the name of a test and its cell."""


class CellFile:
    """Gives the testers what earlier runs knew of their cells, and writes down what changes."""

    def __init__(self, folder: Path, testers: Mapping[str, Tester]) -> None:
        self._path = folder / _NAME
        self._testers = testers
        self._elsewhere = _read(self._path)  # of cyclers that are not served now, too
        self._writing: asyncio.Future[None] | None = None
        self._is_newer = False
        for name, tester in testers.items():
            tester.cells.update(self._elsewhere.pop(name, {}))
            tester.cells_changed = self._changed

    def _changed(self) -> None:
        self._is_newer = True
        if self._writing is None:
            self._write()

    def _write(self) -> None:
        self._is_newer = False
        held = {name: tester.cells for name, tester in self._testers.items() if tester.cells}
        content = msgspec.json.encode(self._elsewhere | held)
        loop = asyncio.get_running_loop()
        self._writing = loop.run_in_executor(None, write_durably, self._path, content)
        self._writing.add_done_callback(self._written)

    def _written(self, writing: asyncio.Future[None]) -> None:
        self._writing = None
        if not writing.cancelled() and (error := writing.exception()):
            log.warning("%s cannot be written, cells are forgotten at a restart: %s", self._path, error)
        if self._is_newer:
            self._write()


def _read(path: Path) -> _Table:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Table)
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        log.warning("%s cannot be read, the cells of tests that run are not known: %s", path, error)
        return {}
