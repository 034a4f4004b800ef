"""Which bridge serves a cycler that two of them have in their configuration. No I/O; times are arguments.

A bridge claims a cycler by what it publishes retained under it, with its name and session. A claim
is alive while that bridge's own status is online with that session and does not say that it leaves
the cycler to another one.

A bridge that comes to a cycler with a live claim of another does not serve it. Where two have
claimed it without seeing each other, the one that was started earlier keeps it, and of two of the
same moment the one whose session comes first in the alphabet.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from msgspec import UNSET

from macnet_bridge.payloads.status import BridgeStatus

TAKEOVER_S = 10.0
"""How long another bridge must be gone until its cyclers are taken over: longer than a restart, or
a connection that breaks for a moment."""


class Rank(NamedTuple):
    """The smaller one keeps a cycler."""

    since: float
    session: str


@dataclass(slots=True)
class _Cycler:
    """Attributes:
    owner: another bridge that serves it, None when we do, or nobody yet.
    is_ours: whether we have claimed it.
    claims: session by name of the other bridges that have claimed it.
    free_since: when the last live claim was seen to be gone; None while there is one.
    """

    owner: str | None = None
    is_ours: bool = False
    claims: dict[str, str] = field(default_factory=dict)
    free_since: float | None = None


class Ownership:
    """What one bridge knows of the others."""

    def __init__(
        self, bridge: str, rank: Rank, cyclers: Iterable[str], *, takeover_s: float = TAKEOVER_S
    ) -> None:
        self._bridge = bridge
        self._rank = rank
        self._takeover_s = takeover_s
        self._others: dict[str, BridgeStatus] = {}
        self._cyclers = {name: _Cycler() for name in cyclers}

    @property
    def not_served(self) -> dict[str, str]:
        """Cyclers that are left to another bridge, and its name."""
        return {name: cycler.owner for name, cycler in self._cyclers.items() if cycler.owner is not None}

    @property
    def claimed(self) -> dict[str, str]:
        """Cyclers that another live bridge has claimed, whoever keeps them, and its name."""
        return {name: min(live)[1] for name, cycler in self._cyclers.items() if (live := self._live(cycler))}

    def heard_status(self, bridge: str, status: BridgeStatus) -> None:
        """A bridge says how it is."""
        if bridge == self._bridge:
            return
        self._others[bridge] = status
        for name in {} if status.not_served is UNSET else status.not_served:
            if name in self._cyclers:
                self._cyclers[name].claims.pop(bridge, None)

    def heard_claim(self, name: str, bridge: str, session: str) -> bool:
        """A bridge has published under a cycler. True when it took the place of what we published."""
        cycler = self._cyclers.get(name)
        if cycler is None or bridge == self._bridge:
            return False
        cycler.claims[bridge] = session
        return cycler.is_ours

    def connected(self) -> None:
        """Nothing was heard while the connection was away, so patience begins anew."""
        for cycler in self._cyclers.values():
            cycler.free_since = None

    def look(self, now: float) -> bool:
        """Decide about all cyclers. True when anything has changed."""
        before = {name: (cycler.owner, cycler.is_ours) for name, cycler in self._cyclers.items()}
        for cycler in self._cyclers.values():
            self._decide(cycler, now)
        return before != {name: (cycler.owner, cycler.is_ours) for name, cycler in self._cyclers.items()}

    def _decide(self, cycler: _Cycler, now: float) -> None:
        first = min(self._live(cycler), default=None)
        if first is not None and not (cycler.is_ours and self._rank < first[0]):
            cycler.owner, cycler.is_ours, cycler.free_since = first[1], False, None
        elif cycler.owner is None:
            cycler.is_ours = True
        elif cycler.free_since is None:
            cycler.free_since = now
        elif now - cycler.free_since >= self._takeover_s:
            cycler.owner, cycler.is_ours = None, True

    def _live(self, cycler: _Cycler) -> list[tuple[Rank, str]]:
        return [
            (Rank(status.since, status.session), bridge)
            for bridge, session in cycler.claims.items()
            if (status := self._others.get(bridge)) is not None
            and (status.state, status.session) == ("online", session)
        ]
