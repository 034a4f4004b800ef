"""`start_test` and `check_start`: everything that has to hold before a test may run.

The order matters. The state is read, a completed channel is freed, safety limits are set and
compared, the tester itself checks the start; only then does (6, 2) leave, once. What it did
is read from the tester, because a reply can be lost and a yes can be early.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

import msgspec

from macnet_bridge.commands.actions import wanted_limits
from macnet_bridge.commands.job import Done, Job
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
from macnet_bridge.payloads.arguments import WINDOWS_DEVICE, StartTestArguments

StartJob = Job[StartTestArguments]

GENERATED_NAME = "Random"
"""The test name by which MacNet is asked to make one up."""

_NAME_LENGTH = 25
_HASH_LENGTH = 12
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]+")
_FREE = (ChannelState.AVAILABLE, ChannelState.COMPLETED)


async def check_start(job: StartJob) -> Done:
    """Ask the tester whether a test could start, within its limits. MacNet (6, 11)"""
    request = _check_request(start_request(job))
    await wanted_limits(job, job.args.safety)
    await _check(job, request, job.deciding)
    return Done({"test_name": request.test_name})


async def start_test(job: StartJob) -> Done:
    """Start a test. MacNet (6, 10), (6, 11), (6, 2), read back by (4, 7) and (4, 6)"""
    request = start_request(job)
    wanted = await wanted_limits(job, job.args.safety)
    await _free_channel(job)
    await _set_limits(job, wanted)
    if job.tester.online().has(f.CHECK_START):
        await _check(job, _check_request(request), job.preparing)
    doubt = await send_once(job.tester.cycler.start_test(job.channel, request, job.deciding))
    await job.decide()
    job.tester.touched(job.channel)
    if job.args.cell_id:
        job.tester.cells[job.channel] = (request.test_name, job.args.cell_id)
    if await _shows_test(job, request.test_name):
        return Done({"test_name": request.test_name}, "read_back")
    raise doubt or NotConfirmed(f"the tester said yes, and its state does not show {request.test_name!r}")


def start_request(job: StartJob) -> m.StartTest:
    """The request of a start, every default filled in.

    Raises:
        Rejected: BAD_ARGS, no C-rate, or the name that asks for a random one.
    """
    args = job.args
    c_rate_ah = args.c_rate_ah or job.rules.c_rate_ah
    if not c_rate_ah:
        raise Rejected("BAD_ARGS", "args.c_rate_ah: missing, and not configured", "args.c_rate_ah")
    if args.test_name and args.test_name.casefold() == GENERATED_NAME.casefold():
        raise Rejected(
            "BAD_ARGS",
            "args.test_name: the tester takes this as a wish for any name; leave it out to get one",
            "args.test_name",
        )
    mark = key_hash(job.ticket.key)
    return m.StartTest(
        test_name=args.test_name or name_from_id(job.ticket.id or mark, mark),
        procedure=args.procedure,
        comment=f"{args.comment} #{mark}".strip(),
        c_rate_ah=c_rate_ah,
        chamber=args.chamber,
        start_cycle=args.start_cycle,
        total_cycles=args.total_cycles,
        mass_gram=args.mass_gram,
    )


def key_hash(key: Any) -> str:
    """Twelve characters that stand for a command's key in the tester's own records."""
    return hashlib.sha256(repr(key).encode()).hexdigest()[:_HASH_LENGTH]


def name_from_id(command_id: str, mark: str) -> str:
    """A legal, unique test name that a person can still match with the command's id."""
    readable = _NOT_IN_NAMES.sub("-", command_id).strip("-")
    taken = re.fullmatch(rf"{WINDOWS_DEVICE}|(?i:{GENERATED_NAME})", readable)
    if readable == command_id and len(readable) <= _NAME_LENGTH and not taken:
        return readable
    return f"{readable[: _NAME_LENGTH - _HASH_LENGTH - 1]}-{mark}".lstrip("-")


async def _check(job: StartJob, request: m.CheckStart, gate: BeforeSend) -> None:
    await job.tester.cycler.call(f.CHECK_START, job.channel, request, line=Line.COMMANDS, before_send=gate)


def _check_request(request: m.StartTest) -> m.CheckStart:
    names = m.CheckStart.__struct_fields__
    return m.CheckStart(**{name: getattr(request, name) for name in names})


async def _free_channel(job: StartJob) -> None:
    state = (await read_state(job)).state
    if state not in _FREE:
        raise Rejected("CHANNEL_BUSY", f"the channel is {ChannelState.word(state)}")
    if state != ChannelState.COMPLETED:
        return
    await job.tester.cycler.reset(job.channel, job.preparing)
    job.steps.append("reset")
    free = await wait_for_state(job, lambda state: state == ChannelState.AVAILABLE, job.rules.timeout_s)
    if free is None:
        raise Rejected("CHANNEL_BUSY", "the completed test was reset, and the channel is still not available")


async def _set_limits(job: StartJob, wanted: m.SafetyLimits) -> None:
    taken = await job.tester.cycler.set_safety_limits(job.channel, wanted, job.preparing)
    job.steps.append("set_safety_limits")
    if not same_limits(wanted, taken):
        shown = msgspec.json.encode(msgspec.structs.asdict(taken)).decode()
        raise Rejected("SAFETY_MISMATCH", f"the tester took other safety limits: {shown}")


async def _shows_test(job: StartJob, test_name: str) -> bool:
    """Whether the tester shows our test on this channel, by state and name."""
    if not can_read_back(job, f.STATUS_AND_READINGS, f.TEST_INFO):
        return False

    async def check() -> bool:
        state = (await read_state(job)).state
        if state in (ChannelState.AVAILABLE, ChannelState.SELECTED):
            return False
        info = await job.tester.cycler.read_test_info(job.channel, line=Line.COMMANDS)
        return info.test_name == test_name

    return await wait_until(check, job.rules.timeout_s)
