"""A CommandService on a simulated cycler, with its acknowledgements written down."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from macnet_bridge.commands import debug_lines
from macnet_bridge.commands.audit import Audit
from macnet_bridge.commands.leases import Leases
from macnet_bridge.commands.limits import Limits
from macnet_bridge.commands.log_level import LogLevel
from macnet_bridge.commands.permission import AllowRule, Permission
from macnet_bridge.commands.rules import CommandRules, CyclerRules
from macnet_bridge.commands.service import CommandService
from macnet_bridge.commands.ticket import Now
from macnet_bridge.macnet import AsyncCycler, TesterAddress
from macnet_bridge.macnet.survey import Survey
from macnet_bridge.simulator import Behaviour, SimulatedCycler
from macnet_bridge.store import Journal
from macnet_bridge.tester import Tester
from macnet_bridge.topics import Topics
from tests.commands.results import check_results
from tests.patience import PATIENCE_S

SOON_S = 0.5
"""Time limit of a reply where one gets lost."""

ALL = Permission([AllowRule("*", ("*",))])
LIMITS = Limits(
    voltage_max_volt=4.25,
    voltage_min_volt=2.5,
    charge_max_ampere=5.0,
    discharge_max_ampere=5.0,
    power_max_watt=25.0,
)
START = {"procedure": "CCCV_1C", "c_rate_ah": 2.5}
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Message:
    """A command message as the broker driver gives it."""

    topic: str
    payload: bytes = b""
    retain: bool = False
    waited: bool = False
    response_topic: str | None = None
    correlation_data: bytes | None = None
    message_expiry_s: int | None = None


@dataclass(frozen=True)
class Sent:
    """An acknowledgement that the service sent."""

    topic: str
    payload: bytes
    correlation_data: bytes | None

    @property
    def content(self) -> dict[str, Any]:
        content: dict[str, Any] = msgspec.json.decode(self.payload)
        return content


class MovableClock:
    """The system's clocks, which a test may put forward."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def __call__(self) -> Now:
        return Now(time.time() + self.ahead_s, time.monotonic() + self.ahead_s)


@dataclass
class Lab:
    """One cycler `lab1`, commanded through a service.

    Attributes:
        sent: all that was sent, in order.
        handled: how many messages were taken.
        audited: the lines of the audit.
        next_bridge: makes another service for the same tester, as after a crash.
        broker_takes_bytes: of a message at most, None for any size.
    """

    simulated: SimulatedCycler
    tester: Tester
    service: CommandService
    clock: MovableClock
    sent: list[Sent]
    journal: Journal
    handled: int = 0
    broker_takes_bytes: int | None = None
    audited: list[bytes] = field(default_factory=list)
    next_bridge: Callable[[Leases | None], CommandService] = field(kw_only=True)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, topic: str, payload: bytes = b"", **properties: Any) -> None:
        """Hand the service a message as it is."""
        self.handled += 1
        self.service.handle(Message(topic, payload, **properties))

    def tell(
        self,
        verb: str,
        args: dict[str, Any] | None = None,
        *,
        channel: int | None = 1,
        id: str | None = None,
        principal: str = "",
        envelope: dict[str, Any] | None = None,
        **properties: Any,
    ) -> str:
        """Give a command; its id."""
        name = id or f"c-{next(_numbers)}"
        place = "macnet/lab1" if channel is None else f"macnet/lab1/{channel}"
        content = {"id": name} | ({"args": args} if args is not None else {}) | (envelope or {})
        end = f"/{principal}" if principal else ""
        self.take(f"{place}/cmd/{verb}{end}", msgspec.json.encode(content), **properties)
        return name

    async def ask(self, verb: str, args: dict[str, Any] | None = None, **how: Any) -> dict[str, Any]:
        """Give a command and wait for its final acknowledgement."""
        return await self.final(self.tell(verb, args, **how))

    async def final(self, id: str | None) -> dict[str, Any]:
        """The final acknowledgement of an id, the first one sent."""
        return (await self.wait(lambda a: a["id"] == id and a["final"] and "part" not in a))[0]

    async def wait(self, wanted: Callable[[dict[str, Any]], bool], count: int = 1) -> list[dict[str, Any]]:
        """The acknowledgements on their own topics that are wanted, once there are so many."""
        async with asyncio.timeout(PATIENCE_S):
            while len(found := [answer for answer in self.answers() if wanted(answer)]) < count:
                self._news.clear()
                await self._news.wait()
        return found

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait for a fact about the tester."""
        async with asyncio.timeout(PATIENCE_S):
            while not holds():  # noqa: ASYNC110 - the tester's channels set no event
                await asyncio.sleep(0.002)

    def answers(self) -> list[dict[str, Any]]:
        """What was sent to the topics of acknowledgements, Response Topics left out."""
        return [sent.content for sent in self.sent if sent.topic.endswith("/ack")]

    def finals(self, id: str | None = None) -> list[dict[str, Any]]:
        """Of whole commands; those of their channels are `parts`."""
        finals = [a for a in self.answers() if a["final"] and "part" not in a]
        return [a for a in finals if id in (None, a["id"])]

    def parts(self, id: str) -> dict[int, dict[str, Any]]:
        """The final acknowledgements of a command's parts, by channel."""
        return {a["channel"]: a for a in self.answers() if a["final"] and a.get("part") and a["id"] == id}

    def asked(self, fclass: int, fnum: int, channel: int | None = None) -> int:
        """How many requests of a function the tester got."""
        return len(self.simulated.received.of(fclass, fnum, channel))

    def note(self, topic: str, payload: bytes, correlation_data: bytes | None) -> bool:
        if self.broker_takes_bytes is not None and len(payload) > self.broker_takes_bytes:
            return False
        self.sent.append(Sent(topic, payload, correlation_data))
        self._news.set()
        return True


@asynccontextmanager
async def _journal(folder: Path | None) -> AsyncIterator[Journal]:
    with ExitStack() as stack:
        journal = Journal(folder or stack.enter_context(TemporaryDirectory()))
        journal.open()
        stack.callback(journal.close)
        yield journal


@asynccontextmanager
async def lab(
    channels: int = 4,
    *,
    permission: Permission = ALL,
    timeout_s: float = 10.0,
    cycler_rules: CyclerRules | None = None,
    rules: dict[str, Any] | None = None,
    served: frozenset[int] | None = None,
    live: bool = True,
    away: bool = False,
    folder: Path | None = None,
    audit_to: Callable[[bytes], None] | None = None,
    leases: Leases | None = None,
    **options: Any,
) -> AsyncIterator[Lab]:
    """At its end every message that was taken has had one final acknowledgement, and not more.

    Args:
        folder: where the journal is, None for one that nothing is in yet.
    """
    options.setdefault("behaviour", Behaviour(starting_second=0.0))
    async with SimulatedCycler(channels, **options) as simulated, _journal(folder) as journal:
        address = TesterAddress(simulated.host, simulated.json_port, simulated.tcp_port, simulated.udp_port)
        tester = Tester("lab1", AsyncCycler(address, timeout_s=timeout_s), served)
        system = await tester.cycler.read_system_info()
        simulated.received.clear()
        missing = dict.fromkeys(options.get("missing", ()), "refused")
        if away:
            await simulated.stop()
            tester.cycler.channels = None
        else:
            tester.survey = Survey(system, None, missing, live=live)
        clock = MovableClock()
        sent: list[Sent] = []
        audited: list[bytes] = []
        audit = Audit(audited.append if audit_to is None else audit_to, clock, run=7)
        tester.cycler.watch(debug_lines.watching("lab1", audit.watcher("lab1")))
        log_level = LogLevel()
        async with asyncio.TaskGroup() as tasks:

            def service(leases: Leases | None) -> CommandService:
                return CommandService(
                    Topics("macnet", "lab"),
                    CommandRules(
                        permission,
                        cyclers={"lab1": cycler_rules or CyclerRules(timeout_s, limits=LIMITS)},
                        **(rules or {}),
                    ),
                    {"lab1": tester},
                    lambda *message: made.note(*message),  # noqa: PLW0108 - `made` comes later
                    tasks,
                    clock,
                    journal=journal,
                    audit=audit,
                    leases=leases,
                    log_level=log_level,
                )

            first = service(leases)
            made = Lab(simulated, tester, first, clock, sent, journal, audited=audited, next_bridge=service)
            await first.recover()
            yield made
            await made.service.drain(PATIENCE_S)
        log_level.restore()
        tester.cycler.close()
        assert len(made.finals()) == made.handled
        for answer in made.answers():
            check_results(answer)
