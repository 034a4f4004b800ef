"""Puts nodes of Node-RED on tabs, in lanes from left to right; values, and the sources beside it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
Node = dict[str, Any]

SETTINGS: dict[str, Node] = json.loads((HERE / "settings_of_nodes.json").read_text("utf-8"))
"""By type: what its nodes have in common."""

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
        """The id of what has that name: always the same, so that a change of one node is a change of one."""
        return hashlib.sha256(f"{self._seed} {name}".encode()).hexdigest()[:16]

    def config(self, type_: str, name: str, **settings: Any) -> str:
        """Add a node that stands on no tab; its id."""
        id_ = self.id(f"{type_} {name}")
        self.nodes.append({"id": id_, "type": type_, "name": name, **SETTINGS.get(type_, {}), **settings})
        return id_

    def tab(self, label: str, info: str, env: list[Node] | None = None) -> Tab:
        id_ = self.id(f"tab {label}")
        about = {"label": label, "info": info, "env": env or []}
        self.nodes.append({"id": id_, "type": "tab", **SETTINGS["tab"], **about})
        return Tab(self, id_, label)


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
        box = self.key(f"group {label}")
        placed = [
            {**node, "z": self.id, "g": box, "x": _LEFT + x * _STEP_X, "y": self._y + y * _STEP_Y}
            for y, lane in enumerate(lanes)
            for x, node in enumerate(lane)
            if node
        ]
        about = {"name": label, "nodes": [node["id"] for node in placed]}
        self._canvas.nodes.append({"id": box, "type": "group", "z": self.id, **about, **self._frame(lanes)})
        self._canvas.nodes += placed
        self._y += len(lanes) * _STEP_Y + 2 * _PADDING_Y

    def _frame(self, lanes: tuple[list[Node | None], ...]) -> Node:
        """Where a box is, and what it looks like."""
        return {
            "style": {"label": True, "fill": "#f4f7fa", "stroke": "#a4b4c4"},
            "x": _LEFT - _PADDING_X,
            "y": self._y - _PADDING_Y,
            "w": (max(map(len, lanes)) - 1) * _STEP_X + 2 * _PADDING_X,
            "h": (len(lanes) - 1) * _STEP_Y + 2 * _PADDING_Y,
        }

    def node(self, type_: str, name: str, *wires: str | list[str], **settings: Any) -> Node:
        """A node, to be put into a group. Each of `wires` is an output: names of nodes on this tab."""
        outputs = [[wire] if isinstance(wire, str) else wire for wire in wires]
        ids = [[self.key(target) for target in output] for output in outputs]
        about = {"id": self.key(name), "type": type_, "name": name}
        return {**about, **SETTINGS.get(type_, {}), **settings, "wires": ids}

    def to(self, name: str, target: str) -> Node:
        """A link to the node that `at` makes, in place of a wire across the tab."""
        return self.node("link out", name, links=[self.key(target)])

    def at(self, name: str, wire: str, *sources: str) -> Node:
        """Where links of these names arrive."""
        return self.node("link in", name, wire, links=[self.key(source) for source in sources])

    def function(self, name: str, file: str, *wires: str | list[str]) -> Node:
        """A function node of `functions/FILE.js`; what it does at its start is `FILE.start.js`."""
        code = {
            "func": source("functions", f"{file}.js"),
            "initialize": source("functions", f"{file}.start.js"),
        }
        return self.node("function", name, *wires, outputs=len(wires), **code)

    def template(self, name: str, file: str, *wires: str | list[str], **settings: str) -> Node:
        """A widget that is `templates/FILE.vue`."""
        return self.node("ui-template", name, *wires, format=source("templates", f"{file}.vue"), **settings)
