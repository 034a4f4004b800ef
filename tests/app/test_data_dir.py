"""The data directory: one bridge at a time, and what one run leaves to the next."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from msgspec import structs

from macnet_bridge.app.data_dir import DataDir, instance_of
from macnet_bridge.errors import ConfigError


def test_it_is_made_and_runs_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b"
    for run in (1, 2, 3):
        with DataDir(str(path)) as data:
            assert data.memory.run == run
    assert sorted(file.name for file in path.iterdir() if file.suffix == ".new") == []


def test_what_is_saved_is_there_next_time(tmp_path: Path) -> None:
    with DataDir(str(tmp_path)) as data:
        data.save(structs.replace(data.memory, served={"lab1": [1, 2]}))
        assert data.memory.served == {"lab1": [1, 2]}
    with DataDir(str(tmp_path)) as data:
        assert (data.memory.run, data.memory.served) == (2, {"lab1": [1, 2]})


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


def test_its_instance_is_made_once_and_no_other_has_it(tmp_path: Path) -> None:
    made = []
    for name in ("a", "a", "b"):
        with DataDir(str(tmp_path / name)) as data:
            data.save(structs.replace(data.memory, served={"lab1": [1]}))
            made.append(data.memory.instance)
            assert instance_of(str(tmp_path / name)) == made[-1], "also while it is in use"
    assert made[0] == made[1] != made[2]
    assert all(made)


def test_an_instance_that_is_not_there_yet_or_cannot_be_known(tmp_path: Path) -> None:
    assert instance_of(str(tmp_path / "none")) == ""
    assert not (tmp_path / "none").exists()
    (tmp_path / "bridge.json").write_bytes(b'{"run":1}')
    assert instance_of(str(tmp_path)) == "", "of an earlier version"
    (tmp_path / "bridge.json").write_bytes(b"{")
    assert instance_of(str(tmp_path)) is None
