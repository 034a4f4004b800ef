"""A real Node-RED without its editor's user, as a process, with the nodes of integrations/node-red.

`MACNET_NODE_RED` names the folder where npm installed node, node-red, the dashboard, the test helper and
MQTT.js in the versions of `.ci/node-red-packages`; `.ci/run` makes it. Without it the tests are skipped.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import threading
import time
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.brokers import free_port
from tests.patience import PATIENCE_S

PACKAGE = Path(__file__).resolve().parents[1] / "integrations" / "node-red"
FOLDER = Path(os.environ.get("MACNET_NODE_RED") or "/nonexistent")
STOP_S = 15.0

needs_node_red = pytest.mark.skipif(
    not (FOLDER / "node_modules" / "node-red").is_dir(),
    reason="needs MACNET_NODE_RED: the folder where npm installed the packages of .ci/node-red-packages",
)

# No word to anybody on the Internet, and passwords as they were written.
_SETTINGS = """\
module.exports = {{
    uiHost: "127.0.0.1", uiPort: {port}, credentialSecret: false, flowFile: "flows.json",
    telemetry: {{enabled: false, updateNotification: false}}, diagnostics: {{enabled: false}},
    editorTheme: {{tours: false}}, externalModules: {{palette: {{allowInstall: false}}}},
    logging: {{console: {{level: "debug"}}}}
}};
"""
# Either may be said first.
READY = ("Started flows", "Server now running")


class NodeRed:
    """Node-RED with a flow, not yet started.

    Args:
        directory: its userDir; the flow file, the settings, the log and our package go there.
        flows: the nodes of the flow file.
        credentials: by the id of a node, such as `{"connection": {"username": ..., "password": ...}}`.

    Attributes:
        url: where editor and HTTP nodes are; a dashboard is at `{url}/dashboard`.
    """

    def __init__(
        self,
        directory: Path,
        flows: Sequence[Mapping[str, Any]],
        credentials: Mapping[str, Mapping[str, str]] = {},
    ) -> None:
        self.directory = directory
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = directory / "node-red.log"
        self._process: subprocess.Popen[bytes] | None = None
        directory.mkdir(exist_ok=True)
        (directory / "settings.js").write_text(_SETTINGS.format(port=self.port), "utf-8")
        (directory / "flows.json").write_text(json.dumps(list(flows)), "utf-8")
        (directory / "flows_cred.json").write_text(json.dumps(dict(credentials)), "utf-8")
        self._install()

    def _install(self) -> None:
        """Our package as npm would put it there, of this very tree. What it needs is found in FOLDER."""
        place = self.directory / "node_modules" / "node-red-contrib-macnet-bridge"
        ignored = shutil.ignore_patterns("node_modules", "test", "*.tgz")
        shutil.copytree(PACKAGE, place, ignore=ignored, dirs_exist_ok=True)
        package = json.loads((PACKAGE / "package.json").read_text("utf-8"))
        own = {"name": "flows", "private": True, "dependencies": {package["name"]: package["version"]}}
        (self.directory / "package.json").write_text(json.dumps(own), "utf-8")

    # -- coming and going

    def start(self) -> None:
        """Start it, and return once its flows have started and its pages can be had."""
        modules = FOLDER / "node_modules"
        program = [str(modules / ".bin" / "node"), str(modules / "node-red" / "red.js")]
        arguments = ["--userDir", str(self.directory), "--settings", str(self.directory / "settings.js")]
        after = len(self.log)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*program, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=os.environ | {"NODE_PATH": str(modules)},
            )
        for text in READY:
            self.wait_for_log(text, after)

    def stop(self) -> None:
        """End it in good order."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it without a word."""
        self._end(signal.SIGKILL)

    close = kill

    def _end(self, number: int) -> None:
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(number)
        self._process.wait(STOP_S)

    # -- what it says

    @property
    def log(self) -> str:
        """All that it wrote so far, over all its starts."""
        return self._log.read_text("utf-8", errors="replace") if self._log.exists() else ""

    def wait_for_log(self, text: str, after: int = 0, timeout_s: float = PATIENCE_S) -> None:
        """Return once it wrote a text, behind so many characters of its log."""
        end = time.monotonic() + timeout_s
        pause = threading.Event()
        while text not in self.log[after:]:
            ended = self._process is not None and self._process.poll() is not None
            if ended or time.monotonic() > end:
                raise AssertionError(f"Node-RED did not say {text!r}; it said:\n{self.log[after:]}")
            pause.wait(0.05)

    # -- its HTTP

    def request(self, path: str, body: Any = None, method: str | None = None, **headers: str) -> Any:
        """What a path answers, as JSON where it is such; a body is sent as JSON."""
        data = None if body is None else json.dumps(body).encode()
        kind = {"Content-Type": "application/json"} if data else {}
        request = urllib.request.Request(f"{self.url}{path}", data, kind | headers, method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            text = answer.read().decode()
        try:
            return json.loads(text)
        except ValueError:
            return text

    async def ask(self, path: str, body: Any = None) -> Any:
        """The same without holding up the loop of a bridge in this process."""
        return await asyncio.to_thread(self.request, path, body)

    def deploy(self, flows: Sequence[Mapping[str, Any]], kind: str = "full") -> None:
        """Replace the flow, as the editor's Deploy does: `full`, `nodes` or `flows`. Started on return."""
        after = len(self.log)
        headers = {"Node-RED-Deployment-Type": kind, "Node-RED-API-Version": "v2"}
        self.request("/flows", {"flows": list(flows)}, "POST", **headers)
        self.wait_for_log("[info] Started ", after)


def versions() -> dict[str, str]:
    """Versions of what npm installed, by the names of the packages."""
    names = ("node", "node-red", "@flowfuse/node-red-dashboard", "node-red-node-test-helper", "mqtt")
    found = {}
    for name in names:
        package = FOLDER / "node_modules" / name / "package.json"
        found[name] = (
            str(json.loads(package.read_text("utf-8"))["version"]) if package.exists() else "missing"
        )
    return found
