"""Whether a tester is there, and what is wrong with it: what `R/C/status` says."""

from __future__ import annotations

from macnet_bridge.errors import BadReply, MacNetBridgeError, TransportError
from macnet_bridge.telemetry.lateness import Lateness
from macnet_bridge.telemetry.pace import Pace
from macnet_bridge.telemetry.publisher import Publisher
from macnet_bridge.telemetry.reader import Outcomes, Subject

FAILURES_UNTIL_OFFLINE = 2
"""Reads that fail in a row until a tester counts as away: one alone may be a hiccup."""

GARBLED_UNTIL_OFFLINE = 6
"""The same where all were garbled: something answers, and of many replies some are garbled in a row."""

_NOT_YET_REACHED = "not reached yet"


class Presence:
    """What the reads of one tester showed of it. The status is published when that changes.

    Attributes:
        lateness: whether it keeps up, None while it is away.
    """

    def __init__(self, publisher: Publisher, pace: Pace) -> None:
        self._publisher = publisher
        self._pace = pace
        self.lateness: Lateness | None = None
        self._last_ok: float | None = None
        self._failures = self._garbled = 0
        # By the read that showed it; gone when that read succeeds again.
        self._troubles: dict[Subject | None, str] = {None: _NOT_YET_REACHED}

    @property
    def away_for(self) -> str | None:
        """Why it is away, None while it is there."""
        return self._troubles.get(None)

    def publish(self, *, always: bool = False) -> None:
        """`R/C/status`, when it says something new or always."""
        trouble = next(iter(self._troubles.values()), None)
        if trouble is None and self.lateness is not None:
            trouble = self.lateness.reason
        self._publisher.status(trouble, self._last_ok, always=always)

    def away(self, reason: str = _NOT_YET_REACHED) -> None:
        """It is not there, or not to be used."""
        self.lateness, self._troubles = None, {None: reason}
        self.publish()

    def there(self, now_unix: float) -> None:
        """It was found. Not published yet: there may be more to say."""
        self._last_ok = now_unix
        self._failures = self._garbled = 0
        self._troubles.clear()

    def note(self, outcomes: Outcomes, now_unix: float) -> None:
        """Keep what became of reads.

        Raises:
            TransportError: so many in a row had no good reply that the tester counts as away.
        """
        is_lost = False
        for subject, error in outcomes:
            if error is None:
                self._answered(subject, now_unix)
            elif not is_lost:  # what was asked together is lost together, once
                is_lost = isinstance(error, TransportError)
                self._pace.failed += 1
                self._failed(subject, error)

    def _answered(self, subject: Subject, now_unix: float) -> None:
        self._last_ok = now_unix
        self._failures = self._garbled = 0
        if self._troubles and self._troubles.pop(subject, None) is not None:
            self.publish()

    def _failed(self, subject: Subject, error: MacNetBridgeError) -> None:
        if not isinstance(error, TransportError):  # it said no: it answers, so it is there
            self._failures = self._garbled = 0
        elif isinstance(error, BadReply):
            self._garbled += 1
        else:
            self._failures += 1
        if self._failures >= FAILURES_UNTIL_OFFLINE or self._garbled >= GARBLED_UNTIL_OFFLINE:
            raise error
        self._troubles[subject] = str(error)
        self.publish()
