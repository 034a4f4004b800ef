"""Finding out by which transport a tester's bulk reads go best.

JSON, binary TCP and UDP are asked for the same things in turn. A probe costs ten requests by each
transport, the echo of the UDP socket, and a log-in each where there are users: 31 or 34 requests,
about a second at a tester that takes 34 ms for each. Nothing that it asks changes anything.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, get_args

from macnet_bridge.errors import MacNetBridgeError
from macnet_bridge.macnet.cycler import AsyncCycler, ReadTransport
from macnet_bridge.macnet.identity import difference
from macnet_bridge.macnet.protocol import functions as f
from macnet_bridge.macnet.protocol.codes import MAX_CHANNELS_PER_REQUEST
from macnet_bridge.macnet.survey import Survey

TRANSPORTS: tuple[ReadTransport, ...] = get_args(ReadTransport)
"""In the order in which they are preferred."""

ANSWER_S = 2.0
"""How long a reply may take."""

LIMIT_S = 10.0
"""How long a probe may take; what has not been measured by then is not chosen."""

LEAST_GAIN = 0.2
"""By what part of the other's time a transport that is preferred less has to be faster..."""

LEAST_GAIN_S = 0.001
"""... and by how many seconds a request, so that noise decides nothing."""

_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found out about one transport.

    Attributes:
        bulk_read_second: what a bulk read took in the best of the rounds, None when it is out.
        reason: why it is out, None when it is not.
        channel_number_offset: of (1, 2), which JSON does not tell.
        is_another: whether it is out because another tester answers there.
    """

    transport: ReadTransport
    bulk_read_second: float | None = None
    reason: str | None = None
    channel_number_offset: int | None = None
    is_another: bool = False

    def __str__(self) -> str:
        if self.bulk_read_second is None:
            return f"{self.transport}: {self.reason}"
        return f"{self.transport} takes {1000 * self.bulk_read_second:.1f} ms"


@dataclass(frozen=True, slots=True)
class Probe:
    """What was found out about all transports, in the order of preference."""

    findings: tuple[Finding, ...]

    @property
    def chosen(self) -> ReadTransport:
        """The first one, unless one after it is clearly faster; JSON when none serves."""
        best: Finding | None = None
        for finding in self.findings:
            if finding.bulk_read_second is not None and (best is None or _is_clearly_faster(finding, best)):
                best = finding
        return best.transport if best else "json"

    @property
    def channel_number_offset(self) -> int:
        """What the tester adds to channel numbers on its screen."""
        return next((each.channel_number_offset for each in self.findings if each.channel_number_offset), 0)

    def __str__(self) -> str:
        return "; ".join(str(finding) for finding in self.findings)


def _is_clearly_faster(other: Finding, best: Finding) -> bool:
    if other.bulk_read_second is None or best.bulk_read_second is None:
        return False
    gain = best.bulk_read_second - other.bulk_read_second
    return gain >= LEAST_GAIN_S and gain >= LEAST_GAIN * best.bulk_read_second


async def probe(cycler: AsyncCycler, found: Survey) -> Probe:
    """Ask by every transport, and measure those that answer.

    The cycler's own connections are left alone. Raises nothing that a tester causes.
    """
    contenders = [_Contender(name, cycler, found) for name in TRANSPORTS]
    try:
        async with asyncio.timeout(LIMIT_S):
            # At once, so that the time-outs of ports that are silent do not add up.
            await asyncio.gather(*(contender.greet() for contender in contenders))
            await _race(contenders, found)
    except TimeoutError:
        for contender in contenders:
            contender.give_up(f"not all was answered within {LIMIT_S:g} s")
    finally:
        for contender in contenders:
            contender.client.close()
    return Probe(tuple(contender.finding() for contender in contenders))


Ask = Callable[[AsyncCycler, int], Awaitable[Any]]
"""A read of one or of this many channels, from the first one on."""

_TIMED: dict[f.Function[Any, Any], Ask] = {
    f.CHANNEL_STATUSES: lambda client, count: client.read_statuses(1, count),
    f.VOLTAGES: lambda client, count: client.read_voltages(1, count),
}
_ONCE: dict[f.Function[Any, Any], Ask] = {
    f.CURRENTS: lambda client, count: client.read_currents(1, count),
    f.TEST_TIMES: lambda client, count: client.read_test_times(1, count),
    f.STATUS_AND_READINGS: lambda client, count: client.read_status(1),
}


async def _race(contenders: Iterable[_Contender], found: Survey) -> None:
    """Ask all for the same thing before the next one, so that whatever else goes on hits all alike."""
    for number in range(_ROUNDS):
        for function, ask in (_TIMED | _ONCE if number == 0 else _TIMED).items():
            if not found.has(function):
                continue
            for contender in contenders:
                await contender.ask(ask, function if function in _TIMED else None)


class _Contender:
    """One transport while it is being probed."""

    def __init__(self, name: ReadTransport, cycler: AsyncCycler, found: Survey) -> None:
        self.client = cycler.sibling(name, min(cycler.timeout_s, ANSWER_S))
        self._name = name
        self._found = found
        self._reason: str | None = None
        self._is_another = False
        self._offset: int | None = None
        self._times: dict[f.Function[Any, Any], list[float]] = {}

    async def greet(self) -> None:
        """See whether it answers, and whether the same tester does. MacNet (1, 2)"""
        try:
            system = await self.client.read_system_info()
        except MacNetBridgeError as error:
            self.give_up(str(error))
            return
        if why := difference(self._found.system, system):
            self._is_another = True
            self.give_up(why)
        self._offset = system.channel_number_offset

    async def ask(self, ask: Ask, timed: f.Function[Any, Any] | None) -> None:
        """Ask once more, unless it is out; take the time under the function that is timed."""
        if self._reason is not None:
            return
        count = min(self._found.system.test_channels, MAX_CHANNELS_PER_REQUEST)
        began = time.perf_counter()
        try:
            # How many channels were answered for is checked where a reply is decoded.
            await ask(self.client, count)
        except MacNetBridgeError as error:
            self.give_up(str(error))
            return
        if timed is not None:
            self._times.setdefault(timed, []).append(time.perf_counter() - began)

    def give_up(self, reason: str) -> None:
        """Put it out; the first reason counts."""
        self._reason = self._reason or reason

    def finding(self) -> Finding:
        """What came of it."""
        if self._reason is None and not self._times:
            self._reason = "the tester has no bulk reads"
        taken = [min(times) for times in self._times.values()]
        read_s = sum(taken) / len(taken) if taken and self._reason is None else None
        return Finding(self._name, read_s, self._reason, self._offset, self._is_another)
