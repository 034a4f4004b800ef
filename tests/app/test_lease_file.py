"""Leases on disk: what is written is read again, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from macnet_bridge.app.lease_file import FILE, LeaseFile
from macnet_bridge.commands.lease import LeaseRecord
from macnet_bridge.errors import ConfigError

RECORDS = [
    LeaseRecord(cycler="lab1", channel=3, principal="ann", test_name="t 1", token="abc"),
    LeaseRecord(cycler="lab2", channel=1, principal="bob", test_name="t 2", token="def", live=False),
]


def test_there_and_back(tmp_path: Path) -> None:
    assert LeaseFile(str(tmp_path)).load() == []
    LeaseFile(str(tmp_path)).save(RECORDS)
    assert LeaseFile(str(tmp_path)).load() == RECORDS
    LeaseFile(str(tmp_path)).save([])
    assert LeaseFile(str(tmp_path)).load() == []


def test_a_write_that_fails_leaves_what_was(tmp_path: Path) -> None:
    file = LeaseFile(str(tmp_path))
    file.save(RECORDS)
    (tmp_path / FILE).with_suffix(".new").mkdir()
    with pytest.raises(OSError, match="directory"):
        file.save([])
    assert file.load() == RECORDS


def test_damage_is_told(tmp_path: Path) -> None:
    for damage in (b"[", b'[{"cycler":1}]', b"\xff"):
        (tmp_path / FILE).write_bytes(damage)
        with pytest.raises(ConfigError, match=r"leases\.json is damaged; look at the testers"):
            LeaseFile(str(tmp_path)).load()
