"""A simulated cycler: a tester with its three ports."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import KW_ONLY, dataclass, field
from datetime import UTC, datetime
from functools import partial
from types import TracebackType
from typing import Literal, Self

from macnet_bridge.simulator.clock import Clock
from macnet_bridge.simulator.machine.channel import Channel
from macnet_bridge.simulator.machine.files import FileStore
from macnet_bridge.simulator.machine.tester import Behaviour, Tester
from macnet_bridge.simulator.sockets.answering import Answering
from macnet_bridge.simulator.sockets.connections import (
    BinaryConnection,
    Connection,
    Connections,
    JsonConnection,
)
from macnet_bridge.simulator.sockets.datagrams import BinaryDatagrams
from macnet_bridge.simulator.sockets.desk import Desk
from macnet_bridge.simulator.sockets.fault_kinds import Fault
from macnet_bridge.simulator.sockets.faults import Faults
from macnet_bridge.simulator.sockets.forms import Forms
from macnet_bridge.simulator.sockets.opening import opening
from macnet_bridge.simulator.sockets.received import MAX_RECORDS, Predicate, Received, ReceivedLog
from macnet_bridge.simulator.sockets.service import Service
from macnet_bridge.simulator.sockets.turnstile import Turnstile
from macnet_bridge.simulator.spoofer import Spoofer
from macnet_bridge.simulator.ticker import Ticker

Profile = Literal["faithful", "pymacnet"]


@dataclass(eq=False)
class SimulatedCycler:
    """A Maccor tester that is not there, on real sockets.

        async with SimulatedCycler(channels=8) as cycler:
            ... connect to cycler.host, cycler.json_port ...

    It may be stopped and started again: ports, channels and their tests stay as they are.

    Args:
        channels: 1 to 1024.
        host: address to listen at.
        json_port, tcp_port, udp_port: of JSON, binary TCP and binary UDP; 0 picks a free one,
            and once started the attribute has the one that was picked.
        latency_ms: how long the tester is busy with each request. Requests of all connections
            and transports wait for each other. A real tester was measured at 34.
        jitter_ms: by how much a latency is longer or shorter at most, evenly spread, always the
            same for a seed. That tester took 19 ms at best, so 15.
        speed: seconds of test time in one second.
        seed: testers of one seed have the same cells, latencies and luck with faults.
        behaviour: other ways of the tester; see there.
        pretty: replies in many lines, with CRLF between them as well as at their end.
        constant_id: every JSON reply has the id 1987.
        json_rest_broken: rest is refused by JSON, as real testers were seen to do.
        forms: how replies are worded where the manual leaves more than one way.
        files: where files of types 3 to 7 are kept; in memory by default.
        missing: functions that this tester does not have, such as `{(6, 11)}`.
        script: faults that strike from the start.
        profile: `pymacnet` answers with fixed values, as pymacnet's MaccorSpoofer does; of the
            other settings only ports, latency, faults and the log mean something then.
        max_records: how many received messages are kept.
        on_answered: is called with every record of `received` once it has its answer, or on
            `stop` without one.
        paused: the tester's time stands still from the start, see `pause`.
        clock: monotonic seconds; a test that gives its own can let hours pass at once. Channels
            are then brought up to date only when they are asked, and by the computer's own
            clock all the time.

    Attributes:
        tester: the device itself. Look at it or change it between requests, `channel(n)` first
            brings a channel up to date.
        received: all messages that came in, and what became of them.
        faults: what goes wrong on purpose; add and remove faults at any time.
        spoofer: what the profile `pymacnet` shows, None with the other one.
    """

    channels: int = 8
    _: KW_ONLY
    host: str = "127.0.0.1"
    json_port: int = 0
    tcp_port: int = 0
    udp_port: int = 0
    latency_ms: float = 0.0
    jitter_ms: float = 0.0
    speed: float = 1.0
    seed: int = 0
    behaviour: Behaviour | None = None
    pretty: bool = False
    constant_id: bool = False
    json_rest_broken: bool = True
    forms: Forms = field(default_factory=Forms)
    files: FileStore | None = None
    missing: Collection[tuple[int, int]] = ()
    script: Sequence[Fault] = ()
    profile: Profile = "faithful"
    max_records: int = MAX_RECORDS
    on_answered: Callable[[Received], object] | None = None
    paused: bool = False
    clock: Callable[[], float] = time.monotonic
    tester: Tester = field(init=False)
    received: ReceivedLog = field(init=False)
    faults: Faults = field(init=False)
    spoofer: Spoofer | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.tester = Tester(
            self.channels, speed=self.speed, seed=self.seed, behaviour=self.behaviour, files=self.files
        )
        self.received = ReceivedLog(self.max_records, self.on_answered)
        self.faults = Faults(self.missing, self.script, self.seed)
        self._connections = Connections()
        self._time = Clock(self.clock, is_paused=self.paused)
        self._ticker = Ticker(self.tester, self._time, self.speed)
        self._ticking: asyncio.Task[None] | None = None
        self._turnstile = Turnstile(self.latency_ms / 1000.0, self.jitter_ms / 1000.0, self.seed)
        self._servers: list[asyncio.Server] = []
        self._datagrams: BinaryDatagrams | None = None
        self._service = self._of_profile()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen at the three ports.

        Raises:
            CannotListen: a port is taken or may not be used; none is open then.
            OSError: this is no address of this computer; nor then.
        """
        if not self.tester.is_on:
            self.tester.power_on(self._time(), _time_of_day())
        self._connections.welcome = True
        try:
            drops_glued = self.forms.glued_requests == "dropped"
            json_connection = partial(JsonConnection, drops_glued=drops_glued)
            with opening("json_port", self.json_port):
                self.json_port = await self._listen(json_connection, self.json_port)
            with opening("tcp_port", self.tcp_port):
                self.tcp_port = await self._listen(BinaryConnection, self.tcp_port)
            with opening("udp_port", self.udp_port):
                self.udp_port = await self._listen_to_datagrams(self.udp_port)
        except OSError:
            await self.stop()
            raise
        if self.clock is time.monotonic and self.profile == "faithful":
            self._ticking = asyncio.create_task(self._ticker.run(), name="channels of a simulated cycler")

    async def stop(self) -> None:
        """Close ports and connections at once; requests that wait are forgotten."""
        await self._stop_ticking()
        self._turnstile.clear()
        self.received.give_up()
        self._connections.welcome = False
        for server in self._servers:
            server.close()
        self.disconnect_all()
        await self._connections.none_left()
        for server in self._servers:
            await server.wait_closed()
        self._servers.clear()
        if self._datagrams:
            self._datagrams.abort()
            await self._datagrams.closed.wait()
            self._datagrams = None

    def disconnect_all(self) -> None:
        """Cut all TCP connections; new ones are welcome."""
        self._connections.abort_all()

    def channel(self, number: int) -> Channel:
        """Channel 1 to n as of now."""
        channel = self.tester.channel(number)
        channel.advance(self._time())
        return channel

    # --- time

    def pause(self) -> None:
        """Let the tester's time stand still; it goes on answering.

        Tests, its time of day, the 100 ms between two outputs, `STARTING` and watchdogs all
        stand still together; latency and the seconds of faults do not.
        """
        self._time.pause()

    def resume(self) -> None:
        """Let time go on from where it stands."""
        self._time.resume()

    def step(self, second: float) -> None:
        """Let exactly so many seconds of test time pass on all channels, and then stand still again.

        At a speed above 1 that is less for the tester itself: its 100 ms are then over after
        0.1 s times the speed.

        Raises:
            ValueError: it is not paused, or `second` is negative.
        """
        self._time.step(second / self.speed)
        self.tester.advance(self._time())

    @property
    def speed_reached(self) -> float:
        """Seconds of test time in one second, over the last five.

        It is below `speed` on a machine that is too slow, and the tester's clock runs slower then.
        """
        return self._ticker.speed_reached

    async def wait_for(self, wanted: Predicate, timeout: float | None = None) -> Received:
        """The first message in `received` that is wanted, or the next one to come.

        Raises:
            TimeoutError: none came within `timeout` seconds.
        """
        return await self.received.wait_for(wanted, timeout)

    def _of_profile(self) -> Answering:
        desk = Desk(self.received, self.faults, self._turnstile, self._time)
        if self.profile == "pymacnet":
            self.spoofer = Spoofer(self.channels, desk)
            return self.spoofer
        return Service(
            self.tester,
            desk,
            pretty=self.pretty,
            constant_id=self.constant_id,
            json_rest_broken=self.json_rest_broken,
            forms=self.forms,
        )

    async def _stop_ticking(self) -> None:
        if self._ticking:
            self._ticking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._ticking
            self._ticking = None

    async def _listen(self, kind: Callable[[Answering, Connections], Connection], port: int) -> int:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: kind(self._service, self._connections), self.host, port)
        self._servers.append(server)
        picked: int = server.sockets[0].getsockname()[1]
        return picked

    async def _listen_to_datagrams(self, port: int) -> int:
        loop = asyncio.get_running_loop()
        transport, self._datagrams = await loop.create_datagram_endpoint(
            lambda: BinaryDatagrams(self._service), local_addr=(self.host, port)
        )
        picked: int = transport.get_extra_info("sockname")[1]
        return picked


def _time_of_day() -> datetime:
    """Local time without a zone, as a tester's PC keeps it."""
    return datetime.now(UTC).astimezone().replace(tzinfo=None)
