"""The two measurements: readings counted by a subscriber, and commands timed to their answer."""

from __future__ import annotations

import random
import subprocess
import time
from dataclasses import dataclass, field
from typing import Any

import msgspec

from bench.machine import cpu_seconds_of_all
from bench.subscriber import Counters
from bench.wire import Client

ANSWER_S = 10.0
SETTLE_S = 1.0
SPREAD_S = 0.034
"""Commands leave at a random moment of a slow tester's request, or they would fall into step with it."""


class Answer(msgspec.Struct):
    """What of an acknowledgement counts here."""

    id: str | None = None
    status: str = "done"
    final: bool = True


@dataclass(frozen=True)
class Measured:
    """A contestant that runs.

    Attributes:
        pid: whose processor time is counted.
        readings: topic filter of its telemetry, None when it has none.
        commands: where it listens, with {channel} and {verb}; None when it does not.
        answers: topic filter of its acknowledgements.
        settle_s: how long until it does nothing but what is measured.
    """

    pid: int
    readings: str | None = None
    commands: str | None = None
    answers: str = ""
    settle_s: float = SETTLE_S


@dataclass
class Sample:
    """One row's numbers of one round. Latencies by verb, in milliseconds.

    Attributes:
        cpu: seconds of processor time, of each process that took part.
        calibration_ms: what a fixed piece of work took just before.
        failure: why there is nothing, or not everything; empty when all went well.
    """

    seconds: float = 0.0
    readings: int = 0
    messages: int = 0
    payload_bytes: int = 0
    missing: int = 0
    disordered: int = 0
    numbered: int = 0
    calibration_ms: float = 0.0
    failure: str = ""
    cpu: dict[str, float] = field(default_factory=dict)
    latencies_ms: dict[str, list[float]] = field(default_factory=dict)
    not_done: int = 0

    @property
    def rate(self) -> float:
        """Readings per second; 0 when at most one message came."""
        return self.readings / self.seconds if self.seconds else 0.0

    @property
    def cpu_us(self) -> float | None:
        """Processor time of the contestant per reading; None where it is not known."""
        return 1e6 * self.cpu["self"] / self.readings if self.readings and "self" in self.cpu else None


def count_readings(
    sample: Sample, counter: subprocess.Popen[str], seconds: float, pids: dict[str, int]
) -> None:
    """Count for some seconds what a subscriber gets, and the processor time of all involved."""
    before, cpu_before = _first_message(counter), _cpu(pids)
    time.sleep(seconds)
    after, cpu_after = _snapshot(counter), _cpu(pids)
    for name in ("readings", "messages", "payload_bytes", "missing", "disordered", "numbered"):
        setattr(sample, name, getattr(after, name) - getattr(before, name))
    sample.seconds = after.at - before.at
    sample.cpu = {name: cpu_after[name] - cpu_before[name] for name in cpu_before.keys() & cpu_after}


def _first_message(counter: subprocess.Popen[str]) -> Counters:
    """The counters once they count: a serial tester's first sweep takes its time."""
    end = time.monotonic() + ANSWER_S
    while time.monotonic() < end:
        counters = _snapshot(counter)
        if counters.messages:
            return counters
        time.sleep(0.01)
    raise RuntimeError(f"no telemetry within {ANSWER_S:g} s")


def _snapshot(counter: subprocess.Popen[str]) -> Counters:
    assert counter.stdin is not None
    assert counter.stdout is not None
    counter.stdin.write("\n")
    counter.stdin.flush()
    return msgspec.json.decode(counter.stdout.readline(), type=Counters)


def _cpu(pids: dict[str, int]) -> dict[str, float]:
    used = {name: cpu_seconds_of_all(pid) for name, pid in pids.items()}
    return {name: value for name, value in used.items() if value is not None}


class Commander:
    """Sends one command at a time and waits for its final acknowledgement."""

    def __init__(self, port: int, name: str, commands: str, answers: str) -> None:
        self._client = Client(port, f"bench-commander-{name}")
        self._client.subscribe(answers, qos=1)
        self._commands = commands
        self._name = name
        self._sent = 0
        self._decoder = msgspec.json.Decoder(Answer)

    def close(self) -> None:
        self._client.close()

    def send(self, channel: int, verb: str, args: dict[str, Any]) -> str:
        """Publish a command with QoS 1; returns its id."""
        self._sent += 1
        command_id = f"{self._name}-{self._sent}"
        payload = msgspec.json.encode({"id": command_id, "args": args})
        topic = self._commands.format(channel=channel, verb=verb).encode()
        self._client.publish(topic, payload, qos=1)
        return command_id

    def answers(self, *wanted: str) -> dict[str, tuple[Answer, float]]:
        """The final answers to these ids, each with time.monotonic() of its arrival."""
        missing, found = set(wanted), {}
        for message in self._client.messages_until(time.monotonic() + ANSWER_S):
            answer = self._decoder.decode(message.payload)
            if answer.final and answer.id in missing:
                found[answer.id] = (answer, time.monotonic())
                missing.discard(answer.id)
                if not missing:
                    return found
        raise RuntimeError(f"no final acknowledgement of {missing} within {ANSWER_S:g} s")

    def time_commands(self, sample: Sample, verb: str, channels: int, commands: int) -> None:
        """Send so many commands to channels at random and add their latencies."""
        taken = sample.latencies_ms.setdefault(verb, [])
        for _ in range(commands):
            time.sleep(random.uniform(0, SPREAD_S))
            args = {"variable": 1, "value": float(len(taken))} if verb == "set_variable" else {}
            started = time.monotonic()
            command_id = self.send(random.randint(1, channels), verb, args)
            answer, arrived = self.answers(command_id)[command_id]
            taken.append((arrived - started) * 1000)
            sample.not_done += answer.status != "done"
