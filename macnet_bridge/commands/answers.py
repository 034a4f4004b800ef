"""Publishes acknowledgements, and gives the same final one to whoever asks for the same again."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping

import msgspec
from msgspec import UNSET, structs

from macnet_bridge.commands import debug_lines
from macnet_bridge.commands.audit import Audit
from macnet_bridge.commands.memory import AnswerMemory, Remembered
from macnet_bridge.commands.problems import problem
from macnet_bridge.commands.ticket import Clock, Ticket
from macnet_bridge.errors import TooLarge
from macnet_bridge.payloads.acknowledgements import Acknowledgement
from macnet_bridge.tester import Tester
from macnet_bridge.topics import Topics

SendAcknowledgement = Callable[[str, bytes, bytes | None], bool]
"""Publishes an acknowledgement: topic, payload, correlation data. False when the broker takes no
message of this size."""

_decoder = msgspec.json.Decoder(Acknowledgement)


LATENCIES_KEPT = 1000


class Answers:
    """All acknowledgements of a bridge.

    Attributes:
        latencies_ms: of the last final ones, from the receipt of their commands.
    """

    def __init__(
        self,
        topics: Topics,
        testers: Mapping[str, Tester],
        send: SendAcknowledgement,
        memory: AnswerMemory,
        clock: Clock,
        audit: Audit,
    ) -> None:
        self._topics = topics
        self._testers = testers
        self._send = send
        self._memory = memory
        self._clock = clock
        self._audit = audit
        self.latencies_ms: deque[float] = deque(maxlen=LATENCIES_KEPT)

    def accepted(self, ticket: Ticket) -> None:
        """Say that a command is valid and allowed, and not done yet."""
        self._publish(ticket, msgspec.json.encode(ticket.acknowledgement("accepted")))

    def final(
        self, ticket: Ticket, entry: Remembered | None, answer: Acknowledgement, *, reads: bool = False
    ) -> None:
        """Say what became of a command, to all who asked for it so far."""
        payload = msgspec.json.encode(answer)
        accepted = self._publish(ticket, payload)
        if not accepted and answer.results is not UNSET:
            # Each part has answered by itself, so that the status is all that is missing.
            payload = msgspec.json.encode(structs.replace(answer, results=UNSET))
            self._publish(ticket, payload)
        elif not accepted and reads:
            # The result of a read is all that can be large; without one the answer fits.
            error = TooLarge(f"the broker does not take an answer of {len(payload)} bytes")
            answer = ticket.acknowledgement("failed", self._clock(), problem=problem(error))
            payload = msgspec.json.encode(answer)
            self._publish(ticket, payload)
        self._audit.answered(ticket, answer)
        debug_lines.answered(ticket, answer)
        if answer.latency_ms is not UNSET:
            self.latencies_ms.append(answer.latency_ms)
        if entry is not None:
            self.recalled(entry, payload)

    def again(self, known: Remembered, ticket: Ticket) -> None:
        """The same command again: the same answer now, or when there is one."""
        if known.answer is None:
            known.repeats.append(ticket)
        else:
            self._publish_again(ticket, known.answer)

    def recalled(self, entry: Remembered, payload: bytes) -> None:
        """All who ask for it now get the answer that a command once had."""
        self._memory.settle(entry, payload)
        for repeat in entry.repeats:
            self._publish_again(repeat, payload)
        entry.repeats.clear()

    def _publish_again(self, ticket: Ticket, payload: bytes) -> None:
        answer = _decoder.decode(payload)
        again = structs.replace(answer, duplicate=True, reply_ignored=ticket.reply_ignored or UNSET)
        self._publish(ticket, msgspec.json.encode(again))
        self._audit.answered(ticket, again)
        debug_lines.answered(ticket, again)

    def _publish(self, ticket: Ticket, payload: bytes) -> bool:
        """Whether the acknowledgement's own topic got it."""
        accepted = self._send(self._topics.acknowledgement_topic(*self._place(ticket)), payload, None)
        for topic, correlation_data in ticket.routes:
            self._send(topic, payload, correlation_data)
        return accepted

    def _place(self, ticket: Ticket) -> tuple[str | None, int | None]:
        """Cycler and channel whose topic answers: never one that this bridge does not serve."""
        tester = self._testers.get(ticket.cycler or "")
        if tester is None:
            return None, None
        served = ticket.channel is not None and tester.serves(ticket.channel)
        return tester.name, ticket.channel if served else None
