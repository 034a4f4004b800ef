"""What the long trials share: a broker, testers, a bridge that can be killed, and the keeper of the count."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench import stack
from tests.bridge.running import BridgeProcess
from tests.brokers import MosquittoBroker

ROOT = "trial"
KEEPER = Path(__file__).with_name("keeper.py")
READY_S = 120.0
LOOK_S = 0.2
TELL_S = 10.0


def bridge_config(
    folder: Path,
    port: int,
    testers: dict[str, tuple[int, int, int]],
    *,
    interval_s: float,
    sweep_s: float = 1.0,
    qos: int = 1,
) -> str:
    """A bridge that reads every channel of these testers (JSON, TCP and UDP port by name) as often."""
    head = stack.BRIDGE_CONFIG.format(
        name="trial",
        directory=folder / "data",
        broker_port=port,
        root=ROOT,
        qos=qos,
        sweep_s=sweep_s,
        active_s=interval_s,
        idle_s=interval_s,
    )
    tables = [
        stack.CYCLER_CONFIG.format(name=name, json_port=ports[0], tcp_port=ports[1], udp_port=ports[2])
        for name, ports in testers.items()
    ]
    return head + "".join(tables)


def read_lines(record: Path) -> list[list[Any]]:
    """What a keeper recorded."""
    with record.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


class Trial:
    """The processes of a trial, all ended with the stack. The broker is configured as we ship it."""

    def __init__(self, running: ExitStack, folder: Path | None = None) -> None:
        """
        Args:
            folder: for data and logs; a temporary one when None.
        """
        self._running = running
        self.folder = folder or Path(
            running.enter_context(tempfile.TemporaryDirectory(prefix="macnet-trial-"))
        )
        self.broker = MosquittoBroker()
        running.callback(self.broker.remove)
        self.broker.start()

    def tester(self, channels: int, *more: str) -> tuple[int, int, int]:
        """A simulated tester without latency, as a process: its ports."""
        tester = self._running.enter_context(stack.simulated_tester(channels, 0.0, *more))
        return tester.json, tester.tcp, tester.udp

    def keeper(self, *filters: str, record: Path | None = None) -> Keeper:
        """The subscriber, below the trial's root."""
        whole = [f"{ROOT}/{each}" for each in filters]
        return self._running.enter_context(Keeper(self.broker.port, whole, record))

    def bridge(self, config: str) -> BridgeProcess:
        """`macnet-bridge run`, started."""
        process = BridgeProcess(config, self.folder)
        self._running.callback(process.close)
        process.start()
        return process


class Keeper:
    """`bench/keeper.py` as a process."""

    def __init__(self, port: int, filters: list[str], record: Path | None) -> None:
        arguments = [str(port), "trial-keeper", str(record or "-"), *filters]
        self._command = [sys.executable, str(KEEPER), *arguments]

    def __enter__(self) -> Keeper:
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "ready\n":
            raise RuntimeError("the subscriber did not start")
        return self

    def __exit__(self, *exc_info: object) -> None:
        stack.stop(self._process)

    @property
    def pid(self) -> int:
        return self._process.pid

    def look(self) -> dict[str, Any]:
        """The counters so far."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        return found

    def until(self, wanted: Callable[[dict[str, Any]], bool], what: str, seconds: float = READY_S) -> float:
        """Wait for counters that fit; the Unix time at which they did. Raises RuntimeError after a while."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = self.look()
            if wanted(found):
                return time.time()
            time.sleep(LOOK_S)
        raise RuntimeError(f"{what}: not within {seconds:g} s; {found}")

    def until_live(self, channels: int, since: float, seconds: float = READY_S) -> float:
        """Until every channel had a live reading that was made after `since`."""
        return self.until(
            lambda seen: seen["channels"] >= channels and seen["oldest_live"] > since,
            f"live readings of all {channels} channels",
            seconds,
        )

    def until_quiet(self, quiet_s: float, seconds: float = READY_S) -> float:
        """Until no message came for a while."""
        return self.until(lambda seen: time.time() - seen["at"] > quiet_s, "quiet", seconds)

    def until_replayed(
        self, settle_s: float, tell: Callable[[dict[str, Any]], None] = lambda seen: None
    ) -> None:
        """Until no replayed reading came for a while. `tell` gets the counters now and then."""
        seen, since, told_at = -1, time.monotonic(), time.monotonic()
        while time.monotonic() - since < settle_s:
            found = self.look()
            if found["historical"] != seen:
                seen, since = found["historical"], time.monotonic()
            if time.monotonic() - told_at > TELL_S:
                told_at = time.monotonic()
                tell(found)
            time.sleep(LOOK_S)
