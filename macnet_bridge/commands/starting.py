"""The safe way to start a test, whichever function starts it.

The order matters. The state is read, a completed channel is freed, safety limits are set and
compared, the tester itself checks the start; only then does the start leave, once. What it did
is read from the tester, because a reply can be lost and a yes can be early.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

import msgspec

from macnet_bridge.commands.actions import wanted_limits
from macnet_bridge.commands.job import Done, Job, WouldSend
from macnet_bridge.commands.proof import TestProof
from macnet_bridge.commands.read_back import (
    can_read_back,
    read_state,
    send_once,
    wait_for_state,
    wait_until,
)
from macnet_bridge.errors import NotConfirmed, Rejected
from macnet_bridge.macnet.connection import BeforeSend
from macnet_bridge.macnet.cycler import Line, same_limits
from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol import messages as m
from macnet_bridge.macnet.protocol.codes import ChannelState
from macnet_bridge.payloads.arguments import CommonStartArguments, StartDirectArguments

S = TypeVar("S", bound=CommonStartArguments | StartDirectArguments)

_FREE = (ChannelState.AVAILABLE, ChannelState.COMPLETED)


@dataclass(frozen=True, slots=True)
class Start:
    """What one start sends, and how it shows.

    Attributes:
        send: sends the deciding request, with its gate.
        check: what the tester is asked before, None where its check does not fit this start.
        test_name: by which the tester will know the test.
        mark: what ends the test's comment, and stands for the command's key.
        other_names: by which it may know it as well.
    """

    send: Callable[[BeforeSend], Awaitable[None]]
    check: m.CheckStart | None
    test_name: str
    mark: str
    other_names: tuple[str, ...] = ()


async def carry_out(job: Job[S], start: Start) -> Done:
    """Start a test. MacNet (6, 10), (6, 11), the start, read back by (4, 7) and (4, 6)"""
    wanted = await wanted_limits(job, job.args.safety)
    if job.dry_run:
        await _rehearse(job, start, wanted)
    await _free_channel(job)
    await _set_limits(job, wanted)
    if start.check is not None and job.tester.online().has(f.CHECK_START):
        await check(job, start.check, job.preparing)
    if job.expected is not None:
        await job.expected(job)
    names = [start.test_name, *start.other_names]
    if isinstance(job.args, CommonStartArguments) and job.args.cell_id:
        job.tester.name_cell(job.channel, start.test_name, job.args.cell_id)
    await job.about_to_send(TestProof(test_names=names, mark=start.mark))
    doubt = await send_once(start.send(job.deciding))
    await job.decide()
    job.tester.touched(job.channel)
    if await _shows_test(job, start):
        return Done({"test_name": start.test_name}, "read_back")
    raise doubt or NotConfirmed(f"the tester said yes, and its state does not show {start.test_name!r}")


async def _rehearse(job: Job[S], start: Start, wanted: m.SafetyLimits) -> NoReturn:
    """All of a start that changes nothing. The tester's check of a channel that has yet to be
    reset would find the old test in the way.

    Raises:
        WouldSend: nothing is in the way.
    """
    resets = await _read_free_state(job) == ChannelState.COMPLETED
    asks = start.check is not None and job.tester.online().has(f.CHECK_START) and not resets
    if asks and start.check is not None:
        await check(job, start.check, job.still_wanted)
    job.preview = {
        "would": [*(["reset"] if resets else []), "set_safety_limits", job.verb.name],
        "test_name": start.test_name,
        "safety": msgspec.structs.asdict(wanted),
        "checked_by_tester": asks,
    }
    raise WouldSend


async def check(job: Job[Any], request: m.CheckStart, gate: BeforeSend) -> None:
    """Let the tester check a start. MacNet (6, 11)

    Raises:
        TesterRefused: it would not start.
    """
    await job.tester.cycler.check_start(job.channel, request, gate)


def check_request(request: m.StartTest | m.AdvancedStart) -> m.CheckStart:
    """What (6, 11) is asked before a start."""
    names = m.CheckStart.__struct_fields__
    return m.CheckStart(**{name: getattr(request, name) for name in names})


async def _read_free_state(job: Job[Any]) -> int:
    state = (await read_state(job)).state
    if state not in _FREE:
        raise Rejected("CHANNEL_BUSY", f"the channel is {ChannelState.word(state)}")
    return state


async def _free_channel(job: Job[Any]) -> None:
    if await _read_free_state(job) != ChannelState.COMPLETED:
        return
    await job.tester.cycler.reset(job.channel, job.preparing)
    job.steps.append("reset")
    free = await wait_for_state(job, lambda state: state == ChannelState.AVAILABLE, job.rules.timeout_s)
    if free is None:
        raise Rejected("CHANNEL_BUSY", "the completed test was reset, and the channel is still not available")


async def _set_limits(job: Job[Any], wanted: m.SafetyLimits) -> None:
    taken = await job.tester.cycler.set_safety_limits(job.channel, wanted, job.preparing)
    job.steps.append("set_safety_limits")
    if not same_limits(wanted, taken):
        shown = msgspec.json.encode(msgspec.structs.asdict(taken)).decode()
        raise Rejected("SAFETY_MISMATCH", f"the tester took other safety limits: {shown}")


async def _shows_test(job: Job[Any], start: Start) -> bool:
    """Whether the tester shows our test on this channel, by state and name."""
    if not can_read_back(job, f.STATUS_AND_READINGS, f.TEST_INFO):
        return False

    async def shown() -> bool:
        state = (await read_state(job)).state
        if state in (ChannelState.AVAILABLE, ChannelState.SELECTED):
            return False
        info = await job.tester.cycler.read_test_info(job.channel, line=Line.COMMANDS)
        return info.test_name in (start.test_name, *start.other_names)

    return await wait_until(shown, job.rules.timeout_s)
