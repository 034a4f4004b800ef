"""Writes the dashboard flows for Node-RED: ../examples, from the functions and templates beside this file.

    python integrations/node-red/flows/build.py

One set for those who have this package's nodes, and one, `stock`, for those who have only Node-RED's own MQTT
nodes and Dashboard 2.0. They differ in how commands are sent and telemetry comes in; the pages are the same.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import pages
from canvas import Canvas, Node
from dashboard import Dashboard
from reach import Nodes, Stock

PACKAGE = Path(__file__).parent.parent
EXAMPLES = PACKAGE / "examples"
CREDENTIALS = PACKAGE / "container" / "credentials.json"
SETS: dict[str, type[Nodes] | type[Stock]] = {"dashboard.json": Nodes, "stock/dashboard.json": Stock}


def flows(reach: type[Nodes] | type[Stock]) -> list[Node]:
    """All nodes of one set."""
    canvas = Canvas(reach.__name__.lower())
    bridge = reach(canvas)
    dashboard = Dashboard(canvas)
    for page in (pages.rack, pages.batch, pages.stop, pages.charge):
        page(canvas, dashboard, bridge)
    bridge.finish()
    return canvas.nodes


def texts() -> dict[Path, str]:
    """Each file, and what has to be in it."""
    found = {EXAMPLES / name: _json(flows(reach)) for name, reach in SETS.items()}
    return found | {CREDENTIALS: _json(_credentials())}


def _credentials() -> dict[str, dict[str, str]]:
    """What the container gives the connection of the first set: names of environment variables."""
    [connection] = [node["id"] for node in flows(Nodes) if node["type"] == "macnet-connection"]
    return {connection: {"username": "${MQTT_USERNAME}", "password": "${MQTT_PASSWORD}"}}


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for path, text in texts().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="\n")
        sys.stdout.write(f"{path.relative_to(PACKAGE)}\n")
