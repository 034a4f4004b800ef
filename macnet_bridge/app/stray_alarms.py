"""Alarms at the broker that this bridge raised once and does not know of: an earlier run left them.

Only the broker knows which there are, for a bridge may die, lose its data directory, or be given
other cyclers to serve. So it is asked, by a subscription to the alarms of all cyclers.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec import Struct

from macnet_bridge.telemetry.publisher import Identity
from macnet_bridge.topics import Topics

_MOST_WAITING = 100_000


class _Claim(Struct, frozen=True):
    """What alarms of all versions have in common."""

    bridge: str


class StrayAlarms:
    """Clears retained alarms that carry our name and are not ours now."""

    def __init__(
        self,
        topics: Topics,
        identity: Identity,
        has_raised: Callable[[str], bool],
        clear: Callable[[str], None],
    ) -> None:
        """
        Args:
            has_raised: whether an alarm of this topic holds now.
            clear: publishes an empty retained message.
        """
        self._topics = topics
        self._identity = identity
        self._has_raised = has_raised
        self._clear = clear
        self._waiting: set[str] = set()
        self._is_connected = False

    def heard(self, topic: str, payload: bytes) -> bool:
        """Something came from the broker. True = it is about an alarm. Never fails."""
        if not self._topics.is_alarm(topic):
            return False
        if payload and self._is_ours(payload) and len(self._waiting) < _MOST_WAITING:
            self._waiting.add(topic)
            if self._is_connected:
                self._clear_waiting()
        return True

    def connected(self) -> None:
        """The broker takes messages."""
        self._is_connected = True
        self._clear_waiting()

    def lost(self) -> None:
        """The broker takes nothing until `connected` is called again."""
        self._is_connected = False

    def _is_ours(self, payload: bytes) -> bool:
        try:
            return msgspec.json.decode(payload, type=_Claim).bridge == self._identity.bridge
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return False

    def _clear_waiting(self) -> None:
        for topic in self._waiting:
            if not self._has_raised(topic):
                self._clear(topic)
        self._waiting.clear()
