"""The comparison itself: which rows it takes, the flows of Node-RED, and one row from end to end."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import NoReturn

import pytest
from click.testing import CliRunner

from bench import compare, node_red, others, stack
from bench.compare import choose, main
from bench.rows import EIGHT, NODE_RED_FLOWS, Bench, Key, Row, rows
from bench.stack import TesterPorts
from macnet_bridge.embedded_broker import find_mosquitto

TESTER = TesterPorts(json=4711, tcp=2, udp=3, channels=4, pid=0)


@pytest.fixture
def nothing_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of messages with QoS 1 the broker keeps all for a reader who is slow; as shipped, 1,000."""
    monkeypatch.setattr(stack, "MOSQUITTO_CONFIG", stack.MOSQUITTO_CONFIG + "max_queued_messages 0\n")


def test_without_node_red_its_rows_are_left_out() -> None:
    chosen = choose(rows(128), only="", quick=False, with_node_red=False)
    assert not {row.key.who for row in chosen} & NODE_RED_FLOWS.keys()
    assert len(rows(128)) - len(chosen) == 2 * len(NODE_RED_FLOWS)


def test_a_row_that_is_asked_for_is_measured_by_quick_too() -> None:
    name = "bridge, sweeps flat out, tester serial, QoS 0"
    assert name not in [str(row.key) for row in choose(rows(128), only="", quick=True, with_node_red=True)]
    (row,) = choose(rows(128), only=name, quick=True, with_node_red=True)
    assert str(row.key) == name


def test_quick_has_what_the_goals_of_eight_testers_need() -> None:
    chosen = {row.key for row in choose(rows(128), only="", quick=True, with_node_red=True)}
    assert chosen >= {row.key for row in rows(128) if row.key.tester == EIGHT}


@pytest.mark.parametrize("flow", NODE_RED_FLOWS.values())
def test_a_flow_is_filled_in(flow: str) -> None:
    nodes = node_red.filled_in(flow, 1883, [TESTER, TESTER], "bench9", 1)
    ids = [node["id"] for node in nodes]
    assert len(set(ids)) == len(ids)
    wired = {target for node in nodes for output in node.get("wires", []) for target in output}
    assert wired <= set(ids)
    text = json.dumps(nodes)
    assert "$" not in text
    (asks,) = [node for node in nodes if node["id"] == "ask2"]
    assert asks["port"] == "4711"
    (start,) = [node for node in nodes if node["id"] == "start1"]
    assert start["payload"].startswith(
        '{"jsonrpc":"2.0","method":"MacNet","params":{"FClass":4,"FNum":7,"Chan":0}'
    )
    assert {node["qos"] for node in nodes if node["type"] == "mqtt out"} == {"1"}


def test_node_red_that_is_not_there(tmp_path: Path) -> None:
    assert node_red.find(tmp_path) is None


def test_figures_of_a_script(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(others, "ROOT", tmp_path)
    bench = tmp_path / "bench"
    bench.mkdir()
    (bench / "__init__.py").touch()
    (bench / "good.py").write_text(
        "import sys\nopen(sys.argv[2], 'w').write('{\"P7\": {\"cores\": 0.4}}')\nsys.exit(1)\n"
    )
    (bench / "silent.py").write_text("")
    scripts = tuple(others.Script(name) for name in ("good", "silent", "none"))
    found, absent = others.run_all(quick=False, scripts=scripts)
    assert found == {"good": {"P7": {"cores": 0.4}}}
    assert absent["none"] == "there is no bench/none.py"
    assert absent["silent"].startswith("bench/silent.py wrote no JSON")
    assert others.run_all(quick=True, scripts=scripts[:1]) == ({}, {"good": "left out by --quick"})


@pytest.mark.skipif(find_mosquitto() is None, reason="needs mosquitto on the PATH")
@pytest.mark.skipif(sys.platform == "win32", reason="the bench waits for sockets and a pipe at once")
@pytest.mark.usefixtures("nothing_dropped")
def test_rows_from_end_to_end(tmp_path: Path) -> None:
    """One that answers commands, and one whose messages are counted."""
    file = tmp_path / "bench.json"
    result = CliRunner().invoke(main, ["--quick", "--only", "tester none, QoS 1", "--json", str(file)])
    assert result.exit_code == 0, result.output
    written = json.loads(file.read_text())
    echo, publishing = written["rows"]
    assert echo["label"] == "floor, echo, tester none, QoS 1"
    assert len(echo["samples"][0]["latencies_ms"]["read_status"]) == 20
    (sample,) = publishing["samples"]
    assert sample["messages"] == sample["readings"] > 0
    assert (sample["missing"], sample["disordered"]) == (0, 0)
    assert sample["numbered"] == sample["messages"]
    assert list(written["summary"]) == [f"P{number}" for number in range(1, 9)]
    assert "| floor | paho publishing | none | bare message | 1 |" in result.output
    assert "load after" in written["facts"]


@pytest.mark.skipif(find_mosquitto() is None, reason="needs mosquitto on the PATH")
@pytest.mark.skipif(sys.platform == "win32", reason="the bench waits for sockets and a pipe at once")
def test_a_row_that_fails_costs_the_others_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(bench: Bench, row: Row) -> NoReturn:
        raise RuntimeError("it did not start")

    working = next(row for row in rows(4) if row.key.name == "echo")
    all_rows = [Row(Key("floor", "nothing", "none", 1), broken), working]
    monkeypatch.setattr(compare, "rows", lambda channels: all_rows)
    result = CliRunner().invoke(main, ["--quick", "--only", "floor"])
    assert result.exit_code == 1
    assert "Not measured: floor, nothing, tester none, QoS 1, round 1: it did not start." in result.output
    assert "| floor | echo | none |" in result.output


@pytest.mark.skipif(find_mosquitto() is None, reason="needs mosquitto on the PATH")
@pytest.mark.skipif(sys.platform == "win32", reason="the bench waits for sockets and a pipe at once")
@pytest.mark.usefixtures("nothing_dropped")
def test_the_bridge_from_end_to_end(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    only = "bridge, sweeps flat out, tester 8 fast, QoS 1"
    result = CliRunner().invoke(main, ["--quick", "--channels", "4", "--only", only, "--json", str(file)])
    assert result.exit_code == 0, result.output
    (row,) = json.loads(file.read_text())["rows"]
    (sample,) = row["samples"]
    assert sample["readings"] == 4 * sample["messages"] > 0
    assert sample["missing"] == 0


def test_a_name_that_no_row_has() -> None:
    result = CliRunner().invoke(main, ["--quick", "--only", "no such row"])
    assert result.exit_code == 2
    assert "no row has 'no such row' in its label" in result.output
