"""`macnet-bridge` with one of its defences taken out, which `MACNET_TEST_MUTANT` names.

For tests that show that a fault of this kind would be found.
"""

from __future__ import annotations

import os
from typing import Any

from macnet_bridge.__main__ import main
from macnet_bridge.commands.admission import Admission
from macnet_bridge.commands.job import Job
from macnet_bridge.commands.journalling import Journalling

VARIABLE = "MACNET_TEST_MUTANT"


def journals_after_sending() -> None:
    """It is written that a request leaves once it was answered."""
    about_to_send, decide = Job.about_to_send, Job.decide

    async def only_remember(job: Job[Any], proof: Any = None) -> None:
        if job.record is not None:
            job.record.is_sent = True
            job.record.proof = proof  # type: ignore[attr-defined]

    async def write_then_decide(job: Job[Any]) -> None:
        if job.record is not None:
            await about_to_send(job, job.record.proof)  # type: ignore[attr-defined]
        await decide(job)

    Job.about_to_send, Job.decide = only_remember, write_then_decide  # type: ignore[method-assign, assignment]


def has_no_journal() -> None:
    """Commands are remembered in memory alone."""
    Admission.is_journalled = lambda self, ticket, payload: False  # type: ignore[method-assign]


def sends_what_was_left() -> None:
    """What is unfinished in the journal is forgotten at a restart, and runs when it comes again."""
    recover = Journalling.recover

    async def forget(self: Journalling) -> None:
        journal = self._journal
        await journal._writer.submit(
            "forget",
            lambda connection: connection.execute("DELETE FROM command WHERE answer IS NULL").rowcount,
        )
        await recover(self)

    Journalling.recover = forget  # type: ignore[method-assign]


MUTANTS = {
    mutant.__name__: mutant for mutant in (journals_after_sending, has_no_journal, sends_what_was_left)
}

if __name__ == "__main__":
    MUTANTS[os.environ[VARIABLE]]()
    main()
