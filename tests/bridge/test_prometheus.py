"""A real Prometheus scrapes a running bridge, and answers queries."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from macnet_bridge.simulator import Behaviour
from tests.bridge.conftest import Lab
from tests.bridge.running import cycler_table, running_bridge
from tests.brokers import free_port
from tests.commands.samples import running
from tests.patience import PATIENCE_S

NO_PROMETHEUS = "prometheus is not installed"
DASHBOARD = Path(__file__).parents[2] / "integrations" / "grafana" / "macnet-bridge.json"

needs_prometheus = pytest.mark.skipif(shutil.which("prometheus") is None, reason=NO_PROMETHEUS)


class Prometheus:
    """One that scrapes `127.0.0.1:target` twice a second."""

    def __init__(self, target: int, folder: Path) -> None:
        self.port = free_port()
        (folder / "prometheus.yml").write_text(
            "global: {scrape_interval: 500ms, scrape_timeout: 500ms}\n"
            f"scrape_configs: [{{job_name: macnet, static_configs: [{{targets: ['127.0.0.1:{target}']}}]}}]\n"
        )
        self.folder = folder

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        with (self.folder / "prometheus.log").open("wb") as log:
            process = subprocess.Popen(
                [
                    "prometheus",
                    f"--config.file={self.folder / 'prometheus.yml'}",
                    f"--storage.tsdb.path={self.folder / 'tsdb'}",
                    f"--web.listen-address=127.0.0.1:{self.port}",
                ],
                stdout=log,
                stderr=log,
            )
        try:
            yield
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE_S)

    def ask(self, path: str, **parameters: str) -> Any:
        """The data of an answer of its HTTP API."""
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
            return json.load(answer)["data"]

    async def value(self, query: str, holds: Callable[[float], bool] = lambda _: True) -> float:
        """The only value of a query, once there is one that is as wanted."""
        deadline = time.monotonic() + PATIENCE_S
        found: list[Any] = []
        while time.monotonic() < deadline:
            with contextlib.suppress(urllib.error.URLError, ConnectionError):
                found = (await asyncio.to_thread(self.ask, "query", query=query))["result"]
                if len(found) == 1 and holds(float(found[0]["value"][1])):
                    return float(found[0]["value"][1])
            await asyncio.sleep(0.2)
        raise AssertionError(f"{query}: {found}; {(self.folder / 'prometheus.log').read_text()[-2000:]}")


@needs_prometheus
async def test_prometheus_reads_the_bridge(lab: Lab) -> None:
    cycler = await lab.cycler(4, behaviour=Behaviour(starting_second=0.0))
    running(cycler, 1)
    peer = await lab.peer()
    target = free_port()
    text = lab.config(cycler_table(cycler)).replace('http = ""', f'http = "127.0.0.1:{target}"')
    prometheus = Prometheus(target, lab.folder)
    async with running_bridge(text):
        await lab.online(peer)
        with prometheus.running():
            assert await prometheus.value("up") == 1
            assert await prometheus.value("macnet_broker_connected") == 1
            assert await prometheus.value('macnet_cycler_state{state="online"}', lambda v: v == 1) == 1
            assert await prometheus.value("count(macnet_channel_voltage_volts)", lambda v: v == 4) == 4
            of_channel = '{cycler="lab1",channel="1"}'
            assert await prometheus.value(f"macnet_channel_state{of_channel}", lambda v: v == 2) == 2
            first = await prometheus.value("macnet_cycler_readings_total")
            await prometheus.value("macnet_cycler_readings_total", lambda value: value > first + 3)
            # What it says of the idle channel is what was published of it.
            idle = (await peer.wait(lambda s: s.topic == f"{lab.root}/lab1/4/telemetry/reading")).json
            volts = await prometheus.value('macnet_channel_voltage_volts{channel="4"}')
            assert volts == pytest.approx(idle["voltage_volt"], abs=1e-3)
            await peer.command(f"{lab.root}/lab1/1/cmd/suspend", {"id": "s"})
            await prometheus.value(f"macnet_channel_state{of_channel}", lambda value: value == 3)
            await prometheus.value("macnet_stops_confirmed_total", lambda value: value == 1)
            await the_dashboard_can_be_asked(prometheus)


async def the_dashboard_can_be_asked(prometheus: Prometheus) -> None:
    """Each query of the dashboard is one that Prometheus takes, for all cyclers and channels."""
    panels = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    queries = [target["expr"] for panel in panels for target in panel["targets"]]
    assert len(queries) > 12
    for query in queries:
        everything = query.replace("$cycler", ".*").replace("$channel", ".*")
        answer = await asyncio.to_thread(prometheus.ask, "query", query=everything)
        assert answer["resultType"] == "vector"
        if 'state="offline"' not in query:
            assert answer["result"], query
