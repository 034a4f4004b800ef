"""A laboratory with a Node-RED beside it, which other programs command by HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.bridge.conftest import Lab, lab, own_lab
from tests.node_red import NodeRed

__all__ = ["lab", "own_lab"]

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


def connection(lab: Lab, **more: Any) -> dict[str, Any]:
    """The node that knows the broker of a laboratory."""
    url = f"mqtt://{lab.broker.host}:{lab.broker.port}"
    return {"id": "connection", "type": "macnet-connection", "url": url, "root": lab.root, **more}


def tab() -> dict[str, Any]:
    return {"id": "tab", "type": "tab", "label": "test"}


def commands(**more: Any) -> list[dict[str, Any]]:
    """POST /command with a message's properties; the answer says which output its answer left by."""
    take = "Object.assign(msg, msg.payload); msg.payload = msg.args; msg.kept = {deep: [1, 2]}; return msg;"
    tell = "msg.payload = {output: %s, answer: msg.payload, kept: msg.kept}; return msg;"
    return [
        {"id": "in", "type": "http in", "z": "tab", "url": "/command", "method": "post", "wires": [["take"]]},
        {"id": "take", "type": "function", "z": "tab", "func": take, "outputs": 1, "wires": [["command"]]},
        {
            "id": "command",
            "type": "macnet-command",
            "z": "tab",
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
            **more,
        },
        {"id": "done", "type": "function", "z": "tab", "func": tell % 1, "outputs": 1, "wires": [["out"]]},
        {"id": "rest", "type": "function", "z": "tab", "func": tell % 2, "outputs": 1, "wires": [["out"]]},
        {"id": "out", "type": "http response", "z": "tab", "wires": []},
    ]
