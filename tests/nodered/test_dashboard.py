"""The dashboard flows in a real Node-RED, clicked in a real Chromium; a simulated tester obeys.

`MACNET_PICTURES=DIR` keeps pictures of the pages at the end of each step.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from macnet_bridge.simulator import SimulatedCycler
from macnet_bridge.simulator.sockets.received import Received
from tests.bridge.conftest import Lab
from tests.bridge.running import ALLOW_ALL, cycler_table
from tests.node_red import PACKAGE, NodeRed, needs_node_red
from tests.nodered.browsing import (
    DESKTOP,
    PHONE,
    WAIT_MS,
    chromium,
    look,
    needs_chromium,
    picture,
    until,
    until_at_least,
)
from tests.nodered.conftest import StartNodeRed

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

pytestmark = [needs_node_red, needs_chromium, pytest.mark.timeout(240)]

PICTURES = os.environ.get("MACNET_PICTURES", "")
SWEEPS = """
[telemetry]
sweep_interval_s = 0.5
active_interval_s = 0.5
idle_interval_s = 2.0
"""
START, SUSPEND, START_DIRECT, OUTPUT = (6, 2), (6, 3), (6, 7), (6, 8)
TABLE = """cycler\tchannel\tprocedure\ttest_name\tc_rate_ah
lab1\t3\tCCCV_1C\tcell three\t2.5
lab1\t5\tCCCV_1C\t\t2.5
lab1\t200\tCCCV_1C\tnowhere\t2.5
lab1\t5\tCCCV_1C\ttwice\t2.5
\t6\tCCCV_1C\tno cycler\t2.5
"""


@pytest.fixture(params=["dashboard.json", "stock/dashboard.json"], ids=["our nodes", "stock nodes"])
def flows(request: pytest.FixtureRequest, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """A set as it is shipped; where the broker is says the environment, as in a container."""
    monkeypatch.setenv("MQTT_HOST", lab.broker.host)
    monkeypatch.setenv("MQTT_PORT", str(lab.broker.port))
    monkeypatch.setenv("MACNET_ROOT", lab.root)
    nodes: list[dict[str, Any]] = json.loads((PACKAGE / "examples" / request.param).read_text("utf-8"))
    return nodes


@pytest.fixture
async def cycler(lab: Lab) -> SimulatedCycler:
    cycler = await lab.cycler(16)
    await lab.bridge(cycler_table(cycler), more=ALLOW_ALL + SWEEPS)
    await lab.online(await lab.peer())
    return cycler


def asked(cycler: SimulatedCycler, *number: int) -> list[int]:
    """The channels that a function was asked of, each as often as it was."""
    return [record.channel for record in cycler.received.of(*number)]


def commands(cycler: SimulatedCycler) -> int:
    """How many requests came in that change something."""
    return sum(record.number is not None and record.number[0] in (5, 6) for record in cycler.received)


async def obeyed(cycler: SimulatedCycler, wanted: Callable[[Received], bool]) -> Received:
    return await cycler.received.wait_for(wanted, WAIT_MS / 1000)


def is_(number: tuple[int, int], channel: int) -> Callable[[Received], bool]:
    return lambda record: record.number == number and record.channel == channel


async def start_batch(browser: Browser, node_red: NodeRed) -> Page:
    """A dry run, and then the start of what it found good, both by a click."""
    page = await look(browser, f"{node_red.url}/dashboard/batch")
    await page.locator(".batch-text textarea").first.fill(TABLE)
    await page.click(".dry")
    await until(page, '[data-row="lab1/3"] .dry-run', "done")
    await until(page, '[data-row="lab1/5"] .dry-run >> nth=0', "done")
    await until(page, '[data-row="lab1/200"] .dry-run', "NOT_SERVED")
    rows = await page.locator(".dry-run").all_inner_texts()
    assert "this channel stands above" in rows[3]
    assert "is no name of one" in rows[4]
    await page.click(".batch .start:enabled")
    await until(page, '[data-row="lab1/3"] .started', "done")
    await until(page, '[data-row="lab1/5"] .started >> nth=0', "done")
    return page


async def test_start_and_stop_by_a_click(
    lab: Lab, cycler: SimulatedCycler, flows: list[dict[str, Any]], start_node_red: StartNodeRed
) -> None:
    node_red = await start_node_red(flows)
    async with chromium() as browser:
        batch = await start_batch(browser, node_red)
        assert sorted(asked(cycler, *START)) == [3, 5], (
            "the dry run starts nothing, the start each channel once"
        )
        await picture(batch, PICTURES, "batch")

        rack = await look(browser, f"{node_red.url}/dashboard/rack")
        await rack.wait_for_selector('[data-channel="lab1/3"][data-look="charge"]')
        await rack.wait_for_selector('[data-channel="lab1/4"][data-look="available"]')
        assert await rack.locator("[data-channel]").count() == 16
        await rack.click('[data-channel="lab1/3"]')
        await until(rack, ".rack-details", "cell three")
        await picture(rack, PICTURES, "channel")
        await rack.click(".suspend")
        await until(rack, ".rack-answer", "Stop: done")
        assert asked(cycler, *SUSPEND) == [3]
        await rack.wait_for_selector('[data-channel="lab1/3"][data-look="suspended"]')

        # Neither a page that is opened anew nor a deployment sends anything.
        before = commands(cycler)
        await rack.reload()
        await batch.reload()
        await asyncio.to_thread(node_red.deploy, flows)
        await rack.reload()  # or else a click may hit what the page is about to replace
        await rack.wait_for_selector('[data-channel="lab1/5"][data-look="charge"]')
        assert commands(cycler) == before

        await rack.click(".stop-all")
        await rack.click(".stop-confirm")
        await until(rack, ".outcome", "Everything is confirmed as stopped")
        await until(rack, ".outcome", "Bridge lab: done")
        await picture(rack, PICTURES, "stopped")
        assert asked(cycler, *SUSPEND) == [3, 5], "what is stopped already is left alone"
        assert sorted(asked(cycler, *START)) == [3, 5]


async def test_the_rack_says_that_the_bridge_is_away(
    lab: Lab, flows: list[dict[str, Any]], start_node_red: StartNodeRed
) -> None:
    cycler = await lab.cycler(4)
    bridge = lab.process(cycler_table(cycler), more=ALLOW_ALL + SWEEPS)
    bridge.start()
    await lab.online(await lab.peer())
    node_red = await start_node_red(flows)
    offered = await node_red.ask("/library/examples/flows/node-red-contrib-macnet-bridge")
    assert offered == ["stock", {"fn": "dashboard"}], "the editor's list of examples"
    async with chromium() as browser:
        rack = await look(browser, f"{node_red.url}/dashboard/rack", PHONE)
        await rack.wait_for_selector('[data-channel="lab1/4"][data-look="available"]')
        bridge.kill()  # its will says it
        await rack.wait_for_selector('[data-channel="lab1/4"][data-look="stale"]')
        await until(rack, ".rack-away", "bridge lab is offline")
        late = await look(browser, f"{node_red.url}/dashboard/rack", PHONE)
        await late.wait_for_selector('[data-channel="lab1/1"][data-look="stale"]')
        await picture(late, PICTURES, "offline-phone")

        # A stop that nobody can confirm is shown as such.
        await late.click(".stop-all")
        await late.click(".stop-confirm")
        await until(late, ".outcome", "Nothing is confirmed as stopped")
        bridge.start()
        await rack.wait_for_selector('[data-channel="lab1/4"][data-look="available"]')


async def start_charge(browser: Browser, node_red: NodeRed, channel: int, **form: str) -> Page:
    page = await look(browser, f"{node_red.url}/dashboard/charge", DESKTOP)
    for name, value in {"cycler": "lab1", "channel": str(channel), "valid_for_s": "5", **form}.items():
        await page.fill(f".f-{name} input", value)
    await page.click(".charge .start")
    return page


async def test_a_closed_loop_ends_by_a_click_or_by_silence(
    lab: Lab, cycler: SimulatedCycler, flows: list[dict[str, Any]], start_node_red: StartNodeRed
) -> None:
    node_red = await start_node_red(flows)
    async with chromium() as browser:
        page = await start_charge(browser, node_red, 7)
        await until(page, ".charge-says", "start_direct: done")
        await until_at_least(page, ".charge-now .n", 4)
        await picture(page, PICTURES, "charge")
        await page.click(".charge .stop")
        await until(page, ".charge-says", "stop_direct: done")
        assert asked(cycler, *START_DIRECT) == [7]
        assert asked(cycler, *SUSPEND) == [7]
        outputs = len(asked(cycler, *OUTPUT))
        assert outputs >= 5, "four setpoints and the rest"
        assert set(asked(cycler, *OUTPUT)) == {7}

        # A cell that is full enough gets no current: the loop ends by itself.
        page = await start_charge(browser, node_red, 9, full_volt="4", taper_volt="3", cut_off_ampere="0.9")
        await until(page, ".charge-says", "stop_direct: done")
        assert asked(cycler, *SUSPEND) == [7, 9]
        assert len(asked(cycler, *OUTPUT)) == outputs + 1, "the rest"

        # A flow that ends says nothing any more: the bridge ends the lease, not the flow that comes after it.
        page = await start_charge(browser, node_red, 8)
        await until(page, ".charge-says", "start_direct: done")
        await until_at_least(page, ".charge-now .n", 3)
        await asyncio.to_thread(node_red.deploy, flows)
        await obeyed(cycler, is_(SUSPEND, 8))
        await until(page, ".charge-says", "The lease of lab1/8 has lapsed (silence)")
        assert asked(cycler, *START_DIRECT) == [7, 9, 8]
        assert asked(cycler, *SUSPEND) == [7, 9, 8]
