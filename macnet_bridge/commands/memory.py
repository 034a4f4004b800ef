"""What became of the commands of late: the same id again gets the same answer, not a second run."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from macnet_bridge.commands.record import Record
from macnet_bridge.commands.ticket import Ticket
from macnet_bridge.errors import Rejected

MAX_ENTRIES = 100_000
MAX_BYTES = 64 << 20
"""Of answers. Past that nothing is forgotten early: commands with large answers have to wait."""


@dataclass(slots=True)
class Remembered:
    """One command.

    Attributes:
        answer: its final acknowledgement as it was published, None while it runs.
        reserved_bytes: room that is kept for its answer while it runs.
        repeats: those who asked for the same meanwhile and wait for that answer.
        record: its row in the journal, None for a command that is not journalled.
    """

    fingerprint: bytes
    forget_at: float
    answer: bytes | None = None
    reserved_bytes: int = 0
    repeats: list[Ticket] = field(default_factory=list)
    record: Record | None = None


def reused() -> Rejected:
    """The refusal of a key that stood for another command."""
    return Rejected("ID_REUSED", "this id stood for another command; use a new one", "id")


class AnswerMemory:
    """Commands by key, for some time after they came. Times are monotonic seconds.

    A command that still runs is never forgotten.

    Attributes:
        bytes: of all answers, and of the room that is reserved for more.
    """

    def __init__(self, keep_s: float) -> None:
        self.bytes = 0
        self._keep_s = keep_s
        self._commands: OrderedDict[tuple[object, ...], Remembered] = OrderedDict()

    def look_up(self, key: tuple[object, ...], fingerprint: bytes, now: float) -> Remembered | None:
        """The command that came under this key before, None when it is new.

        Raises:
            Rejected: ID_REUSED, the key stood for another command.
        """
        self._forget(now)
        known = self._commands.get(key)
        if known is not None and known.fingerprint != fingerprint:
            raise reused()
        return known

    def find(self, key: tuple[object, ...]) -> Remembered | None:
        """The command under this key, whatever it was."""
        return self._commands.get(key)

    def remember(self, key: tuple[object, ...], fingerprint: bytes, now: float) -> Remembered:
        """Note a new command."""
        entry = self._commands[key] = Remembered(fingerprint, now + self._keep_s)
        return entry

    def reserve(self, entry: Remembered, answer_bytes: int) -> None:
        """Keep room for an answer of up to this size.

        Raises:
            Rejected: BUSY, there is none: the answers of late have to be forgotten first.
        """
        if self.bytes + answer_bytes > MAX_BYTES:
            raise Rejected("BUSY", f"{self.bytes >> 20} MB of answers are remembered; ask again later")
        entry.reserved_bytes = answer_bytes
        self.bytes += answer_bytes

    def settle(self, entry: Remembered, answer: bytes) -> None:
        """The command has ended with this answer."""
        self.bytes += len(answer) - entry.reserved_bytes
        entry.reserved_bytes = 0
        entry.answer = answer

    def __len__(self) -> int:
        return len(self._commands)

    def _forget(self, now: float) -> None:
        # Each is looked at once at most: when all of them run, there is nothing to forget.
        for _ in range(len(self._commands)):
            key, oldest = next(iter(self._commands.items()))
            if oldest.forget_at > now and len(self._commands) <= MAX_ENTRIES:
                return
            if oldest.answer is None:
                # Still running: look at it again later, after those that came since.
                oldest.forget_at = now + self._keep_s
                self._commands.move_to_end(key)
            else:
                self.bytes -= len(oldest.answer)
                del self._commands[key]
