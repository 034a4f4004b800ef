"""Node-RED without its editor, with the flows of `bench/nodered`.

It is no part of the package: `npm install node-red` in a folder of its own, and either its
`node_modules/.bin` on the PATH or `--node-red FOLDER`. A flow file has nodes that are there once
(`shared`) and nodes of each tester (`each`), with `$` names that are filled in here.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from string import Template
from typing import Any

from bench import stack

FLOWS = Path(__file__).resolve().parent / "nodered"

# No editor, no pages, and no word to anybody on the Internet.
SETTINGS = """\
module.exports = {{
    uiHost: "127.0.0.1", uiPort: {port}, httpAdminRoot: false, httpNodeRoot: false,
    telemetry: {{enabled: false}}, diagnostics: {{enabled: false}}, runtimeState: {{enabled: false}},
    logging: {{console: {{level: "warn"}}}}
}};
"""


def find(folder: Path | None) -> str | None:
    """The program, from a folder of npm's or the PATH; None when it is not there."""
    if folder is None:
        return shutil.which("node-red")
    return shutil.which("node-red", path=str(folder / "node_modules" / ".bin"))


def version(program: str) -> str:
    """Its version, by the package that the program belongs to."""
    package = Path(program).resolve().parent / "package.json"
    try:
        return str(json.loads(package.read_text("utf-8"))["version"])
    except (OSError, ValueError, KeyError):
        return "of unknown version"


@contextmanager
def running(
    program: str, flow: str, broker_port: int, testers: Sequence[stack.TesterPorts], root: str, qos: int
) -> Iterator[subprocess.Popen[Any]]:
    """Node-RED as a process; its readings begin a second or two later."""
    with tempfile.TemporaryDirectory(prefix="macnet-bench-", ignore_cleanup_errors=True) as directory:
        flows, settings = Path(directory, "flows.json"), Path(directory, "settings.js")
        flows.write_text(json.dumps(filled_in(flow, broker_port, testers, root, qos)), "utf-8")
        settings.write_text(SETTINGS.format(port=stack.free_port()), "utf-8")
        command = [program, "--userDir", directory, "--settings", str(settings), str(flows)]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
            try:
                yield process
            finally:
                stack.stop(process)


def filled_in(
    flow: str, broker_port: int, testers: Sequence[stack.TesterPorts], root: str, qos: int
) -> list[dict[str, Any]]:
    """The nodes of a flow for these testers."""
    parts = json.loads((FLOWS / f"{flow}.json").read_text("utf-8"))
    values = {"BROKER_PORT": broker_port, "ROOT": root, "QOS": qos}
    nodes: list[dict[str, Any]] = _fill(parts["shared"], values)
    for number, tester in enumerate(testers, 1):
        nodes += _fill(parts["each"], values | _of_tester(number, tester))
    return nodes


def _of_tester(number: int, tester: stack.TesterPorts) -> dict[str, Any]:
    requests = [_request(channel) for channel in range(tester.channels)]
    return {
        "N": number,
        "PORT": tester.json,
        "CHANNELS": tester.channels,
        "HALF": tester.channels // 2,
        "FIRST": requests[0],
        "ALL": "".join(requests),
    }


def _request(wire_channel: int) -> str:
    params = {"FClass": 4, "FNum": 7, "Chan": wire_channel}
    request = {"jsonrpc": "2.0", "method": "MacNet", "params": params, "id": wire_channel}
    return json.dumps(request, separators=(",", ":"))


def _fill(nodes: Any, values: dict[str, Any]) -> Any:
    """Fill every text; the structure itself stays as it is, so that no value can break it."""
    if isinstance(nodes, dict):
        return {key: _fill(value, values) for key, value in nodes.items()}
    if isinstance(nodes, list):
        return [_fill(value, values) for value in nodes]
    return Template(nodes).safe_substitute(values) if isinstance(nodes, str) else nodes
