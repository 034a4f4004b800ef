"""The data directory: one bridge at a time, and what one run leaves to the next."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from macnet_bridge.app.data_dir import DataDir, Memory
from macnet_bridge.errors import ConfigError


def test_it_is_made_and_runs_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b"
    for run in (1, 2, 3):
        with DataDir(str(path)) as data:
            assert data.memory.run == run
    assert sorted(file.name for file in path.iterdir() if file.suffix == ".new") == []


def test_what_is_saved_is_there_next_time(tmp_path: Path) -> None:
    with DataDir(str(tmp_path)) as data:
        data.save(Memory(run=data.memory.run, served={"lab1": [1, 2]}))
        assert data.memory.served == {"lab1": [1, 2]}
    with DataDir(str(tmp_path)) as data:
        assert data.memory == Memory(run=2, served={"lab1": [1, 2]})


def test_one_at_a_time(tmp_path: Path) -> None:
    with DataDir(str(tmp_path)) as data:
        with pytest.raises(ConfigError, match="another bridge"), DataDir(str(tmp_path)):
            pass
        assert data.memory.run == 1
    with DataDir(str(tmp_path)) as data:
        assert data.memory.run == 2, "the one that was turned away did not count"


def test_another_process(tmp_path: Path) -> None:
    program = """
import sys
from macnet_bridge.app.data_dir import DataDir
with DataDir(sys.argv[1]):
    print("locked", flush=True)
    sys.stdin.read()
"""
    arguments = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline().strip() == b"locked"
        with pytest.raises(ConfigError, match="another bridge"), DataDir(str(tmp_path)):
            pass
        other.kill()
    with DataDir(str(tmp_path)) as data:
        assert data.memory.run == 2, "a lock dies with its process"


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[]", b'{"run":"x"}', b"\x00" * 100])
def test_a_damaged_file_is_named_and_not_overwritten(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "bridge.json"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=r"bridge\.json is damaged") as wrong, DataDir(str(tmp_path)):
        pass
    assert file.read_bytes() == content
    file.unlink()
    with DataDir(str(tmp_path)) as data:
        assert data.memory.run == 1, f"the lock was given back after {wrong.value}"


def test_a_place_that_is_no_folder(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"")
    with pytest.raises(ConfigError, match=r"bridge\.data_dir"), DataDir(str(file)):
        pass


def test_keys_of_later_versions_are_no_damage(tmp_path: Path) -> None:
    (tmp_path / "bridge.json").write_bytes(b'{"run":5,"served":{},"more":1}')
    with DataDir(str(tmp_path)) as data:
        assert data.memory.run == 6
