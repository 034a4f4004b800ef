"""Kills a bridge at a named point of a command, starts it again, and judges what came of the command."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from macnet_bridge.kill_points import VARIABLE
from macnet_bridge.macnet.protocol.codes import ChannelState
from macnet_bridge.simulator import SimulatedCycler
from tests.bridge.conftest import Lab
from tests.bridge.mqtt_peer import MqttPeer
from tests.bridge.running import BridgeProcess, cycler_table
from tests.patience import PATIENCE_S

START_TEST = (6, 2)
RESEND_S = 1.0
QUIET = """
[telemetry]
sweep_interval_s = 1
active_interval_s = 3600
idle_interval_s = 3600
"""
EVERYTHING = '[[commands.allow]]\nprincipal = "*"\ncommands = ["*"]\n'


@dataclass(frozen=True)
class Verdict:
    """What came of one command whose bridge was killed.

    Attributes:
        sent: how often the tester got its deciding request.
        statuses: of all final acknowledgements.
        runs: whether the test is on the channel.
    """

    point: str
    sent: int
    statuses: frozenset[str]
    runs: bool

    @property
    def faults(self) -> list[str]:
        """What must not be."""
        found = []
        if self.sent > 1:
            found.append(f"sent {self.sent} times")
        if len(self.statuses) != 1:
            found.append(f"final acknowledgements say {sorted(self.statuses)}")
        if "done" in self.statuses and not self.runs:
            found.append("done, and no test is there")
        if self.statuses & {"rejected", "expired", "superseded"} and self.sent:
            found.append(f"{sorted(self.statuses)}, and it was sent")
        return found


@dataclass
class Killer:
    """A bridge to be killed again and again, on one cycler that outlives it.

    Attributes:
        module: what is run in place of `macnet_bridge`.
        environment: of that, in every start.
    """

    lab: Lab
    cycler: SimulatedCycler
    peer: MqttPeer
    module: str = "macnet_bridge"
    environment: dict[str, str] = field(default_factory=dict)
    _count: int = 0

    async def run(self, point: str) -> Verdict:
        """One command on a channel of its own; its bridge dies at `point` and comes back."""
        self._count += 1
        channel, command_id = self._count, f"{point}-{self._count}"
        process = self.lab.process(cycler_table(self.cycler), more=EVERYTHING + QUIET)
        await self._start(process, {VARIABLE: point})
        self._publish(channel, command_id)
        code = await asyncio.to_thread(process.wait)
        assert code == -signal.SIGKILL, f"at {point} the bridge ended with {code} and not by its own hand"
        after = len(self.peer.seen)
        await self._start(process, {})
        await self._ask_until_final(channel, command_id, after)
        # A last time: whoever asks again gets the same.
        count = len(self.peer.finals(command_id))
        self._publish(channel, command_id)
        await self._until(lambda: len(self.peer.finals(command_id)) > count)
        # In good order, so that nothing of this run is delivered to the next.
        assert await asyncio.to_thread(process.interrupt) == 0
        return self._judge(point, channel, command_id)

    async def _start(self, process: BridgeProcess, environment: dict[str, str]) -> None:
        after = len(self.peer.seen)
        process.start(self.module, self.environment | environment)
        await self.lab.online(self.peer, after=after)

    def _publish(self, channel: int, command_id: str) -> None:
        command = {
            "id": command_id,
            "args": {"procedure": "CCCV_1C", "c_rate_ah": 2.5},
            "expires_at": int((time.time() + 30) * 1000),
        }
        self.peer.publish(f"{self.lab.root}/lab1/{channel}/cmd/start_test", command)

    async def _ask_until_final(self, channel: int, command_id: str, after: int) -> None:
        """As a requester does: wait a moment for the answer, and send the same again."""
        for _ in range(int(PATIENCE_S / RESEND_S)):
            if await self._came(lambda: self.peer.finals(command_id), RESEND_S):
                return
            self._publish(channel, command_id)
        raise AssertionError(f"{command_id} got no final acknowledgement")

    async def _until(self, holds: Callable[[], object]) -> None:
        assert await self._came(holds, PATIENCE_S), "it did not come"

    async def _came(self, holds: Callable[[], object], within_s: float) -> bool:
        end = time.monotonic() + within_s
        while not holds():
            if time.monotonic() >= end:
                return False
            await asyncio.sleep(0.005)
        return True

    def _judge(self, point: str, channel: int, command_id: str) -> Verdict:
        sent = len(self.cycler.received.of(*START_TEST, channel))
        statuses = frozenset(answer["status"] for answer in self.peer.finals(command_id))
        runs = self.cycler.channel(channel).state not in (ChannelState.AVAILABLE, ChannelState.SELECTED)
        return Verdict(point, sent, statuses, runs)
