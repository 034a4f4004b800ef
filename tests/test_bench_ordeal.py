"""The judge of the ordeal finds what is untrue, lost, slow or too large."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bench.asking import Asked
from bench.ordeal_judge import Phase, Report, Seen, faults, missing_in, seen, slower_of, untrue
from bench.outage_judge import Gap, Record

CALM, BAD = Phase("undisturbed", 0.0, 10.0), Phase("garbage", 10.0, 20.0)
TOPIC = "trial/lab2/1/telemetry/reading"


def commands(p50: float = 3.0, p99: float = 20.0, **statuses: int) -> dict[str, dict[str, Any]]:
    told = {"n": 100, "statuses": statuses or {"done": 100}, "p50_ms": p50, "p99_ms": p99}
    return {"read_status": told}


def report(phase: Phase, **more: Any) -> Report:
    healthy = Seen(100.0, 0.01, 0.02, None, commands())
    return Report(phase, {"lab1": replace(healthy, **more)}, memory_before_mb=50.0, memory_highest_mb=51.0)


def words(bad: Report, *, commands_too: bool = True) -> list[str]:
    return faults(bad, report(CALM), "lab1", memory_mb=20.0, commands_too=commands_too)


def test_undisturbed_is_without_fault() -> None:
    assert words(report(BAD)) == []


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("untrue", 2, ["2 untrue readings"]),
        ("missing", 3, ["3 readings lost"]),
        ("unanswered", 1, ["1 commands without a final acknowledgement"]),
        ("memory_highest_mb", 70.5, ["memory grew by 20.5 MB"]),
    ],
)
def test_each_fault_is_named(name: str, value: float, expected: list[str]) -> None:
    bad = report(BAD)
    setattr(bad, name, value)
    assert words(bad) == expected


def test_a_healthy_tester_that_is_read_less_often() -> None:
    assert words(report(BAD, readings_per_s=89.0)) == ["lab1 was read less often"]
    assert words(report(BAD, readings_per_s=91.0)) == []


@pytest.mark.parametrize(
    ("slow", "expected"),
    [
        (commands(p50=7.4, p99=64.0), []),
        (commands(p50=7.6), ["read_status p50_ms 7.6, above 7.5"]),
        (commands(p99=66.0), ["read_status p99_ms 66.0, above 65.0"]),
        (commands(done=99, failed=1), ["read_status ended {'done': 99, 'failed': 1}"]),
        ({"read_status": {**commands(p99=500.0)["read_status"], "n": 99}}, []),
        ({}, ["read_status p50_ms inf, above 7.5"]),
    ],
)
def test_commands_to_the_healthy_tester(slow: dict[str, Any], expected: list[str]) -> None:
    assert words(report(BAD, commands=slow)) == expected
    assert words(report(BAD, commands=slow), commands_too=False) == []


def test_the_slower_of_two_undisturbed_phases_is_what_counts() -> None:
    one, other = (
        report(CALM).testers["lab1"],
        replace(report(CALM).testers["lab1"], commands=commands(2.0, 90.0)),
    )
    told = slower_of(one, other).commands["read_status"]
    assert (told["p50_ms"], told["p99_ms"]) == (3.0, 90.0)
    assert slower_of(one, replace(other, commands={})).commands == one.commands


def line(measured_at: float, state: str = "available", voltage: float | None = 3.7) -> list[Any]:
    return ["reading", measured_at, TOPIC, 1, int(measured_at), 0, measured_at, None, state, voltage]


def test_a_reading_that_the_tester_does_not_have_is_untrue() -> None:
    lines: list[list[Any]] = [line(1.0), line(11.0), line(12.0, voltage=3.8), line(13.0, state="active")]
    lines += [["subscribed", 14.0, 0], line(25.0, voltage=9.9)]
    assert untrue(lines, "trial/lab2/", BAD, CALM) == 2
    assert untrue(lines, "trial/lab2/", CALM, CALM) == 0
    assert untrue(lines, "trial/lab1/", BAD, CALM) == 0


def test_what_was_lost_is_that_of_the_phase_in_which_it_ended() -> None:
    gaps = [
        Gap(TOPIC, 1, 1, 2, 8.0, 12.0),
        Gap(TOPIC, 1, 5, 9, 22.0, 30.0),
        Gap(TOPIC, 1, 20, 20, -2.0, -1.0),
    ]
    assert missing_in(gaps, CALM, [CALM, BAD]) == 1
    assert missing_in(gaps, BAD, [CALM, BAD]) == 7


def test_what_was_seen_of_a_tester_in_a_phase() -> None:
    arrived = [
        Record(11.5, TOPIC, 1, 1, False, 11.0, None),
        Record(25.0, TOPIC, 1, 2, True, 12.0, None),
        Record(30.0, TOPIC, 1, 3, False, 29.0, None),
        Record(12.0, TOPIC.replace("lab2", "lab1"), 1, 1, False, 12.0, None),
    ]
    health = [{"cyclers": {"lab2": {"poll_lag_second": lag}}} for lag in (0.5, 2.5)]
    asked = [
        Asked("lab2", "suspend", 11.0, "done", 4.0),
        Asked("lab1", "suspend", 11.0, "done", 9.0),
    ]
    found = seen("lab2", BAD, arrived, health, asked)
    assert (found.readings_per_s, found.latest_s, found.poll_lag_s) == (0.2, 13.0, 2.5)
    assert found.commands["suspend"]["n"] == 1
    assert found.commands["suspend"]["p50_ms"] == 4.0
    assert seen("lab2", BAD, [], [{"broker": {}}], []).poll_lag_s is None
