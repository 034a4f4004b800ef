"""The nodes in Node-RED's editor, as a headless Chromium shows it: forms, lists, help."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tests.bridge.conftest import Lab
from tests.node_red import needs_node_red
from tests.nodered.browsing import WAIT_MS, chromium, needs_chromium
from tests.nodered.conftest import StartNodeRed, commands, connection, placed, tab

if TYPE_CHECKING:
    from playwright.async_api import Page

pytestmark = [needs_node_red, needs_chromium]


@asynccontextmanager
async def editor(url: str, node: str) -> AsyncIterator[tuple[Page, list[str]]]:
    """The editor's page once it knows a node, and what its scripts complain about."""
    async with chromium() as browser:
        page = await browser.new_page()
        page.set_default_timeout(WAIT_MS)
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(url, timeout=WAIT_MS)
        await page.wait_for_function(f"window.RED && RED.nodes && RED.nodes.node('{node}')")
        yield page, complaints


async def test_forms_and_help(lab: Lab, start_node_red: StartNodeRed) -> None:
    others = placed(
        [
            {"id": "readings", "type": "macnet-readings", "connection": "connection", "wires": [[], []]},
            {"id": "states", "type": "macnet-state", "connection": "connection", "wires": [[], []]},
        ]
    )
    node_red = await start_node_red([tab(), connection(lab), *commands(verb="start_test"), *others])
    async with editor(node_red.url, "commands") as (page, complaints):
        await page.evaluate("RED.editor.edit(RED.nodes.node('commands'))")
        # The list of verbs comes from the runtime.
        await page.wait_for_function("document.querySelector('#node-input-verb')?.value === 'start_test'")
        about = await page.text_content("#macnet-about") or ""
        assert about.startswith("Start a test. MacNet (6, 10)")
        assert "procedure text, needed" in about
        await page.select_option("#node-input-scope", "all")
        assert await page.input_value("#node-input-verb") == "suspend"
        assert not await page.is_visible(".macnet-of-channel")
        assert not await page.is_visible(".macnet-arguments")
        await page.select_option("#node-input-scope", "channel")
        await page.select_option("#node-input-verb", "suspend")
        await page.click("#node-dialog-ok")
        await page.wait_for_function("RED.nodes.node('commands').verb === 'suspend'")
        assert await page.evaluate("RED.nodes.node('commands').valid") is True
        for kind in ("macnet-connection", "macnet-command", "macnet-readings", "macnet-state"):
            assert len(await page.evaluate(f"RED.nodes.getNodeHelp('{kind}')")) > 300
            icon = await page.evaluate(f"RED.nodes.getType('{kind}').icon || ''")
            assert bool(icon) == (kind != "macnet-connection")
        assert complaints == []
