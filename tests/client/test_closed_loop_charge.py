"""`examples/closed_loop_charge.py` as its users run it, judged by what arrived at the tester."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from macnet_bridge.macnet.protocol.codes import ChannelState
from macnet_bridge.macnet.protocol.messages import DirectOutput, StatusAndReadings
from macnet_bridge.simulator import Behaviour, Fault, Received, SimulatedCycler
from tests.bridge.conftest import Lab
from tests.bridge.running import ALLOW_ALL, cycler_table
from tests.client.test_client_examples import line, running
from tests.patience import PATIENCE_S

EXAMPLE = "closed_loop_charge.py"
READY = Behaviour(starting_second=0.0, direct_ready_second=0.0)
# So that whatever reads the channel is the example.
NOT_POLLED = """
[telemetry]
sweep_interval_s = 0
active_interval_s = 0
idle_interval_s = 0
aux_interval_s = 0
"""
SET_OUTPUT, SUSPEND, READ_STATUS = (6, 8), (6, 3), (4, 7)
HERTZ = 5.0
posix_only = pytest.mark.skipif(os.name != "posix", reason="Ctrl-C of another kind")


async def served(lab: Lab, cycler: SimulatedCycler) -> None:
    await lab.bridge(cycler_table(cycler), more=ALLOW_ALL + NOT_POLLED)
    await lab.online(await lab.peer())


def expected_ampere(volt: float) -> float:
    """The curve of the example's defaults, from two of its points."""
    assert volt >= 3.0
    return 2.5 if volt <= 3.9 else max(0.0, (4.2 - volt) * 2.5 / 0.3)


def charging(record: Received) -> bool:
    return isinstance(record.body, DirectOutput) and record.body.mode == "C"


def check_stopped(cycler: SimulatedCycler) -> None:
    """Rest first, then suspend, and nothing after it."""
    assert cycler.channel(1).state is ChannelState.SUSPENDED
    outputs = cycler.received.of(*SET_OUTPUT, 1)
    (suspend,) = cycler.received.of(*SUSPEND, 1)
    assert isinstance(outputs[-1].body, DirectOutput)
    assert outputs[-1].body.mode == "R"
    assert outputs[-1].time <= suspend.time


async def test_the_current_follows_the_voltage_five_times_a_second(lab: Lab) -> None:
    cycler = await lab.cycler(1, speed=600, behaviour=READY)
    await served(lab, cycler)
    async with running(lab, EXAMPLE, "cut_off_ampere=0.6") as charger:
        said = (await line(charger, "charged")).split()
        state = await line(charger, "the channel")
        assert await charger.wait() == 0
    assert state == "the channel is suspended, 0.000 A"
    check_stopped(cycler)
    sent = [record for record in cycler.received.of(*SET_OUTPUT, 1) if charging(record)]
    outputs, missed = int(said[2]), int(said[5])
    assert len(sent) == outputs >= 3
    check_curve(cycler, sent)
    check_rate(cycler, sent, outputs + missed)


def check_rate(cycler: SimulatedCycler, sent: list[Received], periods: int) -> None:
    """A machine that is too slow leaves outputs out, and says so; with them there are 5 a second."""
    (start,) = cycler.received.of(6, 7, 1)
    rest = cycler.received.of(*SET_OUTPUT, 1)[-1]
    assert rest.time - start.time >= (periods - 1) / HERTZ  # the first output needs no period before it
    assert sent[-1].time - sent[0].time <= periods / HERTZ


def check_curve(cycler: SimulatedCycler, sent: list[Received]) -> None:
    """Each output is what the voltage asks for that was read before it, and flows when it is read next."""
    records = [record for record in cycler.received if record.channel == 1]
    for output in sent:
        place = records.index(output)
        before = next(status for record in reversed(records[:place]) if (status := status_of(record)))
        after = next(status for record in records[place:] if (status := status_of(record)))
        assert isinstance(output.body, DirectOutput)
        wanted = pytest.approx(expected_ampere(before.voltage_volt), abs=1e-3)
        assert output.body.current_ampere == wanted, before
        assert after.current_ampere == pytest.approx(output.body.current_ampere, abs=0.01), after


def status_of(record: Received) -> StatusAndReadings | None:
    reply = record.answer.reply if record.answer else None
    return reply if isinstance(reply, StatusAndReadings) else None


async def charging_since(cycler: SimulatedCycler) -> None:
    """Some outputs have arrived."""
    await cycler.wait_for(lambda record: record.number == SET_OUTPUT and charging(record), PATIENCE_S)
    while cycler.channel(1).cell.current_ampere < 1:  # noqa: ASYNC110 - what flows sets no event
        await asyncio.sleep(0.02)


@posix_only
async def test_ctrl_c_leaves_the_channel_at_rest(lab: Lab) -> None:
    cycler = await lab.cycler(1, behaviour=READY)
    await served(lab, cycler)
    async with running(lab, EXAMPLE) as charger:
        await charging_since(cycler)
        charger.send_signal(signal.SIGINT)
        assert await line(charger, "the channel") == "the channel is suspended, 0.000 A"
        assert await line(charger, "ended early") == "ended early, by Ctrl-C"
        assert await charger.wait() == 1
    check_stopped(cycler)


async def test_an_error_of_the_tester_leaves_the_channel_at_rest(lab: Lab) -> None:
    cycler = await lab.cycler(1, behaviour=READY)
    await served(lab, cycler)
    async with running(lab, EXAMPLE) as charger:
        await charging_since(cycler)
        cycler.faults.add(Fault("reset", on=SET_OUTPUT, times=1))
        assert await line(charger, "the channel") == "the channel is suspended, 0.000 A"
        assert (await line(charger, "ended early")).startswith("ended early: set_output unknown, NO_REPLY")
        assert await charger.wait() == 1
    check_stopped(cycler)


async def test_it_says_so_when_the_channel_cannot_be_stopped(lab: Lab) -> None:
    cycler = await lab.cycler(1, behaviour=READY)
    await served(lab, cycler)
    async with running(lab, EXAMPLE) as charger:
        await charging_since(cycler)
        await cycler.stop()
        look = "look at the tester, what the channel does is not known"
        assert (await line(charger, "look")).startswith(look)
        await line(charger, "ended early")
        assert (await line(charger, "and")).startswith("and the channel could not be stopped: stop_direct")
        assert await charger.wait() == 1
