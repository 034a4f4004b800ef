"""What to read next from one tester, so that its few requests are well spent. Pure: time is an argument.

A real tester answers some thirty requests a second, whoever asks. In the order of need:

1. sweeps, which show all channels in four requests;
2. full readings of channels that were hurried: something has just changed there;
3. full readings of channels that run a test, the one that waits longest first;
4. full readings of idle channels, 5. auxiliary inputs and 6. variables of active ones.

While there is time for all of it, all intervals are kept. Where there is not, the first three share
the tester by weights, and the others take what is left, unless they are a whole interval late: then
they have a small share too. So everything gets slower, and nothing stops.
"""

from __future__ import annotations

from collections.abc import Iterable

from macnet_bridge.telemetry.budget import BATCH_S, Budget
from macnet_bridge.telemetry.dues import (
    FLAT_OUT_S,
    AuxDue,
    Due,
    Intervals,
    Kind,
    ReadingsDue,
    SweepDue,
    VariablesDue,
)
from macnet_bridge.telemetry.shares import Shares
from macnet_bridge.telemetry.turns import NEVER, Turns, turn_after

SWEEP_REQUESTS = 4

# Sweeps and active channels by halves; a change is worth more, what is not urgent little.
_WEIGHTS = {
    Kind.SWEEP: 8.0,
    Kind.HURRIED: 16.0,
    Kind.ACTIVE: 8.0,
    Kind.IDLE: 1.0,
    Kind.AUX: 1.0,
    Kind.VARIABLES: 1.0,
}
_PATIENT = (Kind.IDLE, Kind.AUX, Kind.VARIABLES)


class Planner:
    """Turns of one tester's reads. Times are monotonic seconds.

    Attributes:
        budget: what the tester can do, as measured; tell it of every answered read.
        taken: turns that were taken so far, those of flat-out reads left out.
        missed: turns that passed before there was time for them, parts of turns included.
    """

    def __init__(
        self,
        intervals: Intervals,
        channels: Iterable[int],
        now: float,
        *,
        sweeps: bool,
        sweep_requests: int = SWEEP_REQUESTS,
    ) -> None:
        """
        Args:
            sweeps: whether this tester has the bulk functions. Without them nothing else tells
                which channels are active, so all of them are read at the active interval.
            sweep_requests: how many requests one sweep takes.
        """
        self.budget = Budget()
        self.taken = 0
        self.missed = 0.0
        self._sweep_s = intervals.sweep_s if sweeps else 0.0
        self._sweep_turn = now if self._sweep_s > 0 else NEVER
        self._sweep_requests = sweep_requests
        self._turns = {
            Kind.ACTIVE: Turns(intervals.active_s),
            Kind.IDLE: Turns(intervals.idle_s),
            Kind.AUX: Turns(intervals.aux_s),
            Kind.VARIABLES: Turns(intervals.variables_s),
        }
        self._active: set[int] = set()
        # In the order of their calls; a dict, because a set has none.
        self._hurried: dict[int, float] = {}
        self._shares = Shares(_WEIGHTS)
        for channel in channels:
            self._readings_of(channel).set(channel, now)

    def set_active(self, channel: int, active: bool, now: float) -> None:
        """A channel began or ended to run a test: read it at once, and from then on as often."""
        if active == (channel in self._active):
            return
        self._readings_of(channel).remove(channel)
        (self._active.add if active else self._active.discard)(channel)
        self._readings_of(channel).set(channel, now)
        for kind in (Kind.AUX, Kind.VARIABLES):
            if not active:
                self._turns[kind].remove(channel)
            elif self._turns[kind].interval_s > 0:
                self._turns[kind].set(channel, now)
        self.hurry(channel, now)

    def hurry(self, channel: int, now: float) -> None:
        """Read a channel as soon as may be: before all that wait for their turn."""
        if channel in self._readings_of(channel):
            self._hurried.setdefault(channel, now)

    def give_up(self, kind: Kind) -> None:
        """The tester cannot be asked for this kind: it lacks the function."""
        if kind is Kind.SWEEP:
            self._sweep_turn = NEVER
        elif kind is not Kind.HURRIED:
            self._turns[kind] = Turns(0.0)

    def observe(self, seconds: float, requests: int = 1) -> None:
        """So many requests were answered in this time."""
        self.budget.observe(seconds, requests)

    def next_due(self, now: float, at_most: int = 1, within_s: float = BATCH_S) -> Due | None:
        """What to read now, None when nothing is due.

        Args:
            at_most: how many channels may be asked for together, if the tester is quick enough.
            within_s: how long these may take together.
        """
        waiting = self._waiting(now)
        if not waiting:
            self._shares.settle()
            return None
        kind = self._shares.next(waiting)
        if kind is Kind.SWEEP:
            return self._take_sweep(now)
        if kind is Kind.AUX or kind is Kind.VARIABLES:
            self._shares.spend(kind, 1)
            channel = self._take(self._turns[kind], now)
            return AuxDue(channel) if kind is Kind.AUX else VariablesDue(channel)
        return self._take_readings(kind, now, self.budget.depth(at_most, within_s))

    def next_turn(self) -> float:
        """When something is due next; infinity when nothing ever is."""
        firsts = [turns.first() for turns in self._turns.values()]
        return min(*firsts, *self._hurried.values(), self._sweep_turn)

    def lag(self, now: float) -> float:
        """Seconds by which the most overdue read is later than a whole interval after its turn.

        Up to one interval late, a read still has its turn, and nothing of what was asked for is
        lost; beyond it turns are missed. Reads that are off or flat out are never late.
        """
        late = (
            self._lateness(kind, now) - interval_s
            for kind, interval_s in self._intervals()
            if interval_s >= FLAT_OUT_S
        )
        return max(0.0, *late, 0.0)

    def demand(self) -> dict[Kind, float]:
        """Requests a second that the intervals ask for, by kind, flat-out reads left out."""
        return {
            kind: (self._sweep_requests if kind is Kind.SWEEP else len(self._turns[kind])) / interval_s
            for kind, interval_s in self._intervals()
            if interval_s >= FLAT_OUT_S
        }

    def interval(self, kind: Kind) -> float:
        """The seconds configured for a kind of reads, 0 where it is off."""
        return dict(self._intervals()).get(kind, 0.0)

    # --- turns

    def _readings_of(self, channel: int) -> Turns:
        is_quick = channel in self._active or self._sweep_s <= 0
        return self._turns[Kind.ACTIVE if is_quick else Kind.IDLE]

    def _intervals(self) -> list[tuple[Kind, float]]:
        own = [(kind, turns.interval_s) for kind, turns in self._turns.items()]
        return [(Kind.SWEEP, self._sweep_s), *own]

    def _first(self, kind: Kind) -> float:
        return self._sweep_turn if kind is Kind.SWEEP else self._turns[kind].first()

    def _lateness(self, kind: Kind, now: float) -> float:
        return now - self._first(kind)

    def _waiting(self, now: float) -> list[Kind]:
        """The kinds that compete for the next request, in the order of need."""
        urgent = [kind for kind in (Kind.SWEEP, Kind.ACTIVE) if self._first(kind) <= now]
        if self._hurried:
            urgent.insert(urgent.count(Kind.SWEEP), Kind.HURRIED)
        patient = [kind for kind in _PATIENT if self._first(kind) <= now]
        if not urgent:
            late = [kind for kind in patient if self._is_very_late(kind, now)]
            return late or patient[:1]
        return urgent + [kind for kind in patient if self._is_very_late(kind, now)]

    def _is_very_late(self, kind: Kind, now: float) -> bool:
        return self._lateness(kind, now) > max(self._turns[kind].interval_s, FLAT_OUT_S)

    def _take_sweep(self, now: float) -> SweepDue:
        self._shares.spend(Kind.SWEEP, self._sweep_requests)
        self._sweep_turn, missed = turn_after(self._sweep_turn, self._sweep_s, now)
        self._count(self._sweep_s, missed)
        return SweepDue()

    def _take_readings(self, kind: Kind, now: float, depth: int) -> ReadingsDue:
        if kind is Kind.HURRIED:
            channels = self._take_hurried(now, depth)
        else:
            channels = self._take_due(self._turns[kind], now, depth)
        self._shares.spend(kind, len(channels))
        return ReadingsDue(tuple(channels))

    def _take_hurried(self, now: float, depth: int) -> list[int]:
        channels = list(self._hurried)[:depth]
        for channel in channels:
            del self._hurried[channel]
            # It was looked at, so its turn is a whole interval from now.
            turns = self._readings_of(channel)
            turns.set(channel, turn_after(now, turns.interval_s, now)[0])
        return channels

    def _take_due(self, turns: Turns, now: float, at_most: int) -> list[int]:
        channels: list[int] = []
        while len(channels) < at_most and turns.first() <= now:
            channels.append(self._take(turns, now))
            self._hurried.pop(channels[-1], None)
        return channels

    def _take(self, turns: Turns, now: float) -> int:
        channel, missed = turns.take(now)
        self._count(turns.interval_s, missed)
        return channel

    def _count(self, interval_s: float, missed: float) -> None:
        if interval_s >= FLAT_OUT_S:
            self.taken += 1
            self.missed += missed
