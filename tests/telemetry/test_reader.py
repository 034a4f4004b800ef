"""Sweeps compared with the full readings: which channels are hurried, and which are active."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from macnet_bridge.macnet import AsyncCycler, TesterAddress
from macnet_bridge.macnet.protocol.codes import RUNNING, ChannelState, StepCode
from macnet_bridge.telemetry.channel import Channel
from macnet_bridge.telemetry.dues import Intervals
from macnet_bridge.telemetry.pace import Pace
from macnet_bridge.telemetry.planner import Planner
from macnet_bridge.telemetry.publisher import Identity, Publisher
from macnet_bridge.telemetry.reader import Reader
from macnet_bridge.telemetry.sweep import Swept
from macnet_bridge.telemetry.watch import Watch
from macnet_bridge.tester import Tester
from macnet_bridge.topics import Topics
from tests.telemetry.recorded import delivery_to
from tests.telemetry.statuses import status

CHANNELS = [1, 2, 4]
FREE = (ChannelState.AVAILABLE, StepCode.REST)
CHARGES = (ChannelState.ACTIVE, StepCode.CHARGE)
RESTS = (ChannelState.ACTIVE, StepCode.REST)

Shown = tuple[int, int]


@dataclass
class Read:
    """A reader that is told what a tester says, and the planner that it tells."""

    reader: Reader
    planner: Planner

    def sweep(self, *shown: Shown) -> None:
        states, step_codes = [state for state, _ in shown], [step_code for _, step_code in shown]
        zeros = [0.0] * len(shown)
        self.reader._notice_changes(Swept(CHANNELS, states, step_codes, zeros, zeros, zeros, 0.0, 0.0))

    def full(self, channel: int, shown: Shown) -> None:
        self.reader._take(channel, status(state=shown[0], step_code=shown[1]), 0.0, 0.0)

    def take_hurried(self) -> list[int]:
        """The channels whose turn it is before all others."""
        hurried = sorted(self.planner._hurried)
        self.planner._hurried.clear()
        return hurried


def fresh_planner() -> Planner:
    return Planner(Intervals(1.0, 60.0, 60.0), CHANNELS, 0.0, sweeps=True)


def read() -> Read:
    tester = Tester("lab1", AsyncCycler(TesterAddress("127.0.0.1")))
    delivery = delivery_to(lambda *message: None)
    publisher = Publisher(tester, Topics("macnet", "lab"), Identity("lab", "s1", 7), delivery, qos=1)
    channels = {number: Channel(7) for number in CHANNELS}
    planner, pace, watch = fresh_planner(), Pace(tester.cycler.traffic, 0.0), Watch(tester, publisher)

    async def recognize() -> None:
        pass

    reader = Reader(tester, publisher, channels, planner, pace, watch, recognize=recognize)
    return Read(reader, planner)


def all_free() -> Read:
    it = read()
    for channel in CHANNELS:
        it.full(channel, FREE)
    it.sweep(FREE, FREE, FREE)
    assert it.take_hurried() == []
    return it


def test_a_change_hurries_that_channel_alone() -> None:
    it = all_free()
    it.sweep(FREE, FREE, CHARGES)
    assert it.take_hurried() == [4]
    it.full(4, CHARGES)
    it.sweep(FREE, FREE, CHARGES)
    assert it.take_hurried() == []
    it.sweep(FREE, FREE, RESTS)
    assert it.take_hurried() == [4], "a step of the same test"


def test_a_reading_that_did_not_come_is_hurried_by_each_sweep() -> None:
    it = all_free()
    for _ in range(3):
        it.sweep(CHARGES, FREE, FREE)
        assert it.take_hurried() == [1]


def test_a_sweep_like_the_last_one_is_compared_with_what_was_read_since() -> None:
    it = all_free()
    it.full(2, CHARGES)
    assert it.take_hurried() == [2], "it is active now"
    it.sweep(FREE, FREE, FREE)
    assert it.take_hurried() == [2], "it is over already"
    it.full(2, FREE)
    it.sweep(FREE, FREE, FREE)
    assert it.take_hurried() == []


def test_what_was_never_read_has_its_turn_already() -> None:
    it = read()
    it.sweep(FREE, FREE, FREE)
    it.sweep(FREE, FREE, FREE)
    assert it.take_hurried() == []


SHOWN = st.sampled_from([FREE, CHARGES, RESTS])
SWEEPS = st.tuples(SHOWN, SHOWN, SHOWN)
FULL = st.tuples(st.sampled_from(CHANNELS), SHOWN)


@given(st.lists(st.one_of(SWEEPS, FULL, st.none()), max_size=30))
def test_it_is_as_if_every_sweep_were_compared_channel_by_channel(steps: list[Any]) -> None:
    it, planner, known = read(), fresh_planner(), dict[int, Shown]()
    for step in steps:
        if step is None:
            it.take_hurried()
            planner._hurried.clear()
        elif len(step) == 2:
            channel, known[step[0]] = step
            it.full(channel, known[channel])
            planner.set_active(channel, known[channel][0] in RUNNING, 0.0)
        else:
            it.sweep(*step)
            for channel, shown in zip(CHANNELS, step, strict=True):
                planner.set_active(channel, shown[0] in RUNNING, 0.0)
                if known.get(channel, shown) != shown:
                    planner.hurry(channel, 0.0)
        assert it.planner._active == planner._active
        assert set(it.planner._hurried) == set(planner._hurried)
