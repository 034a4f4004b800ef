"""Many commands from many clients while broker, testers and replies fail; then all is counted.

    python -m bench.chaos --commands 10000 --clients 8 --channels 64 --seed 1

Clients repeat ids at once, later and in shuffled order, and send again what got no final answer; the
broker is restarted, in good order and by SIGKILL in turn; testers lose 10 % of their replies and all
their connections now and then. Then the faults end, and every id has to get a final acknowledgement.
What was executed is read from the simulated testers. Exit code 1: something was executed twice, an
acknowledgement was untrue, or an id has none. Needs Mosquitto on the PATH.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import click

from bench.chaos_clients import Requester
from bench.chaos_judge import Ack, Judgement, judge
from bench.chaos_plan import Command, commands
from bench.chaos_testers import Testers
from tests.bridge.running import ALLOW_ALL, BridgeProcess, config_text, cycler_table
from tests.brokers import MosquittoBroker

ROOT = "chaos"
PER_CYCLER = 8
SETTINGS = """
[commands]
timeout_s = 0.2
[telemetry]
sweep_interval_s = 1
active_interval_s = 3600
idle_interval_s = 3600
"""
READY_S, PROBE_S = 60.0, 2.0
SHOWN = 20


@dataclass(frozen=True)
class Size:
    """How much of everything there is.

    Attributes:
        restarts, resets: of the broker, and of testers.
        settle_s: how long clients may ask again after the faults.
    """

    commands: int
    clients: int
    channels: int
    restarts: int
    resets: int
    seed: int = 1
    limit_s: float = 1800.0
    settle_s: float = 60.0


@dataclass(frozen=True)
class Outcome:
    """What a run counted."""

    size: Size
    sent: int
    duplicates: int
    restarts: int
    resets: int
    asked: int
    lost: int
    second: float
    judgement: Judgement


class Chaos:
    """Broker, bridge, testers and clients of one run."""

    def __init__(self, size: Size, folder: Path, stack: ExitStack) -> None:
        self.size = size
        self.restarts = 0
        count = -(-size.channels // PER_CYCLER)
        self.testers = Testers(count, min(PER_CYCLER, size.channels), size.seed, stack)
        self.broker = MosquittoBroker()
        stack.callback(self.broker.remove)
        self.broker.start()
        places = [(n // PER_CYCLER + 1, n % PER_CYCLER + 1) for n in range(size.channels)]
        self.plan = commands(size.commands, size.clients, places, size.seed)
        self._start_bridge(folder, stack)
        self.clients = [self._client(number, stack) for number in range(1, size.clients + 1)]

    def run(self) -> None:
        """All commands under faults, then what is left without."""
        stopped = threading.Event()
        threads = [
            threading.Thread(target=client.run, args=[stopped], daemon=True) for client in self.clients
        ]
        self.testers.begin()
        for thread in threads:
            thread.start()
        self._disturb(threads)
        self.testers.end()
        end = time.monotonic() + self.size.settle_s
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))
        stopped.set()
        for thread in threads:
            thread.join()

    def finals(self) -> dict[str, list[Ack]]:
        return {command_id: acks for client in self.clients for command_id, acks in client.finals.items()}

    def _disturb(self, threads: Sequence[threading.Thread]) -> None:
        """Restart and reset, evenly over the commands, until all were sent for the first time."""
        size, shown_at = self.size, 0.0
        end = time.monotonic() + size.limit_s
        while (started := sum(client.started for client in self.clients)) < size.commands:
            if time.monotonic() > end or not any(thread.is_alive() for thread in threads):
                return
            if self.restarts < size.restarts * started // size.commands:
                self._restart_broker()
            if self.testers.resets < size.resets * started // size.commands:
                self.testers.reset_one()
            if time.monotonic() - shown_at > 5:
                shown_at = time.monotonic()
                answered = sum(len(client.finals) for client in self.clients)
                print(f"{started} sent, {answered} answered, {self.testers.lost} lost", file=sys.stderr)
            time.sleep(0.02)
        # However small the run is.
        while self.restarts < size.restarts:
            self._restart_broker()
        while self.testers.resets < size.resets:
            self.testers.reset_one()

    def _restart_broker(self) -> None:
        self.restarts += 1
        if self.restarts % 2:
            self.broker.stop()
        else:
            self.broker.kill()
        self.broker.start()

    def _start_bridge(self, folder: Path, stack: ExitStack) -> None:
        tables = [cycler_table(tester.cycler, f"lab{n}") for n, tester in enumerate(self.testers.all, 1)]
        config = config_text(self.broker, ROOT, folder / "data", *tables, more=SETTINGS + ALLOW_ALL)
        process = BridgeProcess(config, folder)
        stack.callback(process.close)
        self.bridge = process
        process.start()
        self._until_online(set(range(1, len(self.testers.all) + 1)))

    def _until_online(self, cyclers: set[int]) -> None:
        """Until every cycler answers; a new id for each attempt, as an id keeps its answer."""
        end, attempt = time.monotonic() + READY_S, 0
        while cyclers:
            if time.monotonic() > end:
                raise RuntimeError("the bridge does not get its testers online")
            attempt += 1
            cyclers = cyclers - self._online(cyclers, attempt)

    def _online(self, cyclers: set[int], attempt: int) -> set[int]:
        probes = [Command(f"ready{attempt}-{number}", 0, number, 1, "read_status") for number in cyclers]
        client = Requester(self.broker.port, ROOT, 0, probes, self.size.seed)
        given_up = threading.Event()
        timer = threading.Timer(PROBE_S, given_up.set)
        timer.start()
        client.run(given_up)
        timer.cancel()
        client.close()
        return {
            probe.cycler
            for probe in probes
            if any(ack["status"] == "done" for ack in client.finals[probe.id])
        }

    def _client(self, number: int, stack: ExitStack) -> Requester:
        own = [command for command in self.plan if command.client == number]
        client = Requester(self.broker.port, ROOT, number, own, self.size.seed)
        stack.callback(client.close)
        return client


def run(size: Size) -> Outcome:
    """One whole run."""
    with tempfile.TemporaryDirectory(prefix="macnet-chaos-") as folder, ExitStack() as stack:
        chaos = Chaos(size, Path(folder), stack)
        began = time.monotonic()
        chaos.run()
        second = time.monotonic() - began
        # Whatever it would still send has been received when it has ended.
        chaos.bridge.interrupt()
        return Outcome(
            size,
            sent=sum(client.sent for client in chaos.clients),
            duplicates=sum(client.duplicates for client in chaos.clients),
            restarts=chaos.restarts,
            resets=chaos.testers.resets,
            asked=chaos.testers.asked,
            lost=chaos.testers.lost,
            second=second,
            judgement=judge(chaos.plan, chaos.finals(), chaos.testers.requests()),
        )


def table(outcome: Outcome) -> list[str]:
    found = outcome.judgement
    answered = max(1, found.statuses.total())
    rows = [
        ("commands", outcome.size.commands),
        ("clients", outcome.size.clients),
        ("channels", outcome.size.channels),
        ("messages sent", outcome.sent),
        ("of them duplicates and re-sent", outcome.duplicates),
        ("broker restarts", outcome.restarts),
        ("tester resets", outcome.resets),
        ("replies lost", f"{outcome.lost} of {outcome.asked}"),
        ("seconds", f"{outcome.second:.0f}"),
        *((f"accepted by testers {number}", count) for number, count in sorted(found.executed.items())),
        *sorted(found.statuses.items()),
        *((f"of them {status} {code}", n) for (status, code), n in sorted(found.ends.items()) if code),
        ("share of unknown", f"{found.statuses['unknown'] / answered:.2%}"),
        ("executed twice", len(found.twice)),
        ("untrue acknowledgements", len(found.untrue)),
        ("without a final one", len(found.unanswered)),
    ]
    return ["| what | count |", "| --- | --- |", *(f"| {what} | {count} |" for what, count in rows)]


@click.command(help=__doc__)
@click.option("--commands", "count", default=10_000, show_default=True, type=click.IntRange(1))
@click.option("--clients", default=8, show_default=True, type=click.IntRange(1, 64))
@click.option("--channels", default=64, show_default=True, type=click.IntRange(1, 128))
@click.option("--seed", default=1, show_default=True, type=int)
def main(count: int, clients: int, channels: int, seed: int) -> None:
    size = Size(count, clients, channels, restarts=1 + count // 2000, resets=1 + count // 300, seed=seed)
    outcome = run(size)
    print("\n".join(table(outcome)))
    found = outcome.judgement
    for fault in [*found.twice[:SHOWN], *found.untrue[:SHOWN], *found.unanswered[:SHOWN]]:
        print(fault, file=sys.stderr)
    sys.exit(int(not found.is_clean))


if __name__ == "__main__":
    main()
