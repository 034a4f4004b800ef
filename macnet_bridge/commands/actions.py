"""Verbs that change one thing of a channel: suspend, resume, reset, archive, a variable, safety limits.

Each says yes only for what the tester said, and reads the tester wherever it can.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec

from macnet_bridge.commands import limits
from macnet_bridge.commands.job import Done, Job
from macnet_bridge.commands.proof import StateProof
from macnet_bridge.commands.read_back import (
    can_read_back,
    read_state,
    send_once,
    wait_for_state,
    wait_until,
)
from macnet_bridge.errors import (
    MacNetBridgeError,
    NotConfirmed,
    OutcomeUnknown,
    Rejected,
    TesterRefused,
    TransportError,
)
from macnet_bridge.macnet.cycler import Line, same_limits
from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol import messages as m
from macnet_bridge.macnet.protocol.codes import ARCHIVABLE, RUNNING, STOPPED, ChannelState
from macnet_bridge.macnet.protocol.fieldtypes import single
from macnet_bridge.payloads.arguments import (
    NoArguments,
    ResetArguments,
    Safety,
    SetSafetyLimitsArguments,
    SetVariableArguments,
)

STOP_ATTEMPTS = 4
_STOP_READ_BACK_S = 0.5


async def suspend(job: Job[Any]) -> Done:
    """MacNet (6, 3), repeated until the tester's state shows that nothing runs."""
    feed_no_current(job)
    said_yes = False
    for _ in range(STOP_ATTEMPTS):
        trouble = await _try_to_suspend(job)
        said_yes = said_yes or trouble is None
        if can_read_back(job, f.STATUS_AND_READINGS):
            state = await wait_for_state(job, lambda state: state in STOPPED, _STOP_READ_BACK_S, Line.STOPS)
            if state is not None:
                job.tester.touched(job.channel)
                return Done({"state": state}, "read_back")
        elif said_yes:
            job.tester.touched(job.channel)
            return Done({})
    raise trouble or NotConfirmed(
        "the tester said yes, and the channel's state does not show that it stopped"
    )


def feed_no_current(job: Job[Any]) -> None:
    """Whatever becomes of a stop: from now on no lease of its channel repeats a current."""
    lease = job.leases.get(job.place)
    if lease is not None and not job.dry_run:
        lease.asked(m.REST)


def suspending(job: Job[Any]) -> None:
    """Gate before (6, 3): whatever becomes of it, from now on it may be this bridge that suspended."""
    job.deciding()
    job.tester.direct.pop(job.channel, None)


async def _try_to_suspend(job: Job[Any]) -> MacNetBridgeError | None:
    """What kept the tester from saying yes, None when it did."""
    try:
        await job.tester.cycler.suspend(job.channel, partial(suspending, job))
    except (TesterRefused, TransportError) as error:
        if not job.sent:
            raise
        return error
    return None


async def resume(job: Job[NoArguments]) -> Done:
    """MacNet (6, 4)"""
    live = can_read_back(job, f.STATUS_AND_READINGS)
    if live:
        state = (await read_state(job)).state
        if state != ChannelState.SUSPENDED:
            raise Rejected("CHANNEL_BUSY", f"the channel is {ChannelState.word(state)}, not suspended")
        await _refuse_direct_test(job)
    await job.about_to_send(StateProof(states=list(RUNNING)) if live else None)
    doubt = await send_once(job.tester.cycler.resume(job.channel, job.deciding))
    if doubt and not live:
        raise doubt  # it may have run before, so finding it running proves nothing
    return await _settle(job, doubt, lambda state: state in RUNNING)


async def _refuse_direct_test(job: Job[NoArguments]) -> None:
    """A test without a procedure would go on with its last output, and with nobody who answers for it."""
    if not can_read_back(job, f.TEST_INFO):
        return
    info = await job.tester.cycler.read_test_info(job.channel, line=Line.COMMANDS)
    if not info.procedure or info.test_name == job.leases.direct_test(job.place):
        raise Rejected("NO_LEASE", "this test is under direct control; reset it, and use start_direct")


async def reset(job: Job[ResetArguments]) -> Done:
    """MacNet (6, 5)"""
    state = (await read_state(job)).state
    if state not in STOPPED and not job.args.stop_running:
        raise Rejected(
            "CHANNEL_BUSY",
            f"the channel is {ChannelState.word(state)}; stop_running = true resets it all the same",
            "args.stop_running",
        )
    await job.about_to_send(_free_now(state))
    doubt = await send_once(job.tester.cycler.reset(job.channel, job.deciding))
    if doubt and state == ChannelState.AVAILABLE:
        raise doubt  # it was free before, so finding it free proves nothing
    return await _settle(job, doubt, lambda state: state == ChannelState.AVAILABLE)


async def archive(job: Job[NoArguments]) -> Done:
    """MacNet (6, 6)"""
    state = (await read_state(job)).state
    if state not in ARCHIVABLE:
        raise Rejected(
            "CHANNEL_BUSY",
            f"the channel is {ChannelState.word(state)}; a test is archived when it is completed, "
            "suspended or at a problem",
        )
    await job.about_to_send(_free_now(state))
    doubt = await send_once(job.tester.cycler.archive(job.channel, job.deciding))
    return await _settle(job, doubt, lambda state: state == ChannelState.AVAILABLE)


def _free_now(before: int) -> StateProof | None:
    """A channel that becomes available shows a reset; one that was free before shows nothing."""
    return None if before == ChannelState.AVAILABLE else StateProof(states=[ChannelState.AVAILABLE])


async def _settle(job: Job[Any], doubt: OutcomeUnknown | None, wanted: Any) -> Done:
    """Read the state that a command was to bring about, whatever its reply was."""
    await job.decide()
    job.tester.touched(job.channel)
    if not can_read_back(job, f.STATUS_AND_READINGS):
        if doubt:
            raise doubt
        return Done({})
    state = await wait_for_state(job, wanted, job.rules.timeout_s)
    if state is None:
        raise doubt or NotConfirmed("the tester said yes, and the channel's state does not show it")
    return Done({"state": state}, "read_back")


async def set_variable(job: Job[SetVariableArguments]) -> Done:
    """MacNet (6, 9), read back by (4, 8)"""
    number, value = job.args.variable, single(job.args.value)
    cycler = job.tester.cycler
    doubt = await send_once(cycler.set_variable(job.channel, number, value, job.deciding))
    await job.decide()
    if job.tester.survey is None or not job.tester.survey.has(f.FLAGS_AND_VARIABLES):
        if doubt:
            raise doubt
        return Done({"variable": number, "value": value})

    async def shows() -> bool:
        reply = await cycler.read_variables(job.channel, line=Line.COMMANDS)
        return reply.has(number, value)

    if not await wait_until(shows, job.rules.timeout_s):
        raise doubt or NotConfirmed(f"the tester said yes, and VAR{number} does not read {value:g}")
    return Done({"variable": number, "value": value}, "read_back")


async def set_safety_limits(job: Job[SetSafetyLimitsArguments]) -> Done:
    """MacNet (6, 10), whose reply repeats the limits as the tester took them."""
    wanted = await wanted_limits(job, job.args.safety)
    taken = await job.tester.cycler.set_safety_limits(job.channel, wanted, job.deciding)
    if not same_limits(wanted, taken):
        raise TesterRefused(
            f"the tester took other limits: {taken}",
            fclass=f.SET_SAFETY_LIMITS.fclass,
            fnum=f.SET_SAFETY_LIMITS.fnum,
            code="SAFETY_MISMATCH",
        )
    return Done({"safety": msgspec.structs.asdict(taken)})


async def wanted_limits(job: Job[Any], safety: Safety) -> Any:
    """Safety limits of a command: its own, inside the channel's envelope.

    Raises:
        Rejected: NO_LIMITS or OUT_OF_LIMITS.
    """
    specification = await job.tester.specification(job.channel)
    within = limits.envelope(job.rules.limits_of(job.channel), specification)
    given = {
        name: value for name, value in msgspec.structs.asdict(safety).items() if value is not msgspec.UNSET
    }
    return limits.safety_limits(given, within)
