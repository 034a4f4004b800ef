"""What a simulated tester does when told: MacNet class 6.

Each function takes the tester, the channel as of now, the request and `now`. A refusal that
has a code is an `Outcome` with it; one that has none is raised as `BadRequest`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from macnet_bridge.macnet.protocol.codes import ARCHIVABLE, RESULT_OK, ChannelState, SystemType
from macnet_bridge.macnet.protocol.jsonrpc import BadRequest
from macnet_bridge.macnet.protocol.messages import (
    CheckStart,
    DirectOutput,
    Empty,
    Message,
    Outcome,
    SafetyLimits,
    SetVariable,
    StartDirect,
    StartTest,
)
from macnet_bridge.simulator.answers.singles import as_singles, single
from macnet_bridge.simulator.machine import direct
from macnet_bridge.simulator.machine.channel import Channel, Label
from macnet_bridge.simulator.machine.direct import DirectRun
from macnet_bridge.simulator.machine.procedure.refusing import NotUnderstood
from macnet_bridge.simulator.machine.procedure.run import ProcedureRun
from macnet_bridge.simulator.machine.progress import RecordRule
from macnet_bridge.simulator.machine.tester import LONGEST_NAME, Tester

_OK = Outcome(result=RESULT_OK)
_CONTROLLABLE = frozenset(
    {
        ChannelState.AVAILABLE,
        ChannelState.SELECTED,
        ChannelState.ACTIVE,
        ChannelState.SUSPENDED,
        ChannelState.COMPLETED,
        ChannelState.PROBLEM,
        ChannelState.STARTING,
    }
)
_DOES_NOT_COMPILE = 7
_OTHER_PROBLEM = 0xFFFF
_CLOSE_SECOND = 1e-9  # differences of times miss a round number by less
_CHECK_MESSAGES = {
    1: "The channel is neither available nor selected",
    2: "There is no such procedure",
    4: "A test of this name runs or is in the archive",
    5: "Windows does not take this test name",
    6: "There is no such chamber",
}


def start_test(tester: Tester, channel: Channel, body: StartTest, now: float) -> Outcome:
    """MacNet (6, 2), for one channel; the capacity of 1C is `c_rate_ah`."""
    return start_on(tester, [channel], body, now)


def start_on(tester: Tester, channels: Sequence[Channel], body: StartTest, now: float) -> Outcome:
    """Start one test on one or more channels; on none of them when one cannot."""
    _check_length(body.test_name)
    for channel in channels:
        refusal = _why_not_start(tester, channel, body)
        if refusal:
            return Outcome(result=refusal)
    procedure = tester.procedures.find(body.procedure, body.c_rate_ah, tester.specification)
    label = Label(tester.use_name(body.test_name), body.comment, procedure.name, procedure.description)
    for channel in channels:
        run = ProcedureRun(procedure, body.c_rate_ah, tester.specification)
        channel.start(label, run, begins_at=now + tester.behaviour.starting_second)
    return _OK


def _why_not_start(tester: Tester, channel: Channel, body: StartTest) -> int:
    """The code of (6, 2), 0 when nothing is in the way. Chambers and regimes do not exist here."""
    if not body.procedure:
        return 14
    if not channel.startable:
        return 23
    if tester.is_used_name(body.test_name):
        return 19
    possible = (
        tester.is_valid_name(body.test_name)
        and _is_c_rate(body.c_rate_ah)
        and not body.chamber
        and not body.regime
        and not why_not_run(tester, body.procedure, body.c_rate_ah)
    )
    return 0 if possible else 22


def _is_c_rate(c_rate_ah: float) -> bool:
    return math.isfinite(c_rate_ah) and c_rate_ah > 0.0


def why_not_run(tester: Tester, procedure: str, c_rate_ah: float) -> Sequence[str]:
    """What stands in the way of a procedure, in words; nothing when it can be run."""
    try:
        tester.procedures.find(procedure, c_rate_ah, tester.specification)
    except KeyError:
        return (_CHECK_MESSAGES[2],)
    except NotUnderstood as error:
        return error.findings
    return ()


def check_start(tester: Tester, channel: Channel, body: CheckStart, now: float) -> Outcome:
    """MacNet (6, 11): what stands in the way of a start; changes nothing but the messages of (6, 12)."""
    _check_length(body.test_name)
    result = _why_not_possible(tester, channel, body)
    tester.check_messages.clear()
    if result == _DOES_NOT_COMPILE:
        tester.check_messages.extend(why_not_run(tester, body.procedure, body.c_rate_ah))
    elif result == _OTHER_PROBLEM:
        tester.check_messages.append(f"1C has to be above zero, not {body.c_rate_ah:g} A")
    elif result:
        tester.check_messages.append(_CHECK_MESSAGES[result])
    return Outcome(result=result)


def _why_not_possible(tester: Tester, channel: Channel, body: CheckStart) -> int:
    """The code of (6, 11), 0 when nothing is in the way."""
    if not channel.startable:
        return 1
    if body.procedure not in tester.procedures:
        return 2
    if tester.is_used_name(body.test_name):
        return 4
    if not tester.is_valid_name(body.test_name):
        return 5
    if body.chamber:
        return 6
    if not _is_c_rate(body.c_rate_ah):
        return _OTHER_PROBLEM
    return _DOES_NOT_COMPILE if why_not_run(tester, body.procedure, body.c_rate_ah) else 0


def suspend(tester: Tester, channel: Channel, body: Empty, now: float) -> Outcome:
    """MacNet (6, 3). A suspended channel is left as it is; without a test: `MacNet error`."""
    return _ok_if(channel.suspend())


def resume(tester: Tester, channel: Channel, body: Empty, now: float) -> Outcome:
    """MacNet (6, 4). On a channel that is not suspended: `MacNet error`."""
    return _ok_if(channel.resume(now))


def reset(tester: Tester, channel: Channel, body: Empty, now: float) -> Outcome:
    """MacNet (6, 5): from every state but the administrative ones, where it is a `MacNet error`.

    That the data of the test go into the archive is assumed.
    """
    _ok_if(channel.state in _CONTROLLABLE)
    tester.archive.keep(channel, now, tester.clock(now))
    channel.reset()
    return _OK


def archive(tester: Tester, channel: Channel, body: Empty, now: float) -> Outcome:
    """MacNet (6, 6): frees a channel whose test is over or held; else it is a `MacNet error`."""
    _ok_if(channel.state in ARCHIVABLE)
    return reset(tester, channel, body, now)


def start_direct(tester: Tester, channel: Channel, body: StartDirect, now: float) -> Outcome:
    """MacNet (6, 7). There is no code for a name that is used; it is told as 3."""
    _check_length(body.test_name)
    _check_possible(tester, body)
    if tester.behaviour.system_type is not SystemType.LAB:
        return Outcome(result=1)
    if not channel.startable:
        return Outcome(result=2)
    if tester.is_used_name(body.test_name) or not tester.is_valid_name(body.test_name):
        return Outcome(result=3)
    armed = direct.limits_in_range(body, tester.specification)
    records = RecordRule(*map(single, (body.record_second, body.record_volt, body.record_ampere)))
    begins_at = now + tester.behaviour.direct_ready_second
    run = DirectRun(direct.setpoint(body, armed, tester.specification), records, armed, fed_at=begins_at)
    channel.start(Label(tester.use_name(body.test_name)), run, begins_at)
    return _OK


def set_output(tester: Tester, channel: Channel, body: DirectOutput, now: float) -> Outcome:
    """MacNet (6, 8). Every one of them starts the 100 ms anew; only an accepted one feeds the watchdog."""
    _check_possible(tester, body)
    refusal = _why_not_output(tester, channel, now)
    run = channel.direct
    if run is None or refusal:
        return Outcome(result=refusal)
    run.fed_at = now
    channel.set_output(direct.setpoint(body, run.armed, tester.specification))
    return _OK


def _why_not_output(tester: Tester, channel: Channel, now: float) -> int:
    """The code of (6, 8), 0 when nothing is in the way."""
    if tester.behaviour.system_type is not SystemType.LAB:
        return 1
    run = channel.direct
    if run is not None and channel.state is ChannelState.STARTING:
        return 5
    if channel.state is not ChannelState.ACTIVE:
        return 2
    if run is None:
        return 4
    too_soon = now - run.last_output_at < direct.OUTPUT_GAP_SECOND - _CLOSE_SECOND
    run.last_output_at = now
    return 3 if too_soon else 0


def set_variable(tester: Tester, channel: Channel, body: SetVariable, now: float) -> Outcome:
    """MacNet (6, 9): VAR1 to VAR15, in every state."""
    _check_finite(body)
    channel.variables[body.variable - 1] = single(body.value)
    return _OK


def set_safety_limits(tester: Tester, channel: Channel, body: SafetyLimits, now: float) -> Message:
    """MacNet (6, 10): taken as single-precision numbers, and at work from the next slice on."""
    _check_finite(body)
    channel.limits = limits = as_singles(body)
    return limits


def _ok_if(done: bool) -> Outcome:
    if not done:
        raise BadRequest(BadRequest.MACNET_ERROR)
    return _OK


def _check_length(name: str) -> None:
    if len(name) > LONGEST_NAME:
        raise BadRequest(BadRequest.ILLEGAL_VALUE)


def _check_finite(body: Message) -> None:
    if not all(map(math.isfinite, msgspec.structs.astuple(body))):
        raise BadRequest(BadRequest.ILLEGAL_VALUE)


def _check_possible(tester: Tester, body: DirectOutput | StartDirect) -> None:
    if not direct.is_possible(body, tester.specification):
        raise BadRequest(BadRequest.ILLEGAL_VALUE)
