"""What is wrong with a channel or a tester at the moment. Retained while it holds."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

AlarmKind = Literal["limit", "problem", "watchdog", "stale", "clock", "stop_unconfirmed"]
Severity = Literal["warning", "critical"]


class Alarm(Struct, frozen=True, kw_only=True):
    """`R/C/N/telemetry/alarm/K` or `R/C/telemetry/alarm/K`; an empty payload clears it.

    Attributes:
        since: when the bridge first saw it, in this run.
        what: in a line, for people.
        reason: in a word, for programs: the limit, the decoded RF2, ...
        value: what was measured when it was raised, where something was.
        limit: what the value should not have passed.
    """

    bridge: str
    session: str
    alarm: AlarmKind
    severity: Severity
    since: float
    what: str
    reason: str
    value: float | UnsetType = UNSET
    limit: float | UnsetType = UNSET
