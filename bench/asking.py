"""Commands at a steady pace beside whatever is measured, in a thread: status and time of each."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import msgspec

from bench.measure import Answer
from bench.table import quantile
from bench.wire import Client, WireError

FORGET_S = 300.0
"""A command without a final answer is given up after this, so that memory stays bounded."""
TICK_S = 0.05


@dataclass(frozen=True)
class Asked:
    """One command that was answered, or given up; `sent_at` in Unix seconds."""

    cycler: str
    verb: str
    sent_at: float
    status: str
    latency_ms: float


class Asker:
    """Sends a command every so often and takes the final answers, until it is left.

    Answers may come late or after a broker was frozen: nothing waits for them.
    """

    def __init__(
        self,
        port: int,
        root: str,
        cycler: str,
        channels: int,
        verbs: Sequence[str],
        every_s: float,
    ) -> None:
        self._client = Client(port, f"asker-{root}-{cycler}")
        self._client.subscribe(f"{root}/{cycler}/+/telemetry/ack", qos=1)
        self._topic, self._cycler = f"{root}/{cycler}", cycler
        self._channels, self._every_s = channels, every_s
        self._next = itertools.cycle(verbs)
        self._open: dict[str, tuple[str, float, float]] = {}
        self._done: list[Asked] = []
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._number = itertools.count(1)
        self._decoder = msgspec.json.Decoder(Answer)
        self._paused = threading.Event()
        self._thread = threading.Thread(target=self._run, name="asker", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stopped.set()
        self._thread.join()
        self._client.close()

    def take(self) -> list[Asked]:
        """What was answered since the last call."""
        with self._lock:
            done, self._done = self._done, []
        return done

    def waiting(self) -> int:
        """Commands without a final answer."""
        return len(self._open)

    def pause(self) -> None:
        """Send nothing more; answers are still taken."""
        self._paused.set()

    def resume(self) -> None:
        self._paused.clear()

    def _run(self) -> None:
        due = time.monotonic()
        self._client.socket.settimeout(TICK_S)
        try:
            while not self._stopped.is_set():
                now = time.monotonic()
                if now >= due and not self._paused.is_set():
                    due = max(due + self._every_s, now)
                    self._send(now)
                self._client.socket.settimeout(min(TICK_S, max(0.001, due - time.monotonic())))
                for message in self._client.receive():
                    self._receive(message.payload)
                self._give_up(now)
        except (WireError, OSError):
            # Without a broker there is no answer; what waits stays unanswered and is told as such.
            return

    def _send(self, now: float) -> None:
        verb = next(self._next)
        command_id = f"ask-{self._cycler}-{next(self._number)}"
        self._open[command_id] = (verb, now, time.time())
        topic = f"{self._topic}/{random.randint(1, self._channels)}/cmd/{verb}"
        self._client.publish(topic.encode(), msgspec.json.encode({"id": command_id, "args": {}}), qos=1)

    def _receive(self, payload: bytes) -> None:
        answer = self._decoder.decode(payload)
        asked = self._open.pop(answer.id or "", None) if answer.final else None
        if asked is not None:
            self._finish(asked, answer.status, time.monotonic())

    def _give_up(self, now: float) -> None:
        # In the order of sending, so only the oldest need be looked at.
        for command_id, asked in list(itertools.islice(self._open.items(), 1)):
            if now - asked[1] > FORGET_S:
                del self._open[command_id]
                self._finish(asked, "unanswered", now)

    def _finish(self, asked: tuple[str, float, float], status: str, now: float) -> None:
        verb, began, sent_at = asked
        with self._lock:
            self._done.append(Asked(self._cycler, verb, sent_at, status, 1e3 * (now - began)))


def summary(asked: Sequence[Asked]) -> dict[str, Any]:
    """Number, statuses, and time to the final answer in milliseconds."""
    times = [each.latency_ms for each in asked]
    told: dict[str, Any] = {"n": len(asked), "statuses": dict(Counter(each.status for each in asked))}
    if times:
        told |= {"p50_ms": quantile(times, 0.5), "p99_ms": quantile(times, 0.99), "longest_ms": max(times)}
    return told
