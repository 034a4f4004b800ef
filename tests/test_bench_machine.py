"""What the benchmarks say of the machine: a tool that is missing costs no report."""

from __future__ import annotations

import os
from importlib.metadata import PackageNotFoundError, version

import pytest

from bench import machine


def test_tools_that_are_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def only_msgspec(name: str) -> str:
        if name != "msgspec":
            raise PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(machine, "find_mosquitto", lambda: None)
    monkeypatch.setattr(machine, "version", only_msgspec)
    monkeypatch.delattr(os, "getloadavg", raising=False)  # Windows has none
    facts = machine.facts()
    missing = [name for name, value in facts.items() if value == "not there"]
    assert missing == ["load before", "mosquitto", "paho-mqtt", "pymacnet"]
    assert facts["msgspec"] == version("msgspec")


def test_a_tool_that_does_not_run(monkeypatch: pytest.MonkeyPatch, tmp_path: os.PathLike[str]) -> None:
    monkeypatch.setattr(machine, "find_mosquitto", lambda: str(tmp_path))
    assert machine.facts()["mosquitto"] == "not there"
