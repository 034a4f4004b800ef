"""Direct control: verbs that set the output of a channel themselves, in place of a procedure.

What makes current flow needs a lease. What ends it needs none.
"""

from __future__ import annotations

import time
from typing import Any

from msgspec import UnsetType

from macnet_bridge.commands.actions import feed_no_current, suspend, wanted_limits
from macnet_bridge.commands.job import Done, Job, Verb
from macnet_bridge.commands.lease import Lease, LeaseRecord
from macnet_bridge.commands.leases import new_token
from macnet_bridge.commands.read_back import can_read_back, read_state
from macnet_bridge.commands.setpoints import Terms, first_output, given, next_output, ranges_of
from macnet_bridge.commands.start_test import name_of
from macnet_bridge.commands.starting import Start, carry_out
from macnet_bridge.errors import CommandStopped, MacNetBridgeError, TesterRefused, TransportError
from macnet_bridge.macnet.connection import BeforeSend
from macnet_bridge.macnet.cycler import Line
from macnet_bridge.macnet.cycler.outputs import Outputs
from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol import messages as m
from macnet_bridge.macnet.protocol.codes import STOPPED
from macnet_bridge.payloads.arguments import (
    Arguments,
    NoArguments,
    SetOutputArguments,
    StartDirectArguments,
)
from macnet_bridge.payloads.results import DirectStarted, Nothing, OutputTaken, StateShown
from macnet_bridge.tester import DirectTest
from macnet_bridge.topics import Scope


class LapseArguments(Arguments, frozen=True, kw_only=True):
    """Of the bridge's own stop of a channel.

    Attributes:
        test_name: of the test that is to be stopped, and no other.
        look_first: whether another one may run by now.
    """

    test_name: str
    look_first: bool


async def start_direct(job: Job[StartDirectArguments]) -> Done:
    """Take a channel into direct control. MacNet (6, 10), (6, 7), read back by (4, 7) and (4, 6)"""
    test_name = name_of(job)
    specification = await job.tester.specification(job.channel)
    limits = await wanted_limits(job, job.args.safety)
    terms = Terms(limits, given(job.args), ranges_of(specification), job.args.range)
    request = first_output(job.args, test_name, terms)
    lease = Lease(
        LeaseRecord(
            cycler=job.tester.name,
            channel=job.channel,
            principal=job.ticket.principal,
            test_name=test_name,
            token=new_token(),
        ),
        terms,
        job.args.valid_for_s,
        job.rules.direct_watchdog_s,
    )
    done = await carry_out(job, Start(lambda gate: _begin(job, lease, request, gate), None, test_name, ""))
    lease.is_confirmed = True
    if (direct := job.tester.direct.get(job.channel)) is not None:
        direct.shown_at = time.time()
    return Done({"lease": lease.record.token} | done.result, done.verified)


async def _begin(
    job: Job[StartDirectArguments], lease: Lease, request: m.StartDirect, gate: BeforeSend
) -> None:
    """MacNet (6, 7), once, with the lease on disk before."""
    outputs = outputs_of(job)
    # A channel that could not be put to rest is not to be started.
    await job.tester.cycler.ping_rest(job.channel)
    await job.leases.grant(lease)

    def leaves() -> None:
        gate()
        lease.begin(_as_output(request), job.now)
        job.leases.begin(lease)
        test = DirectTest(lease.record.test_name, lease.watchdog_s, outputs.started())
        if lease.watchdog_s:
            job.tester.direct[job.channel] = test

    try:
        await job.tester.cycler.start_direct(job.channel, request, leaves)
    except (TesterRefused, CommandStopped):
        await _give_up(job, lease)
        raise
    except TransportError:
        if not job.sent:
            await _give_up(job, lease)
        raise  # when it was sent the channel may run, and lapses if it does


async def _give_up(job: Job[StartDirectArguments], lease: Lease) -> None:
    job.leases.end(job.place, lease.record.token)
    await job.leases.keep()


def _as_output(request: m.StartDirect) -> m.DirectOutput:
    """What to repeat so that the output stays as (6, 7) made it."""
    if request.current_ampere == 0:
        return m.REST
    names = m.DirectOutput.__struct_fields__
    return m.DirectOutput(**{name: getattr(request, name) for name in names})


def admit_output(job: Job[SetOutputArguments]) -> None:
    """See who sends a setpoint, that it is a newer one, and inside the limits.

    Before it takes the place of one that waits: what is refused must not cost that one its turn.

    Raises:
        Rejected: NO_LEASE, OUT_OF_LIMITS
        Superseded: a newer one came before.
    """
    lease = _own_lease(job)
    next_output(job.args, lease.terms)
    lease.number(job.args.n)


def _own_lease(job: Job[SetOutputArguments]) -> Lease:
    lease = job.leases.find(job.place)
    lease.check_holder(job.args.lease, job.ticket.principal)
    return lease


async def set_output(job: Job[SetOutputArguments]) -> Done:
    """Set current, voltage, power and resistance. MacNet (6, 8), for zero amperes in binary"""
    lease = _own_lease(job)  # it may have ended since
    output, before = next_output(job.args, lease.terms), lease.setpoint

    def leaves() -> None:
        job.preparing()  # also before it is sent again, after the tester was not ready
        job.deciding()
        lease.asked(output)

    try:
        done = await _set(job, output, leaves)
    except (TesterRefused, CommandStopped) as error:
        if output is not m.REST:
            lease.refused(before)
            job.leases.changed(lease)
        await job.decide()
        if isinstance(error, TesterRefused):
            await look(job, lease)
        raise
    valid_for_s = lease.valid_for_s if isinstance(job.args.valid_for_s, UnsetType) else job.args.valid_for_s
    lease.took(output, job.now, job.ticket.received.monotonic, valid_for_s)
    job.leases.changed(lease)
    await job.decide()
    return done


async def _set(job: Job[SetOutputArguments], output: m.DirectOutput, gate: BeforeSend) -> Done:
    result: dict[str, object] = {"n": job.args.n}
    if output is m.REST:
        return await _rest(job, gate, Line.COMMANDS, result)
    # The tester's yes is enough here: to read each output back would halve how many there can be.
    await outputs_of(job).set(output, gate)
    return Done(result)


async def _rest(job: Job[Any], gate: BeforeSend, line: Line, result: dict[str, object]) -> Done:
    """Binary MacNet (6, 8), read back by (4, 7) where the tester can."""
    if not can_read_back(job, f.STATUS_AND_READINGS):
        await outputs_of(job).rest_unseen(gate)
        return Done(result)
    await outputs_of(job).rest(gate, line)
    return Done(result, "read_back")


async def rest(job: Job[NoArguments]) -> Done:
    """Let no current flow; the lease lives on. Binary MacNet (6, 8), read back by (4, 7)"""
    feed_no_current(job)
    done = await _rest(job, job.deciding, Line.STOPS, {})
    job.tester.touched(job.channel)
    return done


async def stop_direct(job: Job[NoArguments]) -> Done:
    """End direct control, and whatever else runs. Binary MacNet (6, 8), then (6, 3)"""
    await _rest_if_possible(job)
    return await suspend(job)


async def lapse(job: Job[LapseArguments]) -> Done:
    """A lease ran out: `stop_direct`, unless its test is not there any more.

    The result has no `state` then.
    """
    if job.args.look_first and not await _may_run(job):
        return Done({})
    refused = await _rest_if_possible(job)
    if refused and not await _may_run(job):
        return Done({})
    return await suspend(job)


async def _rest_if_possible(job: Job[Any]) -> bool:
    """Rest, with no need to succeed: the channel is suspended next, and seen to be. True = refused."""
    feed_no_current(job)
    try:
        await outputs_of(job).rest_unseen(job.deciding)
    except TesterRefused:
        return True
    except TransportError:
        return False
    except CommandStopped:
        if not job.sent:
            job.still_wanted()  # or a newer rest came first, which leaves the suspend to us
    return False


async def _may_run(job: Job[LapseArguments]) -> bool:
    """Whether the test of a lease may still run; yes where that cannot be read."""
    try:
        if (await read_state(job, Line.STOPS)).state in STOPPED:
            return False
        if not can_read_back(job, f.TEST_INFO):
            return True
        info = await job.tester.cycler.read_test_info(job.channel, line=Line.STOPS)
    except MacNetBridgeError:
        return True
    return info.test_name == job.args.test_name


async def look(job: Job[SetOutputArguments], lease: Lease) -> None:
    """End a lease whose channel has stopped. MacNet (4, 7)"""
    if not lease.is_confirmed:
        return
    try:
        state = (await read_state(job)).state
    except MacNetBridgeError:
        return
    if state in STOPPED and job.leases.end(job.place, lease.record.token):
        job.tester.touched(job.channel)
        await job.leases.keep()


def outputs_of(job: Job[Any]) -> Outputs:
    """The output of the job's channel."""
    return job.leases.outputs(job.tester, job.channel, job.rules.output_interval_s)


LAPSE = Verb("lapse", Scope.CHANNEL, LapseArguments, StateShown, lapse, stops=True)
"""The bridge's own; nobody can ask for it."""

VERBS = (
    Verb(
        "start_direct",
        Scope.CHANNEL,
        StartDirectArguments,
        DirectStarted,
        start_direct,
        starts=True,
        needs_id=True,
    ),
    Verb(
        "set_output",
        Scope.CHANNEL,
        SetOutputArguments,
        OutputTaken,
        set_output,
        newest_wins=True,
        admit=admit_output,
    ),
    Verb("rest", Scope.CHANNEL, NoArguments, Nothing, rest, stops=True),
    Verb("stop_direct", Scope.CHANNEL, NoArguments, StateShown, stop_direct, stops=True, ends_lease=True),
)
