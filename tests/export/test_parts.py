"""A recording in Parquet as the source: parts, and rows that wait to go into one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

pytest.importorskip("pyarrow", reason="pyarrow comes with the extra `parquet`")

from macnet_bridge.recorder import parts as parts_module
from macnet_bridge.recorder.columns import TABLES
from macnet_bridge.recorder.parts import Parts
from macnet_bridge.recorder.rows import rows_of
from macnet_bridge.store.gathering import FILE
from macnet_bridge.store.recording import Recording
from macnet_bridge.store.rows import Rows
from tests.export.conftest import Export
from tests.export.recordings import START, reading, write_recording

NO_PAYLOAD = ("cycler", "channel")


def readings(numbers: Sequence[int], channel: int = 5, **more: Any) -> list[Rows]:
    told = [{k: v for k, v in reading(seq, **more).items() if k not in NO_PAYLOAD} for seq in numbers]
    for each in told:
        each["is_historical"] = bool(each["is_historical"])
    rows = [rows_of("reading", ("lab1", channel), msgspec.json.encode(each))[0] for each in told]
    return [Rows("readings", TABLES["reading"].names, rows)]


def inputs(seq: int) -> list[Rows]:
    value = {"input": 1, "name": "surface_temperature_celsius", "value": 20.0 + seq, "unit": "C"}
    payload = {"unix_time_second": START + seq, "run": 1, "test_name": "cell-17", "inputs": [value]}
    payload["values"] = {"surface_temperature_celsius": 20.0 + seq}
    return [Rows("aux", TABLES["aux"].names, rows_of("aux", ("lab1", 5), msgspec.json.encode(payload)))]


async def fill(recording: Recording, folder: Parts | None = None) -> None:
    """The same for both kinds: other channels and tests, a replay, and some that go into no part."""
    recording.open()
    await recording.keep([*readings((1, 2, 5)), *inputs(2)])
    await recording.keep(readings((1, 2), channel=6))
    if folder is not None:
        await folder.finish()
    await recording.keep([*readings((3, 6), is_historical=1), *inputs(5), *readings((8,), test_name="other")])
    if folder is not None:
        await folder.finish()
    await recording.keep([*readings((7, 4)), *readings((2,))])
    recording.close()


async def test_it_gives_the_same_file_as_a_recording_in_sqlite(tmp_path: Path, export: Export) -> None:
    await fill(Recording(tmp_path / "lab.sqlite"))
    folder = Parts(tmp_path / "lab")
    await fill(folder, folder)
    assert sorted(path.name for path in (tmp_path / "lab" / "readings").iterdir()) == [
        "part-000001.parquet",
        "part-000002.parquet",
    ]
    texts = []
    for source in ("lab.sqlite", "lab", f"lab/{FILE}"):
        target = tmp_path / "a.csv"
        words = ("cell-17", "--channel", "5", "--to", target, "--overwrite")
        assert export(tmp_path / source, *words)[0] == 0
        texts.append(target.read_text("utf-8"))
    assert texts[0] == texts[1] == texts[2]
    header, *rows = (line.split(",") for line in texts[0].splitlines())
    assert [row[header.index("Record Index / 1")] for row in rows] == ["1", "2", "3", "4", "5", "6", "7"]
    warm = [row[header.index("Surface Temperature / degC")] for row in rows]
    assert warm == ["", "22.0", "", "", "25.0", "", ""]


async def test_its_tests_are_listed(tmp_path: Path, export: Export) -> None:
    folder = Parts(tmp_path / "lab")
    await fill(folder, folder)
    listed = [line.split()[:3] for line in export(tmp_path / "lab")[1].splitlines()[1:]]
    assert listed == [["lab1", "5", "cell-17"], ["lab1", "6", "cell-17"], ["lab1", "5", "other"]]


async def test_a_part_that_is_gone_is_one_line(tmp_path: Path, export: Export) -> None:
    folder = Parts(tmp_path / "lab")
    await fill(folder, folder)
    gone = tmp_path / "lab" / "readings" / "part-000001.parquet"
    gone.unlink()
    words = ("cell-17", "--channel", "5", "--to", tmp_path / "a.csv")
    code, out, err = export(tmp_path / "lab", *words)
    assert (code, out) == (1, "")
    assert err.startswith(f"macnet-bridge: {gone} cannot be read: ")
    assert len(err.splitlines()) == 1
    gone.write_bytes(b"no Parquet")
    code, out, err = export(tmp_path / "lab", *words)
    assert (code, len(err.splitlines())) == (1, 1)
    assert not (tmp_path / "a.csv").exists()


def test_among_the_parts_is_no_place_for_a_file(tmp_path: Path, export: Export) -> None:
    """Whoever reads all parts as one table would read it, too."""
    target = tmp_path / "readings" / "cell-17.bdf.parquet"
    target.parent.mkdir()
    write_recording(tmp_path / FILE, [reading(1)])
    code, _, err = export(tmp_path, "cell-17", "--to", target)
    assert (code, err) == (1, f"macnet-bridge: {target} is of the recording itself; name another file\n")


def test_a_folder_that_is_no_recording(tmp_path: Path, export: Export) -> None:
    said = f"macnet-bridge: {tmp_path / FILE}: there is no such file\n"
    assert export(tmp_path) == (1, "", said)


def test_both_mean_the_same_file() -> None:
    assert FILE == parts_module.FILE
