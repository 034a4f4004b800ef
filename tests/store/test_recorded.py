"""Reading a recording, against the plainest way to do the same."""

from __future__ import annotations

import tempfile
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from macnet_bridge.store.recorded import Missing, Part, RecordedTest, RecordingReader, uri
from tests.export.recordings import START, reading, write_recording

NUMBERS = st.tuples(st.integers(1, 3), st.integers(1, 20))
NAMES = st.sampled_from(["a", "a", "b", None])
LAB = st.dictionaries(st.tuples(st.integers(5, 6), NUMBERS), NAMES, min_size=1, max_size=40)
PARTS = st.builds(
    Part,
    run=st.none() | st.integers(1, 3),
    since_unix_second=st.none() | st.integers(0, 70).map(lambda at: START + at),
    until_unix_second=st.none() | st.integers(0, 70).map(lambda at: START + at),
)


def row(channel: int, run: int, seq: int, name: str | None) -> dict[str, Any]:
    at = START + 20 * run + seq
    return reading(seq, channel=channel, run=run, test_name=name, unix_time_second=at, cycle_count=run)


def is_in(each: dict[str, Any], part: Part) -> bool:
    at = each["unix_time_second"]
    return (
        part.run in (None, each["run"])
        and (part.since_unix_second is None or at >= part.since_unix_second)
        and (part.until_unix_second is None or at < part.until_unix_second)
    )


def place(each: dict[str, Any]) -> tuple[int, int]:
    return (each["run"], each["seq"])


@settings(max_examples=50)
@given(LAB, PARTS)
def test_each_test_has_its_readings_in_their_order(
    lab: dict[tuple[int, tuple[int, int]], str | None], part: Part
) -> None:
    rows = [row(channel, *number, name) for (channel, number), name in lab.items()]
    with (
        tempfile.TemporaryDirectory() as folder,
        RecordingReader(write_recording(Path(folder) / "lab.sqlite", rows), lambda *_: ()) as recording,
    ):
        tests = recording.tests()
        named = {(each["channel"], each["test_name"]) for each in rows if each["test_name"]}
        assert {(test.channel, test.test_name) for test in tests} == named
        for test in tests:
            check(recording, test, part, [each for each in rows if each["channel"] == test.channel])


def check(recording: RecordingReader, test: RecordedTest, part: Part, rows: list[dict[str, Any]]) -> None:
    own = sorted((each for each in rows if each["test_name"] == test.test_name), key=place)
    assert (test.readings, test.first, test.last) == (len(own), place(own[0]), place(own[-1]))
    assert (test.first_cycle, test.last_cycle) == (own[0]["cycle_count"], own[-1]["cycle_count"])
    expected = [place(each) for each in own if is_in(each, part)]
    recording.gather(test, ("run", "seq"))
    assert list(recording.rows(test, part, ("run", "seq"))) == expected
    assert list(recording.rows(test, part, ("run", "seq"), by_time=True)) == expected
    between = [each for each in rows if test.first < place(each) < test.last and is_in(each, part)]
    assert recording.nameless(test, part) == sum(each["test_name"] is None for each in between)


def test_gaps_are_those_between_two_readings(tmp_path: Path) -> None:
    gaps = [(1, 1, 1, 1), (1, 3, 4, 0), (2, 1, 2, 1), (2, 9, 9, 1)]
    path = write_recording(tmp_path / "lab.sqlite", [reading(2), reading(5)], gaps)
    with RecordingReader(path, lambda *_: ()) as recording:
        (test,) = recording.tests()
        assert recording.missing(test, (1, 2), (1, 5)) == [Missing(1, 3, 4, is_lost=False)]
        assert recording.missing(test, (1, 2), (2, 5)) == [
            Missing(1, 3, 4, is_lost=False),
            Missing(2, 1, 2, is_lost=True),
        ]
        assert recording.missing(test, (1, 5), (1, 5)) == []


def test_a_share_of_windows_is_a_path_for_sqlite() -> None:
    assert uri(PureWindowsPath(r"\\nas\lab\a b.sqlite")) == "file:////nas/lab/a%20b.sqlite"
    assert uri(PureWindowsPath(r"C:\lab\a?.sqlite")) == "file:///C:/lab/a%3F.sqlite"
    assert uri(PurePosixPath("/lab/a.sqlite")) == "file:///lab/a.sqlite"
