"""`suspend` of everything: what a channel's part of it does."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from macnet_bridge.commands.actions import feed_no_current, suspending
from macnet_bridge.commands.job import Done, Job, Verb
from macnet_bridge.commands.read_back import can_read_back
from macnet_bridge.macnet.cycler.stopping import Stopper
from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol.codes import ChannelState
from macnet_bridge.payloads.arguments import NoArguments
from macnet_bridge.tester import Tester
from macnet_bridge.topics import Scope


class StopOfAll:
    """Suspends channels of one tester together, while reads of it make way.

    Attributes:
        verb: of the parts; lanes take it for a stop of its own kind.
    """

    def __init__(self, verb: Verb[Any], tester: Tester) -> None:
        self.verb: Verb[NoArguments] = replace(verb, scope=Scope.CHANNEL, run=self._run)
        self._tester = tester
        self._stopper = Stopper(tester.cycler)

    async def _run(self, job: Job[NoArguments]) -> Done:
        """MacNet (4, 1), and (6, 3) unless it is stopped already"""
        feed_no_current(job)
        job.looked = True
        live = can_read_back(job, f.CHANNEL_STATUSES)
        with self._tester.stops_first():
            gate = partial(suspending, job)
            state = await self._stopper.stop(job.channel, gate, states_are_live=live)
        if job.sent:
            self._tester.touched(job.channel)
        if state is None:
            return Done({})
        return Done({"state": ChannelState.word(state)}, "read_back")
