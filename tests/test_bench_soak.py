"""Growth of memory is judged as it should be, and a soak itself stays small."""

from __future__ import annotations

import io
import json
import shutil
import threading

import pytest

from bench.asking import Asked, summary
from bench.growth import PER_READINGS, Growth, Sample, growth
from bench.soak import Plan, Samples, run, verdict
from tests.brokers import NO_MOSQUITTO


def line(megabytes_per_ten_million: float, readings: int = PER_READINGS, count: int = 100) -> list[Sample]:
    step = readings // count
    return [
        Sample(step * n, 50.0 + megabytes_per_ten_million * step * n / PER_READINGS) for n in range(count + 1)
    ]


def test_a_line_is_its_own_slope() -> None:
    found = growth(line(7.0))
    assert found.slope == pytest.approx(7.0)
    assert found.by_medians == pytest.approx(7.0 * 0.91)  # from the middle of one tenth to that of another
    assert found.highest == pytest.approx(57.0)
    assert found.faults(10.0) == []


def test_a_leak_is_found_both_ways() -> None:
    assert growth(line(12.0)).faults(10.0) == [
        "grew by 12.0 MB per 10 million readings, by least squares",
        "grew by 10.9 MB per 10 million readings, by medians",
    ]


def test_a_longer_run_may_grow_more_in_all() -> None:
    assert growth(line(6.0, readings=3 * PER_READINGS)).faults(10.0) == []
    assert len(growth(line(12.0, readings=3 * PER_READINGS)).faults(10.0)) == 2


def test_a_short_run_is_judged_by_what_it_grew() -> None:
    samples = line(100.0, readings=PER_READINGS // 20)
    assert growth(samples).slope == pytest.approx(100.0)
    assert growth(samples).faults(10.0) == []
    assert len(growth(samples).faults(4.0)) == 2


def test_a_step_at_the_end_is_seen_by_medians() -> None:
    flat = line(0.0)
    samples = [*flat[:-15], *(Sample(each.readings, 75.0) for each in flat[-15:])]
    assert growth(samples).by_medians == pytest.approx(25.0)
    assert "by medians" in growth(samples).faults(20.0)[-1]


@pytest.mark.parametrize("samples", [[], line(1.0)[:5], [Sample(7, 50.0)] * 50])
def test_too_little_is_no_verdict(samples: list[Sample]) -> None:
    with pytest.raises(ValueError, match="too few"):
        growth(samples)
    assert verdict(samples, {"missing": 0})[1] != []


def test_missing_readings_are_a_fault_of_a_soak() -> None:
    found, faults = verdict(line(0.0), {"missing": 3})
    assert isinstance(found, Growth)
    assert faults == ["3 readings are missing"]


def test_samples_are_thinned_evenly() -> None:
    samples = Samples(most=100)
    for n in range(10_000):
        samples.add(Sample(n, 50.0))
    assert 50 <= len(samples.kept) <= 100
    assert {b.readings - a.readings for a, b in zip(samples.kept, samples.kept[1:], strict=False)} == {128}


def test_what_is_not_warm_is_left_out() -> None:
    samples = Samples()
    for n in range(101):
        samples.add(Sample(n, 50.0))
    assert samples.warm(0.25)[0].readings == 25


def test_it_ends_with_the_first_of_time_and_readings() -> None:
    plan = Plan(1, 8, 8.0, 1, 5.0, hours=0.5, readings=100)
    assert plan.interval_s == 1.0
    assert not plan.is_over(1799.0, 99)
    assert plan.is_over(1800.0, 0)
    assert plan.is_over(0.0, 100)
    assert not Plan(1, 8, 8.0, 1, 5.0, hours=None, readings=100).is_over(1e9, 99)


def test_commands_are_summed_up() -> None:
    asked = [Asked("lab1", "suspend", 0.0, "done", float(ms)) for ms in range(1, 101)]
    told = summary([*asked[:99], Asked("lab1", "suspend", 0.0, "failed", 500.0)])
    assert told == {
        "n": 100,
        "statuses": {"done": 99, "failed": 1},
        "p50_ms": 50.0,
        "p99_ms": 99.0,
        "longest_ms": 500.0,
    }
    assert summary([]) == {"n": 0, "statuses": {}}


@pytest.mark.skipif(shutil.which("mosquitto") is None, reason=NO_MOSQUITTO)
def test_a_short_soak_writes_its_samples_and_its_verdict() -> None:
    out = io.StringIO()
    plan = Plan(1, 8, 80.0, 1, 0.2, hours=None, readings=400)
    told = run(plan, out, threading.Event())
    lines = [json.loads(each) for each in out.getvalue().splitlines()]
    assert told["faults"] == []
    assert told["readings"] >= 400
    assert lines[-1] == told
    assert lines[0]["plan"]["rate"] == 80.0
    counted = [each["readings"] for each in lines[1:-1]]
    assert counted == sorted(counted)
    assert all(each["rss_mb"] > 1.0 for each in lines[1:-1])
