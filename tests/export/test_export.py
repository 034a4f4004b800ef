"""`macnet-bridge export`: what it lists, what it writes, and what it refuses."""

from __future__ import annotations

import contextlib
import csv
import gc
import os
import sqlite3
import subprocess
import sys
import tracemalloc
from collections.abc import Iterable, Iterator
from pathlib import Path
from subprocess import DEVNULL

import pytest

from macnet_bridge.errors import ConfigError
from macnet_bridge.export.choice import Wanted, instant, unix_second
from macnet_bridge.export.one_test import Target, choose_test, write_test
from macnet_bridge.export.rows import Row
from macnet_bridge.export.whole_file import whole_file
from macnet_bridge.store.gathering import FILE
from macnet_bridge.store.recorded import Part, RecordingReader
from macnet_bridge.store.recording_file import connect
from tests.export.conftest import Export
from tests.export.recordings import START, add_readings, reading, write_recording


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """Two channels: three readings of cell-17 on lab1/5, two of cell-18 on lab1/6."""
    rows = [reading(seq) for seq in (1, 2, 3)]
    rows += [reading(seq, channel=6, test_name="cell-18", cycle_count=seq) for seq in (1, 2)]
    return write_recording(tmp_path / "lab.sqlite", rows)


def no_parts(*where: object) -> Iterable[Row]:
    raise AssertionError(where)


def lines(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def column(path: Path, label: str) -> list[str]:
    header, *rows = lines(path)
    return [row[header.index(label)] for row in rows]


# --- which tests there are


def test_without_a_test_they_are_listed(lab: Path, export: Export) -> None:
    listed = [
        "CYCLER  CHANNEL  TEST     FROM               TO                 READINGS  CYCLES",
        "lab1    5        cell-17  2026-11-22T06:25Z  2026-11-22T06:25Z  3         1",
        "lab1    6        cell-18  2026-11-22T06:25Z  2026-11-22T06:25Z  2         2",
    ]
    assert export(lab) == (0, "\n".join(listed) + "\n", "")
    assert export(lab, "cell-17", "--list") == export(lab)
    assert export(lab, "--channel", "6")[1].splitlines()[1:] == listed[2:]
    assert export(lab, "--until", "2026-11-22")[1].splitlines()[1:] == []


def test_an_empty_recording_has_none(tmp_path: Path, export: Export) -> None:
    empty = write_recording(tmp_path / "empty.sqlite", [])
    assert export(empty)[1].splitlines() == ["CYCLER  CHANNEL  TEST  FROM  TO  READINGS  CYCLES"]
    code, _, err = export(empty, "cell-17", "--to", tmp_path / "x.bdf.csv")
    assert (code, err) == (1, "macnet-bridge: the recording has no test 'cell-17'; it has none at all\n")


def test_what_strangers_published_is_listed_and_obeyed_by_no_terminal(tmp_path: Path, export: Export) -> None:
    rows = [
        reading(1, test_name="a\x1b[31m\nb"),
        reading(2, test_name="late", unix_time_second=1e300),
        reading(3, test_name="early", unix_time_second=-1e300),
    ]
    code, out, err = export(write_recording(tmp_path / "r.sqlite", rows))
    assert (code, err) == (0, "")
    assert [line.split()[2:5] for line in out.splitlines()[1:]] == [
        ["early", "-1e+300", "-1e+300"],
        ["a?[31m?b", "2026-11-22T06:25Z", "2026-11-22T06:25Z"],
        ["late", "1e+300", "1e+300"],
    ]
    far = export(tmp_path / "r.sqlite", "late", "--from", "2026", "--to", tmp_path / "late.bdf.csv")
    assert far[0] == 0
    assert instant(1e308) == "1e+308"


def test_a_list_can_be_written_where_not_all_letters_can(tmp_path: Path) -> None:
    lab = write_recording(tmp_path / "lab.sqlite", [reading(1, test_name="Zelle-\u6f22")])
    command = [sys.executable, "-m", "macnet_bridge", "export", str(lab)]
    narrow = {**os.environ, "PYTHONIOENCODING": "cp1252"}  # Windows, where the output is no terminal
    done = subprocess.run(command, env=narrow, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"Zelle-?" in done.stdout


# --- one test


def test_csv(lab: Path, tmp_path: Path, export: Export) -> None:
    target = tmp_path / "cell-17.bdf.csv"
    code, out, err = export(lab, "cell-17", "--to", target)
    assert (code, out, err) == (0, "", f"{target}: 3 readings of lab1/5 'cell-17'\n")
    assert target.read_text("utf-8") == (
        "Test Time / s,Voltage / V,Current / A,Unix Time / s,Cycle Count / 1,Step ID,Step Type,Step Time / s,"
        "Step Cumulative Capacity / Ah,Step Cumulative Energy / Wh,Power / W,Record Index / 1\n"
        "1.0,3.5078125,0.5,1795328723.125,0,2,charge,1.0,0.0001220703125,0.00048828125,1.75390625,1\n"
        "2.0,3.515625,0.5,1795328724.125,0,2,charge,2.0,0.000244140625,0.0009765625,1.7578125,2\n"
        "3.0,3.5234375,0.5,1795328725.125,0,2,charge,3.0,0.0003662109375,0.00146484375,1.76171875,3\n"
    )


def test_names_for_machines(lab: Path, tmp_path: Path, export: Export) -> None:
    target = tmp_path / "a.csv"
    assert export(lab, "cell-17", "--to", target, "--labels", "machine")[0] == 0
    assert lines(target)[0][:3] == ["test_time_second", "voltage_volt", "current_ampere"]


def test_parquet_has_the_same(lab: Path, tmp_path: Path, export: Export) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow comes with the extra `parquet`")
    as_csv, as_parquet = tmp_path / "a.bdf.csv", tmp_path / "a.bdf.parquet"
    assert export(lab, "cell-17", "--to", as_csv)[0] == 0
    assert export(lab, "cell-17", "--to", as_parquet)[0] == 0
    found = parquet.read_table(as_parquet)
    rows = [[str(value) for value in row.values()] for row in found.to_pylist()]
    assert [found.column_names, *rows] == lines(as_csv)
    assert found.schema.metadata == {b"cycler": b"lab1", b"channel": b"5", b"test_name": b"cell-17"}


def test_absent_values_are_empty(tmp_path: Path, export: Export) -> None:
    row = reading(1, current_ampere=None, power_watt=None, errors='{"current_ampere":"?"}')
    lab = write_recording(tmp_path / "lab.sqlite", [row])
    target = tmp_path / "a.csv"
    assert export(lab, "cell-17", "--to", target)[0] == 0
    assert (column(target, "Current / A"), column(target, "Power / W")) == ([""], [""])


def test_auxiliary_inputs_that_bdf_knows_have_their_columns(tmp_path: Path, export: Export) -> None:
    inputs = [
        (1.5, "surface_temperature_celsius", 25.1),
        (1.5, "aux_2", 7.0),
        (0.5, "ambient_temperature_celsius", 20.5),
        (3.0, "surface_temperature_celsius", 25.3),
    ]
    lab = write_recording(tmp_path / "lab.sqlite", [reading(seq) for seq in (1, 2, 3)], (), inputs)
    target = tmp_path / "a.csv"
    assert export(lab, "cell-17", "--to", target)[0] == 0
    assert lines(target)[0][4:7] == ["Cycle Count / 1", "Ambient Temperature / degC", "Step ID"]
    assert lines(target)[0][-2:] == ["Record Index / 1", "Surface Temperature / degC"]
    assert column(target, "Ambient Temperature / degC") == ["20.5", "", ""]
    assert column(target, "Surface Temperature / degC") == ["", "25.1", "25.3"]
    assert column(target, "Record Index / 1") == ["1", "2", "3"]


def test_replayed_readings_stand_in_their_place(tmp_path: Path, export: Export) -> None:
    """They were written last."""
    rows = [reading(1), reading(4), reading(2, is_historical=1), reading(3, is_historical=1)]
    lab = write_recording(tmp_path / "lab.sqlite", rows)
    assert export(lab, "cell-17", "--to", tmp_path / "a.csv")[0] == 0
    assert column(tmp_path / "a.csv", "Record Index / 1") == ["1", "2", "3", "4"]


def test_a_test_goes_on_in_another_run_of_the_bridge(tmp_path: Path, export: Export) -> None:
    rows = [
        reading(8),
        reading(1, run=2, unix_time_second=START + 20, test_time_second=20.0, record_index=20),
    ]
    lab = write_recording(tmp_path / "lab.sqlite", rows)
    assert export(lab, "cell-17", "--to", tmp_path / "a.csv")[0] == 0
    assert column(tmp_path / "a.csv", "Record Index / 1") == ["8", "20"]
    assert export(lab, "cell-17", "--to", tmp_path / "b.csv", "--run", "2")[0] == 0
    assert column(tmp_path / "b.csv", "Record Index / 1") == ["20"]


def test_a_new_data_directory_in_the_middle_leaves_the_order_of_time(tmp_path: Path, export: Export) -> None:
    later = [
        reading(seq, unix_time_second=START + 100 + seq, test_time_second=100.0 + seq, record_index=100 + seq)
        for seq in (1, 2)
    ]
    lab = write_recording(tmp_path / "lab.sqlite", [reading(1), reading(2), reading(3), *later])
    code, _, err = export(lab, "cell-17", "--to", tmp_path / "a.csv")
    assert column(tmp_path / "a.csv", "Record Index / 1") == ["1", "2", "3", "101", "102"]
    assert (code, err.splitlines()[0]) == (
        0,
        "numbers and times disagree, as after another bridge, a new data directory, or a clock that was set: "
        "the readings are in the order of their times",
    )


def test_what_was_read_after_the_end_is_left_out_unless_wanted(tmp_path: Path, export: Export) -> None:
    rows = [reading(1), *(reading(seq, state="completed", test_time_second=1.5) for seq in (2, 3, 4))]
    lab = write_recording(tmp_path / "lab.sqlite", rows)
    code, _, err = export(lab, "cell-17", "--to", tmp_path / "a.csv")
    assert (code, column(tmp_path / "a.csv", "Record Index / 1")) == (0, ["1", "2"])
    assert err.splitlines()[0] == "left out: 2 readings after the end of the test; --idle keeps them"
    code, _, err = export(lab, "cell-17", "--to", tmp_path / "b.csv", "--idle")
    assert (code, column(tmp_path / "b.csv", "Record Index / 1")) == (0, ["1", "2", "3", "4"])
    assert err == f"{tmp_path / 'b.csv'}: 4 readings of lab1/5 'cell-17'\n"


def test_what_is_missing_is_told(tmp_path: Path, export: Export) -> None:
    rows = [reading(seq) for seq in (2, 5, 7, 9)]
    rows.insert(2, reading(6, test_name=None))
    gaps = [(1, 1, 1, 1), (1, 3, 4, 1), (1, 8, 8, 0), (2, 1, 9, 1)]
    lab = write_recording(tmp_path / "lab.sqlite", rows, gaps)
    code, _, err = export(lab, "cell-17", "--to", tmp_path / "a.csv")
    assert (code, err.splitlines()[:-1]) == (
        0,
        [
            "missing: readings 3 to 4 of run 1 are lost",
            "missing: reading 8 of run 1 is not there, and may still come",
            "left out: 1 reading in between does not tell of which test it is",
        ],
    )


def test_the_recorder_may_be_writing(tmp_path: Path, export: Export) -> None:
    path = write_recording(tmp_path / "lab.sqlite", [reading(1)])
    writer = connect(path)
    add_readings(writer, [reading(2)])
    writer.execute("BEGIN IMMEDIATE")
    assert export(path, "cell-17", "--to", tmp_path / "a.csv")[0] == 0
    writer.close()
    assert column(tmp_path / "a.csv", "Record Index / 1") == ["1", "2"]


def test_the_recording_is_not_changed(lab: Path, tmp_path: Path, export: Export) -> None:
    before = lab.read_bytes()
    assert export(lab, "cell-17", "--to", tmp_path / "a.csv")[0] == 0
    assert lab.read_bytes() == before


# --- which test is meant


def test_equal_names_on_two_channels(tmp_path: Path, export: Export) -> None:
    rows = [reading(1), reading(1, channel=6), reading(1, cycler="lab2", unix_time_second=START + 7200)]
    lab = write_recording(tmp_path / "lab.sqlite", rows)
    target = tmp_path / "a.csv"
    code, _, err = export(lab, "cell-17", "--to", target)
    assert (code, err) == (
        1,
        "macnet-bridge: 3 tests are called 'cell-17': "
        "lab1/5 from 2026-11-22T06:25Z to 2026-11-22T06:25Z, "
        "lab1/6 from 2026-11-22T06:25Z to 2026-11-22T06:25Z, "
        "lab2/5 from 2026-11-22T08:25Z to 2026-11-22T08:25Z; "
        "choose with --cycler, --channel, --run, --from or --until\n",
    )
    assert not target.exists()
    for words in (("--channel", "6"), ("--cycler", "lab2"), ("--from", "2026-11-22T08:00Z")):
        assert export(lab, "cell-17", "--to", target, "--overwrite", *words)[0] == 0
        assert len(lines(target)) == 2


def test_equal_names_one_after_another_on_one_channel(tmp_path: Path, export: Export) -> None:
    again = [reading(seq, test_time_second=float(seq - 10)) for seq in (11, 12)]
    lab = write_recording(tmp_path / "lab.sqlite", [reading(4), reading(5), *again])
    target = tmp_path / "a.csv"
    code, _, err = export(lab, "cell-17", "--to", target)
    assert (code, err) == (
        1,
        "macnet-bridge: 2 tests on lab1/5 are called 'cell-17', begun at 2026-11-22T06:25:26.125Z, "
        "2026-11-22T06:25:33.125Z; choose with --from, --until or --run\n",
    )
    assert export(lab, "cell-17", "--to", target, "--from", "2026-11-22T06:25:33.125Z")[0] == 0
    assert column(target, "Test Time / s") == ["1.0", "2.0"]
    assert export(lab, "cell-17", "--to", target, "--until", str(START + 11), "--overwrite")[0] == 0
    assert column(target, "Test Time / s") == ["4.0", "5.0"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("cell17",), "the recording has no test 'cell17'; did you mean 'cell-17'?"),
        (("other",), "the recording has no test 'other'; without TEST, all of them are listed"),
        (
            ("cell-17", "--channel", "9"),
            "no test 'cell-17' is there; what the recording has is "
            "lab1/5 from 2026-11-22T06:25Z to 2026-11-22T06:25Z",
        ),
        (
            ("cell-17", "--from", "2026-11-22T06:25:23.5Z", "--until", "2026-11-22T06:25:23.6Z"),
            "'cell-17' has no readings there; the recording has it "
            "from 2026-11-22T06:25Z to 2026-11-22T06:25Z, UTC",
        ),
    ],
)
def test_what_is_not_there(
    words: tuple[str, ...], said: str, lab: Path, tmp_path: Path, export: Export
) -> None:
    assert export(lab, *words, "--to", tmp_path / "a.csv") == (1, "", f"macnet-bridge: {said}\n")


def test_times_are_utc_unless_they_have_a_zone() -> None:
    assert unix_second("2026-11-22T06:25:22.125") == unix_second("2026-11-22T07:25:22.125+01:00") == START
    assert (unix_second("1795328722.125"), instant(START)) == (START, "2026-11-22T06:25:22.125Z")


@pytest.mark.parametrize("time", ["yesterday", "nan", "inf", "1e400"])
def test_no_time_is_wrong_usage(lab: Path, export: Export, time: str) -> None:
    code, _, err = export(lab, "cell-17", "--from", time, "--to", "a.csv")
    assert (code, err.splitlines()[-1]) == (
        2,
        f"Error: Invalid value for '--from': {time!r} is no time; "
        "write 2026-11-22T07:00:00Z, or Unix seconds",
    )


# --- where it goes


def test_a_file_that_is_there_is_kept_unless_told(lab: Path, tmp_path: Path, export: Export) -> None:
    target = tmp_path / "a.csv"
    target.write_text("mine")
    said = f"macnet-bridge: {target} is there already; name another file, or say --overwrite\n"
    assert export(lab, "cell-17", "--to", target) == (1, "", said)
    assert target.read_text() == "mine"
    assert export(lab, "cell-17", "--to", target, "--overwrite")[0] == 0
    assert len(lines(target)) == 4


def test_the_recording_itself_is_never_overwritten(lab: Path, tmp_path: Path, export: Export) -> None:
    before = lab.read_bytes()
    code, _, err = export(lab, "cell-17", "--to", lab, "--format", "csv", "--overwrite")
    assert (code, err) == (1, f"macnet-bridge: {lab} is of the recording itself; name another file\n")
    folder = tmp_path / "folder"
    folder.mkdir()
    own = lab.rename(folder / FILE)
    assert export(folder, "cell-17", "--to", own, "--format", "csv", "--overwrite")[0] == 1
    assert own.read_bytes() == before


@pytest.mark.parametrize("name", ["lab.sqlite-wal", "lab.sqlite-shm", "lab.sqlite.lock"])
def test_what_lies_beside_the_recording_is_never_overwritten(
    lab: Path, tmp_path: Path, export: Export, name: str
) -> None:
    (tmp_path / name).touch()
    told = export(lab, "cell-17", "--format", "csv", "--overwrite", "--to", tmp_path / name)
    assert told == (
        1,
        "",
        f"macnet-bridge: {tmp_path / name} is of the recording itself; name another file\n",
    )


def test_the_format_has_to_be_known(lab: Path, tmp_path: Path, export: Export) -> None:
    code, _, err = export(lab, "cell-17", "--to", tmp_path / "a.txt")
    assert (code, err) == (
        1,
        f"macnet-bridge: {tmp_path / 'a.txt'} ends neither in .csv nor in .parquet; "
        "say --format csv or --format parquet\n",
    )
    assert export(lab, "cell-17", "--to", tmp_path / "a.txt", "--format", "csv")[0] == 0
    code, _, err = export(lab, "cell-17")
    said = "macnet-bridge: name the file: --to NAME.bdf.csv or --to NAME.bdf.parquet\n"
    assert (code, err) == (1, said)


def test_a_folder_that_is_not_there(lab: Path, tmp_path: Path, export: Export) -> None:
    target = tmp_path / "nowhere" / "a.csv"
    code, _, err = export(lab, "cell-17", "--to", target)
    assert (code, err) == (1, f"macnet-bridge: {target} cannot be written: no such file or directory\n")


@pytest.mark.parametrize("trouble", [KeyboardInterrupt, RuntimeError, ConfigError])
def test_what_is_broken_off_leaves_nothing(tmp_path: Path, trouble: type[BaseException]) -> None:
    def write() -> None:
        with whole_file(tmp_path / "a.csv") as file:
            file.write(b"half")
            raise trouble

    with pytest.raises(trouble):
        write()
    assert list(tmp_path.iterdir()) == []


def test_a_break_in_the_middle_leaves_nothing_and_says_nothing(
    lab: Path, tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    def broken(rows: Iterable[Row], doing: str, count: int) -> Iterator[Row]:
        assert (doing, count) == ("writing", 3)
        yield next(iter(rows))
        raise KeyboardInterrupt

    def write() -> None:
        with RecordingReader(lab, no_parts) as recording:
            chosen = choose_test(recording, Wanted("cell-17"))
            write_test(recording, chosen, Target(tmp_path / "a.csv", "csv"), broken)

    with pytest.raises(KeyboardInterrupt):
        write()
    assert not list(tmp_path.glob("*a.csv*"))
    gc.collect()
    assert [str(warning.message) for warning in recwarn] == []


def test_rows_that_are_not_read_to_their_end_do_not_mind_a_closed_file(lab: Path) -> None:
    with RecordingReader(lab, no_parts) as recording:
        rows = recording.rows(recording.tests()[0], Part(), ["seq"])
        assert next(rows) == (1,)
    rows.close()  # type: ignore[attr-defined]


def test_parquet_without_pyarrow_is_one_line(
    lab: Path, tmp_path: Path, export: Export, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.delitem(sys.modules, "macnet_bridge.parquet_file", raising=False)
    code, _, err = export(lab, "cell-17", "--to", tmp_path / "a.bdf.parquet")
    assert (code, err) == (
        1,
        "macnet-bridge: Parquet needs pyarrow: pip install 'macnet-bridge[parquet]'\n",
    )
    assert not list(tmp_path.glob("*a.bdf*"))


def test_until_it_is_whole_there_is_no_file(tmp_path: Path) -> None:
    target = tmp_path / "a.csv"
    with whole_file(target) as file:
        file.write(b"half")
        assert not target.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


# --- what is no recording


def test_no_file(tmp_path: Path, export: Export) -> None:
    said = f"macnet-bridge: {tmp_path / 'none'}: there is no such file\n"
    assert export(tmp_path / "none") == (1, "", said)


def test_no_database_and_another_program_s(tmp_path: Path, export: Export) -> None:
    text, other = tmp_path / "text", tmp_path / "other.sqlite"
    text.write_text("some text, longer than the header of a database" * 10)
    sqlite3.connect(other).execute("CREATE TABLE readings (x)").connection.close()
    for path in (text, other):
        said = f"macnet-bridge: {path} is no recording of macnet-bridge\n"
        assert export(path) == (1, "", said)


def test_a_newer_version(lab: Path, export: Export) -> None:
    with sqlite3.connect(lab) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    code, _, err = export(lab)
    assert (code, err) == (
        1,
        f"macnet-bridge: {lab} was written by a newer version (schema 99, this one knows 1); use that\n",
    )


@pytest.mark.skipif(os.name == "nt", reason="needs folders without permission to write, as on Unix")
def test_a_recording_in_a_folder_that_is_only_to_be_read(
    lab: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may write everywhere, so SQLite itself is told that it may not."""
    opened: list[str] = []
    real = sqlite3.connect

    def refusing(place: str, **options: object) -> sqlite3.Connection:
        opened.append(place)
        if "immutable" not in place:
            raise sqlite3.OperationalError("unable to open database file")
        return real(place, **options)  # type: ignore[call-overload, no-any-return]

    monkeypatch.setattr(sqlite3, "connect", refusing)
    with RecordingReader(lab, no_parts) as recording:
        assert [test.test_name for test in recording.tests()] == ["cell-17", "cell-18"]
    assert len(opened) == 2


# --- how much


def test_a_long_test_needs_no_more_memory(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "lab.sqlite", [reading(seq) for seq in range(1, 30_001)])
    with RecordingReader(path, no_parts) as recording:
        chosen = choose_test(recording, Wanted("cell-17"))
        tracemalloc.start()
        rows = write_test(recording, chosen, Target(tmp_path / "a.csv", "csv"))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert rows == 30_000
    # As tuples of numbers they would be 15 MB and more.
    assert peak < 1_000_000


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal, as on Unix")
def test_a_terminal_sees_how_far_it_is(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "lab.sqlite", [reading(seq) for seq in range(1, 5_001)])
    ours, theirs = os.openpty()
    words = ("export", str(path), "cell-17", "--to", str(tmp_path / "a.csv"))
    process = subprocess.Popen([sys.executable, "-m", "macnet_bridge", *words], stdout=DEVNULL, stderr=theirs)
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # so a terminal says on Linux that nobody is at its other end
        while some := os.read(ours, 4096):
            shown += some
    os.close(ours)
    assert process.wait() == 0
    said = shown.decode()
    assert said.index("looking it over") < said.index("100%") < said.index("writing") < said.rindex("100%")
    assert said.rstrip().endswith(f"{tmp_path / 'a.csv'}: 5000 readings of lab1/5 'cell-17'")
