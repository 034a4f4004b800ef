"""What is read when: hours of it, without waiting."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from macnet_bridge.telemetry.dues import (
    AuxDue,
    Due,
    Intervals,
    Kind,
    ReadingsDue,
    SweepDue,
    VariablesDue,
)
from macnet_bridge.telemetry.planner import Planner

INF = float("inf")
SWEEP = ("sweep", 0)
QUICK_S, REAL_S, SLOW_S = 0.001, 0.034, 2.0


def reads(due: Due) -> list[tuple[str, int]]:
    """What a due asks for, one entry per read: its kind and channel."""
    if isinstance(due, SweepDue):
        return [SWEEP]
    if isinstance(due, ReadingsDue):
        return [("reading", channel) for channel in due.channels]
    return [("aux" if isinstance(due, AuxDue) else "variables", due.channel)]


@dataclass
class Played:
    """What a simulated tester was asked, and when."""

    done: list[tuple[float, tuple[str, int]]] = field(default_factory=list)
    requests: int = 0
    lags: list[float] = field(default_factory=list)
    now: float = 0.0

    def times(self, kind: str, channel: int = 0) -> list[float]:
        return [moment for moment, read in self.done if read == (kind, channel)]

    def gaps(self, kind: str, channel: int = 0, since: float = 0.0) -> list[float]:
        moments = [moment for moment in self.times(kind, channel) if moment >= since]
        return [after - before for before, after in itertools.pairwise(moments)]

    def counts(self) -> Counter[tuple[str, int]]:
        return Counter(read for _, read in self.done)


def play(
    planner: Planner,
    until: float,
    request_s: float,
    now: float = 0.0,
    *,
    each: Callable[[Due, float], None] | None = None,
    commands: Callable[[float], float] | None = None,
    at_most: int = 1,
) -> Played:
    """Do what is due at so much a request, and wait where nothing is.

    Args:
        each: called after each due.
        commands: how long commands take the tester after this moment.
    """
    played = Played()
    while now < until:
        if commands:
            now += commands(now)
        if len(played.done) % 16 == 0:
            played.lags.append(planner.lag(now))
        due = planner.next_due(now, at_most)
        if due is None:
            turn = planner.next_turn()
            assert turn > now, "it would spin"
            now = turn
            continue
        asked = reads(due)
        requests = 4 if asked == [SWEEP] else len(asked)
        played.done += [(now, read) for read in asked]
        played.requests += requests
        now += requests * request_s
        planner.observe(requests * request_s, requests)
        if each:
            each(due, now)
    played.now = now
    return played


def planner(
    intervals: Intervals, channels: int, active: Iterable[int] = (), *, sweeps: bool = True, now: float = 0.0
) -> Planner:
    made = Planner(intervals, range(1, channels + 1), now, sweeps=sweeps)
    for channel in active:
        made.set_active(channel, True, now)
    return made


# --- periods


def test_a_period_is_no_pause() -> None:
    """Reads that take half their period stay on it for ten hours."""
    played = play(planner(Intervals(1.0, 1.0, 60.0), 1, [1]), 36_000.0, 0.05)
    assert played.times("sweep") == [float(n) for n in range(36_000)]
    assert played.times("reading", 1) == pytest.approx([n + 0.2 for n in range(36_000)])


def test_missed_turns_are_not_made_up_for() -> None:
    made = planner(Intervals(1.0, 1.0, 60.0), 1, [1])
    play(made, 10.0, 0.002)
    played = play(made, 103.0, 0.002, now=100.5)
    assert played.times("sweep")[0] == 100.5
    assert played.times("sweep")[1:] == [101.0, 102.0], "and then by the period again"
    assert len(played.times("reading", 1)) == 3
    assert made.missed >= 2 * 90


def test_active_and_idle_channels() -> None:
    counts = play(planner(Intervals(1.0, 2.0, 60.0), 8, [3]), 600.0, 1e-6).counts()
    assert counts[SWEEP] == 600
    assert counts["reading", 3] == 300
    assert {counts["reading", n] for n in (1, 2, 4, 5, 6, 7, 8)} == {10}


def test_a_channel_that_becomes_active_is_read_at_once() -> None:
    made = planner(Intervals(100.0, 1.0, 60.0), 2)
    play(made, 10.0, 0.0)
    made.set_active(2, True, 10.5)
    assert play(made, 14.0, 0.0, now=10.5).times("reading", 2) == [10.5, 11.5, 12.5, 13.5]
    made.set_active(2, True, 14.1)
    assert made.next_due(14.1) is None, "it was active already"
    made.set_active(2, False, 14.2)
    assert play(made, 100.0, 0.0, now=14.2).times("reading", 2) == [14.2, 74.2]


def test_without_sweeps_all_are_read_as_if_active() -> None:
    for made in (
        planner(Intervals(0.0, 2.0, 60.0), 2),
        planner(Intervals(1.0, 2.0, 60.0), 2, sweeps=False),
    ):
        assert play(made, 60.0, 0.0).counts() == {("reading", 1): 30, ("reading", 2): 30}


def test_what_is_off() -> None:
    made = planner(Intervals(0.0, 0.0, 0.0), 2, [1])
    assert play(made, 1e6, 0.0).counts() == {("reading", 1): 1, ("reading", 2): 1}
    assert made.next_turn() == INF
    made.hurry(2, 1e6)
    assert play(made, 2e6, 0.0, now=1e6).counts() == {("reading", 2): 1}
    assert made.lag(1e9) == 0.0


def test_aux_and_variables_of_active_channels() -> None:
    made = planner(Intervals(1.0, 1.0, 60.0, 30.0, 120.0), 4, [2])
    counts = play(made, 600.0, QUICK_S).counts()
    assert counts["aux", 2] == 20
    assert counts["variables", 2] == 5
    assert not {read for read in counts if read[0] in ("aux", "variables") and read[1] != 2}
    made.set_active(2, False, 600.0)
    assert play(made, 1200.0, QUICK_S, now=600.0).counts()["aux", 2] == 0


def test_what_the_tester_lacks_is_not_asked_again() -> None:
    made = planner(Intervals(1.0, 1.0, 60.0, 1.0, 1.0), 4, [2])
    made.give_up(Kind.AUX)
    made.set_active(3, True, 0.0)
    counts = play(made, 60.0, QUICK_S).counts()
    assert counts["aux", 2] == counts["aux", 3] == 0
    assert counts["variables", 2] == counts["variables", 3] == 60


# --- hurry


def test_hurry_comes_before_whatever_waits() -> None:
    """A tester that is read flat out: 128 active channels, 34 ms each."""
    made = planner(Intervals(1.0, 1.0, 60.0), 128, range(1, 129))
    now = play(made, 60.0, REAL_S).now
    made.hurry(77, now)
    played = play(made, now + 1.0, REAL_S, now=now)
    place = [read for _, read in played.done].index(("reading", 77))
    assert place <= 1, "at most a sweep goes before it"


def test_hurried_channels_go_in_the_order_of_their_calls() -> None:
    made = planner(Intervals(0.0, 60.0, 60.0), 9)
    play(made, 1.0, QUICK_S)
    for channel in (7, 2, 5, 2, 7):
        made.hurry(channel, 1.0)
    assert [read for _, read in play(made, 2.0, QUICK_S, now=1.0).done] == [
        ("reading", 7),
        ("reading", 2),
        ("reading", 5),
    ]


def test_hurrying_again_and_again_does_not_postpone() -> None:
    """Each read finds that all of twenty channels have changed again."""
    made = planner(Intervals(1.0, 1.0, 60.0, 60.0), 128, range(1, 129))

    def change(due: Due, now: float) -> None:
        for channel in range(1, 21):
            made.hurry(channel, now)

    played = play(made, 600.0, REAL_S, each=change)
    counts = played.counts()
    others = [counts["reading", channel] for channel in range(21, 129)]
    assert min(others) >= 20
    assert max(others) <= min(others) + 1
    assert counts[SWEEP] == 600
    assert min(counts["aux", channel] for channel in range(1, 129)) >= 2


def test_hurry_of_an_unknown_channel_is_nothing() -> None:
    made = planner(Intervals(), 1, sweeps=False)
    made.hurry(9, 0.0)
    assert [read for _, read in play(made, 0.5, 0.0).done] == [("reading", 1)]


# --- hours of it


@pytest.mark.parametrize("request_s", [QUICK_S, REAL_S])
def test_every_interval_is_kept_where_the_budget_allows(request_s: float) -> None:
    """1 Hz sweeps with 10 % active: 4 + 13 requests a second, of the 29 of a real tester."""
    made = planner(Intervals(1.0, 1.0, 60.0, 60.0, 60.0), 128, range(1, 14))
    played = play(made, 3600.0, request_s)
    # The first look at everything does not fit into its first minute's turns as it will later.
    start, tolerance = 120.0, 5 * request_s
    assert max(abs(gap - 1.0) for gap in played.gaps("sweep", since=start)) <= tolerance
    for channel in range(1, 14):
        for kind, interval_s in (("reading", 1.0), ("aux", 60.0), ("variables", 60.0)):
            gaps = played.gaps(kind, channel, start)
            assert len(gaps) >= 3400 / interval_s - 2
            assert max(abs(gap - interval_s) for gap in gaps) <= max(tolerance, 0.02 * interval_s), kind
    for channel in range(14, 129):
        assert max(abs(gap - 60.0) for gap in played.gaps("reading", channel, start)) <= 60.0 * 0.1
    assert max(played.lags) == 0.0
    assert made.missed == 0


def test_commands_take_their_part_and_the_intervals_are_kept() -> None:
    """A command of two requests each second takes another 2 of the 29 requests."""
    made = planner(Intervals(1.0, 1.0, 60.0, 60.0, 0.0), 128, range(1, 14))
    taken = iter(range(10**9))
    following = [0.0]

    def commands(now: float) -> float:
        if now < following[0]:
            return 0.0
        following[0] = next(taken) + 1.0
        return 2 * REAL_S

    played = play(made, 1800.0, REAL_S, commands=commands)
    assert max(abs(gap - 1.0) for gap in played.gaps("sweep", since=120.0)) <= 7 * REAL_S
    for channel in range(1, 14):
        assert max(abs(gap - 1.0) for gap in played.gaps("reading", channel, 120.0)) <= 7 * REAL_S
    assert made.missed < 0.1, "in the first second thirteen channels have the same turn"


@pytest.mark.parametrize("request_s", [REAL_S, SLOW_S])
@pytest.mark.parametrize("share_of_commands", [0.0, 0.5])
def test_a_tester_that_is_too_slow_is_shared_fairly(request_s: float, share_of_commands: float) -> None:
    """All 128 channels active, with everything on: five and three hundred times what it can do."""
    made = planner(Intervals(1.0, 1.0, 60.0, 60.0, 60.0), 128, range(1, 129))
    hours = 3600.0 * (1 if request_s < 1 else 24)

    def commands(now: float) -> float:
        return request_s * share_of_commands

    played = play(made, hours, request_s, commands=commands)
    counts = played.counts()
    readings = [counts["reading", channel] for channel in range(1, 129)]
    assert max(readings) <= min(readings) + 3, "each active channel as often as any other"
    for channel in (1, 64, 128):
        gaps = played.gaps("reading", channel, hours / 4)
        assert max(gaps) <= 1.5 * min(gaps)
    sweep_requests, reading_requests = 4 * counts[SWEEP], sum(readings)
    assert counts[SWEEP] >= int(hours) or 0.35 <= sweep_requests / played.requests <= 0.5
    assert reading_requests / played.requests >= 0.35
    for kind in ("aux", "variables"):
        assert min(counts[kind, channel] for channel in range(1, 129)) >= 2, "a small share is sure"
        assert sum(counts[kind, channel] for channel in range(1, 129)) <= 0.1 * played.requests
    assert made.lag(played.now) > 0
    assert made.missed > 0
    assert played.requests * request_s <= played.now, "never more than it can answer"


def test_the_share_of_a_kind_that_is_off_goes_to_the_others() -> None:
    made = planner(Intervals(0.001, 0.0, 0.0), 128)
    played = play(made, 600.0, REAL_S)
    assert 4 * played.counts()[SWEEP] >= 0.98 * played.requests
    made = planner(Intervals(0.0, 0.001, 0.0), 128)
    played = play(made, 600.0, REAL_S)
    assert played.counts().total() == played.requests
    assert max(played.lags) == 0.0, "flat out is never late"


@pytest.mark.parametrize("channels", [0, 13, 128])
def test_lag_comes_and_goes(channels: int) -> None:
    """A tester of 1 ms that takes 2 s for a while."""
    made = planner(Intervals(1.0, 1.0, 60.0), 128, range(1, channels + 1))
    assert max(play(made, 60.0, QUICK_S).lags) == 0.0
    slow = play(made, 600.0, SLOW_S, now=60.0)
    assert max(slow.lags) >= 5.0, "a sweep alone takes 8 s, and is wanted every second"
    again = play(made, 660.0, QUICK_S, now=slow.now)
    assert made.lag(again.now) == 0.0
    assert made.next_due(again.now) is None or made.lag(again.now) == 0.0


def test_reads_are_batched_at_quick_testers_only() -> None:
    made = planner(Intervals(0.0, 0.001, 0.0), 128, range(1, 129))
    first = made.next_due(1.0, 32)
    assert isinstance(first, ReadingsDue)
    assert len(first.channels) == 1, "before anything was measured"
    made.observe(0.0001)
    second = made.next_due(1.0, 32)
    assert isinstance(second, ReadingsDue)
    assert len(second.channels) == 32
    made = planner(Intervals(0.0, 0.001, 0.0), 128)
    made.observe(REAL_S)
    one = made.next_due(1.0, 32)
    assert isinstance(one, ReadingsDue)
    assert len(one.channels) == 1
    made = planner(Intervals(0.0, 0.001, 0.0), 128)
    made.observe(0.001)
    four = made.next_due(1.0, 32)
    assert isinstance(four, ReadingsDue)
    assert len(four.channels) == 4


def test_what_is_asked_for() -> None:
    made = planner(Intervals(1.0, 1.0, 60.0, 60.0, 0.0), 128, range(1, 14))
    demand = made.demand()
    assert demand == {
        Kind.SWEEP: 4.0,
        Kind.ACTIVE: 13.0,
        Kind.IDLE: pytest.approx(115 / 60),
        Kind.AUX: pytest.approx(13 / 60),
    }


# --- any intervals, any tester


@example(1.0, 1.0, 1.0, 1.0, 0.5, 2)
@example(1.0, 1.5, 1.0, 2.0, 0.25, 3)
@example(1.0, 0.9375, 1.0, 1.0, 0.25, 2)
@example(1.0, 3.0, 1.0, 4.0, 0.5, 3)
@settings(max_examples=30, deadline=None)
@given(
    st.floats(0.05, 5),
    st.floats(0.05, 5),
    st.floats(0.5, 50),
    st.floats(0.5, 50),
    st.floats(0.001, 0.5),
    st.integers(0, 8),
)
def test_nothing_starves_whatever_is_asked_for(
    sweep_s: float, active_s: float, aux_s: float, variables_s: float, request_s: float, active: int
) -> None:
    made = planner(Intervals(sweep_s, active_s, 20.0, aux_s, variables_s), 8, range(1, active + 1))
    played = play(made, 600 * request_s + 120.0, request_s)
    counts = played.counts()
    assert played.requests * request_s <= played.now + 1e-6
    wanted = [SWEEP, *(("reading", n) for n in range(1, 9))]
    wanted += [(kind, n) for kind in ("aux", "variables") for n in range(1, active + 1)]
    assert min(counts[read] for read in wanted) >= 2
    if active:
        readings = [counts["reading", n] for n in range(1, active + 1)]
        assert max(readings) <= 1.1 * min(readings) + 2


@settings(deadline=None)
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
    made = planner(Intervals(sweep_s, active_s, idle_s), 4)
    now, asked = 0.0, 4
    counts: dict[tuple[str, int], int] = defaultdict(int)
    for channel, step, pause in steps:
        if step == "hurry":
            made.hurry(channel, now)
        else:
            made.set_active(channel, step == "active", now)
        asked += 1
        end = now + pause
        while now < end:
            due = made.next_due(now)
            if due is None:
                now = min(max(made.next_turn(), now), end)
                continue
            for read in reads(due):
                counts[read] += 1
            now += cost_s
            assert cost_s or sum(counts.values()) <= 20_000, "it spins"
    # Turns are sums of many periods, so they may come a rounding early.
    now *= 1 + 1e-9
    sweeps = counts.pop(SWEEP, 0)
    assert sweeps <= now / sweep_s + 1
    assert sum(counts.values()) <= asked + 4 * (now / min(active_s, idle_s) + 1)


def test_dues_are_values() -> None:
    assert ReadingsDue((1, 2)) == ReadingsDue((1, 2))
    assert VariablesDue(3) != VariablesDue(4)
