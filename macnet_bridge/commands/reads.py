"""Verbs that only read: one MacNet function each, its reply in our words."""

from __future__ import annotations

import time
from typing import Any, TypeVar

import msgspec

from macnet_bridge import __version__
from macnet_bridge.commands.job import Done, Job
from macnet_bridge.commands.replies import shown
from macnet_bridge.errors import BadReply
from macnet_bridge.macnet.cycler import Line
from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol import messages as m
from macnet_bridge.payloads.arguments import NameArguments, NoArguments
from macnet_bridge.payloads.telemetry import Measured
from macnet_bridge.readings import measured

Q = TypeVar("Q", bound=m.Message)
R = TypeVar("R", bound=m.Message)
ReadJob = Job[NoArguments]

NEVER = "1970-01-01T00:00:00"
"""What testers write where there is no date."""


async def ask(job: Job[Any], function: f.Function[m.Empty, R]) -> R:
    """Call a reading function that takes nothing as the deciding request of a job."""
    return await ask_for(job, function, m.Empty())


async def ask_for(job: Job[Any], function: f.Function[Q, R], request: Q) -> R:
    """Call a reading function as the deciding request of a job."""
    return await job.tester.cycler.call(
        function, job.channel, request, line=Line.COMMANDS, before_send=job.deciding
    )


async def read_status(job: ReadJob) -> Done:
    """MacNet (4, 7)"""
    status = await ask(job, f.STATUS_AND_READINGS)
    values = measured(status, job.tester.sign, unix_time_second=time.time(), test_name=None)
    return Done(msgspec.to_builtins(Measured(**values)))


async def read_aux(job: ReadJob) -> Done:
    """MacNet (4, 4) and (4, 5)

    Raises:
        BadReply: there are not as many units as values, so that which is whose cannot be known.
    """
    values = (await ask(job, f.AUX_READINGS)).values
    units = (await ask(job, f.AUX_UNITS)).units
    if len(values) != len(units):
        raise BadReply(f"{f.AUX_UNITS}: {len(units)} units for {len(values)} values")
    inputs = [
        {"input": number, "value": value, "unit": unit}
        for number, (value, unit) in enumerate(zip(values, units, strict=True), start=1)
    ]
    return Done({"aux": inputs})


async def read_variables(job: ReadJob) -> Done:
    """MacNet (4, 8)"""
    reply = await ask(job, f.FLAGS_AND_VARIABLES)
    return Done({"global_flags": reply.global_flags, "variables": reply.variables})


async def read_test_info(job: ReadJob) -> Done:
    """MacNet (4, 6)"""
    reply = await ask(job, f.TEST_INFO)
    return Done(shown(reply))


async def read_specification(job: ReadJob) -> Done:
    """MacNet (3, 1)"""
    reply = await ask(job, f.CHANNEL_SPECIFICATION)
    return Done(shown(reply))


async def read_end_status(job: ReadJob) -> Done:
    """MacNet (4, 10)"""
    reply = await ask(job, f.END_STATUS)
    return Done(shown(reply))


async def read_calibration(job: ReadJob) -> Done:
    """MacNet (3, 2): null where a range has no record."""
    reply = await ask(job, f.CALIBRATION_DATES)
    dates = shown(reply).items()
    return Done({name: None if date == NEVER else date for name, date in dates})


async def procedure_exists(job: Job[NameArguments]) -> Done:
    """MacNet (1, 3)"""
    reply = await ask_for(job, f.PROCEDURE_EXISTS, m.ProcedureName(procedure=job.args.name))
    return Done({"exists": reply.exists})


async def test_name_exists(job: Job[NameArguments]) -> Done:
    """MacNet (1, 4)"""
    reply = await ask_for(job, f.TEST_NAME_EXISTS, m.TestName(test_name=job.args.name))
    return Done({"exists": reply.exists})


async def read_system_info(job: ReadJob) -> Done:
    """MacNet (1, 1): versions, under the name that pymacnet's users know."""
    reply = await ask(job, f.VERSION_INFO)
    return Done(shown(reply))


async def read_general_info(job: ReadJob) -> Done:
    """MacNet (1, 2): what the tester consists of."""
    reply = await ask(job, f.SYSTEM_INFO)
    return Done(shown(reply))


async def ping(job: ReadJob) -> Done:
    """MacNet (0, 0), or (1, 2) where the tester has no echo."""
    started = time.perf_counter()
    function: f.Function[m.Empty, Any] = f.ECHO
    if job.tester.survey is not None and not job.tester.survey.has(f.ECHO):
        function = f.SYSTEM_INFO
    await ask(job, function)
    return Done({"round_trip_ms": round((time.perf_counter() - started) * 1000, 3), "by": str(function)})


async def ping_bridge(job: ReadJob) -> Done:
    """The bridge itself; no tester is asked."""
    job.deciding()
    return Done({"version": __version__})
