"""Whether another bridge runs under our name. No I/O; times are arguments.

A bridge says `online` with the instance of its data directory: an earlier run of ours said the same
one. An `online` of another instance means another bridge, which is waited for until it is gone, as
cyclers of another bridge are.

No broker takes back what it kept of a bridge that died while the broker was away itself. So an
`online` counts only as long as signs of life come: the bridge's own canaries, every two seconds, on a
topic that whoever runs a bridge under this name may read.
"""

from __future__ import annotations

import time
from typing import Literal

from macnet_bridge.app.ownership import TAKEOVER_S
from macnet_bridge.payloads.status import BridgeStatus

SILENCE_S = 30.0
"""How long a bridge that is online may give no sign of life: longer than a broker takes, by the default
`keepalive_s`, to find out that it is gone."""

ASLEEP_S = 5.0
"""Who has not judged for this long was frozen, and has yet to read what came meanwhile."""

Verdict = Literal["unknown", "taken", "free"]


def described(name: str, other: BridgeStatus) -> str:
    """That another bridge is there, for people."""
    try:
        since = time.strftime(", since %Y-%m-%d %H:%M:%SZ", time.gmtime(other.since))
    except (OverflowError, ValueError, OSError):
        since = ""  # whoever may publish may write anything there
    return f"another bridge is called {name} and runs{since}"


class Namesake:
    """What is known of a bridge of our name."""

    def __init__(self, instance: str, *, gone_s: float = TAKEOVER_S, silence_s: float = SILENCE_S) -> None:
        """
        Args:
            instance: of our data directory.
            gone_s: how long it must be gone once it was there.
        """
        self._instance = instance
        self._gone_s = gone_s
        self._silence_s = silence_s
        self._has_looked = False
        self._quiet_since = 0.0
        self._judged_at = 0.0
        self._is_online = False
        self.seen: BridgeStatus | None = None
        """What it said when it was seen online the last time."""

    def heard_status(self, status: BridgeStatus | None, now: float) -> None:
        """A status under our name; None for one that is no bridge's, or was cleared."""
        self._quiet_since = now
        self._is_online = (
            status is not None and status.state == "online" and status.instance != self._instance
        )
        if self._is_online:
            self.seen = status

    def heard_sign_of_life(self, now: float) -> None:
        """Something came that only a bridge that runs publishes."""
        self._quiet_since = now

    def looked(self, now: float) -> None:
        """A connection has told all that the broker keeps; before it nothing was heard."""
        self._has_looked = True
        self._quiet_since = now

    def lost(self) -> None:
        """Nothing is heard until `looked` is called again."""
        self._has_looked = False

    def judge(self, now: float) -> Verdict:
        """Whether the name may be taken now; to be asked every second or so."""
        if now - self._judged_at > ASLEEP_S:
            self._quiet_since = now
        self._judged_at = now
        if not self._has_looked:
            return "unknown"
        patience_s = self._silence_s if self._is_online else self._gone_s
        if self.seen is None or now - self._quiet_since >= patience_s:
            return "free"
        return "taken"
