"""A simulated cycler in a thread of its own, for programs and tests that block."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Self, TypeVar

from macnet_bridge.simulator.cycler import SimulatedCycler
from macnet_bridge.simulator.sockets.fault_kinds import Fault
from macnet_bridge.simulator.sockets.received import Predicate, Received

T = TypeVar("T")


class ThreadedCycler:
    """A simulated cycler that runs while this is entered.

        with ThreadedCycler(channels=8) as simulated:
            ... connect to simulated.host, simulated.json_port ...

    Its arguments are those of `SimulatedCycler`.

    Attributes:
        cycler: the cycler itself. Whatever a request could come in between belongs into `do`.
    """

    def __init__(self, channels: int = 8, **options: Any) -> None:
        self.cycler = SimulatedCycler(channels, **options)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    @property
    def host(self) -> str:
        return self.cycler.host

    @property
    def json_port(self) -> int:
        return self.cycler.json_port

    @property
    def tcp_port(self) -> int:
        return self.cycler.tcp_port

    @property
    def udp_port(self) -> int:
        return self.cycler.udp_port

    def start(self) -> None:
        """Listen at the three ports; they are open when it returns.

        Raises:
            OSError: a port is taken or may not be used.
        """
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="simulated cycler", daemon=True)
        self._thread.start()
        try:
            self.run(self.cycler.start())
        except BaseException:
            self._end_thread()
            raise

    def stop(self) -> None:
        """Close ports and connections. Harmless when it is not running."""
        if self._thread:
            try:
                self.run(self.cycler.stop())
            finally:
                self._end_thread()

    def do(self, work: Callable[[SimulatedCycler], T]) -> T:
        """Call something with the cycler between two requests, such as `lambda it: it.step(10.0)`."""

        async def call() -> T:
            return work(self.cycler)

        return self.run(call())

    def add_fault(self, *faults: Fault) -> None:
        """Let these go wrong from now on."""
        self.do(lambda cycler: cycler.faults.add(*faults))

    @property
    def received(self) -> list[Received]:
        """What came in up to now, oldest first."""
        return self.do(lambda cycler: list(cycler.received))

    def wait_for(self, wanted: Predicate, timeout: float = 5.0) -> Received:
        """The first message that is wanted, or the next one to come.

        Raises:
            TimeoutError: none came within `timeout` seconds.
        """
        return self.run(self.cycler.wait_for(wanted, timeout))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Await something in the cycler's thread.

        Raises:
            RuntimeError: it does not run.
        """
        if self._loop is None:
            work.close()
            raise RuntimeError("the simulated cycler does not run")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _end_thread(self) -> None:
        assert self._loop is not None
        assert self._thread is not None
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._loop = self._thread = None
