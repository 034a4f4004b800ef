"""How much the bridge's own parts write into the log, and `set_log_level`, which changes it."""

from __future__ import annotations

import logging
from typing import get_args

from macnet_bridge.commands.job import Done, Job
from macnet_bridge.payloads.arguments import LogLevelName, SetLogLevelArguments

_LEVELS: dict[LogLevelName, int] = {name: getattr(logging, name.upper()) for name in get_args(LogLevelName)}
"""From the one that tells most."""

log = logging.getLogger(__name__)


async def set_log_level(job: Job[SetLogLevelArguments]) -> Done:
    """The bridge itself; no tester is asked. It holds until the bridge ends, or the next one."""
    job.deciding()
    previous = job.desk.set_log_level(job.args.level, job.ticket.principal)
    return Done({"level": job.args.level, "previous": previous}, None)


class LogLevel:
    """The level of a logger, and of those below it, for one run of a bridge."""

    def __init__(self, logger: str = "macnet_bridge") -> None:
        self._logger = logging.getLogger(logger)
        self._before = self._logger.level

    @property
    def name(self) -> LogLevelName:
        """What is in force now; of a level between two of ours, the one that tells no more."""
        now = self._logger.getEffectiveLevel()
        return next((name for name, level in _LEVELS.items() if now <= level), "error")

    def change(self, level: LogLevelName, principal: str) -> LogLevelName:
        """Let it be this from now on, and write who wanted it.

        Returns:
            What it was.
        """
        previous = self.name
        self._logger.setLevel(_LEVELS[level])
        log.log(_LEVELS[level], "the log level is %s, and was %s: set by %s", level, previous, principal)
        return previous

    def restore(self) -> None:
        """As it was before."""
        self._logger.setLevel(self._before)
