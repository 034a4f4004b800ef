"""Closed loops over MQTT whose controller or broker falls silent: how long current goes on flowing.

    python bench/closed_loop.py
    python bench/closed_loop.py --channels 4 --valid-for 1

A controller in a process of its own sends a setpoint to each of 16 channels 10 times a second, to a tester
without latency. Then

- the controller is stopped by SIGSTOP
- the broker is killed by SIGKILL
- the broker is killed, and started again after 1 s: shorter than `valid_for_s`, so nothing may happen

Times are by the simulator's own log: from the signal to the arrival of rest and of suspend, on each channel.
Exits with 1 when a channel rests later than `valid_for_s` + 0.5 s, is not suspended then, or stops in the
break.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

# A script's own directory is on the path, the directory above, with both packages, is not.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import machine, stack
from macnet_bridge.macnet.protocol.codes import ChannelState
from macnet_bridge.macnet.protocol.messages import DirectOutput
from macnet_bridge.simulator import Behaviour, Received, SimulatedCycler
from tests.brokers import MosquittoBroker

GRACE_S = 0.5
"""How much later than `valid_for_s` a channel may rest."""

BREAK_S = 1.0
SUSPEND = (6, 3)
SET_OUTPUT = (6, 8)
_SETTLE_S = 2.0


@dataclass(frozen=True)
class Outcome:
    """What one channel was sent after the silence began, in seconds from then; None for never.

    Attributes:
        setpoints: how many outputs other than rest it had got before.
    """

    channel: int
    setpoints: int
    rested_s: float | None
    suspended_s: float | None


def outcomes(cycler: SimulatedCycler, silent_at: float) -> list[Outcome]:
    """What became of every channel; `silent_at` by the tester's clock."""
    return [_outcome(cycler, channel, silent_at) for channel in range(1, cycler.channels + 1)]


def _outcome(cycler: SimulatedCycler, channel: int, silent_at: float) -> Outcome:
    outputs = cycler.received.of(*SET_OUTPUT, channel)
    before = [record for record in outputs if record.time < silent_at]
    # What is sent just now and then is no lapse: zero amperes may be one of the setpoints.
    stops = cycler.received.of(*SUSPEND, channel)
    suspended = next((record.time for record in stops if record.time >= silent_at), None)
    rests = [r.time for r in outputs if _is_rest(r) and silent_at <= r.time <= (suspended or silent_at)]
    return Outcome(
        channel, len(before), _since(silent_at, rests[-1] if rests else None), _since(silent_at, suspended)
    )


def _is_rest(record: Received) -> bool:
    return isinstance(record.body, DirectOutput) and record.body.mode == "R"


def _since(start: float, time: float | None) -> float | None:
    return None if time is None else time - start


@contextmanager
def controlling(
    broker_port: int, root: str, channels: int, valid_for_s: float, hertz: float
) -> Iterator[int]:
    """The controller as a process, once it has all leases; its process id."""
    with stack.helper(
        "bench.controller", "127.0.0.1", broker_port, root, channels, valid_for_s, hertz
    ) as running:
        try:
            yield running.pid
        finally:
            os.kill(running.pid, signal.SIGCONT)


async def until_suspended(cycler: SimulatedCycler, within_s: float) -> None:
    """Wait until all channels are; returns when the time is over, too."""
    end = asyncio.get_running_loop().time() + within_s
    while asyncio.get_running_loop().time() < end:
        if all(cycler.channel(n).state is ChannelState.SUSPENDED for n in range(1, cycler.channels + 1)):
            return
        await asyncio.sleep(0.02)


@click.command(context_settings={"show_default": True})
@click.option("--channels", default=16)
@click.option("--valid-for", "valid_for_s", default=5.0, help="Seconds.")
@click.option("--hertz", default=10.0, help="Setpoints per second and channel.")
def main(channels: int, valid_for_s: float, hertz: float) -> None:
    """Show what silence does to channels under direct control."""
    print(", ".join(f"{name} {value}" for name, value in machine.facts().items()))
    failures = asyncio.run(_measure(channels, valid_for_s, hertz))
    sys.exit(failures > 0)


async def _measure(channels: int, valid_for_s: float, hertz: float) -> int:
    failures = 0
    for name, silence in (
        ("controller SIGSTOP", _freeze),
        ("broker killed", _kill),
        ("broker break", _break),
    ):
        broker = MosquittoBroker()
        broker.start()
        try:
            async with SimulatedCycler(channels, behaviour=Behaviour(starting_second=0.0)) as cycler:
                running = ExitStack()
                try:
                    controller = await asyncio.to_thread(_start, running, broker, cycler, valid_for_s, hertz)
                    await asyncio.sleep(_SETTLE_S)
                    silent_at = cycler.clock()
                    await silence(broker, controller)
                    failures += await _judge(name, cycler, silent_at, valid_for_s)
                finally:
                    # In a thread, so that the simulator answers while the bridge stops.
                    await asyncio.to_thread(running.close)
        finally:
            broker.remove()
    return failures


def _start(
    running: ExitStack, broker: MosquittoBroker, cycler: SimulatedCycler, valid_for_s: float, hertz: float
) -> int:
    tester = stack.TesterPorts(cycler.json_port, cycler.tcp_port, cycler.udp_port, cycler.channels, 0)
    running.enter_context(
        stack.bridge(broker.port, tester, "loop", qos=0, polling=stack.Polling(active_s=1.0))
    )
    return running.enter_context(controlling(broker.port, "loop", cycler.channels, valid_for_s, hertz))


async def _freeze(broker: MosquittoBroker, controller: int) -> None:
    os.kill(controller, signal.SIGSTOP)


async def _kill(broker: MosquittoBroker, controller: int) -> None:
    await asyncio.to_thread(broker.kill)


async def _break(broker: MosquittoBroker, controller: int) -> None:
    await asyncio.to_thread(broker.kill)
    await asyncio.sleep(BREAK_S)
    await asyncio.to_thread(broker.start)


Silence = Callable[[MosquittoBroker, int], Awaitable[None]]


async def _judge(name: str, cycler: SimulatedCycler, silent_at: float, valid_for_s: float) -> int:
    await until_suspended(cycler, valid_for_s + 3.0)
    found = outcomes(cycler, silent_at)
    setpoints = sum(outcome.setpoints for outcome in found)
    if name == "broker break":
        after = sum(record.time > silent_at + BREAK_S for record in cycler.received.of(*SET_OUTPUT))
        stopped = [outcome for outcome in found if outcome.suspended_s is not None]
        print(
            f"{name:20} {BREAK_S:g} s: {len(stopped)} of {len(found)} channels stopped; "
            f"{setpoints} outputs before, {after} after"
        )
        return len(stopped) + (after == 0)
    rests = [outcome.rested_s for outcome in found if outcome.rested_s is not None]
    stops = [outcome.suspended_s for outcome in found if outcome.suspended_s is not None]
    print(
        f"{name:20} valid for {valid_for_s:g} s, {setpoints} outputs before: "
        f"{len(rests)} of {len(found)} channels rest after {min(rests, default=0):.3f} to "
        f"{max(rests, default=0):.3f} s, {len(stops)} are suspended after {max(stops, default=0):.3f} s"
    )
    late = sum(rest > valid_for_s + GRACE_S for rest in rests)
    return late + len(found) - len(rests) + len(found) - len(stops)


if __name__ == "__main__":
    main()
