"""When a tester is surveyed again."""

from __future__ import annotations

from macnet_bridge.telemetry.doubts import Doubts


def test_a_good_survey_is_not_repeated() -> None:
    assert not Doubts(10.0, 320.0, 0.0, doubtful=False).is_due(1e9)


def test_ever_more_patiently_and_not_for_ever() -> None:
    doubts, now, waits = Doubts(10.0, 320.0, 0.0, doubtful=True), 0.0, []
    for second in range(10_000):
        if doubts.is_due(second):
            waits.append(second - now)
            now = float(second)
            doubts.surveyed(now, doubtful=True)
    assert waits == [10, 20, 40, 80, 160, 320]


def test_one_good_survey_ends_it() -> None:
    doubts = Doubts(10.0, 320.0, 0.0, doubtful=True)
    assert doubts.is_due(10.0)
    doubts.surveyed(10.0, doubtful=False)
    assert not doubts.is_due(1e9)
