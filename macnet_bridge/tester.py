"""One served tester: its connections, and what is known of it. Commands and telemetry share it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from macnet_bridge.errors import Rejected, TesterOffline, TesterRefused
from macnet_bridge.macnet.cycler import AsyncCycler, Line
from macnet_bridge.macnet.cycler.outputs import Fed
from macnet_bridge.macnet.probe import Probe
from macnet_bridge.macnet.protocol.functions import CHANNEL_SPECIFICATION
from macnet_bridge.macnet.protocol.messages import ChannelSpecification
from macnet_bridge.macnet.survey import Survey
from macnet_bridge.payloads.telemetry import ChannelState, Lock
from macnet_bridge.readings import CurrentSign

StopEnded = Callable[[int, str, bool, str | None, float], None]

STOPS_FIRST_S = 10.0
"""How long reads make way for a stop of many channels."""


@dataclass(slots=True)
class DirectTest:
    """A test in direct mode that this bridge began, and what a tester's watchdog knows of it.

    Times are Unix seconds.

    Attributes:
        name: of the test.
        watchdog_s: after how long without an output the tester suspends it.
        fed: when outputs left.
        shown_at: since when the tester is known to run it; infinity: not yet.
        ran_at: when the last reading was asked for that showed it running.
    """

    name: str
    watchdog_s: float
    fed: Fed
    shown_at: float = math.inf
    ran_at: float = 0.0


class Tester:
    """A tester as the bridge serves it.

    Attributes:
        name: its name in topics.
        served: the channels that the configuration serves, None for all.
        survey: what was found out when it came online, None while it is away.
        probe: what was found out about its transports then, None where the configuration names one.
        sign: how this tester's currents get their sign.
        specifications: of the channels asked so far. MacNet (3, 1)
        aux_names: by channel and input, what the configuration calls auxiliary inputs.
        aux_units: by channel, units of its auxiliary inputs as far as asked. MacNet (4, 5)
        cells: by channel, test name and cell of the last start that named its cell.
        locks: by channel, why no test may start there.
        direct: by channel, the test in direct mode that only the tester's own watchdog, or somebody
            else, can have suspended; gone when it is over, or when a suspend of this bridge leaves.
        published: by channel, the state that was published last.
        cells_changed: called when another cell was named.
        touched: called with a channel that a command has just changed.
        lock_changed: called with a channel that was locked or unlocked.
        seen: called with a channel and the state that a poll found it in, by MacNet's number.
        stop_ended: called when a stop of a channel has ended, with its verb, whether that ends the
            test, what kept it from being confirmed (None = it was), and the time.
        came_online: called when it is known what there is to serve, before anything of it is published.
    """

    __test__ = False  # not a test case, whatever pytest makes of the name

    def __init__(
        self,
        name: str,
        cycler: AsyncCycler,
        served: frozenset[int] | None = None,
        sign: CurrentSign | None = None,
    ) -> None:
        self.name = name
        self.cycler = cycler
        self.served = served
        self.sign = sign or CurrentSign()
        self.survey: Survey | None = None
        self.probe: Probe | None = None
        self.specifications: dict[int, ChannelSpecification] = {}
        self.aux_names: Mapping[int, Mapping[int, str]] = {}
        self.aux_units: dict[int, list[str]] = {}
        self.cells: dict[int, tuple[str, str]] = {}
        self.locks: dict[int, Lock] = {}
        self.direct: dict[int, DirectTest] = {}
        self.published: dict[int, ChannelState] = {}
        self._stopping = 0
        self._stops_over = asyncio.Event()
        self.cells_changed: Callable[[], None] = lambda: None
        self.touched: Callable[[int], None] = lambda channel: None
        self.lock_changed: Callable[[int], None] = lambda channel: None
        self.seen: Callable[[int, int], None] = lambda channel, state: None
        self.stop_ended: StopEnded = lambda channel, verb, ends_test, why, now_unix: None
        self.came_online: Callable[[], None] = lambda: None

    @property
    def channels(self) -> list[int]:
        """Served channels that the tester has; empty before it was first online."""
        there = range(1, (self.cycler.channels or 0) + 1)
        return list(there) if self.served is None else [n for n in there if n in self.served]

    def serves(self, channel: int) -> bool:
        """Whether commands to this channel are to be taken.

        Before a tester was first online its size is unknown; then the configuration decides alone.
        """
        inside = self.cycler.channels is None or channel <= self.cycler.channels
        return inside and (self.served is None or channel in self.served)

    @property
    def channel_number_offset(self) -> int:
        """What the tester adds to our channel numbers on its screen; JSON does not tell."""
        told = self.survey.system.channel_number_offset if self.survey else None
        return told or (self.probe.channel_number_offset if self.probe else 0)

    def online(self) -> Survey:
        """The survey of a tester that is there.

        Raises:
            TesterOffline: it is away.
        """
        if self.survey is None:
            raise TesterOffline(f"the tester {self.name} is offline")
        return self.survey

    def check_lock(self, channel: int) -> None:
        """Pass unless the channel is locked.

        Raises:
            Rejected: LOCKED, with the reason and who gave it.
        """
        lock = self.locks.get(channel)
        if lock is not None:
            raise Rejected("LOCKED", f"{lock.principal} locked the channel: {lock.reason}")

    @contextmanager
    def stops_first(self) -> Iterator[None]:
        """While a stop of many channels is under way: what is not urgent leaves the tester alone."""
        self._stopping += 1
        self._stops_over.clear()
        try:
            yield
        finally:
            self._stopping -= 1
            if not self._stopping:
                self._stops_over.set()

    async def let_stops_pass(self) -> None:
        """Wait while many channels are being stopped, some time at most."""
        if self._stopping:
            with suppress(TimeoutError):
                async with asyncio.timeout(STOPS_FIRST_S):
                    await self._stops_over.wait()

    def name_cell(self, channel: int, test_name: str, cell: str) -> None:
        """A test of this name is about to be started on a cell."""
        self.cells[channel] = (test_name, cell)
        self.cells_changed()

    def cell_id(self, channel: int, test_name: str | None) -> str | None:
        """The cell that a test was started on by us, None for tests of other origin."""
        name, cell = self.cells.get(channel, (None, None))
        return cell if name == test_name else None

    async def specification(self, channel: int, *, line: Line = Line.COMMANDS) -> ChannelSpecification | None:
        """Specification of a channel, asked once; None where the tester does not tell it."""
        if channel not in self.specifications and self.online().has(CHANNEL_SPECIFICATION):
            try:
                found = await self.cycler.read_specification(channel, line=line)
            except TesterRefused:
                return None
            self.specifications[channel] = found
        return self.specifications.get(channel)
