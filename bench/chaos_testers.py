"""The simulated testers of a chaos run, what goes wrong with them, and what they received."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import ExitStack

from bench.chaos_judge import Request
from macnet_bridge.macnet.protocol import messages as m
from macnet_bridge.simulator import Fault, SimulatedCycler
from macnet_bridge.simulator.sockets.received import Received
from macnet_bridge.simulator.threaded import ThreadedCycler

LOST_SHARE = 0.10
COMMANDS = 6


class Testers:
    """Several testers, whose replies get lost and whose connections are reset.

    Attributes:
        asked, lost: requests while replies got lost, and those whose reply was.
        resets: how often one of them lost all its connections, or was away for a moment.
    """

    __test__ = False  # not a test case, whatever pytest makes of the name

    def __init__(self, count: int, channels: int, seed: int, stack: ExitStack) -> None:
        self.asked = self.lost = self.resets = 0
        self._is_lossy = False
        self._kept: list[tuple[int, Received]] = []
        self._dice = random.Random(f"{seed}/testers")
        self.all = [
            stack.enter_context(
                ThreadedCycler(
                    channels, seed=seed + number, max_records=1000, on_answered=self._keeper(number)
                )
            )
            for number in range(1, count + 1)
        ]

    def begin(self) -> None:
        self._is_lossy = True
        for tester in self.all:
            tester.add_fault(Fault("drop", share=LOST_SHARE))

    def end(self) -> None:
        self._is_lossy = False
        for tester in self.all:
            tester.do(lambda cycler: cycler.faults.clear())

    def reset_one(self) -> None:
        """Cut all connections of one of them, and every other time close its ports for a moment."""
        tester = self._dice.choice(self.all)
        self.resets += 1
        if self.resets % 2:
            tester.do(lambda cycler: cycler.disconnect_all())
        else:
            tester.run(_restart(tester.cycler))

    def requests(self) -> list[Request]:
        """All commands that they received. Call it when nothing is on its way any more."""
        for tester in self.all:
            tester.do(lambda cycler: cycler.received.give_up())
        return [_request(number, record) for number, record in self._kept]

    def _keeper(self, number: int) -> Callable[[Received], None]:
        def keep(record: Received) -> None:
            self.asked += self._is_lossy
            self.lost += record.answer is not None and record.answer.fault == "drop"
            if record.number is not None and record.number[0] == COMMANDS:
                self._kept.append((number, record))

        return keep


async def _restart(cycler: SimulatedCycler) -> None:
    await cycler.stop()
    await cycler.start()


def _request(cycler: int, record: Received) -> Request:
    assert record.number is not None
    accepted = record.answer is not None and record.answer.result == 0
    return Request(record.number, (cycler, record.channel), _mark(record.body), accepted)


def _mark(body: object) -> str:
    if isinstance(body, m.StartTest):
        return body.comment.rpartition("#")[2]
    return f"{body.value:g}" if isinstance(body, m.SetVariable) else ""
