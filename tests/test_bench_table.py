"""The report of the comparison, from samples that are made up."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from bench.compare import as_json, noise
from bench.measure import Sample
from bench.rows import FLOOD, FLOOR, NONE, Bench, Key, Row
from bench.table import remark_on_subscriber, table
from bench.verdicts import Verdict


def never_started(bench: Bench, row: Row) -> NoReturn:
    raise AssertionError("nothing is started here")


ROW = Row(Key("bridge", "sweeps flat out", "serial", 1), never_started, "sweep, per channel", (), 941.2)
STOCK = Row(Key("Node-RED, pipelined", "readings flat out", "8 fast", 0), never_started, "4,7 reading")


def sample(readings: int, **more: Any) -> Sample:
    counted = {"seconds": 2.0, "messages": 10, "payload_bytes": 1000, "readings": readings}
    return Sample(**{**counted, **more})


def verdict(number: str, met: bool | None, value: float | None = 0.95) -> Verdict:
    why = "" if value is not None else "there is no bench/scale.py"
    return Verdict(
        number, f"what {number} is", value, ">= 0.9", met, (0.9, 0.96), 1.05 if value else None, why
    )


def test_a_row() -> None:
    taken = [sample(1800, numbered=10, missing=1, cpu={"self": 0.018}), sample(1880, numbered=10)]
    lines = table({"date": "today"}, [ROW], [taken], [], []).splitlines()
    assert lines[0] == "- date: today"
    (row,) = [line for line in lines if line.startswith("| bridge")]
    assert row == (
        "| bridge | sweeps flat out | serial | sweep, per channel | 1 | 100 | 4 "
        "| 920 [900..940]; limit 941 | 20 / 21 | 10 |  |  |"
    )


def test_messages_without_numbers_are_not_called_complete() -> None:
    report = table({}, [STOCK], [[sample(10)]], [], [])
    assert "| 10 / not numbered |" in report


def test_a_row_that_failed_shows_no_rate() -> None:
    report = table({}, [STOCK], [[Sample(failure="it did not start")]], [], ["a remark"])
    assert "| not measured |" in report
    assert report.endswith("a remark")


def test_goals_are_shown_first() -> None:
    verdicts = [verdict("P1", True), verdict("P4", False, 0.5), verdict("P7", None, None)]
    lines = table({}, [], [], verdicts, []).splitlines()
    assert "| P1 | what P1 is | 0.95 [0.9..0.96] | >= 0.9 | yes |" in lines
    assert "| P4 | what P4 is | 0.5 [0.9..0.96] | >= 0.9 | **no** |" in lines
    assert "Goals met: P1." in lines
    assert "Goals missed: P4." in lines
    assert "Goals not fully measured: P2, P3, P5, P6, P7, P8." in lines


def test_what_the_subscriber_can_count() -> None:
    flooded = {Key(FLOOR, FLOOD, NONE, 0): [sample(200, messages=200)]}
    (remark,) = remark_on_subscriber({**flooded, ROW.key: [sample(10)]})
    assert remark == (
        "The subscriber counted 100/s of the flood; "
        "the most it had to count was 5/s (bridge, sweeps flat out, tester serial, QoS 1)."
    )
    assert list(remark_on_subscriber({ROW.key: [sample(10)]})) == []


def test_noise_is_reported() -> None:
    told = noise([[sample(1, calibration_ms=20.0)], [sample(1, calibration_ms=31.0)]])
    assert told["a fixed piece of work took"] == "26 ms [20..31] before 2 measurements"
    assert told["load after"]


def test_json_has_every_sample() -> None:
    content = json.loads(
        json.dumps(as_json({"a": "b"}, [ROW], [[sample(4), sample(5)]], [verdict("P1", True)]))
    )
    assert content["facts"] == {"a": "b"}
    (row,) = content["rows"]
    assert (row["who"], row["tester"], row["qos"]) == ("bridge", "serial", 1)
    assert [taken["readings"] for taken in row["samples"]] == [4, 5]
    p1 = content["summary"]["P1"]
    assert (p1["value"], p1["goal"], p1["met"]) == (0.95, ">= 0.9", True)
