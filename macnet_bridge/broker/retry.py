"""When to try again, with which MQTT version, and when to give up. No I/O, no clock."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Literal

from macnet_bridge.broker.messages import Cause, Protocol

FIRST_DELAY_S = 0.05
LONGEST_DELAY_S = 2.0
"""Short, because setpoints of direct control wait meanwhile: a broker that is back within a second is to
be found again before a lease of 5 s lapses."""
SETTLED_S = 5.0
"""A connection that was ready for this long is counted as a good one."""
STRIKES_MAX = 3
TRIAL_S = 2.0


class Backoff:
    """Full jitter: any delay up to a limit that doubles, so that clients do not come back in step."""

    def __init__(self, pick: Callable[[float, float], float] = random.uniform) -> None:
        self._pick = pick
        self._limit_s = FIRST_DELAY_S

    def next_s(self) -> float:
        """Seconds to wait before the next attempt."""
        delay_s = self._pick(0.0, self._limit_s)
        self._limit_s = min(LONGEST_DELAY_S, self._limit_s * 2)
        return delay_s

    def reset(self) -> None:
        self._limit_s = FIRST_DELAY_S


class ProtocolChoice:
    """Which version of MQTT to speak, where the user left it open.

    A broker that knows no MQTT 5 says so, closes the connection, or (amqtt) never answers. The
    latter two also happen while a broker is starting or frozen, so 3.1.1 is settled on only when
    it was accepted and MQTT 5, tried again right after, was turned away once more. A broker that
    could not be reached at all may be another one when it is back, so the choice begins anew.
    """

    def __init__(self, wanted: Literal["auto", "5", "4"]) -> None:
        self._is_open = wanted == "auto"
        self._older_was_accepted = False
        self._is_settled = not self._is_open
        self.is_undecided = False
        """MQTT 5 was turned away, and 3.1.1 has not been tried since: nothing to complain about yet."""
        self.current: Protocol = "4" if wanted == "4" else "5"

    @property
    def answer_s(self) -> float:
        """How long to wait for an answer: not for long while silence may be the answer."""
        return math.inf if self._is_settled else TRIAL_S

    def accepted(self) -> bool:
        """The broker took the version. False = close again and try MQTT 5 once more."""
        self.is_undecided = False
        if self._is_settled or self.current == "5" or self._older_was_accepted:
            self._is_settled = True
            return True
        self._older_was_accepted = True
        self.current = "5"
        return False

    def failed(self, cause: Cause) -> None:
        """An attempt ended before the broker accepted it."""
        self.is_undecided = False
        if not self._is_open:
            return
        if cause is Cause.UNREACHABLE:
            self._older_was_accepted = self._is_settled = False
            self.current = "5"
        elif cause in (Cause.OTHER_VERSION, Cause.UNANSWERED) and not self._is_settled:
            if self.current == "4":
                self._older_was_accepted = False
            self.is_undecided = self.current == "5"
            self.current = "4" if self.current == "5" else "5"


class TakeoverWatch:
    """Tells a second client with our id from a broker that comes and goes.

    Each of two clients with one id is thrown out when the other one comes, for ever, and commands
    may run on both. The sign: the broker ends a connection within 5 s of its becoming ready, and
    yet accepts our very next attempt; after that happened twice in a row, the third such end is the
    last, without another attempt, which would only throw the other one out once more. A broker
    that was killed or restarted does not accept the next attempt, and one that says it is shutting
    down is believed, so both wipe the slate. MQTT 5 brokers may name the takeover: then one within
    the 5 s is enough. After a longer time we come back, so that of two bridges the newcomer gives way.
    """

    def __init__(self) -> None:
        self._strikes = 0
        self._may_be_strike = False
        self._was_named = False

    @property
    def is_certain(self) -> bool:
        return self._was_named or self._strikes + self._may_be_strike >= STRIKES_MAX

    @property
    def wants_proof(self) -> bool:
        """Try again soon: a broker that was killed must not have the time to come back."""
        return self._may_be_strike

    def lost(self, cause: Cause, ready_for_s: float | None) -> None:
        """A connection ended; `ready_for_s` is None when it never became ready."""
        is_young = ready_for_s is None or ready_for_s < SETTLED_S
        self._was_named = cause is Cause.TAKEN_OVER and is_young
        self._may_be_strike = cause is Cause.BY_BROKER and is_young and ready_for_s is not None
        if cause is not Cause.BY_BROKER or not is_young:
            self._strikes = 0

    def accepted(self) -> None:
        """The broker accepted the attempt after a loss."""
        self._strikes += self._may_be_strike
        self._may_be_strike = False


class Attempts:
    """One attempt after the other, until another client is certain to have our id.

    Attributes:
        version: which version of MQTT the next one speaks.
        needs_clean_start: whether it has to do without the session: a message that cannot be read
            would only be delivered again.
    """

    def __init__(self, version: ProtocolChoice) -> None:
        self.version = version
        self.needs_clean_start = False
        self._backoff = Backoff()
        self._watch = TakeoverWatch()

    def accepted(self) -> bool:
        """The broker accepted one. False = close again and try MQTT 5 once more."""
        self.needs_clean_start = False
        if not self.version.accepted():
            return False
        self._watch.accepted()
        return True

    def lost(self, cause: Cause, ready_for_s: float | None) -> float | None:
        """A connection ended; `ready_for_s` is None when it never became ready.

        Returns:
            Seconds until the next attempt; None when there must be none.
        """
        self.needs_clean_start |= cause is Cause.GARBLED
        self._watch.lost(cause, ready_for_s)
        if self._watch.is_certain:
            return None
        if self._watch.wants_proof or (ready_for_s is not None and ready_for_s >= SETTLED_S):
            self._backoff.reset()
        return self._backoff.next_s()
