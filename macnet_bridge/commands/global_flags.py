"""`set_global_flags`: 32 flags that procedures of all channels may look at."""

from __future__ import annotations

from macnet_bridge.commands.job import Done, Job
from macnet_bridge.commands.read_back import wait_until
from macnet_bridge.errors import NotConfirmed, OutcomeUnknown
from macnet_bridge.macnet.cycler import Line
from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.payloads.arguments import SetGlobalFlagsArguments


async def set_global_flags(job: Job[SetGlobalFlagsArguments]) -> Done:
    """MacNet (5, 1), read back by (4, 8)"""
    flags = job.args.flags
    wanted = int(flags, 16) if isinstance(flags, str) else flags
    cycler = job.tester.cycler
    doubt, taken = None, None
    try:
        taken = await cycler.set_global_flags(wanted, job.deciding)
    except OutcomeUnknown as error:
        doubt = error
    await job.decide()

    async def shows() -> bool:
        return (await cycler.read_variables(job.channel, line=Line.COMMANDS)).flags == wanted

    readable = job.tester.survey is not None and job.tester.survey.has(f.FLAGS_AND_VARIABLES)
    done = await wait_until(shows, job.rules.timeout_s) if readable else taken == wanted
    if not done:
        raise doubt or NotConfirmed(f"the tester said yes, and the flags do not read 0x{wanted:08X}")
    return Done({"global_flags": f"0x{wanted:08X}"}, "read_back" if readable else "reply")
