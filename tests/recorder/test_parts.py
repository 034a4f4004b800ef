"""A recording as Parquet: whole parts, each row in one of them, whatever ends the recorder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow comes with the extra `parquet`")

from macnet_bridge.errors import ConfigError  # noqa: E402
from macnet_bridge.recorder import parts as parts_module  # noqa: E402
from macnet_bridge.recorder.columns import TABLES  # noqa: E402
from macnet_bridge.recorder.parts import FILE, Parts, is_due  # noqa: E402
from macnet_bridge.recorder.rows import rows_of  # noqa: E402
from macnet_bridge.store import RecordingUnavailable  # noqa: E402
from macnet_bridge.store.rows import Rows  # noqa: E402
from tests.patience import PATIENCE_S  # noqa: E402

PROJECT = Path(__file__).parents[2]


@asynccontextmanager
async def folder_at(folder: Path) -> AsyncIterator[Parts]:
    opened = Parts(folder)
    opened.open()
    try:
        await opened.settle()
        yield opened
    finally:
        opened.close()


def readings(*numbers: int, **more: Any) -> list[Rows]:
    told = [{"run": 1, "seq": seq, "unix_time_second": seq + 0.25, **more} for seq in numbers]
    rows = [rows_of("reading", ("lab1", 1), msgspec.json.encode(each))[0] for each in told]
    return [Rows("readings", TABLES["reading"].names, rows)]


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.parquet*"))


def numbers(folder: Path) -> list[int]:
    """As any reader of Parquet finds them."""
    parts = sorted(folder.glob("readings/*.parquet"))
    return sorted(number for part in parts for number in parquet.read_table(part)["seq"].to_pylist())


async def test_a_part_has_the_values_with_their_types(tmp_path: Path) -> None:
    async with folder_at(tmp_path / "lab") as kept:
        more = {"voltage_volt": 3.9208, "is_historical": False, "test_name": "a", "errors": {"x": "y"}}
        await kept.keep(readings(1, **more))
        await kept.keep(readings(2))
        await kept.finish()
    table = parquet.read_table(tmp_path / "lab" / "readings" / "part-000001.parquet")
    assert table.column_names == list(TABLES["reading"].names)
    first, second = table.select(["seq", "unix_time_second", *more]).to_pylist()
    assert first == {"seq": 1, "unix_time_second": 1.25, **more, "errors": '{"x":"y"}'}
    assert second == {"seq": 2, "unix_time_second": 2.25, **dict.fromkeys(more)}
    assert table.schema.metadata[b"schema_version"] == b"1"
    types = {field.name: str(field.type) for field in table.schema}
    assert types["voltage_volt"] == "double"
    assert types["seq"] == "int64"
    assert types["is_historical"] == "bool"


async def test_rows_go_into_one_part_each_and_are_known_afterwards(tmp_path: Path) -> None:
    folder = tmp_path / "lab"
    async with folder_at(folder) as kept:
        await kept.keep(readings(1, 2))
        await kept.finish()
        assert await kept.keep(readings(1, 2, 3)) == ({"readings": 1}, 2)
        await kept.finish()
        await kept.finish()  # nothing waits: no part
    async with folder_at(folder) as kept:
        assert await kept.keep(readings(3, 5)) == ({"readings": 1}, 1)
        assert await kept.look() == (4, 1, 0)
        assert await kept.keep(readings(1, 2, 4, 5)) == ({"readings": 1}, 3)
        await kept.finish()
    assert numbers(folder) == [1, 2, 3, 4, 5]
    assert files(folder) == [f"readings/part-00000{number}.parquet" for number in (1, 2, 3)]


async def test_parts_are_written_when_they_are_due(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts_module, "ENOUGH_ROWS", 3)
    async with folder_at(tmp_path) as kept:
        await kept.keep(readings(1, 2))
        await kept.tend()
        assert files(tmp_path) == []
        await kept.keep(readings(2, 3))
        await kept.tend()
        assert numbers(tmp_path) == [1, 2, 3]
        await kept.keep(readings(4))
        await kept.tend()
        assert numbers(tmp_path) == [1, 2, 3]


def test_a_part_is_due_when_it_is_large_or_old() -> None:
    assert not is_due(0, 1e9)
    assert not is_due(249_999, 3_599.0)
    assert is_due(250_000, 0.0)
    assert is_due(1, 3_600.0)


async def test_a_part_that_cannot_be_written_takes_nothing_away(tmp_path: Path) -> None:
    async with folder_at(tmp_path) as kept:
        await kept.keep(readings(1, 2))
        (tmp_path / "readings").rmdir()
        with pytest.raises(RecordingUnavailable, match="No such file"):
            await kept.finish()
        (tmp_path / "readings").mkdir()
        await kept.finish()
    assert numbers(tmp_path) == [1, 2]


_KILLED = """
import asyncio, sys
from pathlib import Path
from tests.recorder.test_parts import folder_at, readings
from tests.patience import PATIENCE_S
async def main():
    async with folder_at(Path(sys.argv[1])) as kept:
        await kept.keep(readings(1, 2))
        await kept.finish()
asyncio.run(main())
"""


@pytest.mark.skipif(os.name != "posix", reason="signals of another kind")
@pytest.mark.parametrize(
    ("point", "left"), [("move_before_commit", 1), ("move_after_commit", 1), ("keep_after_commit", 0)]
)
async def test_a_kill_leaves_each_row_in_one_place(tmp_path: Path, point: str, left: int) -> None:
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), "MACNET_TEST_KILL_AT": point}
    killed = subprocess.run(  # noqa: ASYNC221 - nothing else runs in this loop
        [sys.executable, "-c", _KILLED, str(tmp_path)], env=environment, timeout=PATIENCE_S, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert len(files(tmp_path)) == left
    (tmp_path / "readings" / ".part-000007.parquet.new").write_bytes(b"half of it")
    async with folder_at(tmp_path) as kept:
        assert await kept.keep(readings(1, 2, 3)) == ({"readings": 1}, 2)
        await kept.finish()
    assert numbers(tmp_path) == [1, 2, 3]


async def recorded(folder: Path, *numbers: int) -> None:
    """A part for each."""
    async with folder_at(folder) as kept:
        for number in numbers:
            await kept.keep(readings(number))
            await kept.finish()


async def test_parts_outlive_the_database_that_knew_them(tmp_path: Path) -> None:
    await recorded(tmp_path, 1, 2)
    (tmp_path / FILE).unlink()
    for _ in "twice":
        with pytest.raises(ConfigError, match=r"--to: .* has parts, but no recording\.sqlite"):
            await recorded(tmp_path, 3)
    assert numbers(tmp_path) == [1, 2]


@pytest.mark.parametrize("since", [[2], [2, 3]])
async def test_parts_outlive_an_older_copy_of_the_database(tmp_path: Path, since: list[int]) -> None:
    await recorded(tmp_path, 1)
    older = (tmp_path / FILE).read_bytes()
    await recorded(tmp_path, *since)
    (tmp_path / FILE).write_bytes(older)
    with pytest.raises(ConfigError, match=r"part-00000[23]\.parquet is newer than its recording\.sqlite"):
        await recorded(tmp_path, 4)
    assert numbers(tmp_path) == [1, *since]


async def test_what_else_lies_there_is_left_alone(tmp_path: Path) -> None:
    await recorded(tmp_path, 1)
    mine = tmp_path / "readings" / "cell-17.bdf.parquet"
    mine.write_bytes(b"mine")
    await recorded(tmp_path, 2)
    assert mine.read_bytes() == b"mine"


def test_a_file_in_place_of_the_folder_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "lab").write_text("notes", "utf-8")
    with pytest.raises(ConfigError, match=r"--to: .*lab cannot be used: "):
        Parts(tmp_path / "lab").open()
