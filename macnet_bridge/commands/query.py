"""`query`: what became of an id."""

from __future__ import annotations

from macnet_bridge.commands.job import Done, Job
from macnet_bridge.payloads.arguments import QueryArguments


async def query(job: Job[QueryArguments]) -> Done:
    """No tester is asked, but for what ended `unknown`.

    Whoever asks for another principal's command needs a rule that allows `query`.
    """
    history, address = job.history, job.ticket.address
    assert address is not None, "an admitted command has one"
    principal = job.args.principal or address.principal
    if principal != address.principal:
        history.permission.check(address, reads=False, stops=False)
    job.deciding()
    return Done({"id": job.args.id, "principal": principal, **await history.find(principal, job.args.id)})
