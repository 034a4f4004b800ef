"""The flow files that Node-RED imports: what is in them, and that they can be read. Needs no Node-RED."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.node_red import PACKAGE

Nodes = list[dict[str, Any]]

STOCK = {"tab", "group", "inject", "function", "csv", "status", "link in", "link out", "link call"}
MQTT = {"mqtt in", "mqtt out", "mqtt-broker"}
OURS = {"macnet-connection", "macnet-command", "macnet-readings", "macnet-state", "global-config"}
WIDGETS = {"ui-base", "ui-theme", "ui-page", "ui-group", "ui-template", "ui-chart"}
ALLOWED = {"dashboard.json": STOCK - {"status", "link call"} | OURS | WIDGETS,
           "stock/dashboard.json": STOCK | MQTT | WIDGETS}  # fmt: skip
PAGES = {"Rack monitor", "Batch start", "Stop all", "Closed-loop charge"}
LONGEST = 40
"""Lines of a function node that can still be taken in."""


@pytest.fixture(scope="module")
def builder() -> ModuleType:
    """`flows/build.py`, which is no part of a package."""
    path = PACKAGE / "flows" / "build.py"
    spec = importlib.util.spec_from_file_location("node_red_flows", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode, before = True, sys.dont_write_bytecode
    try:
        spec.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = before
    return module


@pytest.fixture(params=sorted(ALLOWED))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def nodes(name: str) -> Nodes:
    found: Nodes = json.loads((PACKAGE / "examples" / name).read_text("utf-8"))
    return found


def test_files_are_what_the_sources_make(builder: ModuleType) -> None:
    texts: dict[Path, str] = builder.texts()
    stale = [str(path) for path, text in texts.items() if path.read_text("utf-8") != text]
    assert stale == [], "run: python integrations/node-red/flows/build.py"


def test_only_these_types_of_nodes(name: str, nodes: Nodes) -> None:
    assert {node["type"] for node in nodes} <= ALLOWED[name]
    assert {node["label"] for node in nodes if node["type"] == "tab"} >= PAGES


def test_ids_are_unique_and_all_that_is_named_is_there(nodes: Nodes) -> None:
    ids = [node["id"] for node in nodes]
    assert len(set(ids)) == len(ids)
    named = [target for node in nodes for output in node.get("wires", []) for target in output]
    for key in ("z", "g", "group", "page", "ui", "theme", "broker", "connection"):
        named += [node[key] for node in nodes if re.fullmatch(r"[0-9a-f]{16}", str(node.get(key, "")))]
    named += [target for node in nodes for target in node.get("links", [])]
    assert set(named) <= set(ids)


def test_both_sets_can_be_imported_side_by_side() -> None:
    sets = [json.loads((PACKAGE / "examples" / each).read_text("utf-8")) for each in ALLOWED]
    first, second = ({node["id"] for node in nodes} for nodes in sets)
    assert not first & second


def test_nothing_of_one_machine_and_nothing_secret(nodes: Nodes) -> None:
    assert not [node["id"] for node in nodes if "credentials" in node]
    text = json.dumps(nodes)
    assert not re.search(
        r"(?<![\w.])/(home|root|tmp|usr|Users|work)/|[A-Z]:\\\\|password",
        text.replace("User name and password", ""),
    )
    addresses = [
        node[key]
        for node in nodes
        for key in ("broker", "url")
        if node["type"] in ("mqtt-broker", "macnet-connection") and key in node
    ]
    assert addresses == ["${MQTT_HOST}"] or addresses == ["${MACNET_MQTT_URL}"]


def test_function_nodes_are_short_and_say_what_they_do(nodes: Nodes) -> None:
    for node in nodes:
        if node["type"] == "function":
            assert node["func"].startswith("// "), node["name"]
            for key in ("func", "initialize"):
                assert node[key].count("\n") < LONGEST, f"{node['name']}: {key}"


def test_no_widget_passes_on_what_it_is_shown(nodes: Nodes) -> None:
    """Or else what a page is told would come out of it as if it had been clicked."""
    templates = [node for node in nodes if node["type"] == "ui-template"]
    assert [(node["passthru"], node["storeOutMessages"]) for node in templates] == [(False, False)] * 4


def test_only_timers_of_reading_begin_by_themselves(nodes: Nodes) -> None:
    """No command is given by a start of the flow: the loop's timer does nothing without a lease."""
    injects = {node["name"] for node in nodes if node["type"] == "inject"}
    assert injects <= {"at start", "every 2 s", "every 250 ms"}
