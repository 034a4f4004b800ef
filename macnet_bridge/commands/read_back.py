"""Reading the tester until it shows that a command took effect."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from macnet_bridge.commands.job import Job
from macnet_bridge.errors import OutcomeUnknown
from macnet_bridge.macnet.cycler import Line
from macnet_bridge.macnet.cycler.waiting import wait_until as wait_until
from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol.codes import ChannelState
from macnet_bridge.macnet.protocol.messages import StatusAndReadings


async def read_state(job: Job[Any], line: Line = Line.COMMANDS) -> StatusAndReadings:
    """State of the job's channel, fresh from the tester. MacNet (4, 7)"""
    return await job.tester.cycler.read_status(job.channel, line=line)


async def wait_for_state(
    job: Job[Any], wanted: Callable[[int], bool], within_s: float, line: Line = Line.COMMANDS
) -> str | None:
    """Wait for a channel state; its word, or None when it did not show in time."""
    seen: list[str] = []

    async def check() -> bool:
        state = (await read_state(job, line)).state
        seen.append(ChannelState.word(state))
        return wanted(state)

    return seen[-1] if await wait_until(check, within_s) else None


def can_read_back(job: Job[Any], *functions: f.Function[Any, Any]) -> bool:
    """Whether this tester's answers to these reads prove anything."""
    survey = job.tester.survey
    return survey is not None and survey.live and survey.has(*functions)


async def send_once(request: Awaitable[object]) -> OutcomeUnknown | None:
    """Send a deciding request; None when the tester said yes, the doubt when nobody knows."""
    try:
        await request
    except OutcomeUnknown as doubt:
        return doubt
    return None
