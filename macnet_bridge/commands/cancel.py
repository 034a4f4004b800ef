"""`cancel`: takes back one's own commands that wait."""

from __future__ import annotations

from macnet_bridge.commands.job import Done, Job
from macnet_bridge.payloads.arguments import CancelArguments


async def cancel(job: Job[CancelArguments]) -> Done:
    """Say of how many commands nothing will be sent any more, and for how many it is too late."""
    cancelled, too_late = job.desk.withdraw(job.ticket.principal, job.args.id)
    return Done({"cancelled": cancelled, "too_late": too_late}, None)
