"""Runs a procedure file by MQTT on a simulated cycler, and draws what the bridge published.

    python -m bench.procedure_run diagnosticV4.000 --capacity-ah 1.1 --speed 2000 \\
        --leave-at 38 --go-on-at 61 --plot docs/procedure-run.png

Mosquitto, bridge and `macnet-bridge simulate` are processes of their own; this one only sends commands and
listens. Procedures of laboratories have loops of years: with `--leave-at` the test is archived when it
comes to that step, and goes on by `advanced_start` with the step of `--go-on-at`, no loop remaining.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from bench import stack
from bench.measure import Commander
from bench.procedure_plot import Reading, draw
from bench.wire import Client

ROOT = "run"
READINGS_S = 0.05
PATIENCE_S = 3600.0
NAME = "cell 1"


@click.command()
@click.argument("procedure", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--capacity-ah", type=float, default=2.5, show_default=True, help="Of the cell.")
@click.option("--c-rate-ah", type=float, default=1.0, show_default=True, help="What 1C is.")
@click.option("--speed", type=float, default=1000.0, show_default=True)
@click.option("--leave-at", type=int, help="Archive the test when it comes to this step.")
@click.option("--go-on-at", type=int, help="Go on with this step then.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write readings.")
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), help="Draw them; needs matplotlib.")
def main(procedure: Path, json_file: Path | None, plot: Path | None, **options: Any) -> None:
    """Run PROCEDURE, a file *.000; waveforms are taken from its folder."""
    readings = list(_run(procedure, **options))
    last = readings[-1]
    days = last.test_time_second / 86_400
    steps = len({reading.step_id for reading in readings})
    print(
        f"{len(readings)} readings of {steps} steps, {last.cycle_count} cycles, {days:.2f} days; {last.state}"
    )
    if json_file:
        json_file.write_text("".join(f"{json.dumps(reading._asdict())}\n" for reading in readings), "utf-8")
    if plot:
        draw(readings, plot, title=f"{procedure.name} on a simulated cell, as published by MQTT")


def _run(
    procedure: Path,
    *,
    capacity_ah: float,
    c_rate_ah: float,
    speed: float,
    leave_at: int | None,
    go_on_at: int | None,
) -> Iterator[Reading]:
    with ExitStack() as running:
        commander, client = _start(running, procedure, capacity_ah, speed)
        start = {"procedure": procedure.stem, "c_rate_ah": c_rate_ah}
        _do(commander, "start_test", {**start, "test_name": NAME})
        for reading in _readings(client):
            yield reading
            if reading.step_id == leave_at:
                _go_on(commander, start, go_on_at or leave_at)
                leave_at = None
            if reading.state not in ("active", "starting", "suspended", "available"):
                return


def _start(running: ExitStack, procedure: Path, capacity_ah: float, speed: float) -> tuple[Commander, Client]:
    broker_port, _ = running.enter_context(stack.mosquitto())
    folder = running.enter_context(tempfile.TemporaryDirectory(prefix="macnet-run-"))
    for path in (procedure, *procedure.parent.glob("*.[mM][wW][fF]")):
        shutil.copy(path, folder)
    options = ("--speed", str(speed), "--capacity-ah", str(capacity_ah), "--procedures", folder)
    tester = running.enter_context(stack.simulated_tester(1, 0.0, *options))
    polling = stack.Polling(active_s=READINGS_S)
    running.enter_context(stack.bridge(broker_port, tester, ROOT, qos=1, polling=polling))
    commander = Commander(
        broker_port, ROOT, ROOT + "/lab1/{channel}/cmd/{verb}", f"{ROOT}/lab1/+/telemetry/ack"
    )
    running.callback(commander.close)
    client = Client(broker_port, "bench-procedure-run")
    running.callback(client.close)
    client.subscribe(f"{ROOT}/lab1/1/telemetry/reading", qos=1)
    return commander, client


def _go_on(commander: Commander, start: dict[str, Any], step: int) -> None:
    _do(commander, "suspend", {})
    _do(commander, "archive", {})
    more = {"append_to": f"{NAME}.001", "step_id": step, "remaining_loops": [0, 0, -1, -1]}
    _do(commander, "advanced_start", {**start, **more})


def _do(commander: Commander, verb: str, args: dict[str, Any]) -> None:
    sent = commander.send(1, verb, args)
    answer, _ = commander.answers(sent)[sent]
    if answer.status != "done":
        raise click.ClickException(f"{verb}: {answer.status}")


def _readings(client: Client) -> Iterator[Reading]:
    """Those of the test as they come, from its first step on."""
    for message in client.messages_until(time.monotonic() + PATIENCE_S):
        values = json.loads(message.payload)
        if values["test_name"] == NAME and values["step_id"]:
            yield Reading(*(values.get(name) for name in Reading._fields))


if __name__ == "__main__":
    main()
