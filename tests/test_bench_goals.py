"""The verdicts of the comparison: ratios within a run, goals, and what was not measured."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.goals import best, constant, latency, rate, ratios
from bench.measure import Sample
from bench.quantiles import quantile
from bench.rows import BRIDGE, PEER, READ_STATUS, READINGS_FLAT_OUT, SERIAL, SWEEPS_FLAT_OUT, Key, rows
from bench.verdicts import NO_GOAL, Figure, Goal, Ratio, judge_figure, judge_ratio, summary

OURS = Key(BRIDGE, SWEEPS_FLAT_OUT, SERIAL, 1)
THEIRS = Key(PEER, READINGS_FLAT_OUT, SERIAL, 0)


def counted(*rates: float) -> list[Sample]:
    return [Sample(seconds=2.0, readings=round(2 * value)) for value in rates]


def timed(*rounds: list[float]) -> list[Sample]:
    return [Sample(latencies_ms={READ_STATUS: values}) for values in rounds]


def test_ratios_are_those_of_each_round() -> None:
    """A machine that was slow in one round was slow for both."""
    ratio = Ratio("P1", "ours / theirs", rate(*OURS), rate(*THEIRS), Goal(at_least=30))
    taken = {OURS: counted(900, 300, 930), THEIRS: counted(30, 10, 30)}
    verdict = judge_ratio(ratio, taken, rounds=3)
    assert (verdict.value, verdict.spread, verdict.met) == (30.0, (30.0, 31.0), True)
    assert verdict.goal == ">= 30"


def test_a_p99_is_taken_over_all_rounds() -> None:
    key = Key(BRIDGE, "idle", "fast", 1)
    of = latency(0.99, READ_STATUS, *key)
    taken = {key: timed([1.0] * 99 + [50.0], [1.0] * 100)}
    pooled = Ratio("P2", "p99", of, constant(10.0), Goal(at_most=1.0), pooled=True)
    verdict = judge_ratio(pooled, taken, rounds=2)
    # The largest of 200 is above their p99; of 100 the largest but one is their p99 as well.
    assert (verdict.value, verdict.met) == (0.1, True)
    assert judge_ratio(pooled, {key: timed([50.0] * 3, [1.0])}, rounds=2).value == 5.0


def test_what_was_not_measured_is_neither_met_nor_missed() -> None:
    ratio = Ratio("P1", "ours / theirs", rate(*OURS), rate(*THEIRS), Goal(at_least=30))
    verdict = judge_ratio(ratio, {OURS: counted(900)}, rounds=1)
    assert (verdict.value, verdict.met, verdict.why) == (None, None, "its rows were not measured")


def test_a_round_without_a_rate_is_no_infinite_ratio() -> None:
    ratio = Ratio("P1", "ours / theirs", rate(*OURS), rate(*THEIRS))
    verdict = judge_ratio(ratio, {OURS: counted(900, 900), THEIRS: counted(0, 30)}, rounds=2)
    assert verdict.value == 30.0


def test_the_best_of_several_needs_all_of_them() -> None:
    ours, theirs = rate(*OURS), rate(*THEIRS)
    assert best(ours, theirs)({OURS: counted(10), THEIRS: counted(20)}) == 20
    assert best(ours, theirs)({OURS: counted(10)}) is None


@pytest.mark.parametrize(
    ("goal", "value", "met"),
    [
        (Goal(at_least=0.9), 0.9, True),
        (Goal(at_least=0.9), 0.899, False),
        (Goal(at_most=1.2), 1.2, True),
        (Goal(at_most=1.2), 1.21, False),
        (NO_GOAL, 1.0, None),
        (Goal(at_most=1.2), None, None),
    ],
)
def test_a_goal(goal: Goal, value: float | None, met: bool | None) -> None:
    assert goal.met_by(value) is met


@given(
    st.floats(0.01, 100),
    st.floats(0.01, 100),
    st.sampled_from(["at_least", "at_most"]),
)
def test_a_margin_below_1_is_a_goal_that_is_missed(bound: float, value: float, kind: str) -> None:
    goal = Goal(**{kind: bound})
    if not math.isclose(value, bound):
        assert goal.met_by(value) is (goal.margin(value) > 1)


FIGURE = Figure("P7", "cores", "scale", "P7.cores", Goal(at_most=0.5))


def test_figures_of_other_scripts_are_taken_over() -> None:
    assert judge_figure(FIGURE, {"scale": {"P7": {"cores": 0.4}}}, {}).met is True
    assert judge_figure(FIGURE, {"scale": {"P7": {"cores": 1}}}, {}).met is False
    by_place = Figure("P7", "cores", "scale", "scales.1.cores", Goal(at_most=0.5))
    assert judge_figure(by_place, {"scale": {"scales": [{}, {"cores": 0.4}]}}, {}).value == 0.4
    assert judge_figure(by_place, {"scale": {"scales": [{}]}}, {}).value is None
    wrong = judge_figure(FIGURE, {"scale": {"P7": 3}}, {})
    assert (wrong.value, wrong.why) == (None, "bench/scale.py wrote no P7.cores")
    absent = judge_figure(FIGURE, {}, {"scale": "there is no bench/scale.py"})
    assert (absent.met, absent.why) == (None, "there is no bench/scale.py")


def test_the_summary_shows_what_is_furthest_from_its_goal() -> None:
    lag = Figure("P7", "lag", "scale", "P7.lag", Goal(at_most=1.0))
    found = {"scale": {"P7": {"cores": 0.4, "lag": 4.0}}}
    summed_up = summary([judge_figure(figure, found, {}) for figure in (FIGURE, lag)])
    assert list(summed_up) == ["P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8"]
    p7 = summed_up["P7"]
    assert (p7["what"], p7["value"], p7["goal"], p7["met"]) == ("lag", 4.0, "<= 1", False)
    assert [part["value"] for part in p7["parts"]] == [0.4, 4.0]


def test_a_summary_with_a_part_missing_is_not_called_met() -> None:
    lag = Figure("P7", "lag", "scale", "P7.lag", Goal(at_most=1.0))
    found = {"scale": {"P7": {"cores": 0.4}}}
    summed_up = summary([judge_figure(figure, found, {}) for figure in (FIGURE, lag)])
    assert (summed_up["P7"]["value"], summed_up["P7"]["met"]) == (0.4, None)
    assert summed_up["P1"]["met"] is None


def test_every_ratio_is_of_rows_that_there_are() -> None:
    """With all rows measured no ratio is missing, and there is one of each of P1 to P5."""
    sample = Sample(seconds=1.0, readings=100, cpu={"self": 0.5})
    sample.latencies_ms = {"read_status": [1.0], "set_variable": [2.0]}
    taken = {row.key: [sample] for row in rows(128)}
    verdicts = [judge_ratio(ratio, taken, rounds=1) for ratio in ratios(128)]
    assert [verdict.what for verdict in verdicts if verdict.value is None] == []
    assert {verdict.number for verdict in verdicts if verdict.goal} == {"P1", "P2", "P3", "P4", "P5"}


def test_the_arithmetic_limit_of_sweeps() -> None:
    (ratio,) = [r for r in ratios(128) if r.what == "sweeps, QoS 1 / arithmetic limit"]
    assert ratio.to({}) == pytest.approx(941.18, abs=0.01)


def test_no_two_rows_are_alike() -> None:
    keys = [row.key for row in rows(128)]
    assert len(set(keys)) == len(keys)


def test_a_quantile_is_one_of_the_values() -> None:
    assert quantile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert quantile([3.0, 1.0, 2.0], 0.99) == 3.0
    assert quantile(list(range(1, 201)), 0.99) == 198
