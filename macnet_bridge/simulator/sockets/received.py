"""The log of everything that a simulated cycler received, for tests to assert with."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from enum import Enum
from time import time as epoch_now

from msgspec import Struct, field

from macnet_bridge.macnet.protocol.messages import Message, Outcome, Result

MAX_RECORDS = 100_000


class Transport(Enum):
    """How a request came in."""

    JSON = "json"
    BINARY_TCP = "tcp"
    BINARY_UDP = "udp"


class Answer(Struct, frozen=True, kw_only=True):
    """What became of a message that came in.

    Attributes:
        reply: what the tester said, None where it says nothing or refuses without a code.
        error: MacNet's words for a refusal without a code, such as `Illegal value`.
        fault: the kind of fault that struck, empty for none. What arrived is another thing then.
    """

    reply: Message | None = None
    error: str = ""
    fault: str = ""

    @property
    def result(self) -> Result | None:
        """The result code, None where a reply has none."""
        return self.reply.result if isinstance(self.reply, Outcome) else None


class Received(Struct, kw_only=True):
    """One message that came in.

    Attributes:
        time: the tester's monotonic seconds at its arrival, before it waited for its turn.
        epoch_second: the same moment by the computer's clock, in seconds since 1970.
        number: MacNet's (class, number); None when nothing could be made of the message.
        channel: 1-based; 1 for system functions by JSON.
        body: the request; None when it was refused for its form or its function.
        request_id: of JSON-RPC; None in binary.
        raw: the bytes of a message without `body`, empty otherwise.
        answer: what became of it; None before its turn has come.
    """

    time: float
    transport: Transport
    number: tuple[int, int] | None = None
    channel: int = 1
    body: Message | None = None
    request_id: int | str | None = None
    raw: bytes = b""
    epoch_second: float = field(default_factory=epoch_now)
    answer: Answer | None = None

    @property
    def wire_channel(self) -> int:
        """The number that travelled, 0-based."""
        return self.channel - 1


Predicate = Callable[[Received], bool]


class ReceivedLog:
    """The last `max_records` messages, oldest first, and a way to wait for one.

    `on_answered` gets every record when it has its answer, or when it will not get one any more.
    """

    def __init__(
        self, max_records: int = MAX_RECORDS, on_answered: Callable[[Received], object] | None = None
    ) -> None:
        self._records: deque[Received] = deque(maxlen=max_records)
        self._unanswered: dict[int, Received] = {}
        self._on_answered = on_answered
        self._waiting: dict[asyncio.Future[Received], Predicate] = {}

    def __iter__(self) -> Iterator[Received]:
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)

    def __getitem__(self, index: int) -> Received:
        return self._records[index]

    def clear(self) -> None:
        """Forget all records."""
        self._records.clear()

    def of(self, fclass: int, fnum: int, channel: int | None = None) -> list[Received]:
        """All records of a function, on one channel when that is given."""
        return [
            record
            for record in self._records
            if record.number == (fclass, fnum) and channel in (None, record.channel)
        ]

    def add(self, record: Received) -> None:
        """Keep a record and wake those who wait for it."""
        self._records.append(record)
        self._unanswered[id(record)] = record
        self._wake(record)

    def answered(self, record: Received, answer: Answer) -> None:
        """Note what became of a record, and wake those who wait for that."""
        record.answer = answer
        self._finish(record)
        self._wake(record)

    def give_up(self) -> None:
        """Those that have no answer will not get one any more."""
        for record in list(self._unanswered.values()):
            self._finish(record)

    async def wait_for(self, wanted: Predicate, timeout: float | None = None) -> Received:
        """The first record that is wanted: one that is here already, or the next one.

        Raises:
            TimeoutError: none came within `timeout` seconds.
        """
        for record in self._records:
            if wanted(record):
                return record
        future: asyncio.Future[Received] = asyncio.get_running_loop().create_future()
        self._waiting[future] = wanted
        try:
            async with asyncio.timeout(timeout):
                return await future
        finally:
            del self._waiting[future]

    def _finish(self, record: Received) -> None:
        self._unanswered.pop(id(record), None)
        if self._on_answered:
            self._on_answered(record)

    def _wake(self, record: Received) -> None:
        for future, wanted in self._waiting.items():
            if not future.done() and wanted(record):
                future.set_result(record)
