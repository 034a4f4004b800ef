"""The audit: who asked for what, what was decided, what went to the tester, and how it ended.

One line of JSON for each fact. `command` joins the lines of one command message, `n` puts all
lines of a run in order, and `run` counts the starts of the bridge.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from macnet_bridge.commands.audit_values import clipped, shown_message, shown_payload, shown_struct
from macnet_bridge.commands.ticket import Clock, CommandMessage, Ticket
from macnet_bridge.errors import MacNetBridgeError, TesterRefused
from macnet_bridge.macnet.exchanges import Exchange, Watcher
from macnet_bridge.macnet.protocol.function import Target
from macnet_bridge.payloads.acknowledgements import Acknowledgement

WriteLine = Callable[[bytes], None]
"""Keeps a line, without its end; must neither wait nor raise."""

Later = Callable[[Callable[[], None]], object]
"""Has something called, now or a moment later, on the loop."""

GATHERED_LINES = 100
"""So many facts become lines at once, even if their time has not come yet."""

_ALWAYS_KEPT = frozenset({5, 6, 7, 8})
"""Classes whose requests are kept whoever asked: what changes things, smart batteries, log-in."""

_OF_CHANNELS = (Target.CHANNEL, Target.CHANNELS)

_current: ContextVar[int | None] = ContextVar("command", default=None)


def carry_out(ticket: Ticket) -> None:
    """What this task, and those that it starts, ask of testers from now on belongs to this command."""
    _current.set(ticket.number)


class _Fact(NamedTuple):
    """What was noted, at this Unix time."""

    unix: float
    number: int
    fact: str
    about: Callable[[], dict[str, Any]]


class Audit:
    """Makes the lines of one bridge, on one loop.

    What is noted becomes lines a moment later, so that the command it is about does not wait for
    them. Each says when its fact was noted, and their order is that of the facts.
    """

    def __init__(self, write: WriteLine, clock: Clock, *, run: int = 0, later: Later | None = None) -> None:
        """
        Args:
            later: when the lines are made of what was noted; None: each at once.
        """
        self._write = write
        self._clock = clock
        self._run = run
        self._later = later
        self._noted: deque[_Fact] = deque()
        self._is_due = False
        self._lines = 0
        self._commands = 0

    def started(self, **about: Any) -> None:
        """The bridge has started."""
        self._note("started", lambda: about)

    def received(self, message: CommandMessage, ticket: Ticket) -> None:
        """A message came to a command topic; it gets its number."""
        self._commands += 1
        ticket.number = self._commands
        self._note("received", lambda: _received(message, ticket))

    def left(self, message: CommandMessage, owner: str) -> None:
        """A command to a cycler that another bridge serves, which answers it."""
        self._note("left", lambda: {"topic": clipped(message.topic), "to": owner})

    def admitted(self, ticket: Ticket) -> None:
        """It is valid and allowed, and will have its turn."""
        self._note("admitted", lambda: _place(ticket))

    def repeated(self, ticket: Ticket) -> None:
        """It was asked before: it is not carried out again."""
        self._note("repeated", lambda: {"command": ticket.number})

    def refused(self, ticket: Ticket, error: MacNetBridgeError) -> None:
        """It will not be carried out."""
        self._note("refused", lambda: _place(ticket) | {"code": error.code})

    def answered(self, ticket: Ticket, answer: Acknowledgement) -> None:
        """A final acknowledgement was published."""
        self._note("answered", lambda: {"command": ticket.number, "acknowledgement": shown_struct(answer)})

    def stopped(self, ticket: Ticket, *, sent_ms: float, confirmed_ms: float) -> None:
        """A stop was confirmed: how long after its receipt its request left, and it was known."""
        self._note("stopped", lambda: _place(ticket) | {"sent_ms": sent_ms, "confirmed_ms": confirmed_ms})

    def watcher(self, cycler: str) -> Watcher:
        """What is to be told of the exchanges with a tester."""
        return lambda exchange: self._exchanged(cycler, exchange)

    def _exchanged(self, cycler: str, exchange: Exchange) -> None:
        command = _current.get()
        function = exchange.function
        if command is None and function.fclass not in _ALWAYS_KEPT:
            return  # telemetry
        self._note("asked", lambda: _asked(command, cycler, exchange))

    def _note(self, fact: str, about: Callable[[], dict[str, Any]]) -> None:
        self._lines += 1
        self._noted.append(_Fact(self._clock().unix, self._lines, fact, about))
        if self._later is None or len(self._noted) >= GATHERED_LINES:
            self.flush()
        elif not self._is_due:
            self._is_due = True
            self._later(self.flush)

    def flush(self) -> None:
        """Make lines of all that was noted. Call it at the end."""
        self._is_due = False
        while self._noted:
            unix, number, fact, about = self._noted.popleft()
            time = datetime.fromtimestamp(unix, UTC).isoformat(timespec="microseconds")
            line = {"time": time.replace("+00:00", "Z"), "run": self._run, "n": number, "fact": fact}
            self._write(msgspec.json.encode(line | about()))


def _received(message: CommandMessage, ticket: Ticket) -> dict[str, Any]:
    about = {"topic": clipped(message.topic)} if ticket.topic_error else {}
    flags = {name: True for name in ("retain", "waited") if getattr(message, name)}
    return _known(
        command=ticket.number,
        principal=ticket.principal,
        cycler=ticket.cycler,
        channel=ticket.channel,
        verb=ticket.verb,
        **about,
        **flags,
        payload=shown_payload(message.payload),
    )


def _asked(command: int | None, cycler: str, exchange: Exchange) -> dict[str, Any]:
    function = exchange.function
    return _known(
        command=command,
        cycler=cycler,
        channel=exchange.channel if function.target in _OF_CHANNELS else None,
        fclass=function.fclass,
        fnum=function.fnum,
        function=function.name,
        fields=shown_message(exchange.request),
        reply=shown_message(exchange.reply),
        error=_shown_error(exchange.error),
        duration_ms=round(exchange.duration_s * 1000, 3),
    )


def _place(ticket: Ticket) -> dict[str, Any]:
    """Which command; and which channel of it, where it is for several."""
    if ticket.whole is None:
        return {"command": ticket.number}
    return _known(command=ticket.number, cycler=ticket.cycler, channel=ticket.channel)


def _shown_error(error: MacNetBridgeError | str | None) -> dict[str, Any] | None:
    if error is None:
        return None
    if isinstance(error, str):
        return {"message": error}
    result = error.result if isinstance(error, TesterRefused) else None
    return _known(code=error.code, message=clipped(str(error)), result=result)


def _known(**about: Any) -> dict[str, Any]:
    return {name: value for name, value in about.items() if value is not None}
