"""What is known of the commands of the past: of late in memory, and for long in the journal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from macnet_bridge.commands import proof
from macnet_bridge.commands.memory import AnswerMemory
from macnet_bridge.commands.permission import Permission
from macnet_bridge.commands.record import key_text, request_of
from macnet_bridge.errors import MacNetBridgeError
from macnet_bridge.store import Journal, Row
from macnet_bridge.tester import Tester


class History:
    """Looks ids up, of anybody.

    Attributes:
        permission: what decides who may ask.
    """

    def __init__(
        self,
        memory: AnswerMemory,
        journal: Journal,
        testers: Mapping[str, Tester],
        permission: Permission,
    ) -> None:
        self._memory = memory
        self._journal = journal
        self._testers = testers
        self.permission = permission

    async def find(self, principal: str, command_id: str) -> dict[str, Any]:
        """State of an id (`not_found`, `received`, `sent`, `final`), and its answer when it has one.

        Of one that ended `unknown`, `settled` is what the tester shows by now, if it shows anything.

        Raises:
            JournalUnavailable
        """
        entry = self._memory.find((principal, command_id))
        if entry is not None and entry.answer is None:
            return {"state": "sent" if entry.record is not None and entry.record.is_sent else "received"}
        row = await self._journal.find(key_text((principal, command_id)))
        known = entry or row
        answer = known.answer if known is not None else None
        if answer is None:
            return {"state": "not_found" if row is None else "sent" if row.sent_at else "received"}
        shown: dict[str, Any] = {"state": "final", "acknowledgement": msgspec.json.decode(answer)}
        if row is not None and shown["acknowledgement"]["status"] == "unknown":
            found = await self._look(row)
            shown |= {"settled": found} if found else {}
        return shown

    async def _look(self, row: Row) -> dict[str, Any] | None:
        request, wanted = request_of(row), proof.decode(row.proof)
        tester = self._testers.get(request.cycler or "")
        if wanted is None or tester is None:
            return None
        try:
            found = await proof.look(tester, request.channel or 1, wanted)
        except MacNetBridgeError:
            return None
        return {"status": "done", "verified": "read_back", "result": found} if found else None
