"""What is read when: hours of it, without waiting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macnet_bridge.telemetry.schedule import Due, Intervals, ReadingDue, Schedule, SweepDue

INF = float("inf")
Cost = Callable[[Due], float]


def simulate(
    schedule: Schedule,
    until: float,
    cost: Cost,
    now: float = 0.0,
    each: Callable[[Due, float], None] | None = None,
) -> list[tuple[float, Due]]:
    """Do what is due, each at its cost in seconds, and wait where nothing is."""
    done: list[tuple[float, Due]] = []
    while now < until:
        due = schedule.next_due(now)
        if due is None:
            turn = schedule.next_turn()
            assert turn > now, "it would spin"
            now = turn
            continue
        done.append((now, due))
        now += cost(due)
        if each:
            each(due, now)
    return done


def times(done: list[tuple[float, Due]], wanted: Due) -> list[float]:
    return [moment for moment, due in done if due == wanted]


def free(_: Due) -> float:
    return 0.0


def test_a_period_is_no_pause() -> None:
    """Reads that take half their period stay on it for ten hours."""
    schedule = Schedule(Intervals(1.0, 1.0, 60.0), [1], 0.0, sweeps=True)
    schedule.set_active(1, True, 0.0)
    done = simulate(schedule, 36_000.0, lambda due: 0.25)
    sweeps, readings = times(done, SweepDue()), times(done, ReadingDue(1))
    assert sweeps == [float(n) for n in range(36_000)]
    assert readings == [n + 0.25 for n in range(36_000)]


def test_missed_turns_are_not_made_up_for() -> None:
    schedule = Schedule(Intervals(1.0, 1.0, 60.0), [1], 0.0, sweeps=True)
    schedule.set_active(1, True, 0.0)
    simulate(schedule, 10.0, lambda due: 0.01)
    done = simulate(schedule, 103.0, lambda due: 0.01, now=100.5)
    assert times(done, SweepDue())[0] == 100.5
    assert times(done, SweepDue())[1:] == [101.0, 102.0], "and then by the period again"
    assert len(times(done, ReadingDue(1))) == 3


def test_active_and_idle_channels() -> None:
    schedule = Schedule(Intervals(1.0, 2.0, 60.0), range(1, 9), 0.0, sweeps=True)
    schedule.set_active(3, True, 0.0)
    counts = Counter(due for _, due in simulate(schedule, 600.0, free))
    assert counts[SweepDue()] == 600
    assert counts[ReadingDue(3)] == 300
    assert {counts[ReadingDue(n)] for n in (1, 2, 4, 5, 6, 7, 8)} == {10}


def test_a_channel_that_becomes_active_is_read_at_once() -> None:
    schedule = Schedule(Intervals(0.0, 1.0, 60.0), [1, 2], 0.0, sweeps=True)
    assert schedule.next_turn() == 0.0
    schedule = Schedule(Intervals(100.0, 1.0, 60.0), [1, 2], 0.0, sweeps=True)
    simulate(schedule, 10.0, free)
    schedule.set_active(2, True, 10.5)
    done = simulate(schedule, 14.0, free, now=10.5)
    assert times(done, ReadingDue(2)) == [10.5, 11.5, 12.5, 13.5]
    schedule.set_active(2, True, 14.1)
    assert schedule.next_due(14.1) is None, "it was active already"
    schedule.set_active(2, False, 14.2)
    done = simulate(schedule, 100.0, free, now=14.2)
    assert times(done, ReadingDue(2)) == [14.2, 74.2]


def test_hurry_comes_before_whatever_waits() -> None:
    """A tester that is read flat out: 128 active channels, 34 ms each."""
    schedule = Schedule(Intervals(1.0, 1.0, 60.0), range(1, 129), 0.0, sweeps=True)
    for channel in range(1, 129):
        schedule.set_active(channel, True, 0.0)
    simulate(schedule, 60.0, lambda due: 0.034)
    now = 60.1
    schedule.hurry(77, now)
    done = simulate(schedule, now + 1.0, lambda due: 0.034, now=now)
    place = [due for _, due in done].index(ReadingDue(77))
    assert place <= 1, "at most a sweep goes before it"


def test_hurrying_again_and_again_does_not_postpone() -> None:
    """Each sweep finds the same change, until the channel is read."""
    schedule = Schedule(Intervals(1.0, 1.0, 60.0), range(1, 129), 0.0, sweeps=True)
    for channel in range(1, 129):
        schedule.set_active(channel, True, 0.0)

    def change(due: Due, now: float) -> None:
        if isinstance(due, SweepDue):
            for channel in range(1, 20):
                schedule.hurry(channel, now)

    counts = Counter(due for _, due in simulate(schedule, 120.0, lambda due: 0.034, each=change))
    assert min(counts[ReadingDue(channel)] for channel in range(1, 129)) >= 5


def test_hurry_of_an_unknown_channel_is_nothing() -> None:
    schedule = Schedule(Intervals(), [1], 0.0, sweeps=False)
    schedule.hurry(9, 0.0)
    assert [due for _, due in simulate(schedule, 0.5, free)] == [ReadingDue(1)]


@pytest.mark.parametrize("sweep_cost", [0.9, 1.0, 1.7, 30.0])
def test_sweeps_that_take_longer_than_their_period_leave_room(sweep_cost: float) -> None:
    schedule = Schedule(Intervals(1.0, 1.0, 60.0), range(1, 5), 0.0, sweeps=True)
    for channel in range(1, 5):
        schedule.set_active(channel, True, 0.0)
    done = simulate(schedule, 3600.0, lambda due: sweep_cost if isinstance(due, SweepDue) else 0.034)
    counts = Counter(due for _, due in done)
    assert min(counts[ReadingDue(channel)] for channel in range(1, 5)) >= 25
    assert counts[SweepDue()] >= 100


def test_flat_out_nobody_starves() -> None:
    schedule = Schedule(Intervals(1.0, 1.0, 60.0), range(1, 129), 0.0, sweeps=False)
    counts = Counter(due for _, due in simulate(schedule, 600.0, lambda due: 0.034))
    assert max(counts.values()) <= 1.5 * min(counts.values())


def test_without_sweeps_all_are_read_as_if_active() -> None:
    for schedule in (
        Schedule(Intervals(0.0, 2.0, 60.0), [1, 2], 0.0, sweeps=True),
        Schedule(Intervals(1.0, 2.0, 60.0), [1, 2], 0.0, sweeps=False),
    ):
        counts = Counter(due for _, due in simulate(schedule, 60.0, free))
        assert counts == {ReadingDue(1): 30, ReadingDue(2): 30}


def test_what_is_off() -> None:
    schedule = Schedule(Intervals(0.0, 0.0, 0.0), [1, 2], 0.0, sweeps=True)
    assert [due for _, due in simulate(schedule, 1e6, free)] == [ReadingDue(1), ReadingDue(2)]
    assert schedule.next_turn() == INF
    schedule.hurry(2, 1e6)
    assert [due for _, due in simulate(schedule, 2e6, free, now=1e6)] == [ReadingDue(2)]


@given(
    st.floats(0.01, 10),
    st.floats(0.01, 10),
    st.floats(0.01, 10),
    st.lists(
        st.tuples(st.integers(1, 4), st.sampled_from(["hurry", "active", "idle"]), st.floats(0, 5)),
        max_size=30,
    ),
    st.floats(0, 2),
)
def test_nothing_is_read_more_often_than_asked_for(
    sweep_s: float, active_s: float, idle_s: float, steps: list[tuple[int, str, float]], cost_s: float
) -> None:
    schedule = Schedule(Intervals(sweep_s, active_s, idle_s), range(1, 5), 0.0, sweeps=True)
    now, asked, counts = 0.0, 4, Counter[Due]()
    for channel, step, pause in steps:
        if step == "hurry":
            schedule.hurry(channel, now)
        else:
            schedule.set_active(channel, step == "active", now)
        asked += 1
        end = now + pause
        while now < end:
            due = schedule.next_due(now)
            if due is None:
                now = min(max(schedule.next_turn(), now), end)
            else:
                counts[due] += 1
                now += cost_s
                if not cost_s and sum(counts.values()) > 20_000:
                    raise AssertionError("it spins")
    # Turns are sums of many periods, so they may come a rounding early.
    now *= 1 + 1e-9
    sweeps = counts.pop(SweepDue(), 0)
    assert sweeps <= now / sweep_s + 1
    readings = sum(counts.values())
    assert readings <= asked + 4 * (now / min(active_s, idle_s) + 1)
