"""Small runs of `bench.outage` and `bench.ordeal`: nothing is lost, and one bad peer harms no other."""

from __future__ import annotations

import shutil
import sys

import pytest

from bench import ordeal, outage
from tests.brokers import NO_MOSQUITTO

pytestmark = [
    pytest.mark.skipif(shutil.which("mosquitto") is None, reason=NO_MOSQUITTO),
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither SIGKILL nor SIGSTOP"),
]

SMALL = outage.Size(
    channels=8,
    interval_s=0.25,
    calm_s=1.0,
    cut_s=4.0,
    stops=1,
    down_s=1.0,
    kills=1,
    most_pause_s=1.0,
    settle_s=2.0,
)


@pytest.mark.timeout(120)
def test_no_reading_is_lost_by_a_silent_network_and_a_stopped_broker() -> None:
    outcome = outage.run("cut", SMALL)
    assert outcome.faults == []
    assert outcome.judgement.missing == 0
    assert outcome.judgement.historical > 0
    assert outcome.judgement.runs == 2


@pytest.mark.timeout(120)
def test_after_kills_only_readings_of_their_time_are_missing() -> None:
    outcome = outage.run("kill", SMALL)
    assert outcome.faults == []
    assert len(outcome.windows) == 2
    assert outcome.judgement.runs == 3


@pytest.mark.timeout(120)
def test_bad_peers_cost_no_reading_and_no_memory() -> None:
    size = ordeal.Size(
        seconds=1.5, channels=8, bad_channels=4, share=0.1, slow_s=0.3, calm_s=0.2, caught_up_s=2.0
    )
    reports = ordeal.run(size)
    assert [report.phase.name for report in reports] == [
        "undisturbed",
        "slow tester",
        "undisturbed again",
        "garbage",
        "frozen broker",
    ]
    for report in reports:
        assert (report.missing, report.untrue, report.unanswered) == (0, 0, 0)
        assert report.memory_highest_mb < report.memory_before_mb + size.memory_mb
        assert report.testers["lab1"].readings_per_s > 0
