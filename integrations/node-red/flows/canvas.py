"""Puts nodes of Node-RED on tabs, from left to right in lanes; pure values, no files but the sources beside it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
Node = dict[str, Any]

_LEFT, _TOP = 140, 100
_STEP_X, _STEP_Y = 230, 60
_PADDING_X, _PADDING_Y = 100, 40


def source(folder: str, name: str) -> str:
    """The text of a source file without its last line end; empty where there is none."""
    path = HERE / folder / name
    return path.read_text("utf-8").rstrip("\n") if path.exists() else ""


class Canvas:
    """All nodes of one set of flows.

    Args:
        seed: distinguishes the ids of this set from those of another one.
    """

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self.nodes: list[Node] = []

    def id(self, name: str) -> str:
        """The id of what has that name; always the same, so that a change of one node is a change of one."""
        return hashlib.sha256(f"{self._seed} {name}".encode()).hexdigest()[:16]

    def config(self, type_: str, name: str, **properties: Any) -> str:
        """Add a node that stands on no tab; its id."""
        node = {"id": self.id(f"{type_} {name}"), "type": type_, "name": name, **properties}
        self.nodes.append(node)
        return str(node["id"])

    def tab(self, label: str, info: str, env: list[Node] | None = None) -> Tab:
        tab = {"id": self.id(f"tab {label}"), "type": "tab", "label": label, "disabled": False}
        self.nodes.append({**tab, "info": info, "env": env or []})
        return Tab(self, str(tab["id"]), label)


class Tab:
    """One tab; `group` begins a box on it, below the one before."""

    def __init__(self, canvas: Canvas, id_: str, label: str) -> None:
        self._canvas = canvas
        self.id = id_
        self._label = label
        self._y = _TOP

    def key(self, name: str) -> str:
        """The id of the node of that name on this tab."""
        return self._canvas.id(f"{self._label} {name}")

    def group(self, label: str, *lanes: list[Node | None]) -> None:
        """A box with one row of nodes for each lane; None leaves a place free."""
        columns = max(len(lane) for lane in lanes)
        ids = [str(node["id"]) for lane in lanes for node in lane if node]
        box: Node = {
            "id": self.key(f"group {label}"), "type": "group", "z": self.id, "name": label,
            "style": {"label": True, "fill": "#f4f7fa", "stroke": "#a4b4c4"}, "nodes": ids,
            "x": _LEFT - _PADDING_X, "y": self._y - _PADDING_Y,
            "w": (columns - 1) * _STEP_X + 2 * _PADDING_X, "h": (len(lanes) - 1) * _STEP_Y + 2 * _PADDING_Y,
        }  # fmt: skip
        self._canvas.nodes.append(box)
        for row, lane in enumerate(lanes):
            for column, node in enumerate(lane):
                if node:
                    place = {"x": _LEFT + column * _STEP_X, "y": self._y + row * _STEP_Y}
                    self._canvas.nodes.append({**node, "z": self.id, "g": box["id"], **place})
        self._y += len(lanes) * _STEP_Y + 2 * _PADDING_Y

    def node(self, type_: str, name: str, *wires: str | list[str], **properties: Any) -> Node:
        """A node, to be put into a group. Each of `wires` is an output: names of nodes on this tab."""
        outputs = [[wire] if isinstance(wire, str) else wire for wire in wires]
        ids = [[self.key(target) for target in output] for output in outputs]
        return {"id": self.key(name), "type": type_, "name": name, **properties, "wires": ids}

    def function(self, name: str, file: str, *wires: str | list[str]) -> Node:
        """A function node whose code is `functions/FILE.js`, and what it does at its start `FILE.start.js`."""
        code = {"func": source("functions", f"{file}.js"), "initialize": source("functions", f"{file}.start.js")}
        return self.node(
            "function", name, *wires, **code, outputs=max(1, len(wires)), timeout=0, noerr=0, finalize="", libs=[]
        )

    def template(self, name: str, file: str, *wires: str | list[str], scope: str = "local", **where: str) -> Node:
        """A widget that is `templates/FILE.vue`; `where` is its `group`, or its `ui`."""
        place = {"group": "", "page": "", "ui": ""} | where
        return self.node(
            "ui-template", name, *wires, **place, order=1, width=0, height=0, head="",
            format=source("templates", f"{file}.vue"), storeOutMessages=False, passthru=False,
            resendOnRefresh=True, templateScope=scope, className="",
        )  # fmt: skip

    def every(self, name: str, wire: str, *, seconds: float = 0, at_start: bool = False) -> Node:
        """An inject node that says nothing but when."""
        return self.node(
            "inject", name, wire, props=[], repeat=f"{seconds:g}" if seconds else "", crontab="",
            once=at_start, onceDelay=0.1, topic="",
        )  # fmt: skip
