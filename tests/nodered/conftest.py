"""A laboratory with a Node-RED beside it, which the tests command by HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from macnet_bridge.simulator import SimulatedCycler
from tests.bridge.conftest import Lab, lab, own_lab
from tests.bridge.running import cycler_table
from tests.node_red import NodeRed
from tests.patience import PATIENCE_S

__all__ = ["lab", "own_lab"]

TIMEOUT_S = 240
"""Of a test: Node-RED alone takes some seconds to start, and a browser as many."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here) and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(TIMEOUT_S))


StartNodeRed = Callable[..., Awaitable[NodeRed]]


@pytest.fixture
async def start_node_red(tmp_path: Path) -> AsyncIterator[StartNodeRed]:
    """Starts a Node-RED with these nodes; it ends with the test."""
    async with AsyncExitStack() as stack:

        async def start(nodes: list[dict[str, Any]], **options: Any) -> NodeRed:
            running = NodeRed(tmp_path / "node-red", nodes, **options)
            stack.callback(running.close)
            await asyncio.to_thread(running.start)
            return running

        yield start


async def served(lab: Lab, channels: int = 8, **options: Any) -> SimulatedCycler:
    """A tester that a bridge serves as lab1."""
    cycler = await lab.cycler(channels, **options)
    await lab.bridge(cycler_table(cycler))
    await lab.online(await lab.peer())
    return cycler


def connection(lab: Lab, **more: Any) -> dict[str, Any]:
    """The node that knows the broker of a laboratory."""
    url = f"mqtt://{lab.broker.host}:{lab.broker.port}"
    return {"id": "connection", "type": "macnet-connection", "url": url, "root": lab.root, **more}


def tab() -> dict[str, Any]:
    return {"id": "tab", "type": "tab", "label": "test"}


def placed(nodes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The nodes on the tab, where Node-RED knows them from nodes of configuration."""
    return [{"z": "tab", "x": 100, "y": 40 * at, **node} for at, node in enumerate(nodes)]


def function(name: str, text: str, *wires: str) -> dict[str, Any]:
    return {"id": name, "type": "function", "func": text, "outputs": 1, "wires": [list(wires)]}


def commands(**more: Any) -> list[dict[str, Any]]:
    """POST /command with a message's properties; the answer says which output its answer left by."""
    take = "Object.assign(msg, msg.payload); msg.payload = msg.args; msg.kept = {deep: [1, 2]}; return msg;"
    tell = "msg.payload = {output: %s, answer: msg.payload, kept: msg.kept}; return msg;"
    command = {
        "id": "commands",
        "type": "macnet-command",
        "connection": "connection",
        "scope": "channel",
        "cycler": "cycler",
        "cyclerType": "msg",
        "channels": "channel",
        "channelsType": "msg",
        "verb": "",
        "args": "payload",
        "argsType": "msg",
        "wires": [["done"], ["rest"]],
    }
    return placed(
        [
            {"id": "in", "type": "http in", "url": "/command", "method": "post", "wires": [["take"]]},
            function("take", take, "commands"),
            command | more,
            function("done", tell % 1, "out"),
            function("rest", tell % 2, "out"),
            {"id": "out", "type": "http response", "wires": []},
        ]
    )


def listening(kind: str, **more: Any) -> list[dict[str, Any]]:
    """GET /seen gives all messages that left a readings or a state node, with the output of each."""
    keep = (
        "const seen = flow.get('seen') || []; const {topic, kind, cycler, channel, stale, payload} = msg;"
        "seen.push({output: %s, topic, kind, cycler, channel, stale, payload}); flow.set('seen', seen);"
    )
    again = {"id": "again", "type": "http in", "url": "/again", "method": "get", "wires": [["ask"]]}
    wires = ["listener", "out"] if kind == "macnet-state" else ["out"]
    return placed(
        [
            {"id": "listener", "type": kind, "connection": "connection", "wires": [["one"], ["two"]], **more},
            function("one", keep % 1),
            function("two", keep % 2),
            {"id": "in", "type": "http in", "url": "/seen", "method": "get", "wires": [["tell"]]},
            function("tell", "msg.payload = flow.get('seen') || []; return msg;", "out"),
            again,
            function("ask", "msg.payload = {}; return msg;", *wires),
            {"id": "out", "type": "http response", "wires": []},
        ]
    )


async def seen(node_red: NodeRed, wanted: Callable[[dict[str, Any]], bool], count: int = 1) -> list[Any]:
    """The messages so far, once so many of them are wanted."""
    messages: list[dict[str, Any]] = []
    try:
        async with asyncio.timeout(PATIENCE_S):
            while sum(map(wanted, messages)) < count:
                await asyncio.sleep(0.05)
                messages = await node_red.ask("/seen")
    except TimeoutError:
        raise AssertionError(f"nothing like it came; the last were {messages[-5:]}") from None
    return messages
