"""Locks on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from macnet_bridge.app.lock_file import open_locks
from macnet_bridge.errors import ConfigError
from macnet_bridge.macnet import AsyncCycler, TesterAddress
from macnet_bridge.payloads.telemetry import Lock
from macnet_bridge.tester import Tester

LOCK = Lock(reason="the cell swells", principal="alice", since=1.0)


def locks_of(folder: Path) -> dict[int, Lock]:
    tester = Tester("lab1", AsyncCycler(TesterAddress("127.0.0.1")))
    locks = open_locks(folder)
    locks.hand_out({"lab1": tester})
    return tester.locks


async def test_what_was_locked_stays_locked(tmp_path: Path) -> None:
    tester = Tester("lab1", AsyncCycler(TesterAddress("127.0.0.1")))
    locks = open_locks(tmp_path)
    locks.hand_out({"lab1": tester})
    await locks.change(tester, 5, LOCK)
    assert locks_of(tmp_path) == {5: LOCK}
    # A cycler that is not configured for a while keeps its locks.
    other = Tester("lab2", AsyncCycler(TesterAddress("127.0.0.1")))
    locks = open_locks(tmp_path)
    locks.hand_out({"lab2": other})
    await locks.change(other, 1, LOCK)
    assert locks_of(tmp_path) == {5: LOCK}


def test_damaged_locks_are_not_forgotten(tmp_path: Path) -> None:
    (tmp_path / "locks.json").write_text('{"lab1":{"5":')
    with pytest.raises(ConfigError, match="is damaged"):
        open_locks(tmp_path)
