"""What the demo prints for its visitors: what listens where, and commands that work when pasted."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from dataclasses import dataclass
from typing import Any

from macnet_bridge.cli.demo_lab import ROOT, USUAL_PORT, DemoLab
from macnet_bridge.embedded_broker import EmbeddedBroker

CYCLER = "lab1"


@dataclass(frozen=True, slots=True)
class Example:
    """One thing to try: a topic, and the payload to publish there, None to subscribe."""

    topic: str
    payload: dict[str, Any] | None = None


def examples(channel: int) -> list[Example]:
    """What to try, in this order, on a channel that is free."""
    return [
        Example(f"{ROOT}/{CYCLER}/+/telemetry/reading"),
        Example(f"{ROOT}/{CYCLER}/+/telemetry/ack"),
        Example(f"{ROOT}/{CYCLER}/{channel}/cmd/set_variable", {"args": {"variable": 1, "value": 2.5}}),
        Example(
            f"{ROOT}/{CYCLER}/{channel}/cmd/start_test", {"id": "my-1", "args": {"procedure": "CCCV_1C"}}
        ),
        Example(f"{ROOT}/{CYCLER}/{channel}/cmd/suspend", {}),
    ]


def tour(channel: int, broker: EmbeddedBroker) -> list[str]:
    """The lines that tell a visitor what to try."""
    port = broker.port
    # Clients that ask for MQTT 5, as MQTTX does unless told otherwise, are turned away by the other broker.
    how = "no user" if broker.supports_v5 else "no user; choose MQTT 3.1.1"
    return [
        f"Try it from a second terminal, or with MQTTX, Node-RED, ... on mqtt://127.0.0.1:{port} ({how}):",
        *(f"  {command_line(example, port)}" for example in examples(channel)),
        "An id runs once, however often it is sent: give every start a new one.",
        "Or without Mosquitto's clients:",
        *(f"  {line}" for line in own_commands(channel, port)),
    ]


def own_commands(channel: int, port: int) -> list[str]:
    """What to try by our own commands, in this order, on a channel that is free."""
    where = "" if port == USUAL_PORT else f" --url mqtt://127.0.0.1:{port}"
    return [
        f"macnet-bridge watch {CYCLER}{where}",
        f"macnet-bridge send {CYCLER}/{channel} start_test procedure=CCCV_1C{where}",
        f"macnet-bridge send {CYCLER}/{channel} suspend{where}",
        "macnet-bridge send --verbs",
    ]


def command_line(example: Example, port: int) -> str:
    """The example as a command for this system's shell."""
    where = [] if port == USUAL_PORT else ["-p", str(port)]
    if example.payload is None:
        words = ["mosquitto_sub", *where, "-v", "-t", example.topic]
    else:
        payload = json.dumps(example.payload, separators=(",", ":"))
        words = ["mosquitto_pub", *where, "-t", example.topic, "-m", payload]
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)


def inventory(lab: DemoLab) -> list[str]:
    """What listens where."""
    note = ""
    if lab.plan.port is None and lab.broker.port != USUAL_PORT:
        note = f" ({USUAL_PORT} is in use)"
    return [
        f"broker  {lab.broker.name} on {lab.broker.host}:{lab.broker.port}{note}",
        *(
            line
            for name, cycler in lab.cyclers.items()
            for line in (
                f"cycler  {name}, simulated: {cycler.channels} channels at speed {cycler.speed:g}",
                f"        MacNet on {cycler.host}: JSON {cycler.json_port}, TCP {cycler.tcp_port}, "
                f"UDP {cycler.udp_port}",
            )
        ),
        f"bridge  demo, topics below {ROOT}/, commands from everybody",
    ]
