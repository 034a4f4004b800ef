"""What is known of the commands of the past: of late in memory, and for long in the journal."""

from __future__ import annotations

from typing import Any

import msgspec

from macnet_bridge.commands.memory import AnswerMemory
from macnet_bridge.commands.permission import Permission
from macnet_bridge.commands.record import key_text
from macnet_bridge.store import Journal


class History:
    """Looks ids up, of anybody.

    Attributes:
        permission: what decides who may ask.
    """

    def __init__(self, memory: AnswerMemory, journal: Journal, permission: Permission) -> None:
        self._memory = memory
        self._journal = journal
        self.permission = permission

    async def find(self, principal: str, command_id: str) -> dict[str, Any]:
        """State of an id (`not_found`, `received`, `sent`, `final`), and its answer when it has one.

        Raises:
            JournalUnavailable
        """
        entry = self._memory.find((principal, command_id))
        if entry is not None:
            is_sent = entry.record is not None and entry.record.is_sent
            return _state(entry.answer, is_sent=is_sent)
        row = await self._journal.find(key_text((principal, command_id)))
        if row is None:
            return {"state": "not_found"}
        return _state(row.answer, is_sent=row.sent_at is not None)


def _state(answer: bytes | None, *, is_sent: bool) -> dict[str, Any]:
    if answer is None:
        return {"state": "sent" if is_sent else "received"}
    return {"state": "final", "acknowledgement": msgspec.json.decode(answer)}
