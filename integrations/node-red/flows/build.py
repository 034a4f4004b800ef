"""Writes the dashboard flows for Node-RED: ../examples, from the functions and templates beside this file.

    python integrations/node-red/flows/build.py

One set for those who have this package's nodes, and one, `stock`, for those who have only Node-RED's own MQTT
nodes and Dashboard 2.0. They differ in how commands are sent and telemetry comes in; pages are the same.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from pages import stock_flows

EXAMPLES = Path(__file__).parent.parent / "examples"


def texts() -> dict[Path, str]:
    """Each file, and what has to be in it."""
    flows = {EXAMPLES / "stock" / "dashboard.json": stock_flows()}
    return {path: json.dumps(nodes, indent=1, ensure_ascii=False) + "\n" for path, nodes in flows.items()}


if __name__ == "__main__":
    for path, text in texts().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="\n")
        print(path.relative_to(EXAMPLES.parent))
