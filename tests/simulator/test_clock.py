"""The clock of a tester: paused, stepped, held back."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macnet_bridge.macnet.protocol.codes import ChannelState
from macnet_bridge.simulator import Behaviour, SimulatedCycler
from macnet_bridge.simulator.clock import Clock
from tests.simulator.peers import FakeClock, JsonPeer, json_peer

seconds = st.floats(0.0, 1e6)
OUTPUT = {"Current": 1.0, "Voltage": 4.2, "Power": 65536, "Resistance": 0, "CurrentRange": 4, "ChMode": "C"}
AT_ONCE = Behaviour(starting_second=0.0, direct_ready_second=0.0)


def test_it_is_its_base_until_somebody_interferes() -> None:
    base = FakeClock()
    clock = Clock(base)
    base.pass_by(12.3)
    assert clock() == base.now == 1012.3


def test_time_stands_still_and_goes_on_from_there() -> None:
    base = FakeClock()
    clock = Clock(base)
    clock.pause()
    base.pass_by(50.0)
    assert clock() == 1000.0
    clock.step(2.5)
    clock.pause()
    assert clock() == 1002.5
    clock.resume()
    clock.resume()
    base.pass_by(1.0)
    assert clock() == 1003.5
    assert clock.lost_second == 0.0


def test_what_cannot_be_stepped() -> None:
    clock = Clock(FakeClock())
    with pytest.raises(ValueError, match="pause it"):
        clock.step(1.0)
    clock.pause()
    for second in (-0.1, float("inf"), float("nan")):
        with pytest.raises(ValueError, match="cannot pass by"):
            clock.step(second)
    assert clock() == 1000.0


def test_what_passes_beyond_the_limit_is_lost() -> None:
    base = FakeClock()
    clock = Clock(base)
    clock.hold_back(1010.0)
    base.pass_by(4.0)
    assert clock() == 1004.0
    base.pass_by(10.0)
    assert clock() == 1010.0
    clock.hold_back(1012.0)
    assert (clock(), clock.lost_second) == (1010.0, 4.0)
    base.pass_by(1.0)
    assert clock() == 1011.0
    clock.let_go()
    base.pass_by(100.0)
    assert (clock(), clock.lost_second) == (1111.0, 4.0)


def test_time_is_lost_as_soon_as_it_is_held_back() -> None:
    base = FakeClock()
    clock = Clock(base)
    clock.hold_back(1002.0)
    base.pass_by(5.0)
    assert (clock(), clock.lost_second) == (1002.0, 3.0)


def test_a_limit_in_the_past_is_one_in_the_present() -> None:
    base = FakeClock()
    clock = Clock(base)
    clock.hold_back(900.0)
    assert clock() == 1000.0
    base.pass_by(5.0)
    assert clock() == 1000.0


def test_a_pause_is_not_lost_time() -> None:
    base = FakeClock()
    clock = Clock(base, is_paused=True)
    clock.hold_back(1001.0)
    base.pass_by(50.0)
    clock.resume()
    clock.hold_back(1001.0)
    assert (clock(), clock.lost_second) == (1000.0, 0.0)


def test_time_goes_on_after_a_step_beyond_the_limit() -> None:
    base = FakeClock()
    clock = Clock(base)
    clock.hold_back(1010.0)
    clock.pause()
    clock.step(40.0)
    clock.resume()
    base.pass_by(1.0)
    assert (clock(), clock.lost_second) == (1041.0, 0.0)
    clock.hold_back(1051.0)
    base.pass_by(5.0)
    assert (clock(), clock.lost_second) == (1046.0, 0.0)


@pytest.mark.parametrize("limit", [1010.0, math.inf])
def test_a_limit_set_in_a_pause_is_kept_for_what_comes_after_it(limit: float) -> None:
    base = FakeClock()
    clock = Clock(base)
    clock.hold_back(1001.0)
    clock.pause()
    clock.hold_back(limit)
    base.pass_by(50.0)
    clock.resume()
    base.pass_by(9.0)
    assert (clock(), clock.lost_second) == (1009.0, 0.0)


def test_what_was_lost_before_a_pause_stays_lost() -> None:
    base = FakeClock()
    clock = Clock(base)
    clock.hold_back(1002.0)
    base.pass_by(5.0)
    clock.pause()
    assert clock.lost_second == 3.0
    clock.resume()
    assert (clock(), clock.lost_second) == (1002.0, 3.0)


@given(st.lists(st.tuples(st.sampled_from(["pause", "resume", "hold", "let_go", "pass", "step"]), seconds)))
def test_all_time_of_its_base_passes_or_is_lost_or_paused(moves: list[tuple[str, float]]) -> None:
    base = FakeClock()
    clock = Clock(base)
    acts = {
        "pause": lambda second: clock.pause(),
        "resume": lambda second: clock.resume(),
        "hold": lambda second: clock.hold_back(clock() + second / 2),
        "let_go": lambda second: clock.let_go(),
        "pass": base.pass_by,
        "step": clock.step,
    }
    for name, second in moves:
        if name == "step" and not clock.is_paused:
            continue
        before, base_before, lost_before = clock(), base.now, clock.lost_second
        acts[name](second)
        passed, lost = clock() - before, clock.lost_second - lost_before
        assert passed >= 0.0
        assert lost >= -1e-6
        right = second if name == "step" else 0.0 if clock.is_paused else base.now - base_before
        assert passed + lost == pytest.approx(right, abs=1e-6)


# --- of a cycler


@pytest.mark.parametrize("speed", [1.0, 60.0, 1000.0])
async def test_a_step_lets_exactly_so_much_test_time_pass_on_all_channels(speed: float) -> None:
    async with (
        SimulatedCycler(speed=speed, paused=True, behaviour=AT_ONCE) as cycler,
        json_peer(cycler) as peer,
    ):
        for chan in (0, 7):
            await peer.result(6, 2, Chan=chan, TestName=f"t{chan}", ProcName="CCCV_1C", Crate=2.5, Comment="")
        for number in range(1, 4):
            cycler.step(10.0)
            for chan in (0, 7):
                reading = await peer.result(4, 7, Chan=chan)
                assert reading["TestTime"] == pytest.approx(10.0 * number, abs=1e-3)
                assert reading["RF1"] == 1
        before = await readings(peer)
        assert await readings(peer) == before


async def readings(peer: JsonPeer) -> list[object]:
    return [await peer.result(4, 7, Chan=chan) for chan in range(8)]


async def test_macnet_answers_while_time_stands_still() -> None:
    """Direct mode gets ready, and its 100 ms pass, by steps alone."""
    async with SimulatedCycler(paused=True) as cycler, json_peer(cycler) as peer:
        start = {"TestName": "x", "DataTime": 1, "DataV": 0, "DataI": 0}
        assert (await peer.result(6, 7, Chan=0, **start, **OUTPUT))["Result"] == "OK"
        assert (await peer.result(6, 8, Chan=0, **OUTPUT))["Result"] == 5
        cycler.step(0.5)
        assert (await peer.result(6, 8, Chan=0, **OUTPUT))["Result"] == "OK"
        assert (await peer.result(6, 8, Chan=0, **OUTPUT))["Result"] == 3
        cycler.step(0.15)
        assert (await peer.result(6, 8, Chan=0, **OUTPUT))["Result"] == "OK"


async def test_a_watchdog_stands_still_as_well() -> None:
    behaviour = Behaviour(direct_ready_second=0.0, direct_watchdog_second=2.0)
    async with SimulatedCycler(paused=True, behaviour=behaviour) as cycler, json_peer(cycler) as peer:
        await peer.result(6, 7, Chan=0, TestName="x", DataTime=1, DataV=0, DataI=0, **OUTPUT)
        cycler.step(1.5)
        assert cycler.channel(1).state is ChannelState.ACTIVE
        cycler.step(0.5)
        assert cycler.channel(1).state is ChannelState.SUSPENDED


async def test_a_cycler_is_paused_and_goes_on(clock: FakeClock) -> None:
    async with SimulatedCycler(clock=clock, behaviour=AT_ONCE) as cycler, json_peer(cycler) as peer:
        await peer.result(6, 2, Chan=0, TestName="x", ProcName="CCCV_1C", Crate=2.5, Comment="")
        clock.pass_by(10.0)
        cycler.pause()
        clock.pass_by(1000.0)
        cycler.step(5.0)
        assert cycler.channel(1).progress.test_second == pytest.approx(15.0)
        cycler.resume()
        clock.pass_by(1.0)
        assert cycler.channel(1).progress.test_second == pytest.approx(16.0)
        with pytest.raises(ValueError, match="pause it"):
            cycler.step(1.0)
